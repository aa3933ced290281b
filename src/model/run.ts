import type { Json, JsonObject } from './json.ts'

export const runKinds = ['job', 'pipeline', 'scenario'] as const
export type RunKind = (typeof runKinds)[number]

/** States in the order a run goes through them; of two that are told for the same moment the later one counts. */
export const runStates = [
  'created',
  'pending',
  'pendingRetry',
  'unknown',
  'running',
  'aborting',
  'skipped',
  'completed',
  'aborted',
  'error',
] as const
export type RunState = (typeof runStates)[number]

/** States that only a newer attempt leaves. */
export const endStates: readonly RunState[] = ['skipped', 'completed', 'aborted', 'error']

/** Something that kept a run or step from ending well. */
export interface RunError {
  message: string
  type?: string
  stack?: string
}

/** What set a run going. `params` are handed on to the run. */
export interface RunTrigger {
  name: string
  type?: string
  params?: JsonObject
  /** ms since 1970. */
  time?: number
  runId?: string
}

/** A state that a run, or one of its steps, came to. Times are ms since 1970. */
export interface Occurrence {
  attempt: number
  /** The step's id; null for the run itself. */
  step: string | null
  state: RunState
  /** When it came to pass, as its sender says. */
  time: number
  /** When it was first heard of. */
  arrivedAt: number
}

/** A step as it is shown. Times are ms since 1970. */
export interface StepView {
  id: string
  name: string
  kind: string
  state: RunState
  startedAt: number | null
  endedAt: number | null
  /** ms; null until it ends. */
  duration: number | null
  error: RunError | null
  results: JsonObject
  url: string
}

/** A run as it is shown to people, templates and conditions. Times are ms since 1970. */
export interface RunView {
  project: string
  uid: string
  name: string
  kind: RunKind
  state: RunState
  /** How it ended in the words of its sender, such as `WARNING`; empty when it did not say. */
  outcome: string
  /** From 1. */
  attempt: number
  /** How many attempts are made at most; null when it did not say. */
  maxAttempts: number | null
  labels: Record<string, string>
  parameters: JsonObject
  results: JsonObject
  error: RunError | null
  host: string
  trigger: RunTrigger | null
  url: string
  schedule: string
  parent: string
  /** The last lines it wrote. */
  log: string
  startedAt: number | null
  endedAt: number | null
  /** ms; null until it ends. */
  duration: number | null
  steps: StepView[]
}

/** Address of the run: its own, else Tocsin's page of it; undefined when neither is known. */
export function runPage({ url, project, uid }: RunView, baseUrl: string | null): string | undefined {
  if (url !== '') return url
  if (baseUrl === null) return undefined
  return `${baseUrl.replace(/\/+$/, '')}/projects/${encodeURIComponent(project)}/runs/${encodeURIComponent(uid)}`
}

/** The step that failed first; undefined when none did. */
export function firstFailedStep({ steps }: Pick<RunView, 'steps'>): StepView | undefined {
  const failed = steps.filter(({ state }) => state === 'error')
  const ended = ({ endedAt }: StepView) => endedAt ?? Number.POSITIVE_INFINITY
  return failed.sort((a, b) => ended(a) - ended(b))[0]
}

/** Steps for lists that may be cut: those that failed first. */
export function failedFirst<Step extends { state: string }>(steps: readonly Step[]): Step[] {
  const isFailed = ({ state }: Step) => state === 'error'
  return [...steps.filter(isFailed), ...steps.filter((step) => !isFailed(step))]
}

/** Results in a line: `rows=3, accuracy=0.9`. */
export function resultsText(results: JsonObject): string {
  return Object.entries(results)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}

/** A value with the moment (ms since 1970) it was told for. */
export type Stamped<T = Json> = [value: T, time: number]

/** When a state was first and last told for, and when it was first heard of; ms since 1970. */
export type StateTimes = [first: number, last: number, arrivedAt: number]

export type StateRecord = { [State in RunState]?: StateTimes }

export const stepFields = ['name', 'kind', 'error', 'url', 'startedAt', 'endedAt'] as const
export const attemptFields = ['error', 'startedAt', 'endedAt', 'outcome'] as const
export const runFields = ['name', 'kind', 'host', 'trigger', 'url', 'schedule', 'parent', 'log', 'maxAttempts'] as const
export const runMaps = ['labels', 'parameters', 'results'] as const

type Fields<Name extends string> = { [Field in Name]?: Stamped }
export type StampedMap = Record<string, Stamped>

export interface StepRecord {
  states: StateRecord
  fields: Fields<(typeof stepFields)[number]>
  results: StampedMap
}

export interface AttemptRecord {
  states: StateRecord
  fields: Fields<(typeof attemptFields)[number]>
  steps: Record<string, StepRecord>
}

/** All that is known of a run, each value with its moment, so that events give the same in any order. */
export interface RunRecord {
  fields: Fields<(typeof runFields)[number]>
  labels: StampedMap
  parameters: StampedMap
  results: StampedMap
  /** By number, from 1. */
  attempts: Record<string, AttemptRecord>
  /** Ids of the events that were applied: the first few. */
  ids?: string[]
}
