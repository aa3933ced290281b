import type { Clock } from './clock.ts'
import type { AttachmentLimits } from './compose/attachments.ts'
import { AppError } from './errors.ts'
import type { ReadSchedule } from './evaluate/expectation.ts'
import { orders } from './evaluate/policy.ts'
import { type Advance, advance } from './evaluate/state.ts'
import { expectedOf } from './flow/expectations.ts'
import { type Judgement, judge, judgeFailure, NOTHING, type Plan, planOf } from './flow/judge.ts'
import { type Evidence, fallbackWay, heardBy, type Way, waysOf } from './flow/routes.ts'
import { NoResult, type Sources } from './flow/sources.ts'
import { compose, conditionText } from './flow/write.ts'
import type { Written } from './flow/written.ts'
import { newId } from './ids.ts'
import type { Log } from './log.ts'
import type { Alert, AlertState, RouteState } from './model/alert.ts'
import { parseDuration } from './model/duration.ts'
import type { Cause, RouteDecision, Trace } from './model/evaluation.ts'
import type { Reason, ReasonCode } from './model/reason.ts'
import type { QueryResult } from './model/result.ts'
import { isQueryRule, type QueryRule, type Rule } from './model/rule.ts'
import { type EvaluationCommit, sampleOf } from './store/evaluations.ts'
import type { Store } from './store/index.ts'

/** Why and for what time a rule is evaluated. Times are ms since 1970. */
export interface Tick {
  cause: Cause
  scheduledAt: number
  /** Ticks after this one that were missed and that it stands for; from `MANY_MISSED` on there may be more. */
  missedTicks: number
  /** Why it comes late, if it does. */
  late?: Extract<ReasonCode, 'daemon-was-down' | 'still-running'>
  /** Sends whatever is firing as a test, without regard to what was told before, and leaves the state alone. */
  isTest?: boolean
}

/** An evaluation that is complete but for its being stored. */
export interface Draft {
  commit: EvaluationCommit
  written: Written[]
  /** How many alerts came to each state. */
  entered: Partial<Record<AlertState, number>>
}

export interface Flow {
  /** query -> condition -> state -> compose -> store. `queried` is called as soon as the connection is free again. */
  runRule(rule: Rule, tick: Tick, queried?: () => void): Promise<EvaluationCommit>
  /** Records that a tick came to nothing, and why. */
  skipRule(rule: Rule, tick: Tick, reason: Reason): Promise<void>
  /** The same as `runRule` without storing or sending anything. Throws `AppError` when the rule's texts do not parse. */
  tryRule(rule: Rule): Promise<Draft>
}

export interface FlowDeps {
  store: Store
  sources: Sources
  clock: Clock
  log: Log
  /** Which files may go along with messages. */
  attachments: AttachmentLimits
  /** What may change while it runs. */
  limits: () => {
    /** Where people reach this instance, for links; null when unknown. */
    baseUrl: string | null
    /** Limits of queries that have none of their own: ms, rows. */
    timeout: number
    maxRows: number
  }
  /** Ends queries that are under way when the daemon has to stop. */
  signal: AbortSignal
  readSchedule: ReadSchedule
}

/** Missed ticks are counted up to here: each takes some 30 µs to find, and after a long rest every rule has some. */
export const MANY_MISSED = 100
/** Rules kept parsed. */
const MOST_PLANS = 5000
/** Transitions that a trace lists, and alerts for each decision on a route; the rest are counted. */
const LISTED = 100

