import { type Budget, limitText } from './budget.ts'
import { decimalKey } from './decimal.ts'
import { fail } from './failure.ts'

/**
 * A value of the language. `null` is None, a `bigint` an int, a `number` a float, so that `2` and `2.0` stay apart. Text
 * is counted by characters (code points), whatever JavaScript counts. Values never change once they are made.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | List
  | Tuple
  | Dict
  | ValueSet
  | Range
  | View
  | Iteration
  | Callable
  | Datetime
  | Decimal
  | NoRow
  | Undefined
  | Pattern
  | Container

export interface List {
  readonly kind: 'list'
  readonly items: readonly Value[]
}
export interface Tuple {
  readonly kind: 'tuple'
  readonly items: readonly Value[]
}
/** What equal keys have in common; see `hashKey`. */
export type HashKey = string | bigint | number | null
export interface Dict {
  readonly kind: 'dict'
  readonly entries: ReadonlyMap<HashKey, readonly [key: Value, value: Value]>
}
export interface ValueSet {
  readonly kind: 'set'
  readonly entries: ReadonlyMap<HashKey, Value>
}
export interface Range {
  readonly kind: 'range'
  readonly start: bigint
  readonly stop: bigint
  readonly step: bigint
}
/** What `keys`, `values` and `items` of a dict give. */
export interface View {
  readonly kind: 'view'
  readonly of: 'keys' | 'values' | 'items'
  readonly dict: Dict
}
/** Gives its items once: a generator, `zip` or `enumerate`. */
interface Iteration {
  readonly kind: 'iterator'
  readonly type: string
  readonly items: Iterator<Value>
}
/** How functions are called; `budget` pays for their work. */
export type Call = (args: readonly Value[], keywords: Keywords, budget: Budget) => Value
export type Keywords = ReadonlyMap<string, Value>
export interface Callable {
  readonly kind: 'function'
  readonly name: string
  readonly call: Call
}
/** A moment. `ms` counts since 1970 and may have a fraction. `text` is how the database wrote it. */
export interface Datetime {
  readonly kind: 'datetime'
  readonly ms: number
  readonly text: string
}
/** A number with its exact digits. Arithmetic makes it a float; comparisons are exact. */
export interface Decimal {
  readonly kind: 'decimal'
  readonly text: string
}
/** A column of a first row that is not there: false in every comparison, and so is what is made of it. */
export interface NoRow {
  readonly kind: 'no-row'
}
/** What Jinja gives for a name or key that is not there: empty as text, and an error in arithmetic and order. */
export interface Undefined {
  readonly kind: 'undefined'
  /** What was asked for. */
  readonly name: string
}
/** A regular expression. */
export interface Pattern {
  readonly kind: 'pattern'
  readonly source: string
}
/** A value kept elsewhere, such as the rows of a query result, read through its functions. */
export interface Container {
  readonly kind: 'container'
  /** Its name in error messages. */
  readonly type: string
  /** Whether its items are its keys, as a dict's are, or stand in a row. */
  readonly shape: 'dict' | 'list'
  size(): number
  items(): Iterable<Value>
  /** The value under a key or number; fails with the nearest keys when there is none. */
  item(key: Value): Value
  /** Whether it has this key, or holds this row; undefined where only a look at every item can tell. */
  has(key: Value): boolean | undefined
  /** The names it can be indexed with. */
  names(): string[]
  /** The same as a plain list or dict. */
  plain(): Value
  /** Whether it equals another container, where that is known without looking at each value. */
  same(other: Container): boolean | undefined
}

export const noRow: NoRow = { kind: 'no-row' }

export function list(items: readonly Value[]): List {
  return { kind: 'list', items }
}

export function tuple(items: readonly Value[]): Tuple {
  return { kind: 'tuple', items }
}

export function isContainer(value: Value): value is Container {
  return typeof value === 'object' && value !== null && value.kind === 'container'
}

/** A dict, or the dict that a container holds; undefined for anything else. */
export function asDict(value: Value | undefined): Dict | undefined {
  const plain = value !== undefined && isContainer(value) && value.shape === 'dict' ? value.plain() : value
  return typeof plain === 'object' && plain !== null && plain.kind === 'dict' ? plain : undefined
}

/** Later entries take the place of earlier ones with an equal key, which keeps its place and first form. */
export function dict(pairs: Iterable<readonly [Value, Value]>): Dict {
  const entries = new Map<HashKey, readonly [Value, Value]>()
  for (const [key, value] of pairs) {
    const hash = hashKey(key)
    entries.set(hash, [entries.get(hash)?.[0] ?? key, value])
  }
  return { kind: 'dict', entries }
}

export function set(values: Iterable<Value>): ValueSet {
  const entries = new Map<HashKey, Value>()
  for (const value of values) {
    const hash = hashKey(value)
    if (!entries.has(hash)) entries.set(hash, value)
  }
  return { kind: 'set', entries }
}

/** The items of a set: numbers in their order, else as they were put in. */
export function setItems({ entries }: ValueSet): Value[] {
  const hashes = [...entries.keys()]
  if (hashes.every((hash) => typeof hash === 'bigint')) hashes.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return hashes.map((hash) => entries.get(hash) ?? null)
}

/** The type's name as CPython writes it in its messages. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float'
    case 'string':
      return 'str'
    default:
  }
  switch (value.kind) {
    case 'view':
      return `dict_${value.of}`
    case 'iterator':
    case 'container':
      return value.type
    case 'function':
      return 'builtin_function_or_method'
    case 'no-row':
      return 'missing row'
    default:
      return value.kind
  }
}

/** What a value is kept under in dicts and sets: the same for values that are equal, such as `1`, `1.0` and `True`. */
export function hashKey(value: Value): HashKey {
  if (value === null) return null
  switch (typeof value) {
    case 'string':
      return value.startsWith('\0') ? `\0s${value}` : value
    case 'bigint':
      return value
    case 'boolean':
      return value ? 1n : 0n
    case 'number':
      return Number.isInteger(value) ? BigInt(value) : value
    default:
  }
  switch (value.kind) {
    case 'tuple':
      return hashTuple(value)
    case 'range':
      return `\0r${value.start},${value.stop},${value.step}`
    case 'datetime':
      return `\0d${value.ms}`
    case 'decimal':
      return keyOfDecimal(value)
    case 'function':
      return `\0f${value.name}`
    case 'no-row':
      return '\0n'
    case 'container':
      return fail('TypeError', `unhashable type: '${value.shape}'`)
    default:
      return fail('TypeError', `unhashable type: '${typeName(value)}'`)
  }
}

function keyOfDecimal(value: Decimal): HashKey {
  const key = decimalKey(value)
  return typeof key === 'string' ? `\0e${key}` : key
}

function hashTuple({ items }: Tuple): string {
  let text = '\0t'
  for (const item of items) {
    const hash = hashKey(item)
    const part = hash === null ? 'none' : `${typeof hash} ${hash}`
    text += `${part.length}:${part}`
    limitText(text.length)
  }
  return text
}
