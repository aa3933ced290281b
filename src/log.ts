import type { Clock } from './clock.ts'
import type { Outcome } from './model/delivery.ts'
import type { Cause, Verdict } from './model/evaluation.ts'

const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** What each event tells. Durations are in ms. None of these fields may ever hold a secret. */
interface Events {
  started: { url: string; version: string; dataDir: string }
  stopping: { signal: string }
  stopped: { uptime: number }
  /** The schema was brought up to date. */
  migrated: { from: number; to: number }
  evaluationFinished: {
    project: string
    rule: string
    evaluation: string
    cause: Cause
    verdict: Verdict
    value: string
    rows: number | null
    took: number
    queued: number
    error?: string | undefined
  }
  /** An attempt that succeeded; the store has it too. */
  delivered: { delivery: string; channel: string; destination: string; attempt: number; took: number }
  /** An attempt that failed, for now or for good. */
  deliveryFailed: {
    delivery: string
    channel: string
    destination: string
    attempt: number
    outcome: Exclude<Outcome, 'delivered'>
    reason: string
    took: number
  }
  channelDisabled: { project: string; channel: string; reason: string }
  breakerOpened: { project: string; connection: string; reason: string }
  breakerClosed: { project: string; connection: string }
  requestFinished: { method: string; path: string; status: number; took: number }
  retentionFinished: { evaluations: number; deliveries: number; took: number }
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
  migrated: 'info',
  evaluationFinished: 'info',
  delivered: 'debug',
  deliveryFailed: 'info',
  channelDisabled: 'warn',
  breakerOpened: 'warn',
  breakerClosed: 'info',
  requestFinished: 'debug',
  retentionFinished: 'debug',
  diskFull: 'error',
  advice: 'warn',
  defect: 'error',
}

/** Writes events at or above `least` as one JSON object a line to `sink`. */
export function createLog(sink: (line: string) => void, least: LogLevel, clock: Clock): Log {
  let last = { at: Number.NaN, text: '' }
  const time = () => {
    const at = clock.now()
    if (at !== last.at) last = { at, text: new Date(at).toISOString() }
    return last.text
  }
  const events = Object.entries(levels).map(([event, level]) => {
    if (logLevels.indexOf(level) < logLevels.indexOf(least)) return [event, () => {}]
    return [
      event,
      (fields: object) => {
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
