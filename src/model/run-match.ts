import * as v from 'valibot'
import { duration } from './duration.ts'
import { runKinds, runStates } from './run.ts'
import { filled } from './text.ts'

/** Names with `*` for any characters and `?` for one. */
const glob = filled(300)

/** Which runs a rule is about; what is absent matches all. */
export const runMatch = v.strictObject({
  name: v.optional(glob, '*'),
  /** One run alone. */
  uid: v.optional(filled(500)),
  kind: v.optional(v.picklist(runKinds, `must be one of ${runKinds.join(', ')}`)),
  labels: v.optional(v.record(v.string(), glob), {}),
  /** Name of what set the run going. */
  trigger: v.optional(glob),
  /** What it was scheduled by. */
  schedule: v.optional(glob),
})

const state = v.picklist(runStates, `must be one of ${runStates.join(', ')}`)

/**
 * Words for what becomes of a run. `start` is `running`, `end` any state that only a newer attempt leaves, `change` any
 * state; `recovered` is a success after a failure, `first-failure` a failure after none.
 */
export const occasionWords = [...runStates, 'start', 'end', 'change', 'recovered', 'first-failure'] as const

const OCCASION = `must be one of ${occasionWords.join(', ')}, or {"failures":3}, or {"step":"load*","states":["error"]}`

const occasion = v.union(
  [
    v.picklist(occasionWords, OCCASION),
    /** Exactly so many failures in a row. */
    v.strictObject({
      failures: v.pipe(
        v.number('must be a number'),
        v.integer('must be whole'),
        v.minValue(1, 'must be at least 1'),
        v.maxValue(1000, 'must be at most 1000'),
      ),
    }),
    v.strictObject({
      step: v.optional(glob, '*'),
      states: v.pipe(v.array(state, 'must be a list of states'), v.minLength(1, 'must name one at least')),
    }),
  ],
  OCCASION,
)

export const occasions = v.pipe(
  v.array(occasion, 'must be a list such as ["error","aborted"]'),
  v.minLength(1, 'must name one at least'),
  v.maxLength(50, 'must be at most 50'),
)

/** Schedules that follow the clock. */
export const clockSchedules = [
  v.strictObject({ cron: filled(200), timezone: v.optional(filled(100), 'UTC') }),
  v.strictObject({ every: duration('5s', '31d') }),
] as const

/** Limits that runs are to keep. */
export const expectation = v.pipe(
  v.strictObject({
    /** When a run is to begin. */
    schedule: v.optional(
      v.union([...clockSchedules], 'must be {"cron":"0 5 * * *","timezone":"UTC"} or {"every":"1h"}'),
    ),
    /** How much later than that it may begin before it is late. */
    grace: v.optional(duration('0s', '31d'), '5m'),
    /** How much later than that it is missing; when the next one is to begin if absent. */
    missingAfter: v.optional(duration('1s', '366d')),
    /** Longest time a run may take. */
    longerThan: v.optional(duration('1s', '366d')),
    /** Shortest time a run that succeeds may take. */
    shorterThan: v.optional(duration('1s', '366d')),
    /** Longest time a run may be silent while it is under way. */
    silentFor: v.optional(duration('1s', '366d')),
  }),
  v.check(
    ({ schedule, longerThan, shorterThan, silentFor }) =>
      schedule !== undefined || longerThan !== undefined || shorterThan !== undefined || silentFor !== undefined,
    'must have at least one of schedule, longerThan, shorterThan, silentFor',
  ),
)

export type RunMatch = v.InferOutput<typeof runMatch>
export type Occasion = v.InferOutput<typeof occasion>
export type Expectation = v.InferOutput<typeof expectation>
