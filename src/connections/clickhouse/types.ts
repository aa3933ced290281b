import type { Json } from '../../model/json.ts'
import type { ColumnType } from '../../model/result.ts'
import { float, integer } from '../values.ts'

/** How a type of ClickHouse becomes a column: its kind, and its cells read from their JSON. */
export interface CellType {
  type: ColumnType
  read(value: Json): Json
}

/** How cells of a type, such as `Array(Nullable(UInt64))`, are read; null where it is bytes, which are refused. */
export function cellType(text: string): CellType | null {
  const { name, parts } = parseType(text)
  if (name === 'AggregateFunction') return null
  if (name === 'Nullable' || name === 'LowCardinality') return cellType(parts[0] ?? '')
  if (name === 'SimpleAggregateFunction') return cellType(parts[1] ?? '')
  const unit = /^Interval(\w+)$/.exec(name)?.[1]
  if (unit !== undefined) return { type: 'interval', read: (value) => interval(String(value), unit) }
  if (name === 'Array') return list(parts.slice(0, 1), () => 0)
  if (name === 'Tuple' && !parts.some((part) => /^\S+ /.test(part))) return list(parts, (index) => index)
  if (name === 'Map') return map(parts[1] ?? '')
  return scalars.find(([pattern]) => pattern.test(name))?.[1] ?? JSON_VALUE
}

const JSON_VALUE: CellType = { type: 'json', read: (value) => value }
const asText = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value))

const scalars: [RegExp, CellType][] = [
  [/^U?Int\d+$/, { type: 'integer', read: (value) => integer(asText(value)) }],
  [/^B?Float\d+$/, { type: 'float', read: (value) => float(asText(value)) }],
  [/^Decimal\d*$/, { type: 'decimal', read: asText }],
  [/^Bool$/, { type: 'boolean', read: (value) => value === true }],
  [/^(String|FixedString|UUID|IPv4|IPv6|Enum\d*|Nothing)$/, { type: 'text', read: asText }],
  [/^Date(32)?$/, { type: 'date', read: asText }],
  [/^DateTime(64)?$/, { type: 'timestamp', read: (value) => asText(value).replace(' ', 'T') }],
  [/^Time(64)?$/, { type: 'time', read: asText }],
]

function list(parts: readonly string[], partOf: (index: number) => number): CellType {
  const cells = parts.map((part) => cellType(part) ?? JSON_VALUE)
  const read = (value: Json, index: number) => (value === null ? null : (cells[partOf(index)]?.read(value) ?? value))
  return { type: 'json', read: (value) => (Array.isArray(value) ? value.map(read) : value) }
}

function map(part: string): CellType {
  const cell = cellType(part) ?? JSON_VALUE
  const read = (value: Json) => (value === null ? null : cell.read(value))
  return {
    type: 'json',
    read: (value) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(item)]))
        : value,
  }
}

function interval(count: string, unit: string): string {
  const [before, designator = ''] = INTERVALS[unit] ?? ['P', '']
  return designator === '' ? `${count} ${unit}` : `${before}${count}${designator}`
}

const INTERVALS: Record<string, [string, string]> = {
  Second: ['PT', 'S'],
  Minute: ['PT', 'M'],
  Hour: ['PT', 'H'],
  Day: ['P', 'D'],
  Week: ['P', 'W'],
  Month: ['P', 'M'],
  Year: ['P', 'Y'],
}

/** `Map(String, Array(Int8))` as its name and its parts. Quoted text, such as names of an enum, is passed over. */
function parseType(text: string): { name: string; parts: string[] } {
  const open = text.indexOf('(')
  if (open < 0) return { name: text.trim(), parts: [] }
  const parts: string[] = []
  let depth = 0
  let start = open + 1
  for (const { 0: token, index } of text.matchAll(/'(?:[^'\\]|\\[\s\S])*'|[(),]/g)) {
    if (token === '(') depth += 1
    if (token === ')') depth -= 1
    if ((token === ',' && depth === 1) || (token === ')' && depth === 0)) {
      parts.push(text.slice(start, index).trim())
      start = index + 1
    }
  }
  return { name: text.slice(0, open).trim(), parts }
}
