import type { Alert } from '../model/alert.ts'
import { formatDuration, parseDuration } from '../model/duration.ts'
import type { Json } from '../model/json.ts'
import type { Column, QueryResult } from '../model/result.ts'
import type { QueryRule, QueryRuleDefinition, RuleSchedule, RunRule } from '../model/rule.ts'
import type { RunView } from '../model/run.ts'
import type { Expectation } from '../model/run-match.ts'

/** Runs of one name, as far as an expectation asks. */
export interface Series {
  name: string
  /** Those that have not ended. */
  open: SeenRun[]
  /** Those that ended latest, newest first. */
  ended: SeenRun[]
}

export interface SeenRun extends Pick<RunView, 'uid' | 'state' | 'startedAt' | 'endedAt' | 'duration'> {
  /** When it was last heard of; ms since 1970. */
  updatedAt: number
}

/** What is known when an expectation is looked at. Times are ms since 1970. */
export interface Watch {
  expect: Expectation
  /** From when on runs are expected: when the rule was made or changed. */
  since: number
  series: readonly Series[]
  /** The rule's alerts; those of a run that has ended come to their end. */
  alerts: readonly Alert[]
  now: number
  readSchedule: ReadSchedule
}

export type ReadSchedule = (schedule: RuleSchedule, anchor: number) => { next(time: number): number | null }

/** What an expectation says of runs, as rows of a query, and when there may be more to say (null: when a run changes). */
export interface Expected {
  result: QueryResult
  nextAt: number | null
}

/** Columns that tell the alerts of an expectation apart. */
export const expectationColumns = ['expectation', 'name', 'run']

const columns: Column[] = [
  { name: 'expectation', type: 'text' },
  { name: 'name', type: 'text' },
  { name: 'run', type: 'text' },
  { name: 'amount', type: 'text' },
  { name: 'expected', type: 'text' },
  { name: 'latest', type: 'text' },
]

/** A run that begins so much (ms) before its time counts for it: clocks differ. */
const EARLY = 30_000
/** ms after which a silent run is looked at again. */
const LISTEN_AGAIN = 15_000

/** A rule on what runs fail to do as the query rule it amounts to: a row for each expectation, with an amount where it is missed. */
export function asQueryRule(rule: RunRule): QueryRule {
  const { runs: _, when, expect, condition, onConditionError, severity, ...shared } = rule.definition
  const definition: QueryRuleDefinition = {
    ...shared,
    connection: 'runs',
    query: '',
    schedule: { every: '31d' },
    condition: { dialect: 'python', text: 'row["amount"] != ""' },
    fingerprint: [...expectationColumns],
    severity: severity ?? 'error',
    for: '0s',
    keepFiringFor: '0s',
    notify: 'transitions',
    onNoRows: 'normal',
    onQueryError: 'error',
    onConditionError: 'error',
  }
  return { ...rule, definition }
}

/** Looks at runs as they are now. Pure. */
export function lookAtRuns(watch: Watch): Expected {
  const started = watch.series.flatMap((series) => [
    ...startRows(watch, series),
    ...openRows(watch, series),
    ...endedRows(watch, series),
  ])
  const told = new Set(started.map(({ expectation, name, run }) => JSON.stringify([expectation, name, run])))
  const over = watch.alerts.flatMap(({ fingerprint, labels }) => {
    const { expectation, name, run } = labels
    if (expectation === undefined || name === undefined || run === undefined || told.has(fingerprint)) return []
    return [{ expectation, name, run, isMissed: false, amount: '', expected: '', latest: '', nextAt: null }]
  })
  const rows = [...started, ...over]
  const times = rows.flatMap(({ nextAt }) => (nextAt === null || nextAt <= watch.now ? [] : [nextAt]))
  return {
    result: {
      columns,
      rows: rows.map((row): Json[] => [
        row.expectation,
        row.name,
        row.run,
        row.isMissed ? row.amount : '',
        row.expected,
        row.latest,
      ]),
      truncated: false,
      elapsed: 0,
    },
    nextAt: times.length === 0 ? null : Math.min(...times),
  }
}

interface Row {
  expectation: string
  name: string
  run: string
  isMissed: boolean
  /** By how much it is missed, in words. */
  amount: string
  /** What was expected, in words. */
  expected: string
  /** What was seen instead, in words. */
  latest: string
  /** When it is missed if nothing comes. */
  nextAt: number | null
}

/** Whether a run of the name began in time. */
function startRows({ expect, since, now, readSchedule }: Watch, { name, open, ended }: Series): Row[] {
  const { schedule } = expect
  if (schedule === undefined) return []
  const begun = [...open, ...ended].flatMap(({ startedAt, endedAt }) => startedAt ?? endedAt ?? [])
  const latest = begun.length === 0 ? null : Math.max(...begun)
  const grace = ms(expect.grace)
  const from = Math.max(since, latest === null ? 0 : latest + ('cron' in schedule ? Math.min(EARLY, grace) : 0))
  const times = readSchedule(schedule, from)
  const due = times.next(from)
  if (due === null) return []
  const following = expect.missingAfter === undefined ? times.next(due) : due + ms(expect.missingAfter)
  const seen = latest === null ? 'no run was ever seen' : `the latest run began at ${iso(latest)}`
  const row = (expectation: string, limit: number): Row => ({
    expectation,
    name,
    run: '',
    isMissed: now >= limit,
    amount: `${formatDuration(Math.max(1000, now - due))} after its time`,
    expected: `to begin at ${iso(due)}`,
    latest: seen,
    nextAt: limit,
  })
  return [row('late', due + grace), ...(following === null ? [] : [row('missing', following + grace)])]
}

/** Whether runs that are under way take too long or have gone silent. */
function openRows({ expect, now }: Watch, { name, open }: Series): Row[] {
  return open.flatMap((run) => {
    const { uid, startedAt, updatedAt, state } = run
    const rows: Row[] = []
    const add = (expectation: string, limit: string, from: number, what: string) =>
      rows.push({
        expectation,
        name,
        run: uid,
        isMissed: now - from >= ms(limit),
        amount: formatDuration(now - from),
        expected: `${what} ${limit} at most`,
        latest: startedAt === null ? `it is ${state}` : `it began at ${iso(startedAt)}`,
        // What has gone silent may be heard of at any time.
        nextAt: expectation === 'silent' && now - from >= ms(limit) ? now + LISTEN_AGAIN : from + ms(limit),
      })
    if (expect.longerThan !== undefined && startedAt !== null) add('long', expect.longerThan, startedAt, 'to take')
    if (expect.silentFor !== undefined && startedAt !== null)
      add('silent', expect.silentFor, updatedAt, 'to be silent for')
    return rows
  })
}

/** Whether the latest run that succeeded took too little time. */
function endedRows({ expect }: Watch, { name, ended }: Series): Row[] {
  const { shorterThan } = expect
  const latest = ended.find(({ state, duration }) => state === 'completed' && duration !== null)
  if (shorterThan === undefined || latest === undefined) return []
  const duration = latest.duration ?? 0
  return [
    {
      expectation: 'short',
      name,
      run: '',
      isMissed: duration < ms(shorterThan),
      amount: duration < 1000 ? `${Math.round(duration)} ms` : formatDuration(duration),
      expected: `to take ${shorterThan} at least`,
      latest: `the run ${latest.uid}`,
      nextAt: null,
    },
  ]
}

function ms(duration: string): number {
  return parseDuration(duration) ?? 0
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
