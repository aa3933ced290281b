import type { Json } from './json.ts'

/**
 * What a column holds, whatever its database calls it. The type tells how to read the cells:
 * - `integer`: a number, or its decimal digits as text beyond 2^53
 * - `float`: a number (or the text `NaN`, `Infinity`, `-Infinity`)
 * - `decimal`: its exact text, such as `12.50`
 * - `timestamp`: ISO 8601 with offset `Z` where the database knows the instant, without offset where it does not
 * - `date`, `time`, `interval`: ISO 8601 text
 * - `json`: a JSON value of whatever shape; `text`, `boolean`: as named
 */
export type ColumnType =
  | 'integer'
  | 'float'
  | 'decimal'
  | 'boolean'
  | 'text'
  | 'timestamp'
  | 'date'
  | 'time'
  | 'interval'
  | 'json'

export interface Column {
  name: string
  type: ColumnType
}

/** A normalised query result: the same shapes for every database, all plain JSON. NULL is null. */
export interface QueryResult {
  columns: Column[]
  rows: Json[][]
  /** More rows were there than the limit let through. */
  truncated: boolean
  /** How long the database took, in ms. */
  elapsed: number
}
