import type { JsonObject } from '../model/json.ts'
import {
  type AttemptRecord,
  endStates,
  type RunError,
  type RunKind,
  type RunRecord,
  type RunState,
  type RunTrigger,
  type RunView,
  runStates,
  type Stamped,
  type StampedMap,
  type StateRecord,
  type StepRecord,
  type StepView,
} from '../model/run.ts'

const NOTHING: AttemptRecord = { states: {}, fields: {}, steps: {} }

/** What tells a run from all others. */
export interface RunKey {
  project: string
  uid: string
}

/** A moment of a run's life: what was told for later moments does not count. */
export interface Moment {
  attempt: number
  /** ms since 1970. */
  time: number
}

/** The run as it is now, or as it was at a moment. Its name and kind are always the latest. */
export function viewRun({ project, uid }: RunKey, record: RunRecord, moment?: Moment): RunView {
  const until = moment?.time ?? Number.POSITIVE_INFINITY
  const { fields } = record
  const number = moment?.attempt ?? latestAttempt(record)
  const attempt = record.attempts[number] ?? NOTHING
  const text = (value: Stamped | undefined) => (at(value, until) as string | undefined) ?? ''
  return {
    project,
    uid,
    name: nameOf(uid, record),
    kind: (fields.kind?.[0] as RunKind | undefined) ?? 'job',
    state: stateOf(attempt.states, until),
    outcome: text(attempt.fields.outcome),
    attempt: number,
    maxAttempts: (at(fields.maxAttempts, until) as number | undefined) ?? null,
    labels: mapAt(record.labels, until) as Record<string, string>,
    parameters: mapAt(record.parameters, until),
    results: mapAt(record.results, until),
    error: (at(attempt.fields.error, until) as RunError | undefined) ?? null,
    host: text(fields.host),
    trigger: (at(fields.trigger, until) as RunTrigger | undefined) ?? null,
    url: text(fields.url),
    schedule: text(fields.schedule),
    parent: text(fields.parent),
    log: text(fields.log),
    ...times(attempt, until),
    steps: stepsOf(attempt, until),
  }
}

/** A run without a name is called by what tells it apart. */
export function nameOf(uid: string, record: RunRecord): string {
  return (record.fields.name?.[0] as string | undefined) ?? uid
}

/** What runs are looked for by. `endedAt` is the moment of the end as it was told, so that it puts runs in their order. */
export function headOf(uid: string, record: RunRecord) {
  const attempt = latestAttempt(record)
  const { states, fields } = record.attempts[attempt] ?? NOTHING
  const state = stateOf(states)
  return {
    name: nameOf(uid, record),
    kind: (record.fields.kind?.[0] as RunKind | undefined) ?? 'job',
    state,
    attempt,
    startedAt: times({ states, fields }, Number.POSITIVE_INFINITY).startedAt,
    endedAt: endStates.includes(state) ? (states[state]?.[0] ?? null) : null,
  }
}

/** The number of the newest attempt, 1 when none is known. */
export function latestAttempt(record: RunRecord): number {
  let latest = 1
  for (const number in record.attempts) latest = Math.max(latest, Number(number))
  return latest
}

/** The earliest end counts, since only a newer attempt leaves it; else the state told for the latest moment. */
export function stateOf(states: StateRecord, until = Number.POSITIVE_INFINITY): RunState {
  let end: { state: RunState; time: number } | undefined
  let latest: { state: RunState; time: number } | undefined
  for (const state of runStates) {
    const told = states[state]
    if (told === undefined || told[0] > until) continue
    if (endStates.includes(state)) {
      if (end === undefined || told[0] <= end.time) end = { state, time: told[0] }
      continue
    }
    const time = told[1] > until ? told[0] : told[1]
    if (latest === undefined || time >= latest.time) latest = { state, time }
  }
  return (end ?? latest)?.state ?? 'created'
}

function times({ states, fields }: Pick<AttemptRecord | StepRecord, 'states' | 'fields'>, until: number) {
  const state = stateOf(states, until)
  const told = (value: Stamped | undefined) => at(value, until) as number | undefined
  const isEnded = endStates.includes(state)
  const began = states.running ?? (isEnded ? (states.pending ?? states.created) : undefined)
  const known = told(fields.startedAt) ?? began?.[0]
  const startedAt = known === undefined || known > until ? null : Math.floor(known)
  const endedAt = isEnded ? Math.floor(told(fields.endedAt) ?? states[state]?.[0] ?? 0) : null
  const duration = startedAt === null || endedAt === null ? null : Math.max(0, endedAt - startedAt)
  return { startedAt, endedAt, duration }
}

/** In the order they began, and by their ids. */
function stepsOf(attempt: AttemptRecord, until: number): StepView[] {
  const steps = Object.entries(attempt.steps).map(([id, step]) => stepOf(id, step, until))
  const begun = ({ startedAt }: StepView) => startedAt ?? Number.POSITIVE_INFINITY
  return steps.sort((a, b) => begun(a) - begun(b) || (a.id < b.id ? -1 : 1))
}

function stepOf(id: string, step: StepRecord, until: number): StepView {
  const text = (value: Stamped | undefined) => (at(value, until) as string | undefined) ?? ''
  return {
    id,
    name: (step.fields.name?.[0] as string | undefined) ?? id,
    kind: text(step.fields.kind),
    state: stateOf(step.states, until),
    ...times(step, until),
    error: (at(step.fields.error, until) as RunError | undefined) ?? null,
    results: mapAt(step.results, until),
    url: text(step.fields.url),
  }
}

function at(value: Stamped | undefined, until: number) {
  return value === undefined || value[1] > until ? undefined : value[0]
}

function mapAt(map: StampedMap, until: number): JsonObject {
  const keys = Object.keys(map).sort()
  return Object.fromEntries(
    keys.flatMap((key) => (at(map[key], until) === undefined ? [] : [[key, map[key]?.[0] ?? null]])),
  )
}
