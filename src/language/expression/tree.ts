import type { Budget } from './budget.ts'
import type { Value } from './value.ts'

interface Base {
  /** Offset of the place that errors are shown at. */
  readonly at: number
  /** Offset behind the node; exact for constants and names. */
  readonly end: number
  /** Levels below this node. */
  readonly height: number
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '@' | '**' | '<<' | '>>' | '&' | '|' | '^'
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in' | 'is' | 'is not'

interface Constant extends Base {
  readonly kind: 'constant'
  readonly value: Value
}
interface Name extends Base {
  readonly kind: 'name'
  readonly name: string
}
interface Collection extends Base {
  readonly kind: 'list' | 'tuple' | 'set'
  readonly items: readonly Node[]
}
interface DictLiteral extends Base {
  readonly kind: 'dict'
  readonly entries: readonly (readonly [key: Node, value: Node])[]
}
export type Target =
  | { readonly kind: 'one'; readonly name: string }
  | { readonly kind: 'many'; readonly items: readonly Target[] }
export interface Comprehension extends Base {
  readonly kind: 'comprehension'
  readonly form: 'list' | 'generator'
  readonly element: Node
  readonly target: Target
  readonly source: Node
  readonly conditions: readonly Node[]
}
/** Operators of one precedence in a row, from left to right. */
export interface Chain extends Base {
  readonly kind: 'chain'
  readonly first: Node
  readonly rest: readonly { readonly operator: BinaryOperator; readonly operand: Node; readonly at: number }[]
}
interface Unary extends Base {
  readonly kind: 'unary'
  readonly operator: '+' | '-' | '~' | 'not'
  readonly operand: Node
}
interface Logic extends Base {
  readonly kind: 'and' | 'or'
  readonly items: readonly Node[]
}
/** A chained comparison; each operand is evaluated once at most. */
export interface Compare extends Base {
  readonly kind: 'compare'
  readonly first: Node
  readonly rest: readonly { readonly operator: CompareOperator; readonly operand: Node; readonly at: number }[]
}
interface Choice extends Base {
  readonly kind: 'choice'
  readonly test: Node
  readonly yes: Node
  readonly no: Node
}
export interface Subscript extends Base {
  readonly kind: 'subscript'
  readonly object: Node
  readonly index: Node | Slice
}
export interface Slice extends Base {
  readonly kind: 'slice'
  readonly start: Node | undefined
  readonly stop: Node | undefined
  readonly step: Node | undefined
}
interface Attribute extends Base {
  readonly kind: 'attribute'
  readonly object: Node
  readonly name: string
}
export interface CallNode extends Base {
  readonly kind: 'call'
  readonly callee: Node
  readonly args: readonly Node[]
  readonly keywords: readonly (readonly [name: string, value: Node])[]
}

/** Gives the value of an argument, with variables bound for it. */
export type Evaluate = (argument: number, bound?: ReadonlyMap<string, Value>) => Value
/** A call of something that decides itself which of its arguments are evaluated, and how often. */
export interface Form extends Base {
  readonly kind: 'form'
  readonly args: readonly Node[]
  /** Variables that the arguments from `inner` on see. */
  readonly binds: readonly string[]
  readonly inner: number
  readonly run: (evaluate: Evaluate, budget: Budget) => Value
}

/** The tree that every front end makes and the interpreter walks. */
export type Node =
  | Constant
  | Name
  | Collection
  | DictLiteral
  | Comprehension
  | Chain
  | Unary
  | Logic
  | Compare
  | Choice
  | Subscript
  | Attribute
  | CallNode
  | Form

/** A node and all below it. */
export function nodesOf(node: Node): Node[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)]
}

/** The nodes directly below one, in the order they are written. */
export function childrenOf(node: Node): Node[] {
  switch (node.kind) {
    case 'constant':
    case 'name':
      return []
    case 'list':
    case 'tuple':
    case 'set':
    case 'and':
    case 'or':
      return [...node.items]
    case 'dict':
      return node.entries.flat()
    case 'comprehension':
      return [node.source, ...node.conditions, node.element]
    case 'chain':
    case 'compare':
      return [node.first, ...node.rest.map(({ operand }) => operand)]
    case 'unary':
      return [node.operand]
    case 'choice':
      return [node.test, node.yes, node.no]
    case 'subscript':
      return [node.object, ...indexParts(node.index)]
    case 'attribute':
      return [node.object]
    case 'form':
      return [...node.args]
    case 'call':
      return [node.callee, ...node.args, ...node.keywords.map(([, value]) => value)]
  }
}

function indexParts(index: Node | Slice): Node[] {
  if (index.kind !== 'slice') return [index]
  return [index.start, index.stop, index.step].filter((part) => part !== undefined)
}
