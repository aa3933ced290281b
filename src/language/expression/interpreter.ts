import { allowList, type Budget, charge } from './budget.ts'
import { fail } from './failure.ts'
import { callValue } from './functions.ts'
import { collect, itemsOf } from './iterate.ts'
import type { Semantics } from './semantics.ts'
import { slice } from './sequences.ts'
import type { CallNode, Compare, Comprehension, Form, Node, Subscript, Target } from './tree.ts'
import { type Call, type Callable, dict, list, set, tuple, type Value } from './value.ts'

/** What one evaluation carries along. */
export interface Run {
  readonly names: ReadonlyMap<string, Value>
  readonly functions: ReadonlyMap<string, Callable>
  /** What the operators of the dialect do. */
  readonly semantics: Semantics
  readonly budget: Budget
  /** Offset of the node that is worked on, for errors. */
  at: number
  /** An operand whose latest value is kept, to be shown to people. */
  readonly watched: Node | undefined
  seen: Value | undefined
}

/** Variables of comprehensions, the inner ones first. */
interface Scope {
  readonly values: Map<string, Value>
  readonly outer: Scope | undefined
}

/** The value of a tree. */
export function interpret(node: Node, run: Run): Value {
  return walk(node, undefined, run)
}

function walk(node: Node, scope: Scope | undefined, run: Run): Value {
  charge(run.budget, 1)
  switch (node.kind) {
    case 'constant':
      return node.value
    case 'name':
      return lookUp(node.name, node.at, scope, run)
    case 'compare':
      return compareChain(node, scope, run)
    case 'subscript':
      return walkSubscript(node, scope, run)
    case 'and':
    case 'or':
      return walkLogic(node.items, node.kind === 'or', scope, run)
    case 'unary':
      return walkUnary(node.operator, node.operand, node.at, scope, run)
    case 'chain': {
      let value = walk(node.first, scope, run)
      for (const { operator, operand, at } of node.rest) {
        const right = walk(operand, scope, run)
        run.at = at
        value = run.semantics.binary(operator, value, right, run.budget)
      }
      return value
    }
    case 'choice':
      return walk(run.semantics.truthy(walk(node.test, scope, run)) ? node.yes : node.no, scope, run)
    case 'attribute': {
      const object = walk(node.object, scope, run)
      run.at = node.at
      return run.semantics.attribute(object, node.name, run.budget)
    }
    case 'call':
      return walkCall(node, scope, run)
    case 'form':
      return walkForm(node, scope, run)
    case 'comprehension':
      return walkComprehension(node, scope, run)
    default:
      return walkCollection(node, scope, run)
  }
}

function walkCollection(
  node: Extract<Node, { kind: 'list' | 'tuple' | 'set' | 'dict' }>,
  scope: Scope | undefined,
  run: Run,
) {
  if (node.kind === 'dict') {
    const pairs = node.entries.map(([key, value]) => [walk(key, scope, run), walk(value, scope, run)] as const)
    run.at = node.at
    return dict(pairs)
  }
  const items = node.items.map((item) => walk(item, scope, run))
  run.at = node.at
  if (node.kind === 'set') return set(items)
  return node.kind === 'list' ? list(items) : tuple(items)
}

function lookUp(name: string, at: number, scope: Scope | undefined, run: Run): Value {
  for (let inner = scope; inner !== undefined; inner = inner.outer) {
    const value = inner.values.get(name)
    if (value !== undefined) return value
  }
  const given = run.names.get(name)
  const value = given === undefined ? run.functions.get(name) : given
  if (value !== undefined) return value
  run.at = at
  return run.semantics.absent(name, () => knownNames(scope, run))
}

function knownNames(scope: Scope | undefined, run: Run): string[] {
  const own: string[] = []
  for (let inner = scope; inner !== undefined; inner = inner.outer) own.push(...inner.values.keys())
  return [...own, ...run.names.keys(), ...run.functions.keys()]
}

function walkLogic(items: readonly Node[], stopAt: boolean, scope: Scope | undefined, run: Run): Value {
  let value: Value = !stopAt
  for (const item of items) {
    value = walk(item, scope, run)
    if (run.semantics.truthy(value) === stopAt) break
  }
  return run.semantics.decided(value)
}

