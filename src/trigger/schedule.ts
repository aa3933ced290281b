import { Cron } from 'croner'
import { invalid, messageOf } from '../errors.ts'
import { MANY_MISSED } from '../flow.ts'
import { parseDuration } from '../model/duration.ts'
import type { RuleSchedule } from '../model/rule.ts'

/** When a rule is due. Times are ms since 1970. */
export interface Schedule {
  /** The first tick after `time`; null when there is none. */
  next(time: number): number | null
  /** How many ticks lie after `from`, up to and including `to`; at most `MANY_MISSED` are counted. */
  between(from: number, to: number): number
}

/**
 * Reads a schedule. Cron has five fields and follows the wall clock of its zone: a tick in the hour that a change to
 * summer time leaves out comes at the end of the gap, one in the hour that is repeated comes once. `every` counts from
 * `anchor`, so that its ticks stay where they are over restarts. Throws `invalid` naming the field.
 */
export function readSchedule(schedule: RuleSchedule, anchor: number): Schedule {
  if ('after' in schedule) return { next: () => null, between: () => 0 }
  if ('every' in schedule) return everySchedule(parseDuration(schedule.every) ?? 0, anchor)
  const cron = readCron(schedule.cron, schedule.timezone)
  const next = (time: number) => cron.nextRun(new Date(time))?.getTime() ?? null
  if (next(anchor) === null)
    throw invalid(
      'schedule.cron',
      `"${schedule.cron}" names a day that never comes, such as 30 February. Choose a day that exists.`,
    )
  return {
    next,
    between(from, to) {
      let count = 0
      for (let time = next(from); time !== null && time <= to && count < MANY_MISSED; time = next(time)) count += 1
      return count
    },
  }
}

function everySchedule(interval: number, anchor: number): Schedule {
  const index = (time: number) => Math.floor((time - anchor) / interval)
  return {
    next: (time) => anchor + (index(time) + 1) * interval,
    between: (from, to) => Math.min(MANY_MISSED, Math.max(0, index(to) - index(from))),
  }
}

function readCron(text: string, timezone: string): Cron {
  const fields = text.trim().split(/\s+/)
  if (fields.length !== 5)
    throw invalid(
      'schedule.cron',
      `"${text}" has ${fields.length} fields; it must have five: minute, hour, day of month, month, day of week, such as "*/5 * * * *".`,
    )
  try {
    Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch {
    throw invalid('schedule.timezone', `"${timezone}" is not a time zone. Use a name such as "UTC" or "Europe/Berlin".`)
  }
  try {
    return new Cron(text.trim(), { timezone, mode: '5-part', paused: true })
  } catch (thrown) {
    throw invalid(
      'schedule.cron',
      `"${text}" is not a cron expression (${messageOf(thrown)}). An example: "*/5 * * * *" is every five minutes.`,
    )
  }
}
