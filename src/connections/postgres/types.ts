import type { Json } from '../../model/json.ts'
import type { ColumnType } from '../../model/result.ts'
import { exactJson, float, integer } from '../values.ts'

/** How a type of Postgres becomes a column: its kind, and its cells read from their text. */
export interface CellType {
  type: ColumnType
  read(text: string): Json
}

const INTEGER: CellType = { type: 'integer', read: integer }
const FLOAT: CellType = { type: 'float', read: float }
const DECIMAL: CellType = { type: 'decimal', read: (text) => text }
const BOOLEAN: CellType = { type: 'boolean', read: (text) => text === 't' }
const TEXT: CellType = { type: 'text', read: (text) => text }
const DATE: CellType = { type: 'date', read: (text) => text }
const TIME: CellType = { type: 'time', read: (text) => text }
const INTERVAL: CellType = { type: 'interval', read: (text) => text }
const LOCAL: CellType = { type: 'timestamp', read: (text) => text.replace(' ', 'T') }
const INSTANT: CellType = { type: 'timestamp', read: instant }
const JSON_VALUE: CellType = { type: 'json', read: exactJson }

/** By object id, which is the same in every Postgres for built-in types. Types that are not here are read as text. */
const scalars: Record<number, CellType> = {
  16: BOOLEAN,
  20: INTEGER,
  21: INTEGER,
  23: INTEGER,
  26: INTEGER,
  114: JSON_VALUE,
  700: FLOAT,
  701: FLOAT,
  1082: DATE,
  1083: TIME,
  1114: LOCAL,
  1184: INSTANT,
  1186: INTERVAL,
  1266: TIME,
  1700: DECIMAL,
  3802: JSON_VALUE,
}

/** Array types by object id: the type of their elements. */
const arrays: Record<number, CellType> = {
  199: JSON_VALUE,
  1000: BOOLEAN,
  1002: TEXT,
  1003: TEXT,
  1005: INTEGER,
  1007: INTEGER,
  1009: TEXT,
  1014: TEXT,
  1015: TEXT,
  1016: INTEGER,
  1021: FLOAT,
  1022: FLOAT,
  1028: INTEGER,
  1041: TEXT,
  1115: LOCAL,
  1182: DATE,
  1183: TIME,
  1185: INSTANT,
  1187: INTERVAL,
  1231: DECIMAL,
  1270: TIME,
  2951: TEXT,
  3807: JSON_VALUE,
}

const bytes: Record<number, string> = { 17: 'bytea', 1001: 'bytea[]' }

/** How cells of a type are read; the type's name where it is bytes, which are refused. */
export function cellType(oid: number): CellType | string {
  const element = arrays[oid]
  if (element !== undefined) return { type: 'json', read: (text) => readArray(text, element) }
  return scalars[oid] ?? bytes[oid] ?? TEXT
}

/** `2026-01-01 12:00:00.5+01` as `2026-01-01T11:00:00.5Z`. Infinity and years that ISO cannot say stay as they are. */
function instant(text: string): string {
  if (text.endsWith('+00')) return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(text)
  if (parts === null) return text
  const [, date, time, fraction = '', sign, hours, minutes = '0', seconds = '0'] = parts
  const offset = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
  const at = Date.parse(`${date}T${time}Z`) + (sign === '+' ? -offset : offset)
  return `${new Date(at).toISOString().slice(0, 19)}${fraction}Z`
}

/** `{1,NULL,"a b"}` and deeper ones; bounds in front (`[0:1]=`) are dropped. */
function readArray(text: string, element: CellType): Json {
  const token = /[{},]|"((?:[^"\\]|\\[\s\S])*)"|([^{},"]+)/y
  token.lastIndex = text.indexOf('{')
  const outer: Json[] = []
  const open: Json[][] = [outer]
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [whole, quoted, bare] = found
    const inner = open.at(-1)
    if (whole === '{') {
      const list: Json[] = []
      inner?.push(list)
      open.push(list)
    } else if (whole === '}') open.pop()
    else if (quoted !== undefined) inner?.push(element.read(quoted.replace(/\\([\s\S])/g, '$1')))
    else if (bare !== undefined) inner?.push(bare === 'NULL' ? null : element.read(bare))
  }
  return outer[0] ?? []
}
