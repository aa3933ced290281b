import type { Clock } from './clock.ts'
import type { AlertState } from './model/alert.ts'
import type { DeliveryState, Outcome } from './model/delivery.ts'
import type { Cause, Verdict } from './model/evaluation.ts'

const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** What each event tells. Durations are in ms. None of these fields may ever hold a secret. */
interface Events {
  started: { url: string; version: string; dataDir: string }
  /** It was asked to end: nothing new is begun, and what is under way gets so many ms. */
  stopping: { signal: string; drain: number }
  stopped: { uptime: number }
  /** The configuration was read again. `changed` is in force, `needRestart` is not yet. */
  reloaded: { changed: string[]; needRestart: string[] }
  /** The configuration was read again and is not usable; the one before stays in force. */
  reloadFailed: { reason: string }
  /** The daemon makes no progress, so the watchdog is not told that it is well. */
  stalled: { reason: string }
  /** The schema was brought up to date. `backup` is the database as it was before, where it held data. */
  migrated: { from: number; to: number; backup: string | null }
  evaluationFinished: {
    project: string
    rule: string
    evaluation: string
    cause: Cause
    verdict: Verdict
    value: string
    rows: number | null
    took: number
    /** Of the query alone; null where there was none. */
    queryTime: number | null
    /** How long after its time it began; null when it was not due by schedule. */
    late: number | null
    queued: number
    error?: string | undefined
  }
  /** Alerts that moved to another state in one evaluation: how many to each. */
  alertsChanged: { project: string; rule: string; evaluation: string; states: Partial<Record<AlertState, number>> }
  /** An attempt that succeeded; the store has it too. */
  delivered: { delivery: string; channel: string; kind: string; destination: string; attempt: number; took: number }
  /** An attempt that failed, for now or for good. */
  deliveryFailed: {
    delivery: string
    channel: string
    kind: string
    destination: string
    attempt: number
    outcome: Exclude<Outcome, 'delivered'>
    /** What becomes of it: `pending` is tried again. */
    next: DeliveryState
    reason: string
    took: number
  }
  /** A message that is not tried again by itself: dead letters, and outcomes that nobody knows. */
  deliveryGivenUp: {
    delivery: string
    channel: string
    kind: string
    destination: string
    state: DeliveryState
    reason: string
  }
  /** Somebody changed something. */
  changed: { project: string | null; actor: string; action: string; entity: string; id: string }
  channelDisabled: { project: string; channel: string; reason: string }
  breakerOpened: { project: string; connection: string; reason: string }
  breakerClosed: { project: string; connection: string }
  requestFinished: { method: string; path: string; status: number; took: number }
  retentionFinished: { evaluations: number; deliveries: number; runs: number; took: number }
  diskFull: { reason: string }
  /** Something the operator should mend. */
  advice: { text: string }
  /** A failure that Tocsin has no words for: a defect of its own. */
  defect: { where: string; error: unknown }
}

/** One function per event; each writes one line. */
export type Log = { readonly [Name in keyof Events]: (fields: Events[Name]) => void }

const levels: Record<keyof Events, LogLevel> = {
  started: 'info',
  stopping: 'info',
  stopped: 'info',
  reloaded: 'info',
  reloadFailed: 'error',
  stalled: 'error',
  migrated: 'info',
  evaluationFinished: 'info',
  alertsChanged: 'info',
  delivered: 'debug',
  deliveryFailed: 'info',
  deliveryGivenUp: 'warn',
  changed: 'info',
  channelDisabled: 'warn',
  breakerOpened: 'warn',
  breakerClosed: 'info',
  requestFinished: 'debug',
  retentionFinished: 'debug',
  diskFull: 'error',
  advice: 'warn',
  defect: 'error',
}

/**
 * Writes events at or above `least` as one JSON object a line to `sink`. A function gives the level of the moment, where
 * it may change.
 */
export function createLog(sink: (line: string) => void, least: LogLevel | (() => LogLevel), clock: Clock): Log {
  const leastNow = typeof least === 'function' ? least : () => least
  let last = { at: Number.NaN, text: '' }
  const time = () => {
    const at = clock.now()
    if (at !== last.at) last = { at, text: new Date(at).toISOString() }
    return last.text
  }
  const events = Object.entries(levels).map(([event, level]) => {
    const weight = logLevels.indexOf(level)
    return [
      event,
      (fields: object) => {
        if (weight < logLevels.indexOf(leastNow())) return
        sink(
          redact(
            JSON.stringify({ time: time(), level, event, ...fields }, event === 'defect' ? withErrors : undefined),
          ),
        )
      },
    ]
  })
  return Object.fromEntries(events) as Log
}

/** Errors as text with their stack. */
function withErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? (value.stack ?? value.message) : value
}

/** A line as a log may show it: passwords in URLs and tokens cut out of its texts. */
function redact(line: string): string {
  return line.replace(/:\/\/(?:[^/\s@"\\]|\\.)+@/g, '://***@').replace(/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***')
}
