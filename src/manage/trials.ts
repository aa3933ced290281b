import * as v from 'valibot'
import { QueryError } from '../connections/connection.ts'
import { AppError, invalid, messageOf } from '../errors.ts'
import { judge, planOf } from '../flow/judge.ts'
import { parseDuration } from '../model/duration.ts'
import type { Verdict } from '../model/evaluation.ts'
import type { Json } from '../model/json.ts'
import type { Column, QueryResult } from '../model/result.ts'
import { type QueryRuleDefinition, queryRule, type Rule, type RuleSchedule } from '../model/rule.ts'
import { faulty, validate } from '../model/validate.ts'
import { redact, secretForms } from '../redact.ts'
import type { ConnectionRow } from '../store/connections.ts'
import { type Caller, find, type ManageContext } from './context.ts'
import { matchWords } from './explain-run.ts'
import { checkTexts } from './rule-check.ts'
import { openSecrets } from './settings.ts'

const { query, schedule, condition, fingerprint, onNoRows } = queryRule.entries

export const queryTrial = v.strictObject({ query })
export const scheduleTrial = v.strictObject({ schedule })
export const conditionTrial = v.strictObject({
  condition,
  fingerprint,
  onNoRows,
  /** As a trial of a query answers. */
  result: v.object({
    columns: v.array(v.object({ name: v.string(), type: v.string() })),
    rows: v.pipe(v.array(v.array(v.unknown())), v.maxLength(1000, 'must be at most 1000 rows')),
  }),
})

/** What a condition makes of given rows. */
export interface ConditionAnswer {
  verdict: Verdict
  value: string
  error: string | null
  alerts: { labels: Record<string, string>; fire: boolean; value: string }[]
}

/** A schedule in words, and its next times, ms since 1970. */
export interface ScheduleAnswer {
  words: string
  next: number[]
}

export type TrialManager = ReturnType<typeof manageTrials>

/** ms that the trial of a query may take, and rows it may give. */
const TIMEOUT = 15_000
const MOST_ROWS = 100
/** Times of a schedule that are told. */
const MOST_TIMES = 5

/** Trying the parts of a rule before there is one: nothing is stored but who ran which query where. */
export function manageTrials(context: ManageContext) {
  const { store, clock, sources } = context

  return {
    /** Runs a query on real rows. Throws `invalid` when the query is at fault, `unavailable` when the connection is. */
    async query(caller: Caller, connection: string, input: unknown) {
      const wanted = validate(queryTrial, input)
      const row = await find(store.connections, 'connection', caller.project, connection)
      const { name } = row
      await store.audit.record({ ...caller, action: 'query', entity: 'connection', entityId: row.id, detail: { name } })
      const now = clock.now()
      const options = {
        signal: AbortSignal.timeout(TIMEOUT),
        timeout: TIMEOUT,
        maxRows: MOST_ROWS,
        times: { scheduledAt: now, now, since: now - 3_600_000 },
      }
      const result = await sources
        .open(row)
        .query(wanted.query, options)
        .catch((thrown: unknown) => fail(context, row, thrown))
      return { ...result, count: result.rows.length }
    },

    /** Throws `invalid` for a condition that is none; one that cannot be decided is an answer too. */
    async condition(input: unknown): Promise<ConditionAnswer> {
      const { result, ...parts } = validate(conditionTrial, input)
      const definition = validate(queryRule, { ...blank, ...parts })
      const { issues } = await checkTexts(definition)
      if (issues.length > 0) throw faulty(issues)
      const columns = result.columns as Column[]
      const given: QueryResult = { columns, rows: result.rows as Json[][], truncated: false, elapsed: 0 }
      const { finding, verdict, value, error } = judge(planOf(unsaved(definition)), given, null, [], clock.now())
      const items = finding.kind === 'decided' ? finding.items : []
      return { verdict, value, error, alerts: items.map(({ labels, fire, value }) => ({ labels, fire, value })) }
    },

    /** Throws `invalid` naming the field. */
    async schedule(input: unknown): Promise<ScheduleAnswer> {
      const { schedule } = validate(scheduleTrial, input)
      const ticks = context.readSchedule(schedule, clock.now())
      const next: number[] = []
      for (let time = ticks.next(clock.now()); time !== null && next.length < MOST_TIMES; time = ticks.next(time))
        next.push(time)
      return { words: await wordsOf(schedule), next }
    },
  }
}

function fail({ secrets }: ManageContext, row: ConnectionRow, thrown: unknown): never {
  if (thrown instanceof AppError) throw thrown
  const hidden = openSecrets(row.sealed, secrets, `connections|${row.id}`)
  const message = redact(messageOf(thrown), secretForms(hidden))
  const isConnection = thrown instanceof QueryError && thrown.failure === 'unavailable'
  if (isConnection) throw new AppError('unavailable', message, [{ path: 'connection', message }])
  throw invalid('query', message)
}

/** A schedule as a sentence without its end. */
export async function wordsOf(schedule: RuleSchedule): Promise<string> {
  if ('after' in schedule) return `After runs ${matchWords(schedule.after.runs)}`
  if ('every' in schedule) return `Every ${inWords(parseDuration(schedule.every) ?? 0)}`
  const { default: cronstrue } = await import('cronstrue')
  const words = cronstrue.toString(schedule.cron, { use24HourTimeFormat: true })
  return `${words} (${schedule.timezone})`
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const

function inWords(ms: number): string {
  let rest = ms
  const parts = units.flatMap(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count === 0 ? [] : [{ count, unit }]
  })
  const [only, ...more] = parts
  if (only?.count === 1 && more.length === 0) return only.unit
  return parts.map(({ count, unit }) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ')
}

/** What a trial of a condition says nothing about. */
const blank = { name: 'trial', connection: 'trial', query: 'trial', schedule: { every: '1h' } }

function unsaved(definition: QueryRuleDefinition): Rule {
  return {
    id: '',
    project: '',
    definition,
    version: 1,
    inline: {},
    origin: null,
    warnings: [],
    blocked: null,
    createdBy: '',
    createdAt: 0,
    updatedAt: 0,
    nextDueAt: null,
    lastRunAt: null,
    lastSuccessAt: null,
    lastAlertAt: null,
  }
}
