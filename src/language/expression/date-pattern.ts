import { atZone, type DateFields, fieldsOf, isoWeek, utc } from './date-fields.ts'
import { fail } from './failure.ts'

/** Names in English, as Java's default writes them. */
export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const PIECE = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g
const LONGEST = 200

/** A moment by a pattern of Java's SimpleDateFormat or Joda, such as `yyyy-MM-dd HH:mm:ss`. Fails for unknown letters. */
export function formatPattern(ms: number, pattern: string, zone = 'UTC'): string {
  const fields = fieldsOf(ms, zone)
  return pieces(pattern)
    .map((piece) => ('literal' in piece ? piece.literal : written(piece.letter, piece.count, fields)))
    .join('')
}

/** The moment a text stands for by such a pattern; undefined when it does not fit. Without an offset in the text it is of `zone`. */
export function parsePattern(text: string, pattern: string, zone = 'UTC'): number | undefined {
  const read = new Map<string, string>()
  let source = ''
  for (const piece of pieces(pattern)) {
    if ('literal' in piece) source += piece.literal.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
    else {
      const name = `${piece.letter}${read.size}`
      read.set(name, '')
      source += `(?<${name}>${readable(piece.letter, piece.count)})`
    }
  }
  const groups = text.length > LONGEST ? undefined : new RegExp(`^${source}$`, 'i').exec(text)?.groups
  if (groups === undefined) return undefined
  const of = (letter: string) => Object.entries(groups).find(([name]) => name.startsWith(letter))?.[1]
  return moment(of, zone)
}

type Piece = { literal: string } | { letter: string; count: number }

function pieces(pattern: string): Piece[] {
  if (pattern.length > LONGEST) fail('ValueError', `A date format has more than ${LONGEST} characters.`)
  return [...pattern.matchAll(PIECE)].map(([whole, quoted, letter]) => {
    if (quoted !== undefined) return { literal: quoted === '' ? "'" : quoted.replaceAll("''", "'") }
    return letter === undefined ? { literal: whole } : { letter, count: whole.length }
  })
}

function written(letter: string, count: number, fields: DateFields): string {
  const number = (value: number) => String(value).padStart(count, '0')
  switch (letter) {
    case 'y':
    case 'u':
      return count === 2 ? String(fields.year % 100).padStart(2, '0') : number(fields.year)
    case 'Y':
    case 'x':
      return number(isoWeek(fields).year)
    case 'M':
    case 'L': {
      const name = MONTHS[fields.month - 1] ?? ''
      return count >= 4 ? name : count === 3 ? name.slice(0, 3) : number(fields.month)
    }
    case 'w':
      return number(isoWeek(fields).week)
    case 'd':
      return number(fields.day)
    case 'D':
      return number(fields.dayOfYear)
    case 'E': {
      const name = WEEKDAYS[fields.weekday - 1] ?? ''
      return count >= 4 ? name : name.slice(0, 3)
    }
    case 'e':
      return number(fields.weekday)
    case 'a':
      return fields.hour < 12 ? 'AM' : 'PM'
    case 'H':
      return number(fields.hour)
    case 'k':
      return number(fields.hour || 24)
    case 'h':
      return number(fields.hour % 12 || 12)
    case 'K':
      return number(fields.hour % 12)
    case 'm':
      return number(fields.minute)
    case 's':
      return number(fields.second)
    case 'S':
      return String(fields.ms).padStart(3, '0').padEnd(count, '0').slice(0, Math.max(count, 1))
    case 'Z':
      return offsetText(fields.offset, count >= 2 ? ':' : '')
    case 'X':
      return fields.offset === 0 ? 'Z' : offsetText(fields.offset, count >= 3 ? ':' : '')
    case 'z':
      return fields.offset === 0 ? 'UTC' : `GMT${offsetText(fields.offset, ':')}`
    default:
      return unknown(letter)
  }
}

/** What a piece of the pattern matches in a text. */
function readable(letter: string, count: number): string {
  switch (letter) {
    case 'y':
    case 'u':
      return count === 2 ? '\\d{2}' : '\\d{1,6}'
    case 'M':
    case 'L':
      return count >= 3 ? MONTHS.map((name) => (count >= 4 ? name : name.slice(0, 3))).join('|') : '\\d{1,2}'
    case 'E':
      return '[A-Za-z]{1,12}'
    case 'a':
      return '[AaPp][Mm]'
    case 'd':
    case 'H':
    case 'k':
    case 'h':
    case 'K':
    case 'm':
    case 's':
      return '\\d{1,2}'
    case 'S':
      return '\\d{1,9}'
    case 'Z':
    case 'X':
      return 'Z|[+-]\\d{2}(?::?\\d{2})?'
    case 'z':
      return '[A-Za-z/_]{1,40}'
    default:
      return unknown(letter)
  }
}

function moment(of: (letter: string) => string | undefined, zone: string): number | undefined {
  const number = (...letters: string[]) => letters.map(of).find((text) => text !== undefined)
  const short = number('y', 'u') ?? '1970'
  const year = Number(short) + (short.length === 2 ? 2000 : 0)
  const named = number('M', 'L') ?? '1'
  const month = /^\d/.test(named) ? Number(named) : MONTHS.findIndex((name) => same(name.slice(0, 3), named)) + 1
  const day = Number(number('d') ?? 1)
  const midnight = utc(year, month, day)
  const date = fieldsOf(midnight)
  if (date.month !== month || date.day !== day) return undefined
  const half = number('h', 'K')
  const hour =
    half === undefined
      ? Number(number('H', 'k') ?? 0) % 24
      : (Number(half) % 12) + (same(of('a') ?? 'AM', 'PM') ? 12 : 0)
  const [minute, second] = [Number(of('m') ?? 0), Number(of('s') ?? 0)]
  if (Number(number('H') ?? 0) > 23 || minute > 59 || second > 59) return undefined
  const fraction = Number(`0.${of('S') ?? '0'}`) * 1000
  const local = midnight + ((hour * 60 + minute) * 60 + second) * 1000 + Math.trunc(fraction)
  const offset = number('Z', 'X')
  if (offset === undefined) return atZone(local, of('z') ?? zone)
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(offset) ?? []
  return local - (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.slice(0, a.length).toLowerCase()
}

function offsetText(offset: number, separator: string): string {
  const size = Math.abs(offset)
  const part = (value: number) => String(value).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${part(Math.floor(size / 60))}${separator}${part(size % 60)}`
}

function unknown(letter: string): never {
  return fail('ValueError', `A date format has no letter '${letter}'; put text between single quotes.`)
}
