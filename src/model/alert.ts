export const alertStates = ['normal', 'pending', 'firing', 'recovering', 'no-data', 'error'] as const
export type AlertState = (typeof alertStates)[number]

/** The state of one fingerprint of one rule. Times are ms since 1970. */
export interface Alert {
  fingerprint: string
  /** The fingerprint columns and their values; empty when the whole rule is one alert. */
  labels: Record<string, string>
  state: AlertState
  /** When this state began. */
  since: number
  /** When the alert began to fire; null while it does not. */
  firingSince: number | null
  /** Outcomes of the latest evaluations, newest last, `1` true and `0` false; for "N of M". */
  history: string
  /** Evaluations in a row in which its row was missing. */
  missing: number
  /** Evaluations in a row that failed. */
  errors: number
  /** The condition's latest value, as text. */
  value: string
  /** Tells one firing from the next: the time it began. */
  sequence: number
}

/** What one route has told of one alert. Times are ms since 1970. */
export interface RouteState {
  route: string
  fingerprint: string
  /** When the latest trigger or reminder was first accepted; null when none was. */
  deliveredAt: number | null
  /**
   * The latest trigger or reminder queued at `at` (null: forgotten), and how far it is: `waiting` and `sending` are under
   * way, `unknown` may have arrived.
   */
  delivery: {
    id: string
    at: number | null
    state: 'waiting' | 'sending' | 'delivered' | 'unknown' | 'failed'
  } | null
  /** The alert's `sequence` the latest trigger was about. */
  sequence: number
}
