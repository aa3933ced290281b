/** Which waits apply: those of webhooks, or those of chat, mail and everything people read. */
export type Schedule = 'webhook' | 'chat'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Waits in ms after the first, second, … failed attempt; the last one repeats. */
export const schedules: Record<Schedule, readonly number[]> = {
  webhook: [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR],
  chat: [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR],
}

/** A receiver that asks for a longer pause than this is asked again after it. */
const LONGEST_PAUSE = HOUR
/** Whoever is overloaded gets at least this long. */
const OVERLOADED = MINUTE
const JITTER = 0.2

export interface Failure {
  schedule: Schedule
  /** Attempts made so far in this round, from 1. */
  tries: number
  /** When the attempt ended, ms since 1970. */
  at: number
  deadlineAt: number
  /** The attempt's class, such as `timeout` or `http-429`. */
  cause: string
  /** How long the receiver asked to wait, in ms. */
  retryAfter: number | undefined
  /** From 0 to 1. */
  random: number
}

/** When the next attempt is due, ms since 1970; null when that would be after the deadline. */
export function retryAt(failure: Failure): number | null {
  const { schedule, tries, at, deadlineAt, random } = failure
  const steps = schedules[schedule]
  const step = steps[Math.min(tries, steps.length) - 1] ?? 0
  const wait = Math.max(step, pauseAfter(failure.cause, failure.retryAfter))
  const next = at + Math.round(wait * (1 + JITTER * random))
  return next > deadlineAt ? null : next
}

/** The shortest wait, in ms, that the receiver's answer asks for. */
export function pauseAfter(cause: string, retryAfter: number | undefined): number {
  if (retryAfter !== undefined) return Math.max(0, Math.min(retryAfter, LONGEST_PAUSE))
  return cause === 'timeout' || cause === 'http-429' ? OVERLOADED : 0
}
