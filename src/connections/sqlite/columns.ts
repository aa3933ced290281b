import type { Json } from '../../model/json.ts'
import type { Column, ColumnType } from '../../model/result.ts'
import { float, integer, refuseBytes } from '../values.ts'

/** A cell as the driver gives it, with all integers as bigint. */
export type Cell = null | bigint | number | string | Uint8Array

/** A column of a result: its name and the type it was declared with, null for an expression. */
export interface Declared {
  name: string
  type: string | null
}

/**
 * SQLite has types for values, not for columns: a column's type is what all its values have in common. Text is a date or
 * timestamp where it looks like one and its column was declared as one, or is an expression; 0 and 1 are booleans where
 * they were declared so.
 */
export function normalise(
  declared: readonly Declared[],
  rows: readonly Cell[][],
): { columns: Column[]; rows: Json[][] } {
  const columns = declared.map(({ name, type }, index) => {
    const cells = rows.map((row) => row[index] ?? null)
    if (cells.some((cell) => cell instanceof Uint8Array)) throw refuseBytes(name, 'BLOB')
    return {
      name,
      type: typeOf(
        type,
        cells.filter((cell) => cell !== null),
      ),
    }
  })
  return { columns, rows: rows.map((row) => row.map((cell, index) => read(cell, columns[index]?.type ?? 'json'))) }
}

const NUMERIC = /int|real|floa|doub|num|dec/i

function typeOf(declared: string | null, cells: readonly Cell[]): ColumnType {
  if (cells.length === 0) return emptyType(declared ?? '')
  const kinds = new Set(cells.map((cell) => typeof cell))
  if (kinds.has('string')) return kinds.size > 1 ? 'json' : textType(declared, cells as string[])
  if (kinds.has('number')) return 'float'
  const flags = cells.every((cell) => cell === 0n || cell === 1n)
  return flags && /bool/i.test(declared ?? '') ? 'boolean' : 'integer'
}

function emptyType(declared: string): ColumnType {
  if (/bool/i.test(declared)) return 'boolean'
  if (/int/i.test(declared)) return 'integer'
  if (/timestamp|datetime/i.test(declared)) return 'timestamp'
  if (/^date$/i.test(declared)) return 'date'
  return NUMERIC.test(declared) ? 'float' : 'text'
}

const TIMESTAMP = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/
const DATE = /^\d{4}-\d\d-\d\d$/

function textType(declared: string | null, cells: readonly string[]): ColumnType {
  if (declared !== null && !/date|time/i.test(declared)) return 'text'
  if (cells.every((cell) => TIMESTAMP.test(cell))) return 'timestamp'
  return cells.every((cell) => DATE.test(cell)) ? 'date' : 'text'
}

function read(cell: Cell, type: ColumnType): Json {
  if (typeof cell === 'bigint') return type === 'boolean' ? cell === 1n : integer(String(cell))
  if (typeof cell === 'number') return float(String(cell))
  if (cell instanceof Uint8Array) return null
  return type === 'timestamp' && cell !== null ? instant(cell) : cell
}

/** With `T`, seconds and, where there was an offset, in UTC. */
function instant(text: string): string {
  const [, date, clock, fraction = '', offset = ''] = /^(\S{10})[ T](\d\d:\d\d(?::\d\d)?)(\.\d+)?(.*)$/.exec(text) ?? []
  const time = clock?.length === 5 ? `${clock}:00` : clock
  if (offset === '' || offset === 'Z') return `${date}T${time}${fraction}${offset}`
  return `${new Date(`${date}T${time}${offset}`).toISOString().slice(0, 19)}${fraction}Z`
}
