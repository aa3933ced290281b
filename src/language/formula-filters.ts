import { messageOf } from '../errors.ts'
import { formatPattern } from './expression/date-pattern.ts'
import { isDatetime, parseDatetime } from './expression/datetime.ts'
import { asNumber, textOf } from './expression/formula/values.ts'
import { jsonText, parseJson } from './expression/json.ts'
import { numeric } from './expression/operators.ts'
import { asDict, type Value } from './expression/value.ts'

/** Changes a value on its way into a text. Throws where it cannot. */
export type Filter = (value: Value, argument: string | undefined) => Value

const DATE_FORMAT = 'yyyy-MM-dd HH:mm:ss.SSS'
const WIDEST_INDENT = 100

/** The filters of `${name|filter:argument}`, by name. */
export const filters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['default', (value, argument = '') => (value === null || value === '' ? argument : value)],
  ['tolower', (value) => textOf(value).toLowerCase()],
  ['toupper', (value) => textOf(value).toUpperCase()],
  ['tojson', (value) => jsonText(value)],
  ['fromjson', (value) => (typeof value === 'string' ? readJson(value) : value)],
  ['getornull', getOrNull],
  ['formatdate', formatDate],
  ['indent', indent],
  ['raw', (value) => value],
])

export const filterNames: readonly string[] = [...filters.keys()]

function readJson(text: string): Value {
  try {
    return parseJson(text)
  } catch (thrown) {
    throw new Error(`fromjson: the text is no JSON: ${messageOf(thrown)}`)
  }
}

/** What stands at a path of keys and indexes, such as `["a", 2]`; nothing where there is none. */
function getOrNull(value: Value, argument = '[]'): Value {
  const path = readPath(argument)
  let found: Value = typeof value === 'string' ? readJson(value) : value
  for (const step of path) {
    const entries = asDict(found)?.entries
    const items = typeof found === 'object' && found !== null && found.kind === 'list' ? found.items : []
    found = (entries === undefined ? items[Number(step)] : entries.get(String(step))?.[1]) ?? null
  }
  return found
}

function readPath(argument: string): (string | number)[] {
  try {
    const path: unknown = JSON.parse(argument)
    if (Array.isArray(path) && path.every((step) => typeof step === 'string' || typeof step === 'number')) return path
  } catch {
    // A path that is no JSON is told below, as one that is no list is.
  }
  throw new Error(`getornull needs a list of keys and indexes such as ["a",2], not ${argument.slice(0, 40)}`)
}

function formatDate(value: Value, pattern = DATE_FORMAT): Value {
  const number = asNumber(value)
  const date = isDatetime(value) ? value : typeof value === 'string' ? parseDatetime(value) : undefined
  const ms = number === undefined ? date?.ms : Number(numeric(number))
  if (ms === undefined) throw new Error('formatdate needs a time in ms since 1970 or a date')
  return formatPattern(ms, pattern)
}

/** Puts blanks before every line but the first. */
function indent(value: Value, argument = '2'): Value {
  const width = Number(argument)
  if (!Number.isInteger(width) || width < 0 || width > WIDEST_INDENT) {
    throw new Error(`indent needs a number of blanks up to ${WIDEST_INDENT}, not ${argument.slice(0, 40)}`)
  }
  return textOf(value).replaceAll('\n', `\n${' '.repeat(width)}`)
}