export function createFlow(deps: FlowDeps): Flow {
  const { store, clock, log } = deps
  const plans = new Map<string, Plan>()

  function planned(rule: Rule): Plan {
    const known = plans.get(rule.id)
    if (known?.rule === rule) return known
    if (known?.rule.version === rule.version)
      return { ...known, rule: isQueryRule(rule) ? rule : { ...rule, definition: known.rule.definition } }
    const plan = planOf(rule)
    plans.set(rule.id, plan)
    const oldest = plans.keys().next()
    if (plans.size > MOST_PLANS && oldest.done !== true) plans.delete(oldest.value)
    return plan
  }

  return {
    async runRule(rule, tick, queried = () => {}) {
      const { commit: drafted, entered } = await evaluate(deps, rule, planned(rule), tick, queried)
      const commit = await store.evaluations.commit(drafted)
      const { trace } = commit
      log.evaluationFinished({
        project: rule.project,
        rule: rule.definition.name,
        evaluation: commit.id,
        cause: tick.cause,
        verdict: commit.verdict,
        value: commit.value,
        rows: trace.rowCount,
        took: trace.finishedAt - trace.startedAt,
        queryTime: trace.queryTime,
        late: tick.cause === 'schedule' ? trace.startedAt - tick.scheduledAt : null,
        queued: commit.deliveries.length,
        ...(trace.error === null ? {} : { error: trace.error }),
      })
      if (tick.isTest !== true && Object.keys(entered).length > 0)
        log.alertsChanged({ project: rule.project, rule: rule.definition.name, evaluation: commit.id, states: entered })
      return commit
    },
    async skipRule(rule, tick, reason) {
      const judgement: Judgement = { ...NOTHING, reasons: [reason] }
      const now = clock.now()
      await store.evaluations.commit(
        commitOf(
          planned(rule),
          tick,
          newId('evl', now),
          now,
          judgement,
          null,
          traceOf(tick, now, now, null, judgement, planned(rule).rule),
        ),
      )
    },
    tryRule: (rule) =>
      evaluate(deps, rule, planOf(rule), { cause: 'dry-run', scheduledAt: clock.now(), missedTicks: 0 }, () => {}),
  }
}

async function evaluate(deps: FlowDeps, given: Rule, plan: Plan, tick: Tick, queried: () => void): Promise<Draft> {
  const { store, clock } = deps
  const { rule } = plan
  const startedAt = clock.now()
  const id = newId('evl', startedAt)
  const previous = plan.usesPrevious ? await store.evaluations.previous(rule.id) : null
  const expected = plan.isExpectation ? await expectedOf(deps, given, startedAt) : null
  const answer = expected === null ? await ask(deps, rule, tick, startedAt).finally(queried) : expected.result
  const state = await store.evaluations.state(rule.id)
  const now = clock.now()

  const result = answer instanceof NoResult ? null : answer
  const judgement =
    answer instanceof NoResult
      ? judgeFailure(plan, answer, state.alerts)
      : judge(plan, answer, previous, state.alerts, now)
  const moved = advance(rule.definition, state.alerts, judgement.finding, now)
  const trace = traceOf(tick, startedAt, now, result, judgement, rule)
  const commit = commitOf(plan, tick, id, startedAt, judgement, result, trace)
  if (expected !== null) commit.nextDueAt = expected.nextAt
  const isTest = tick.isTest === true
  if (!isTest) {
    commit.alerts = moved.changed
    commit.goneAlerts = moved.gone
  }
  trace.routes = plan.notFiring
  if (moved.transitions.length === 0) return { commit, written: [], entered: {} }

  trace.transitions = moved.transitions.slice(0, LISTED)
  trace.moreTransitions = moved.transitions.length - trace.transitions.length
  const told = isTest ? [] : state.routes
  const { written, decisions } = await tell(
    deps,
    { plan, result, previous, judgement, now },
    state.alerts,
    moved,
    told,
    id,
  )
  trace.routes = decisions
  trace.finishedAt = clock.now()
  commit.notable ||= written.length > 0 || moved.transitions.some(({ before, after }) => before !== after)
  commit.deliveries = written.map(({ delivery }) => delivery)
  // A test touches no state: what it sends belongs to no alert.
  if (isTest) for (const delivery of commit.deliveries) delivery.fingerprints = []
  else commit.told = written.flatMap((one) => one.told)
  return { commit, written, entered: statesEntered(moved.transitions) }
}

/** Decides who is told of what moved, and writes the messages. */
async function tell(
  { store, limits, attachments }: FlowDeps,
  evidence: Evidence,
  alerts: readonly Alert[],
  { transitions, alerts: after }: Advance,
  told: readonly RouteState[],
  evaluationId: string,
): Promise<{ written: Written[]; decisions: RouteDecision[] }> {
  const { plan, result, judgement, now } = evidence
  const { rule } = plan
  const before = new Map(alerts.map((alert) => [alert.fingerprint, alert]))
  const situation = { rule: rule.definition, before, after, told, now }
  const ways = await waysOf(store, evidence)
  const decided = orders(
    ways.map((way) => way.view),
    { ...situation, transitions },
  )
  const unheard = transitions.filter((transition) => !heardBy(ways, transition))
  const fallback = unheard.length === 0 ? null : await fallbackWay(store, rule)
  if (fallback !== null) {
    ways.push(fallback)
    const more = orders([fallback.view], { ...situation, transitions: unheard })
    decided.orders.push(...more.orders)
    decided.refusals.push(...more.refusals)
  }
  const written = await compose(decided.orders, {
    rule,
    result,
    judgement,
    ways,
    before,
    after,
    told,
    sentTo: store.deliveries.sentTo,
    evaluationId,
    now,
    baseUrl: limits().baseUrl,
    attachments,
    isExpectation: plan.isExpectation,
  })
  const refusals = decided.refusals.map((refusal) => ({ ...refusal, channel: channelOf(ways, refusal.route) }))
  return { written, decisions: [...written.map(({ decision }) => decision), ...refusals].map(shortened) }
}

