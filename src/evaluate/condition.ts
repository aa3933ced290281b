import { type Budget, createBudget } from '../language/expression/budget.ts'
import { type ErrorKind, ExpressionError, Failure } from '../language/expression/failure.ts'
import { show } from '../language/expression/print.ts'
import { compile, type Dialect, evaluateWatched, isTrue, type Program } from '../language/expression/program.ts'
import { type Compare, childrenOf, type Node } from '../language/expression/tree.ts'
import type { Value } from '../language/expression/value.ts'
import type { Reason } from '../model/reason.ts'
import type { QueryResult } from '../model/result.ts'
import type { Condition } from '../model/rule.ts'
import { cellText } from './cells.ts'
import { guidedText } from './guided.ts'
import { bindings, bindRow, looksAtRows, type NamedInput } from './names.ts'
import { columnIndex, type Reading, Rows } from './rows.ts'

/** A condition made ready to be evaluated often. */
export interface CompiledCondition {
  /** The expression, as written or as a guided trigger stands for it. */
  readonly text: string
  /** Whether the text stands for a guided trigger. */
  readonly guided: boolean
  readonly usesPrevious: boolean
  readonly whole: Test
  /** The test of one row, where columns tell alerts apart. */
  readonly row: Test
  /** How the verdicts on the rows of one alert are combined. */
  readonly combine: 'any' | 'all'
}

export interface Test {
  readonly program: Program
  /** The operand whose value is shown to people. */
  readonly watch: Node | undefined
}

/** What a condition may ask for, and how it is evaluated. */
export interface ConditionInput extends NamedInput {
  /** Columns that tell alerts apart; none: the whole result is one alert. */
  fingerprint: readonly string[]
  /** Imported rules: letter case of columns does not matter, and a result's only column stands for any. */
  lenient: boolean
  /** A clock in ms that only goes forward; without it only steps are limited, not time. */
  elapsed?: () => number
}

/** The verdict on one alert. */
export interface ConditionItem {
  /** JSON array of the fingerprint columns' values; empty for the whole result. */
  fingerprint: string
  labels: Record<string, string>
  fire: boolean
  /** What decided it, as text: the operand where there is one comparison, else the condition's value. */
  value: string
  /** The same as a number, where it is one. */
  number: number | null
  /** Its rows in the result, counted from 0. */
  rows: number[]
}

export interface Verdicts {
  items: ConditionItem[]
  /** What the reader should know: that there was no row, or that a column was read in another way. */
  reasons: Reason[]
  /** Whether every value was true or false rather than something taken as such. */
  boolean: boolean
}

/** The verdict of a route's own condition. */
export interface Decision extends Pick<ConditionItem, 'fire' | 'value' | 'number'> {
  reasons: Reason[]
  boolean: boolean
}

/** A condition that could not be decided, with the reason and the place in its text. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError'
  readonly kind: ErrorKind
  readonly line: number
  readonly column: number

  constructor(kind: ErrorKind, message: string, line: number, column: number) {
    super(message)
    this.kind = kind
    this.line = line
    this.column = column
  }
}

/** Reads a condition. Throws an ExpressionError for a text that is none. */
export function compileCondition(condition: Condition): CompiledCondition {
  if ('text' in condition) {
    const test = compileTest(condition.text, condition.dialect)
    const usesPrevious = test.program.names.has('previous')
    return { text: condition.text, guided: false, usesPrevious, whole: test, row: test, combine: 'any' }
  }
  const { whole, row, combine } = guidedText(condition)
  const usesPrevious = condition.trigger === 'changed'
  return { text: whole, guided: true, usesPrevious, whole: compileTest(whole), row: compileTest(row), combine }
}

/** Decides on a result: one item for the whole of it, or one for each fingerprint. Throws a ConditionError. */
export function verdicts(compiled: CompiledCondition, input: ConditionInput): Verdicts {
  return decided(() => {
    const { reasons, reading } = reader(input.lenient)
    const budget = budgetFor(input)
    if (input.fingerprint.length > 0) {
      const names = bindings(input, reading, compiled.row.program)
      return byFingerprint(compiled, input, { names, budget, reading, reasons })
    }
    const names = bindings(input, reading, compiled.whole.program)
    const { boolean, ...found } = run(compiled.whole, names, budget)
    const rows = Array.from(input.result.rows.keys())
    return { items: [{ fingerprint: '', labels: {}, ...found, rows }], reasons, boolean }
  })
}

/** Decides once on a result, with `row` bound where one is given by number. Throws a ConditionError. */
export function decide(compiled: CompiledCondition, input: ConditionInput & { row?: number }): Decision {
  return decided(() => {
    const { reasons, reading } = reader(input.lenient)
    const test = input.row === undefined ? compiled.whole : compiled.row
    const names = bindings(input, reading, test.program)
    if (input.row === undefined) return { ...run(test, names, budgetFor(input)), reasons }
    bindRow(names, new Rows(input.result, reading), input.row, test.program)
    return { ...run(test, names, budgetFor(input)), reasons }
  })
}

