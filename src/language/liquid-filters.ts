import { messageOf } from '../errors.ts'
import { formatPattern, parsePattern } from './expression/date-pattern.ts'
import { parseDatetime } from './expression/datetime.ts'
import { roundFloat } from './expression/numbers.ts'

/** Filters of Liquid beyond its own, which texts converted from other languages use. They throw where they cannot. */
export const moreFilters: Readonly<Record<string, (value: unknown, argument?: unknown) => unknown>> = {
  keys: (value) => Object.keys(mapOf(value)),
  values: (value) => Object.values(mapOf(value)),
  index_of: (value, part) =>
    Array.isArray(value) ? value.indexOf(part) : String(value ?? '').indexOf(String(part ?? '')),
  trunc: (value) => Math.trunc(Number(value)),
  parse_json: parseJson,
  format_number: (value, pattern) => formatNumber(value, String(pattern ?? '0')),
  format_date: (value, pattern) => formatPattern(momentOf(value), String(pattern ?? 'yyyy-MM-dd')),
  parse_date: (value, pattern) => {
    const ms = parsePattern(String(value ?? ''), String(pattern ?? 'yyyy-MM-dd'))
    if (ms === undefined) throw new Error(`parse_date: the text is no date in the form ${String(pattern)}`)
    return ms
  },
}

const MOST_JSON = 100_000
const PATTERN = /^([^#0.,%]*)([#,0]*)(?:\.(0*)(#*))?(%?)([^#0.,%]*)$/
/** Digits behind the point that a pattern may have. */
const MOST_DIGITS = 20

function mapOf(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

function parseJson(value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (value.length > MOST_JSON) throw new Error(`parse_json: the text has more than ${MOST_JSON} characters`)
  try {
    return JSON.parse(value)
  } catch (thrown) {
    throw new Error(`parse_json: the text is no JSON: ${messageOf(thrown)}`)
  }
}

/** A number by a pattern of Java's DecimalFormat, such as `#,##0.00` or `0.#%`; halves go to the even neighbour. */
function formatNumber(value: unknown, pattern: string): string {
  const number = Number(value)
  if (value === null || value === undefined || value === '' || !Number.isFinite(number)) return String(value ?? '')
  const [whole, prefix = '', digits = '', least = '', more = '', percent = '', suffix = ''] =
    PATTERN.exec(pattern) ?? []
  if (whole === undefined || least.length + more.length > MOST_DIGITS) {
    throw new Error(`format_number: "${pattern.slice(0, 40)}" is no pattern such as "#,##0.00"`)
  }
  const most = least.length + more.length
  const rounded = roundFloat(Math.abs(percent === '' ? number : number * 100), BigInt(most))
  const [integer = '0', fraction = ''] = rounded.toFixed(most).split('.')
  const shown = integer.replace(/^0+/, '').padStart(digits.replace(/[#,]/g, '').length, '0')
  const grouped = digits.includes(',') ? shown.replace(/\B(?=(\d{3})+$)/g, ',') : shown
  let kept = fraction.length
  while (kept > least.length && fraction.charAt(kept - 1) === '0') kept -= 1
  const behind = kept === 0 ? '' : `.${fraction.slice(0, kept)}`
  const sign = number < 0 && rounded !== 0 ? '-' : ''
  return `${sign}${prefix}${grouped === '' && behind === '' ? '0' : grouped}${behind}${percent}${suffix}`
}

/** ms since 1970 of such a number, or of ISO 8601 text. */
function momentOf(value: unknown): number {
  const ms = typeof value === 'number' ? value : parseDatetime(String(value ?? ''))?.ms
  if (ms === undefined || !Number.isFinite(ms)) {
    throw new Error(`format_date: ${JSON.stringify(String(value ?? '').slice(0, 40))} is no date`)
  }
  return ms
}
