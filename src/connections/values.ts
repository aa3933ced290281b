import type { Json } from '../model/json.ts'
import type { Column } from '../model/result.ts'
import { QueryError } from './connection.ts'

/** A result over this size, in bytes as the database sends it, is refused. */
export const LARGEST_RESULT = 32 * 1024 * 1024

/** An integer's decimal digits: a number, or the text itself beyond 2^53. */
export function integer(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

/** A binary float: a number, or `NaN`, `Infinity`, `-Infinity`. */
export function float(text: string): number | string {
  const number = Number(text.replace(/^([+-]?)inf$/i, '$1Infinity'))
  return Number.isFinite(number) ? number : String(number)
}

/** JSON text whose integers beyond 2^53 keep their digits, as text. */
export function exactJson(text: string): Json {
  return (/\d{16}/.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text)) as Json
}

/** Throws `query` for two columns of one name: a condition could not tell them apart. */
export function refuseDuplicates(columns: readonly Column[]): void {
  const names = columns.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new QueryError('query', `The query returns two columns named "${twice}". Name each of them, with AS.`)
}

/** For a cell of bytes. */
export function refuseBytes(column: string, type: string): QueryError {
  return new QueryError(
    'query',
    `The column "${column}" holds bytes (${type}), which cannot be shown or compared. Leave it out, or turn it into text, for instance in hexadecimal.`,
  )
}

/** For a result over `LARGEST_RESULT`. */
export function tooLarge(): QueryError {
  const megabytes = LARGEST_RESULT / 1024 / 1024
  return new QueryError(
    'query',
    `The result is over ${megabytes} MB. Select fewer columns or rows, or let the database aggregate.`,
  )
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const exact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  const { source } = context ?? {}
  return exact && source !== undefined && /^-?\d+$/.test(source) ? source : value
}