/** The fingerprint of a row: the JSON array of its values in these columns. */
export function fingerprintOf(result: QueryResult, row: number, columns: readonly number[]): string {
  return JSON.stringify(columns.map((column) => result.rows[row]?.[column] ?? null))
}

interface Found extends Pick<ConditionItem, 'fire' | 'value' | 'number'> {
  boolean: boolean
}

interface Run {
  names: Map<string, Value>
  budget: Budget
  reading: Reading
  reasons: Reason[]
}

function compileTest(text: string, dialect: Dialect = 'python'): Test {
  const program = compile(dialect, text)
  return { program, watch: interestingOperand(program.tree) }
}

function run({ program, watch }: Test, names: ReadonlyMap<string, Value>, budget: Budget): Found {
  const options = watch === undefined ? { budget } : { budget, watch }
  const { value, seen = value } = evaluateWatched(program, names, options)
  return {
    fire: isTrue(program.dialect, value),
    value: show(seen),
    number: numberOf(seen),
    boolean: typeof value === 'boolean',
  }
}

function byFingerprint(
  compiled: CompiledCondition,
  input: ConditionInput,
  { names, budget, reading, reasons }: Run,
): Verdicts {
  const { result, fingerprint } = input
  const columns = fingerprint.map((name) => columnIndex(result, name, { ...reading, lenient: false }))
  const rows = new Rows(result, reading)
  const perRow = looksAtRows(compiled.row.program)
  const once = perRow || result.rows.length === 0 ? undefined : run(compiled.row, names, budget)
  const items = new Map<string, ConditionItem>()
  let boolean = true
  for (let index = 0; index < result.rows.length; index += 1) {
    if (perRow) bindRow(names, rows, index, compiled.row.program)
    const found = once ?? run(compiled.row, names, budget)
    boolean &&= found.boolean
    const key = fingerprintOf(result, index, columns)
    const item = items.get(key)
    if (item === undefined) {
      const { fire, value, number } = found
      const labels = labelsOf(result, index, columns)
      items.set(key, { fingerprint: key, labels, fire, value, number, rows: [index] })
    } else join(item, found, index, compiled.combine)
  }
  return { items: [...items.values()], reasons, boolean }
}

/** Adds a further row of the same alert. The value shown is that of the row that decided. */
function join(item: ConditionItem, found: Found, row: number, combine: 'any' | 'all'): void {
  item.rows.push(row)
  const decides = combine === 'any' ? found.fire && !item.fire : !found.fire && item.fire
  if (decides) Object.assign(item, { fire: found.fire, value: found.value, number: found.number })
}

function labelsOf(result: QueryResult, row: number, columns: readonly number[]): Record<string, string> {
  return Object.fromEntries(
    columns.map((column) => [result.columns[column]?.name ?? '', cellText(result.rows[row]?.[column])]),
  )
}

function budgetFor({ result, elapsed }: ConditionInput): Budget {
  return createBudget({ rows: result.rows.length, ...(elapsed === undefined ? {} : { elapsed }) })
}

/** Collects reasons, each once. */
function reader(lenient: boolean): { reasons: Reason[]; reading: Reading } {
  const reasons: Reason[] = []
  const report = (reason: Reason) => {
    if (!reasons.some(({ code, detail }) => code === reason.code && detail === reason.detail)) reasons.push(reason)
  }
  return { reasons, reading: { lenient, report } }
}

/** Runs what decides; its failures come as ConditionError. */
export function decided<T>(decide: () => T): T {
  try {
    return decide()
  } catch (thrown) {
    if (thrown instanceof ExpressionError) {
      const { kind, message, line, column } = thrown
      throw new ConditionError(kind, `${message} (line ${line}, column ${column})`, line, column)
    }
    if (thrown instanceof Failure) throw new ConditionError(thrown.kind, thrown.message, 1, 1)
    throw thrown
  }
}

/** The operand to show where there is one comparison, tests for None aside: the first that is not a constant. */
export function interestingOperand(tree: Node): Node | undefined {
  const [only, ...more] = comparisons(tree).filter((node) => !isNoneTest(node))
  if (only === undefined || more.length > 0) return undefined
  return [only.first, ...only.rest.map(({ operand }) => operand)].find(({ kind }) => kind !== 'constant')
}

function comparisons(node: Node): Compare[] {
  const below = childrenOf(node).flatMap(comparisons)
  return node.kind === 'compare' ? [node, ...below] : below
}

function isNoneTest({ rest }: Compare): boolean {
  return rest.every(({ operand }) => operand.kind === 'constant' && operand.value === null)
}

function numberOf(value: Value): number | null {
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  const isDecimal = typeof value === 'object' && value !== null && value.kind === 'decimal'
  const number = isNumber ? Number(value) : isDecimal ? Number(value.text) : Number.NaN
  return Number.isFinite(number) ? number : null
}