function shortened(decision: RouteDecision): RouteDecision {
  const { fingerprints } = decision
  const more = fingerprints.length - LISTED
  return more <= 0 ? decision : { ...decision, fingerprints: fingerprints.slice(0, LISTED), more }
}

/** An evaluation that changes and sends nothing yet. */
function commitOf(
  { rule, usesPrevious }: Plan,
  tick: Tick,
  id: string,
  at: number,
  judgement: Judgement,
  result: QueryResult | null,
  trace: Trace,
): EvaluationCommit {
  return {
    id,
    project: rule.project,
    ruleId: rule.id,
    ruleVersion: rule.version,
    at,
    verdict: judgement.verdict,
    value: judgement.value,
    minimum: judgement.minimum,
    maximum: judgement.maximum,
    notable: judgement.verdict === 'error',
    trace,
    result,
    keepPrevious: usesPrevious && tick.isTest !== true,
    success: result !== null && judgement.verdict !== 'error' && tick.isTest !== true,
    settlesTick: tick.cause === 'schedule' || tick.cause === 'catch-up',
    alerts: [],
    goneAlerts: [],
    told: [],
    deliveries: [],
  }
}

async function ask(deps: FlowDeps, rule: QueryRule, tick: Tick, now: number): Promise<QueryResult | NoResult> {
  const { project, definition, lastSuccessAt } = rule
  const { timeout, maxRows } = deps.limits()
  try {
    return await deps.sources.query(project, definition.connection, definition.query, {
      signal: deps.signal,
      timeout: definition.timeout === undefined ? timeout : (parseDuration(definition.timeout) ?? timeout),
      maxRows: definition.maxRows ?? maxRows,
      times: { scheduledAt: tick.scheduledAt, now, since: lastSuccessAt ?? 0 },
    })
  } catch (thrown) {
    // What was cut short since the daemon ends says nothing: the tick is run again at the next start.
    if (deps.signal.aborted) throw new AppError('unavailable', 'The evaluation was given up, since Tocsin is stopping.')
    if (thrown instanceof NoResult) return thrown
    throw thrown
  }
}

function statesEntered(transitions: Trace['transitions']): Draft['entered'] {
  const states: Draft['entered'] = {}
  for (const { before, after } of transitions) if (before !== after) states[after] = (states[after] ?? 0) + 1
  return states
}

function lateness({ late, missedTicks }: Tick): Reason[] {
  if (late === undefined) return []
  if (missedTicks === 0) return [{ code: late }]
  const count = missedTicks < MANY_MISSED ? missedTicks : `${missedTicks} or more`
  return [{ code: late, detail: `${count} further ${missedTicks === 1 ? 'tick was' : 'ticks were'} left out` }]
}

function channelOf(ways: readonly Way[], route: string): string {
  return ways.find((way) => way.view.key === route)?.channel ?? ''
}

function traceOf(
  tick: Tick,
  startedAt: number,
  finishedAt: number,
  result: QueryResult | null,
  judgement: Judgement,
  rule: QueryRule,
): Trace {
  return {
    cause: tick.cause,
    scheduledAt: tick.scheduledAt,
    startedAt,
    finishedAt,
    missedTicks: tick.missedTicks,
    queryTime: result?.elapsed ?? null,
    rowCount: result?.rows.length ?? null,
    sample: result === null ? null : sampleOf(result),
    condition: conditionText(rule),
    value: judgement.value,
    reasons: [...lateness(tick), ...judgement.reasons],
    error: judgement.error,
    transitions: [],
    moreTransitions: 0,
    routes: [],
  }
}
