import type { AlertState } from './alert.ts'
import type { Json } from './json.ts'
import type { Reason } from './reason.ts'
import type { Column } from './result.ts'
import type { RunState } from './run.ts'

/** Why an evaluation took place. */
export type Cause = 'schedule' | 'manual' | 'catch-up' | 'dry-run' | 'run'

export type Verdict = 'true' | 'false' | 'error' | 'no-data' | 'skipped'

/** What became of one fingerprint. */
export interface Transition {
  fingerprint: string
  labels: Record<string, string>
  value: string
  before: AlertState
  after: AlertState
  /** In words: why it is in the state it is in now. */
  why: string
}

/** What became of one route for some fingerprints. */
export interface RouteDecision {
  route: string
  channel: string
  fingerprints: string[]
  /** Fingerprints beyond those. */
  more?: number
  reason: Reason
  /** The delivery that was queued, if one was. */
  deliveryId?: string
}

/** Everything that is needed to answer "why did it, or why did it not, send?". Times are ms since 1970. */
export interface Trace {
  cause: Cause
  scheduledAt: number
  startedAt: number
  finishedAt: number
  /** Ticks that were missed and stand for by this one. */
  missedTicks: number
  queryTime: number | null
  rowCount: number | null
  /** The first rows, for people. */
  sample: { columns: Column[]; rows: Json[][] } | null
  condition: string
  value: string
  /** The state of a run it is about; absent for queries. `step` is null for the run itself. */
  run?: { uid: string; name: string; attempt: number; step: string | null; state: RunState }
  /** Reasons and warnings on the evaluation as a whole. */
  reasons: Reason[]
  /** An error's text, if there was one. */
  error: string | null
  transitions: Transition[]
  /** Fingerprints beyond those listed in `transitions`. */
  moreTransitions: number
  routes: RouteDecision[]
}

/** A stored evaluation; `repeats` above 1 stands for a run of unchanged ones, of which this is the last. */
export interface Evaluation {
  id: string
  project: string
  ruleId: string
  at: number
  verdict: Verdict
  value: string
  /** null once it was collapsed into a run. */
  trace: Trace | null
  /** Whether the whole result was kept, so that a changed rule can be tried on it. */
  replayable: boolean
  repeats: number
  firstAt: number
  /** The least and the greatest number among the values, over the whole run; null where none was a number. */
  minimum: number | null
  maximum: number | null
}
