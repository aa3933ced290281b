import { type DateFields, fieldsOf, isoWeek, utc } from '../date-fields.ts'
import { formatPattern, parsePattern, WEEKDAYS } from '../date-pattern.ts'
import { isDatetime, parseDatetime } from '../datetime.ts'
import { fail } from '../failure.ts'
import type { Datetime, Value } from '../value.ts'
import { define, MANY } from './function.ts'
import { asNumber, dateOf, described, textOf, wholeOf } from './values.ts'

/** What a date holds beside its day, and how it is written. */
const FLAVOURS = {
  tz: "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
  noTz: 'yyyy-MM-dd HH:mm:ss',
  dateOnly: 'yyyy-MM-dd',
} as const
type Flavour = keyof typeof FLAVOURS

const DAY = 86_400_000
const LENGTHS = { week: 7 * DAY, day: DAY, hour: 3_600_000, minute: 60_000, second: 1000, millisecond: 1 } as const
type Unit = 'year' | 'month' | keyof typeof LENGTHS
const UNITS = new Map<string, Unit>([
  ['year', 'year'],
  ['month', 'month'],
  ['week', 'week'],
  ['day', 'day'],
  ['hour', 'hour'],
  ['minute', 'minute'],
  ['second', 'second'],
  ['millisecond', 'millisecond'],
  ['y', 'year'],
  ['w', 'week'],
  ['d', 'day'],
  ['h', 'hour'],
  ['min', 'minute'],
  ['s', 'second'],
  ['sec', 'second'],
  ['ms', 'millisecond'],
])
const ZONE = /^(?:UTC|GMT|[A-Z][A-Za-z_]+\/[\w/+-]+)$/

/** The functions of dates. `now` is read as a part of the language. */
export const dateFunctions = [
  define('asDatetimeTz', 1, MANY, (args) => read(args, 'tz')),
  define('asDate', 1, MANY, (args) => read(args, 'tz')),
  define('asDatetimeNoTz', 1, MANY, (args) => read(args, 'noTz')),
  define('asDateOnly', 1, MANY, (args) => read(args, 'dateOnly')),
  define('datePart', 2, 3, ([date = null, part = null, zone]) => {
    const { ms } = dateOf(date, 'datePart')
    return partOf(ms, fieldsOf(ms, zone === undefined ? 'UTC' : textOf(zone)), textOf(part))
  }),
  define('diff', 2, 3, ([a = null, b = null, unit = 'days']) =>
    BigInt(difference(dateOf(a, 'diff').ms, dateOf(b, 'diff').ms, unitOf(unit))),
  ),
  define('inc', 2, 3, ([date = null, count = null, unit = 'days']) => {
    const given = dateOf(date, 'inc')
    return flavoured(moved(given.ms, wholeOf(count, 'inc'), unitOf(unit)), flavourOf(given))
  }),
  define('trunc', 1, 2, ([date = null, unit = 'days']) => {
    const given = dateOf(date, 'trunc')
    return flavoured(cut(given.ms, unitOf(unit)), flavourOf(given))
  }),
]

/** Reads a date by the formats given, in order, else by ISO 8601; a last argument that is a time zone is that of the text. */
function read([value = null, ...options]: readonly Value[], flavour: Flavour): Value {
  if (value === null || value === '') return null
  const texts = options.map(textOf)
  const zone = texts.find((text) => ZONE.test(text)) ?? 'UTC'
  const patterns = texts.filter((text) => !ZONE.test(text))
  if (isDatetime(value)) return flavoured(value.ms, flavour)
  const number = typeof value === 'string' || patterns.length > 0 ? undefined : asNumber(value)
  if (number !== undefined) return flavoured(wholeOf(number, 'asDate'), flavour)
  const text = textOf(value).trim()
  const found = patterns.map((pattern) => parsePattern(text, pattern, zone)).find((ms) => ms !== undefined)
  const ms = found ?? (patterns.length === 0 ? parseDatetime(text)?.ms : undefined)
  if (ms !== undefined) return flavoured(ms, flavour)
  const wanted = patterns.length === 0 ? 'ISO 8601, such as 2024-01-31T10:00:00Z' : patterns.join(' or ')
  return fail('ValueError', `${described(value)} is no date in the form ${wanted}.`)
}

