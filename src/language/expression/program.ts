import { type Budget, createBudget } from './budget.ts'
import { fail, located } from './failure.ts'
import { formula } from './formula.ts'
import { interpret, type Run } from './interpreter.ts'
import { jinja } from './jinja.ts'
import { python } from './python.ts'
import type { Semantics } from './semantics.ts'
import { childrenOf, type Node, type Target } from './tree.ts'
import { type Callable, typeName, type Value } from './value.ts'

/** A dialect: how its text is read, and the functions it has. All share the tree and its interpreter. */
interface FrontEnd {
  readonly parse: (text: string) => Node
  readonly functions: ReadonlyMap<string, Callable>
  readonly semantics: Semantics
  /** Names that the dialect gives itself. */
  readonly own?: ReadonlySet<string>
  /** Makes the names that an expression sees out of those that are given. */
  readonly bind?: (names: ReadonlyMap<string, Value>) => ReadonlyMap<string, Value>
}

const frontEnds = { python, formula, jinja } as const satisfies Record<string, FrontEnd>

export type Dialect = keyof typeof frontEnds

/** An expression that has been read and can be evaluated often. */
export interface Program {
  readonly dialect: Dialect
  readonly text: string
  readonly tree: Node
  /** Names that must be given, functions aside. */
  readonly names: ReadonlySet<string>
  /** Whether it may read any name, by one that is computed. */
  readonly readsAny: boolean
}

export interface EvaluateOptions {
  /** What it may use; a fresh one without time limit when absent. */
  budget?: Budget
  /** An operand of a comparison whose latest value is reported. */
  watch?: Node
}

export function isDialect(text: string): text is Dialect {
  return Object.hasOwn(frontEnds, text)
}

/** Reads an expression. Throws an ExpressionError. */
export function compile(dialect: Dialect, text: string): Program {
  const tree = located(
    text,
    () => 0,
    () => frontEnds[dialect].parse(text),
  )
  const names = new Set<string>()
  collectNames(tree, new Set(), names)
  const { functions, own = new Set<string>() }: FrontEnd = frontEnds[dialect]
  const readsAny = [...own].some((name) => names.has(name))
  for (const name of [...functions.keys(), ...own]) names.delete(name)
  return { dialect, text, tree, names, readsAny }
}

/** Whether a value is true in a dialect. */
export function isTrue(dialect: Dialect, value: Value): boolean {
  return frontEnds[dialect].semantics.truthy(value)
}

/** The value of an expression with these names. Throws an ExpressionError. */
export function evaluate(program: Program, names: ReadonlyMap<string, Value>, options: EvaluateOptions = {}): Value {
  return evaluateWatched(program, names, options).value
}

/** The same, with the latest value of the watched operand; undefined when it was not reached. */
export function evaluateWatched(
  program: Program,
  names: ReadonlyMap<string, Value>,
  options: EvaluateOptions = {},
): { value: Value; seen: Value | undefined } {
  const { functions, semantics, bind }: FrontEnd = frontEnds[program.dialect]
  const budget = options.budget ?? createBudget()
  const seen = bind === undefined ? names : bind(names)
  const run: Run = { names: seen, functions, semantics, budget, at: 0, watched: options.watch, seen: undefined }
  const value = located(
    program.text,
    () => run.at,
    () => settled(interpret(program.tree, run)),
  )
  return { value, seen: run.seen }
}

/** Refuses results that say nothing: a generator or function is always true. */
function settled(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (value.kind === 'function') return fail('Refused', 'The result is a function; call it with (…).', 0)
  if (value.kind !== 'iterator') return value
  return fail('Refused', `The result is a ${typeName(value)}, which is always true; use any(…), all(…) or list(…).`, 0)
}

function collectNames(node: Node, bound: ReadonlySet<string>, names: Set<string>): void {
  if (node.kind === 'name' && !bound.has(node.name)) names.add(node.name)
  if (node.kind === 'form') {
    const inside = new Set([...bound, ...node.binds])
    for (const [index, arg] of node.args.entries()) collectNames(arg, index < node.inner ? bound : inside, names)
    return
  }
  if (node.kind !== 'comprehension') {
    for (const child of childrenOf(node)) collectNames(child, bound, names)
    return
  }
  collectNames(node.source, bound, names)
  const inner = new Set([...bound, ...namesOf(node.target)])
  for (const child of [node.element, ...node.conditions]) collectNames(child, inner, names)
}

/** The variables that a comprehension makes. */
export function namesOf(target: Target): string[] {
  return target.kind === 'one' ? [target.name] : target.items.flatMap(namesOf)
}
