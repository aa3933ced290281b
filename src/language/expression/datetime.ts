import type { Datetime, Value } from './value.ts'

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?$/

/** Reads ISO 8601 text; a time without offset counts as UTC. Undefined when it is none. */
export function parseDatetime(text: string): Datetime | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [
    ,
    year,
    month,
    day,
    hour = '0',
    minute = '0',
    second = '0',
    fraction = '',
    ,
    sign,
    hours = '0',
    minutes = '0',
  ] = match
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day))
  const date = new Date(midnight)
  if (Number(year) < 100 || date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day))
    return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  const time = ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1000
  return { kind: 'datetime', ms: midnight + time + Number(`0.${fraction}0`) * 1000, text }
}

/** A moment in ms since 1970 as a value; undefined beyond the years a date can have. */
export function datetime(ms: number): Datetime | undefined {
  const date = new Date(Math.round(ms))
  return Number.isNaN(date.getTime()) ? undefined : { kind: 'datetime', ms, text: date.toISOString() }
}

/** The moment a value stands for: a datetime, or ISO text beside one. */
export function momentOf(value: Value): number | undefined {
  if (typeof value === 'string') return parseDatetime(value)?.ms
  return isDatetime(value) ? value.ms : undefined
}

export function isDatetime(value: Value): value is Datetime {
  return typeof value === 'object' && value !== null && value.kind === 'datetime'
}
