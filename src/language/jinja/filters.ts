import { type FormatValue, formatText } from './format.ts'
import { strFormat } from './str-format.ts'

/** A filter as the engine calls it: the value, its arguments, and a `Map` of named ones at the end where there are any. */
export type JinjaFilter = (value: unknown, ...args: unknown[]) => unknown

const MOST_PADDING = 100_000

/** Filters of Jinja2 that the engine lacks. Texts go in and come out. */
export const filters: Record<string, JinjaFilter> = {
  format: (value, ...args) => formatText(text(value), ...formatValues(args)),
  truncate: (value, ...args) => {
    const [length, killWords, end, leeway] = read(args, { length: 255, killwords: false, end: '...', leeway: 5 })
    return truncate(text(value), Number(length), killWords === true, text(end), Number(leeway ?? 5))
  },
  wordcount: (value) => (text(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
  center: (value, ...args) => centered(text(value), Number(read(args, { width: 80 })[0])),
  wordwrap: (value, ...args) => {
    const defaults = { width: 79, break_long_words: true, wrapstring: '\n', break_on_hyphens: true }
    const [width, breakLong, between] = read(args, defaults)
    const wrap = (line: string) => wrapLine(line, Math.max(1, Number(width)), breakLong !== false).join(text(between))
    return text(value).split(/\r?\n/).map(wrap).join(text(between))
  },
  urlencode: (value) => {
    const pairs = value instanceof Map ? [...value] : Array.isArray(value) ? (value as unknown[][]) : undefined
    if (pairs === undefined) return quoteUrl(text(value)).replaceAll('%2F', '/')
    return pairs.map(([key, item]) => `${quoteUrl(text(key))}=${quoteUrl(text(item)).replaceAll('%20', '+')}`).join('&')
  },
  title: (value) =>
    text(value).replace(/[^-\s({[<]+/g, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()),
  __str_format: (value, ...args) => strFormat(text(value), ...formatValues(args)),
  __str_rjust: (value, width, fill) => text(value).padStart(room(width), text(fill ?? ' ')),
  __str_ljust: (value, width, fill) => text(value).padEnd(room(width), text(fill ?? ' ')),
  __str_center: (value, width) => centered(text(value), Number(width)),
  __str_zfill: (value, width) =>
    text(value).replace(
      /^([-+]?)([\s\S]*)$/,
      (whole, sign: string, rest: string) => sign + rest.padStart(room(width) - whole.length + rest.length, '0'),
    ),
  /** Of outputs: its value is written as it is. */
  raw: (value) => value,
  __escape: (value) => escapeHtml(text(value)),
  __int: (value, fallback) => wholeNumber(text(value)) ?? text(fallback ?? 0),
  __float: (value, fallback) => (isNumber(text(value)) ? text(value).replace('+', '') : text(fallback ?? '0.0')),
  __round: (value, ...args) => {
    const [precision, method] = read(args, { precision: 0, method: 'common' })
    return roundText(Number(value), Number(precision), text(method))
  },
  __sum: (value, start) => (value as unknown[]).reduce(add, start),
  forceescape: (value) => escapeHtml(text(value)),
  xmlattr: (value) => {
    if (!(value instanceof Map)) throw new Error('xmlattr: needs a map')
    const pairs = [...value].filter(([, item]) => item !== null && item !== undefined)
    return pairs.map(([key, item]) => ` ${text(key)}="${escapeHtml(text(item))}"`).join('')
  },
}

/** Arguments by position or by name, in the order of the defaults. */
function read(args: unknown[], defaults: Record<string, unknown>): unknown[] {
  const named = args.at(-1) instanceof Map ? (args.at(-1) as Map<string, unknown>) : new Map<string, unknown>()
  const placed = named.size > 0 ? args.slice(0, -1) : args
  return Object.entries(defaults).map(([name, fallback], index) => placed[index] ?? named.get(name) ?? fallback)
}

function formatValues(args: unknown[]): [FormatValue[], Map<string, FormatValue>] {
  const named = args.at(-1) instanceof Map ? (args.at(-1) as Map<string, FormatValue>) : new Map<string, FormatValue>()
  return [(named.size > 0 ? args.slice(0, -1) : args) as FormatValue[], named]
}

function room(width: unknown): number {
  return Math.min(Number(width), MOST_PADDING)
}

function centered(value: string, width: number): string {
  const left = room(width) - [...value].length
  // Python puts the odd space on the left when the width is odd.
  const before = Math.floor(left / 2) + (left & width & 1)
  return left <= 0 ? value : ' '.repeat(before) + value + ' '.repeat(left - before)
}

function isNumber(value: string): boolean {
  return /^\s*[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(value)
}

/** The whole part of a number, as digits; undefined when the text is no number. */
function wholeNumber(value: string): string | undefined {
  if (value === 'true' || value === 'false') return value === 'true' ? '1' : '0'
  if (/^\s*[-+]?\d+\s*$/.test(value)) return value.trim().replace('+', '')
  return isNumber(value) ? String(BigInt(Math.trunc(Number(value)))) : undefined
}

/** A rounded number as text, so that the engine can read it as a float or as an integer. */
function roundText(value: number, precision: number, method: string): string {
  if (Number.isNaN(value)) throw new Error('round: needs a number')
  const factor = 10 ** Math.max(-300, Math.min(300, precision))
  if (method === 'ceil' || method === 'floor') return String(Math[method](value * factor) / factor)
  if (method !== 'common') throw new Error('round: the method must be common, ceil or floor')
  if (precision < 0) return String(halfEven(value * factor) / factor)
  if (precision > 15 || Math.abs(value) > 1e15) return String(value)
  return String(precision === 0 ? halfEven(value) : Number(exactFixed(value, precision)))
}

/** Digits of the exact binary value decide; a real tie goes to the even digit. */
function exactFixed(value: number, precision: number): string {
  const more = value.toFixed(Math.min(100, precision + 60))
  const cut = more.length - 60
  const [kept, rest] = [more.slice(0, cut), more.slice(cut)]
  const last = Number(kept.at(-1))
  if (/^50*$/.test(rest) && last % 2 === 0) return kept
  return value.toFixed(precision)
}

function halfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}

function add(total: unknown, item: unknown): unknown {
  if (Array.isArray(total) && Array.isArray(item)) return [...total, ...item]
  if (typeof total === 'number' && typeof item === 'number') return total + item
  throw new Error('sum: needs numbers')
}

function text(value: unknown): string {
  if (value === null || value === undefined) return value === null ? 'None' : ''
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)
}

function truncate(value: string, length: number, killWords: boolean, end: string, leeway: number): string {
  const chars = [...value]
  if (length < end.length) throw new Error(`truncate: the length must be ${end.length} at least`)
  if (chars.length <= length + leeway) return value
  const kept = chars.slice(0, length - end.length).join('')
  const space = kept.lastIndexOf(' ')
  return (killWords || space < 0 ? kept : kept.slice(0, space)) + end
}

function wrapLine(line: string, width: number, breakLong: boolean): string[] {
  const lines: string[] = []
  let current = ''
  const flush = () => {
    lines.push(current.trimEnd())
    current = ''
  }
  for (const word of line.match(/\s+|[^\s-]*-+(?=\w)|\S+/g) ?? []) {
    let rest = word
    if (current !== '' && current.length + rest.trimEnd().length > width) flush()
    if (current === '' && lines.length > 0) rest = rest.trimStart()
    while (breakLong && rest.length > width) {
      current = rest.slice(0, width)
      rest = rest.slice(width)
      flush()
    }
    current += rest
  }
  if (current.trimEnd() !== '' || lines.length === 0) flush()
  return lines
}

function quoteUrl(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function escapeHtml(value: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }
  return value.replace(/[&<>"']/g, (char) => entities[char] ?? char)
}
