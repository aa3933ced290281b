import type { Json, JsonObject } from '../model/json.ts'
import {
  type AttemptRecord,
  attemptFields,
  type Occurrence,
  type RunRecord,
  type RunState,
  runFields,
  runMaps,
  type Stamped,
  type StampedMap,
  type StateRecord,
  type StepRecord,
  stepFields,
} from '../model/run.ts'
import type { RunEvent, StepEvent } from '../model/run-event.ts'

/** What one event makes of a run. */
export interface Applied {
  record: RunRecord
  /** States that were not known before. */
  fresh: Occurrence[]
  /** Known states of a moment no earlier than the event's: it is late, and what was decided of them may have missed it. */
  overtaken: Occurrence[]
}

/** A run of which nothing is known. */
export function emptyRecord(): RunRecord {
  return { fields: {}, labels: {}, parameters: {}, results: {}, attempts: {} }
}

/**
 * Adds an event. Whatever the order events come in, and however often one comes, the record ends the same: of each value
 * the one of the latest moment counts, and of two of one moment the one whose JSON is greater. `time` and `arrivedAt` are
 * ms since 1970. The record given is changed.
 */
export function applyEvent(record: RunRecord, event: RunEvent, time: number, arrivedAt: number): Applied {
  const overtaken = occurrencesOf(record, time)
  putFields(record.fields, runFields, event, time)
  for (const map of runMaps) putAll(record[map], event[map], time)
  const fresh: Occurrence[] = []
  const { attempt: number, state, steps } = event
  const tellsOfAttempt = state !== undefined || steps !== undefined || attemptFields.some((field) => field in event)
  if (tellsOfAttempt) {
    const attempt = record.attempts[number] ?? { states: {}, fields: {}, steps: {} }
    record.attempts[number] = attempt
    putFields(attempt.fields, attemptFields, event, time)
    for (const step of steps ?? []) putStep(attempt, number, step, step.time ?? time, arrivedAt, fresh)
    if (state !== undefined && putState(attempt.states, state, time, arrivedAt))
      fresh.push({ attempt: number, step: null, state, time, arrivedAt })
  }
  return { record, fresh, overtaken }
}

/** Every state that the run and its steps are known to have come to, or those of a moment (ms since 1970) and later. */
export function occurrencesOf(record: RunRecord, from = Number.NEGATIVE_INFINITY): Occurrence[] {
  const found: Occurrence[] = []
  for (const number in record.attempts) {
    const attempt = record.attempts[number]
    if (attempt === undefined) continue
    collect(attempt.states, Number(number), null, from, found)
    for (const step in attempt.steps) collect(attempt.steps[step]?.states ?? {}, Number(number), step, from, found)
  }
  return found
}

function collect(states: StateRecord, attempt: number, step: string | null, from: number, found: Occurrence[]): void {
  for (const state in states) {
    const times = states[state as RunState]
    if (times !== undefined && times[0] >= from)
      found.push({ attempt, step, state: state as RunState, time: times[0], arrivedAt: times[2] })
  }
}

function putStep(
  attempt: AttemptRecord,
  number: number,
  event: StepEvent,
  time: number,
  arrivedAt: number,
  fresh: Occurrence[],
): void {
  const key = event.id ?? event.name ?? ''
  const step: StepRecord = own(attempt.steps, key) ?? { states: {}, fields: {}, results: {} }
  attempt.steps[key] = step
  putFields(step.fields, stepFields, event, time)
  putAll(step.results, event.results, time)
  if (event.state !== undefined && putState(step.states, event.state, time, arrivedAt))
    fresh.push({ attempt: number, step: key, state: event.state, time, arrivedAt })
}

/** Whether the state was not known before. */
function putState(states: StateRecord, state: RunState, time: number, arrivedAt: number): boolean {
  const known = states[state]
  if (known === undefined) {
    states[state] = [time, time, arrivedAt]
    return true
  }
  known[0] = Math.min(known[0], time)
  known[1] = Math.max(known[1], time)
  return false
}

function putFields<Name extends string>(
  into: { [Field in Name]?: Stamped },
  names: readonly Name[],
  from: { [Field in Name]?: unknown },
  time: number,
): void {
  for (const name of names) {
    const value = from[name]
    if (value !== undefined) into[name] = newer(into[name], value as Json, time)
  }
}

function putAll(into: StampedMap, values: JsonObject | undefined, time: number): void {
  if (values === undefined) return
  for (const key of Object.keys(values)) into[key] = newer(own(into, key), values[key] ?? null, time)
}

function own<T>(map: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

function newer(known: Stamped | undefined, value: Json, time: number): Stamped {
  if (known === undefined || known[1] < time) return [value, time]
  return known[1] > time || JSON.stringify(known[0]) >= JSON.stringify(value) ? known : [value, time]
}