function flavoured(ms: number, flavour: Flavour): Datetime {
  const whole = flavour === 'dateOnly' ? Math.floor(ms / DAY) * DAY : ms
  return { kind: 'datetime', ms: whole, text: formatPattern(whole, FLAVOURS[flavour]) }
}

function flavourOf({ text }: Datetime): Flavour {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return 'dateOnly'
  return /^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?$/.test(text) ? 'noTz' : 'tz'
}

function unitOf(value: Value): Unit {
  const text = textOf(value).toLowerCase()
  const unit = UNITS.get(singular(text))
  if (unit !== undefined) return unit
  return fail(
    'ValueError',
    `There is no unit '${text.slice(0, 40)}'; units are years, months, weeks, days, hours, minutes, seconds.`,
  )
}

function singular(word: string): string {
  return word.length > 2 ? word.replace(/s$/, '') : word
}

function checked(ms: number): number {
  return Math.abs(ms) <= 8.64e15 ? ms : fail('OverflowError', 'The date is out of range.')
}

function isCalendar(unit: Unit): unit is 'year' | 'month' {
  return unit === 'year' || unit === 'month'
}

/** Whole units from the second date to the first, cut towards zero. */
function difference(a: number, b: number, unit: Unit): number {
  if (!isCalendar(unit)) return Math.trunc((a - b) / LENGTHS[unit])
  if (a < b) return -difference(b, a, unit)
  const [later, earlier] = [fieldsOf(a), fieldsOf(b)]
  const months = (later.year - earlier.year) * 12 + later.month - earlier.month
  const full = moved(b, months, 'month') > a ? months - 1 : months
  return unit === 'month' ? full : Math.trunc(full / 12)
}

/** A month later is the same day, or the last of a shorter month. */
function moved(ms: number, count: number, unit: Unit): number {
  if (!isCalendar(unit)) return checked(ms + count * LENGTHS[unit])
  const { year, month, day } = fieldsOf(ms)
  const first = utc(year, month + count * (unit === 'year' ? 12 : 1), 1)
  const target = fieldsOf(checked(first))
  const last = fieldsOf(utc(target.year, target.month + 1, 0)).day
  return checked(utc(target.year, target.month, Math.min(day, last)) + (ms - utc(year, month, day)))
}

function cut(ms: number, unit: Unit): number {
  const { year, month, day, weekday } = fieldsOf(ms)
  if (unit === 'year') return utc(year, 1, 1)
  if (unit === 'month') return utc(year, month, 1)
  if (unit === 'week') return utc(year, month, day - weekday + 1)
  return Math.floor(ms / LENGTHS[unit]) * LENGTHS[unit]
}

function partOf(ms: number, fields: DateFields, part: string): Value {
  const name = singular(part.toLowerCase())
  if (name === 'weekday') return WEEKDAYS[fields.weekday - 1] ?? null
  const number = numberOfPart(ms, fields, name)
  return number === undefined ? fail('ValueError', `A date has no part '${part.slice(0, 40)}'.`) : BigInt(number)
}

function numberOfPart(ms: number, fields: DateFields, name: string): number | undefined {
  switch (name) {
    case 'dayofweek':
      return fields.weekday
    case 'dayofyear':
      return fields.dayOfYear
    case 'hour':
    case 'h':
      return fields.hour
    case 'minute':
    case 'min':
      return fields.minute
    case 'second':
    case 'sec':
    case 's':
      return fields.second
    case 'millisecond':
    case 'ms':
      return fields.ms
    case 'year':
    case 'month':
    case 'day':
      return fields[name]
    case 'isoweekyear':
      return isoWeek(fields).year
    case 'isoweekofyear':
    case 'weekofyear':
    case 'week':
    case 'w':
      return isoWeek(fields).week
    case 'isoweekofmonth':
      return Math.floor((fields.day + 3 - fields.weekday) / 7) + 1
    case 'unixtime':
      return Math.floor(ms / 1000)
    case 'time':
      return Math.floor(ms)
    default:
      return undefined
  }
}
