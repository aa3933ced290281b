import { fail } from './failure.ts'

/** A moment as people in a time zone write it. Months and days of the week (1 is Monday) count from 1. */
export interface DateFields {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ms: number
  readonly weekday: number
  readonly dayOfYear: number
  /** Minutes ahead of UTC. */
  readonly offset: number
}

const DAY = 86_400_000
const KEPT = 50
const formats = new Map<string, Intl.DateTimeFormat>()

/** The fields of a moment, in UTC or a zone by its IANA name. */
export function fieldsOf(ms: number, zone = 'UTC'): DateFields {
  const offset = offsetOf(ms, zone)
  const date = new Date(ms + offset * 60_000)
  if (Number.isNaN(date.getTime())) fail('OverflowError', 'The date is out of range.')
  const year = date.getUTCFullYear()
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    ms: date.getUTCMilliseconds(),
    weekday: date.getUTCDay() || 7,
    dayOfYear: Math.floor((utc(year, date.getUTCMonth() + 1, date.getUTCDate()) - utc(year, 1, 1)) / DAY) + 1,
    offset,
  }
}

/** The moment of a date at midnight UTC; days and months beyond their range carry over. */
export function utc(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getTime()
}

/** The moment that a clock in a zone shows as this many ms since 1970; of two the earlier. */
export function atZone(local: number, zone: string): number {
  const guess = local - offsetOf(local, zone) * 60_000
  return local - offsetOf(guess, zone) * 60_000
}

/** The ISO year and week of a date. */
export function isoWeek({ year, month, day, weekday }: DateFields): { year: number; week: number } {
  const thursday = fieldsOf(utc(year, month, day) + (4 - weekday) * DAY)
  return { year: thursday.year, week: Math.floor((thursday.dayOfYear - 1) / 7) + 1 }
}

function offsetOf(ms: number, zone: string): number {
  if (zone === 'UTC' || zone === 'GMT' || zone === 'Z') return 0
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return fail('OverflowError', 'The date is out of range.')
  const parts = new Map(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const local = utc(of('year'), of('month'), of('day')) + ((of('hour') * 60 + of('minute')) * 60 + of('second')) * 1000
  return Math.round((local - Math.floor(ms / 1000) * 1000) / 60_000)
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  if (formats.size >= KEPT) formats.clear()
  try {
    const numeric = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const
    const format = new Intl.DateTimeFormat('en-US', { ...numeric, second: 'numeric', hourCycle: 'h23', timeZone: zone })
    formats.set(zone, format)
    return format
  } catch {
    return fail('ValueError', `There is no time zone '${zone.slice(0, 60)}'; zones are written like Europe/Paris.`)
  }
}
