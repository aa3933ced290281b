import { type FormatValue, formatText } from './format.ts'

/** A filter as the engine calls it: the value, its arguments, and a `Map` of named ones at the end where there are any. */
export type JinjaFilter = (value: unknown, ...args: unknown[]) => unknown

const MOST_PADDING = 100_000

/** Filters of Jinja2 that the engine lacks. Texts go in and come out. */
export const filters: Record<string, JinjaFilter> = {
  format: (value, ...args) => {
    const named = new Map<string, FormatValue>()
    if (args.at(-1) instanceof Map)
      for (const [name, item] of args.pop() as Map<string, FormatValue>) named.set(name, item)
    return formatText(text(value), args as FormatValue[], named)
  },
  truncate: (value, ...args) => {
    const [length, killWords, end, leeway] = read(args, { length: 255, killwords: false, end: '...', leeway: 5 })
    return truncate(text(value), Number(length), killWords === true, text(end), Number(leeway ?? 5))
  },
  wordcount: (value) => (text(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
  center: (value, ...args) => {
    const [width] = read(args, { width: 80 })
    const [body, room] = [text(value), Math.min(Number(width), MOST_PADDING) - [...text(value)].length]
    // Python puts the odd space on the left when the width is odd.
    const left = Math.floor(room / 2) + (room & Number(width) & 1)
    return room <= 0 ? body : ' '.repeat(left) + body + ' '.repeat(room - left)
  },
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
