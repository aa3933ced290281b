import * as v from 'valibot'
import type { Json, JsonObject } from './json.ts'
import { runKinds, runStates } from './run.ts'
import { filled, text } from './text.ts'

export const MOST_KEYS = 200
export const LONGEST_KEY = 300
export const MOST_ATTEMPTS = 10_000
/** Characters that texts may have. */
export const longest = {
  uid: 500,
  id: 200,
  name: 300,
  outcome: 100,
  host: 500,
  url: 5_000,
  schedule: 500,
  parent: 500,
  log: 65_536,
} as const
const MOST_STEPS = 1000
const LONGEST_JSON = 256 * 1024
/** Moments before 2000 are seconds taken for ms, or a clock that was never set. */
const EARLIEST = Date.UTC(2000)
const TIME = 'must be a time such as 2026-01-31T12:00:00Z, or ms since 1970'

/** A moment: ISO 8601 or ms since 1970. */
const moment = v.pipe(
  v.union([v.string(), v.number()], TIME),
  v.transform((value) => (typeof value === 'number' ? value : Date.parse(value))),
  v.check(isMoment, TIME),
)

/** Whether ms since 1970 can be meant as such. */
export function isMoment(value: number): boolean {
  return value >= EARLIEST && value < 1e14
}

/** Whether a text holds control characters, which are those of C0, C1 and DEL. */
export function hasControl(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true
  }
  return false
}

/** The one name that objects take for something else. */
const isPlain = (key: string | undefined) => key !== '__proto__'
const NOT_PLAIN = 'must not be named __proto__'

const map = v.pipe(
  v.custom<JsonObject>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  ),
  v.check((value) => Object.keys(value).length <= MOST_KEYS, `must hold at most ${MOST_KEYS} keys`),
  v.check(
    (value) => Object.keys(value).every((key) => key.length <= LONGEST_KEY),
    'must hold keys of at most 300 characters',
  ),
  v.check((value) => Object.keys(value).every(isPlain), NOT_PLAIN),
  v.check(takesRoom, 'must be at most 256 kB of JSON'),
)

/** Whether a map is small enough to be kept. */
export function takesRoom(value: JsonObject): boolean {
  return roomLeft(value, LONGEST_JSON) >= 0
}

/** What a value leaves of so many characters, some for each mark of JSON; less than none when it is too large. */
function roomLeft(value: Json, room: number): number {
  if (typeof value === 'string') return room - value.length - 2
  if (typeof value !== 'object' || value === null) return room - 8
  let left = room - 2
  for (const key in value) {
    left = roomLeft((value as JsonObject)[key] ?? null, left - key.length - 4)
    if (left < 0) return left
  }
  return left
}

/** Labels are texts; numbers and truth values are taken as such. */
const labels = v.pipe(
  map,
  v.check(
    (value) => Object.values(value).every((label) => label === null || typeof label !== 'object'),
    'must hold texts, not lists or objects',
  ),
  v.transform((value) => Object.fromEntries(Object.entries(value).map(([key, label]) => [key, String(label ?? '')]))),
)

const error = v.pipe(
  v.union(
    [
      filled(20_000),
      v.strictObject({
        message: filled(20_000),
        type: v.optional(text(500)),
        stack: v.optional(text(50_000)),
      }),
    ],
    'must be a text or {"message":"…","type":"…","stack":"…"}',
  ),
  v.transform((value) => (typeof value === 'string' ? { message: value } : value)),
)

const trigger = v.pipe(
  v.union(
    [
      filled(500),
      v.strictObject({
        name: filled(500),
        type: v.optional(text(100)),
        params: v.optional(map),
        time: v.optional(moment),
        runId: v.optional(text(500)),
      }),
    ],
    'must be a text or {"name":"…","type":"…","params":{…}}',
  ),
  v.transform((value) => (typeof value === 'string' ? { name: value } : value)),
)

const state = v.picklist(runStates, `must be one of ${runStates.join(', ')}`)

const step = v.pipe(
  v.strictObject({
    /** What tells it from others; its name when absent. */
    id: v.optional(filled(500)),
    name: v.optional(filled(500)),
    kind: v.optional(text(100)),
    state: v.optional(state),
    /** When the state was reached; the event's time when absent. */
    time: v.optional(moment),
    startedAt: v.optional(moment),
    endedAt: v.optional(moment),
    error: v.optional(error),
    results: v.optional(map),
    url: v.optional(text(5_000)),
  }),
  v.check((value) => value.id !== undefined || value.name !== undefined, 'must have a name or an id'),
  v.check((value) => isPlain(value.id) && isPlain(value.name), NOT_PLAIN),
)

/** What tells runs apart within their project. */
export const runUid = v.pipe(
  filled(longest.uid),
  v.check((value) => !hasControl(value), 'must not hold control characters'),
)

const attempts = v.pipe(
  v.number('must be a whole number from 1'),
  v.integer('must be a whole number from 1'),
  v.minValue(1, 'must be a whole number from 1'),
  v.maxValue(MOST_ATTEMPTS, 'must be at most 10000'),
)

const entries = {
  /** Makes it count once, however often it comes. */
  id: v.optional(filled(longest.id)),
  /** When it came to pass; without it, events count in the order they arrive. */
  time: v.optional(moment),
  attempt: v.optional(attempts, 1),
  /** How many attempts the sender makes at most. */
  maxAttempts: v.optional(attempts),
  state: v.optional(state),
  outcome: v.optional(text(longest.outcome)),
  name: v.optional(
    v.pipe(
      filled(longest.name),
      v.check((value) => !hasControl(value), 'must not hold control characters'),
    ),
  ),
  kind: v.optional(v.picklist(runKinds, `must be one of ${runKinds.join(', ')}`)),
  labels: v.optional(labels),
  parameters: v.optional(map),
  results: v.optional(map),
  error: v.optional(error),
  host: v.optional(text(longest.host)),
  trigger: v.optional(trigger),
  url: v.optional(text(longest.url)),
  schedule: v.optional(text(longest.schedule)),
  parent: v.optional(text(longest.parent)),
  log: v.optional(text(longest.log)),
  startedAt: v.optional(moment),
  endedAt: v.optional(moment),
  steps: v.optional(v.pipe(v.array(step, 'must be a list of steps'), v.maxLength(MOST_STEPS, 'must be at most 1000'))),
}

/** Something that a run's sender tells of it; what is absent stays as it is. Unknown keys are refused. */
export const runEvent = v.strictObject(entries)

/** The same with the run it is about. */
export const projectEvent = v.strictObject({ uid: runUid, ...entries })

export type RunEvent = v.InferOutput<typeof runEvent>
export type StepEvent = v.InferOutput<typeof step>
