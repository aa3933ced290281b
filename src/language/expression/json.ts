import type { Json } from '../../model/json.ts'
import { type Budget, createBudget } from './budget.ts'
import { fail } from './failure.ts'
import { itemsOf } from './iterate.ts'
import { floatText, represent, toText } from './print.ts'
import { type Dict, dict, list, type Value } from './value.ts'

/** How deep data may be nested. */
const DEEPEST = 100

/** The longest JSON text that is made of a value. */
const LONGEST = 262_144

/** A plain JSON value; numbers without a fraction become ints. */
export function fromJson(json: Json): Value {
  return convert(json, 0, true)
}

/** Reads JSON text so that integers keep all their digits and `2.0` stays a float. Throws a SyntaxError. */
export function parseJson(text: string): Value {
  const keepKind = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context?.source ?? '') : value
  return convert(JSON.parse(text, keepKind), 0, false)
}

/** The plain JSON of a value: big ints and exact numbers as text; tuples, sets and what can be gone over as arrays. */
export function toJson(value: Value): Json {
  return JSON.parse(jsonText(value))
}

/** The same as JSON text, in which floats keep their point. */
export function jsonText(value: Value): string {
  const pieces: string[] = []
  const budget = createBudget({ rows: LONGEST })
  let length = 0
  for (const piece of piecesOf(value, budget)) {
    length += piece.length
    if (length > LONGEST) fail('Budget', 'The value is too large to be shown.')
    pieces.push(piece)
  }
  return pieces.join('')
}

function* piecesOf(value: Value, budget: Budget): Generator<string, void, undefined> {
  if (value === null || typeof value !== 'object') {
    yield scalar(value)
    return
  }
  switch (value.kind) {
    case 'dict':
      yield* dictPieces(value, budget)
      return
    case 'container':
      yield* piecesOf(value.plain(), budget)
      return
    case 'datetime':
    case 'decimal':
      yield JSON.stringify(value.text)
      return
    case 'no-row':
    case 'undefined':
      yield 'null'
      return
    case 'function':
    case 'pattern':
    case 'iterator':
      yield JSON.stringify(represent(value, budget))
      return
    default:
  }
  let separator = '['
  for (const item of itemsOf(value, budget)) {
    yield separator
    yield* piecesOf(item, budget)
    separator = ','
  }
  yield separator === '[' ? '[]' : ']'
}

function* dictPieces({ entries }: Dict, budget: Budget): Generator<string, void, undefined> {
  let separator = '{'
  for (const [key, item] of entries.values()) {
    const text = key === null || typeof key === 'boolean' ? scalar(key) : toText(key, budget)
    yield `${separator}${JSON.stringify(text)}:`
    yield* piecesOf(item, budget)
    separator = ','
  }
  yield separator === '{' ? '{}' : '}'
}

function scalar(value: null | boolean | bigint | number | string): string {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`
  if (typeof value === 'number') return Number.isFinite(value) ? floatText(value) : `"${floatText(value)}"`
  return JSON.stringify(value)
}

/** `whole`: whether numbers without a fraction are ints; else ints come as bigints. */
function convert(json: unknown, depth: number, whole: boolean): Value {
  if (depth > DEEPEST) fail('Budget', `The data is nested more than ${DEEPEST} levels deep.`)
  if (json === null || json === undefined) return null
  if (typeof json === 'number') return whole && Number.isSafeInteger(json) ? BigInt(json) : json
  if (typeof json === 'string' || typeof json === 'boolean' || typeof json === 'bigint') return json
  if (Array.isArray(json)) return list(json.map((item) => convert(item, depth + 1, whole)))
  return dict(Object.entries(json).map(([key, value]) => [key, convert(value, depth + 1, whole)] as const))
}
