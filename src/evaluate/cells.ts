import { parseDatetime } from '../language/expression/datetime.ts'
import { fromJson } from '../language/expression/json.ts'
import type { Value } from '../language/expression/value.ts'
import type { Json } from '../model/json.ts'
import type { ColumnType } from '../model/result.ts'

/** The value of a cell by its column's type. What does not fit the type stays what it is. */
export function cellValue(cell: Json | undefined, type: ColumnType): Value {
  if (cell === null || cell === undefined) return null
  switch (type) {
    case 'integer':
      if (typeof cell === 'number') return Number.isInteger(cell) ? BigInt(cell) : cell
      return typeof cell === 'string' && /^[+-]?\d{1,1200}$/.test(cell) ? BigInt(cell) : fromJson(cell)
    case 'float':
      return typeof cell === 'number' ? cell : floatOf(cell)
    case 'decimal':
      if (typeof cell === 'number') return { kind: 'decimal', text: String(cell) }
      return typeof cell === 'string' && Number.isFinite(Number(cell)) ? { kind: 'decimal', text: cell } : floatOf(cell)
    case 'timestamp':
      return typeof cell === 'string' ? (parseDatetime(cell) ?? cell) : fromJson(cell)
    default:
      return fromJson(cell)
  }
}

/** A cell as text for labels: texts as they are, everything else as JSON. */
export function cellText(cell: Json | undefined): string {
  return typeof cell === 'string' ? cell : JSON.stringify(cell ?? null)
}

const SPECIAL: Record<string, number> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity }

function floatOf(cell: Json): Value {
  const special = typeof cell === 'string' ? SPECIAL[cell] : undefined
  return special ?? fromJson(cell)
}