function walkUnary(
  operator: '+' | '-' | '~' | 'not',
  operand: Node,
  at: number,
  scope: Scope | undefined,
  run: Run,
): Value {
  const value = walk(operand, scope, run)
  run.at = at
  return operator === 'not' ? !run.semantics.truthy(value) : run.semantics.unary(operator, value)
}

function compareChain(node: Compare, scope: Scope | undefined, run: Run): boolean {
  let left = walk(node.first, scope, run)
  if (node.first === run.watched) run.seen = left
  for (const { operator, operand, at } of node.rest) {
    const right = walk(operand, scope, run)
    if (operand === run.watched) run.seen = right
    run.at = at
    if (!run.semantics.comparison(operator, left, right, run.budget)) return false
    left = right
  }
  return true
}

function walkSubscript(node: Subscript, scope: Scope | undefined, run: Run): Value {
  const object = walk(node.object, scope, run)
  const { index } = node
  if (index.kind !== 'slice') {
    const key = walk(index, scope, run)
    run.at = index.kind === 'constant' ? index.at : node.at
    return run.semantics.subscript(object, key, run.budget)
  }
  const bound = (part: Node | undefined) => (part === undefined ? null : walk(part, scope, run))
  const [start, stop, step] = [bound(index.start), bound(index.stop), bound(index.step)]
  run.at = node.at
  return slice(object, { start, stop, step }, run.budget)
}

function walkCall(node: CallNode, scope: Scope | undefined, run: Run): Value {
  const { callee } = node
  const at = callee.kind === 'attribute' ? callee.at : node.at
  const call = walkCallee(callee, scope, run)
  const args = node.args.map((arg) => walk(arg, scope, run))
  const keywords = new Map<string, Value>()
  for (const [name, value] of node.keywords) keywords.set(name, walk(value, scope, run))
  run.at = at
  return call(args, keywords, run.budget)
}

function walkCallee(callee: Node, scope: Scope | undefined, run: Run): Call {
  if (callee.kind !== 'attribute') {
    const value = walk(callee, scope, run)
    return (args, keywords, budget) => callValue(value, args, keywords, budget)
  }
  const object = walk(callee.object, scope, run)
  run.at = callee.at
  return run.semantics.method(object, callee.name)
}

function walkForm(node: Form, scope: Scope | undefined, run: Run): Value {
  return node.run((argument, bound) => {
    const arg = node.args[argument]
    if (arg === undefined) return null
    return walk(arg, bound === undefined ? scope : { values: new Map(bound), outer: scope }, run)
  }, run.budget)
}

function walkComprehension(node: Comprehension, scope: Scope | undefined, run: Run): Value {
  const source = walk(node.source, scope, run)
  run.at = node.source.at
  const items = itemsOf(source, run.budget)
  const values = generate(node, items, { values: new Map(), outer: scope }, run)
  if (node.form === 'generator') return { kind: 'iterator', type: 'generator', items: values }
  const result: Value[] = []
  for (const value of values) {
    if (result.length >= run.budget.listItems) allowList(run.budget, result.length + 1)
    result.push(value)
  }
  return list(result)
}

function* generate(
  node: Comprehension,
  items: Iterable<Value>,
  scope: Scope,
  run: Run,
): Generator<Value, void, undefined> {
  for (const item of items) {
    charge(run.budget, 1)
    run.at = node.at
    assign(node.target, item, scope, run.budget)
    if (node.conditions.every((condition) => run.semantics.truthy(walk(condition, scope, run))))
      yield walk(node.element, scope, run)
  }
}

function assign(target: Target, value: Value, scope: Scope, budget: Budget): void {
  if (target.kind === 'one') {
    scope.values.set(target.name, value)
    return
  }
  const items = collect(value, budget)
  if (items.length !== target.items.length) {
    const fault = items.length > target.items.length ? 'too many values' : 'not enough values'
    fail('ValueError', `${fault} to unpack (expected ${target.items.length}, got ${items.length})`)
  }
  for (const [index, inner] of target.items.entries()) assign(inner, items[index] ?? null, scope, budget)
}
