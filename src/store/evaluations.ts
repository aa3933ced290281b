import { and, desc, eq, type SQL, sql } from 'drizzle-orm'
import type { Alert, AlertState, RouteState } from '../model/alert.ts'
import type { DeliveryState, NewDelivery } from '../model/delivery.ts'
import type { Evaluation, Trace, Verdict } from '../model/evaluation.ts'
import type { Reason } from '../model/reason.ts'
import type { QueryResult } from '../model/result.ts'
import type { StoreContext } from './context.ts'
import { BY_RULE, type EvaluationPlaces } from './evaluation-places.ts'
import { pack, unpack } from './pack.ts'
import { evaluations, ruleClocks } from './schema.ts'
import { TOLD_AT } from './told.ts'

/** Rules remembered to have no state. */
const MOST_STATELESS = 20_000

/** Results larger than this (bytes, packed) are not kept whole. */
const LARGEST_RESULT = 64 * 1024

/** Everything one evaluation decided; it is stored whole or not at all. */
export interface EvaluationCommit {
  id: string
  project: string
  ruleId: string
  /** The version that was evaluated: an edit that came between makes the decisions void. */
  ruleVersion: number
  at: number
  verdict: Verdict
  value: string
  /** The least and the greatest number among the values of its alerts. */
  minimum: number | null
  maximum: number | null
  /** Something changed or failed: the trace is kept in full. */
  notable: boolean
  trace: Trace
  result: QueryResult | null
  keepPrevious: boolean
  /** Whether `:since` moves on. */
  success: boolean
  /** Whether the tick that was claimed is done with it. */
  settlesTick: boolean
  /** When the rule is due again (ms since 1970; null: never), unless it has been made due sooner meanwhile. */
  nextDueAt?: number | null
  alerts: Alert[]
  goneAlerts: string[]
  told: { route: string; fingerprint: string; deliveryId: string; sequence: number }[]
  deliveries: NewDelivery[]
}

export interface AlertRow extends Alert {
  ruleId: string
  project: string
  rule: string
}

/** How a rule stands. */
export interface RuleStanding {
  latest: Pick<Evaluation, 'id' | 'at' | 'verdict' | 'value'> | null
  alerts: Partial<Record<AlertState, number>>
}

/** What one evaluation, or a run of unchanged ones, measured. */
export type ValuePoint = Pick<Evaluation, 'id' | 'firstAt' | 'at' | 'minimum' | 'maximum' | 'verdict'>

export type EvaluationQueries = ReturnType<typeof evaluationQueries>['queries']

/**
 * `insertDelivery` queues one delivery within the transaction that is under way; the `store` that is given back stores one
 * evaluation in it.
 */
export function evaluationQueries(
  { database: { orm, raw }, writer, clock }: StoreContext,
  insertDelivery: (delivery: NewDelivery) => void,
  places: EvaluationPlaces,
) {
  const exists = raw.prepare<[string], number>('SELECT 1 FROM rules WHERE id = ?').pluck()
  const insert = raw.prepare(
    `INSERT INTO evaluations (id, project, rule_id, at, verdict, value, notable, trace, result, repeats, first_at, minimum, maximum)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)`,
  )
  const tick = raw.prepare(
    `UPDATE rule_clocks SET claimed_tick = nullif(claimed_tick, ?), last_run_at = ?, last_success_at = coalesce(?, last_success_at),
     previous = coalesce(?, previous) WHERE rule_id = ? AND ? IN ((SELECT version FROM rules WHERE id = rule_id), 0)`,
  )
  const plan = raw.prepare(
    'UPDATE rule_clocks SET next_due_at = CASE WHEN next_due_at <= ? THEN next_due_at ELSE ? END WHERE rule_id = ?',
  )
  const upsertAlert = raw.prepare(
    `INSERT OR REPLACE INTO alerts (rule_id, fingerprint, labels, state, since, firing_since, history, missing, errors, value, sequence)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const removeAlert = raw.prepare('DELETE FROM alerts WHERE rule_id = ? AND fingerprint = ?')
  const tell = raw.prepare(
    `INSERT INTO route_states (rule_id, route, fingerprint, delivered_at, delivery_id, sequence) VALUES (?, ?, ?, NULL, ?, ?)
     ON CONFLICT DO UPDATE SET delivered_at = ${TOLD_AT}, delivery_id = excluded.delivery_id, sequence = excluded.sequence`,
  )
  // Most rules have neither, and a look takes a lock on the file.
  const stateless = new Set<string>()
  const hasState = raw
    .prepare<[string, string], number>(
      'SELECT EXISTS (SELECT 1 FROM alerts WHERE rule_id = ?) OR EXISTS (SELECT 1 FROM route_states WHERE rule_id = ?)',
    )
    .pluck()
  const alertsOf = raw.prepare<[string], AlertRecord>('SELECT * FROM alerts WHERE rule_id = ?')
  const routesOf = raw.prepare<[string], RouteRecord>(
    `SELECT route_states.route, route_states.fingerprint, ${TOLD_AT} AS told_at, delivery_id, sequence, d.created_at,
     CASE WHEN d.part_of IS NULL THEN d.state ELSE (
       SELECT p.state FROM deliveries p WHERE p.part_of = d.part_of
       ORDER BY CASE p.state WHEN 'delivered' THEN 0 WHEN 'sending' THEN 1 WHEN 'pending' THEN 2 WHEN 'unknown' THEN 3 ELSE 4 END
       LIMIT 1) END AS state
     FROM route_states LEFT JOIN deliveries d ON d.id = delivery_id WHERE route_states.rule_id = ?`,
  )
  const previousOf = raw
    .prepare<[string], string | Buffer | null>('SELECT previous FROM rule_clocks WHERE rule_id = ?')
    .pluck()

  const latestOf = raw.prepare<[string], RuleStanding['latest'] & object>(
    `SELECT e.id, e.at, verdict, value FROM ${BY_RULE} WHERE p.rule_id = ? ORDER BY p.at DESC, p.seq DESC LIMIT 1`,
  )
  const alertCounts = raw.prepare<[string], { state: AlertState; count: number }>(
    "SELECT state, count(*) AS count FROM alerts WHERE rule_id = ? AND state <> 'normal' GROUP BY state",
  )
  const valuesOf = raw.prepare<[string, number, number], ValuePoint>(
    `SELECT id, first_at AS firstAt, e.at, minimum, maximum, verdict FROM ${BY_RULE}
     WHERE p.rule_id = ? AND p.at >= ? ORDER BY p.at DESC, p.seq DESC LIMIT ?`,
  )

  /** Only what is stored here gives a rule state, so that a rule found without any stays so until then. */
  function hasNone(ruleId: string): boolean {
    if (stateless.has(ruleId)) return true
    if (hasState.get(ruleId, ruleId) === 1) return false
    if (stateless.size >= MOST_STATELESS) stateless.clear()
    stateless.add(ruleId)
    return true
  }

  /** Moves the rule's clock on, if the rule is still at `version`; 0 is any. */
  function tickOf(commit: EvaluationCommit, packed: string | Buffer | null, version: number): boolean {
    const { settlesTick, success, trace, keepPrevious, ruleId, at } = commit
    const settled = settlesTick ? trace.scheduledAt : null
    return (
      tick.run(settled, at, success ? trace.startedAt : null, keepPrevious ? packed : null, ruleId, version).changes ===
      1
    )
  }

  function store(drafted: EvaluationCommit): EvaluationCommit {
    let commit = drafted
    let packed = commit.result === null ? null : pack(commit.result)
    if (!tickOf(commit, packed, commit.ruleVersion)) {
      commit = voided(drafted)
      packed = commit.result === null ? null : pack(commit.result)
      if (exists.get(commit.ruleId) === undefined) return commit
      tickOf(commit, packed, 0)
    }
    const kept = packed !== null && packed.length <= LARGEST_RESULT ? packed : null
    const { id, ruleId, at } = commit
    const trace = kept === null ? commit.trace : { ...commit.trace, sample: null }
    if (commit.nextDueAt !== undefined) plan.run(clock.now(), commit.nextDueAt, ruleId)
    if (commit.alerts.length > 0 || commit.told.length > 0) stateless.delete(ruleId)
    insert.run(
      id,
      commit.project,
      ruleId,
      at,
      commit.verdict,
      commit.value,
      commit.notable ? 1 : 0,
      pack(trace),
      kept,
      at,
      commit.minimum,
      commit.maximum,
    )
    places.inserted()
    for (const alert of commit.alerts)
      upsertAlert.run(
        ruleId,
        alert.fingerprint,
        JSON.stringify(alert.labels),
        alert.state,
        alert.since,
        alert.firingSince,
        alert.history,
        alert.missing,
        alert.errors,
        alert.value,
        alert.sequence,
      )
    for (const fingerprint of commit.goneAlerts) removeAlert.run(ruleId, fingerprint)
    for (const delivery of commit.deliveries) insertDelivery(delivery)
    for (const { route, fingerprint, deliveryId, sequence } of commit.told)
      tell.run(ruleId, route, fingerprint, deliveryId, sequence)
    return commit
  }

  const queries = {
    /**
     * Stores an evaluation with all it decided, and answers what was stored: when the rule was changed meanwhile, only
     * that it came to nothing; when it was removed, nothing at all.
     */
    commit: (commit: EvaluationCommit): Promise<EvaluationCommit> => writer.write(() => store(commit), 'paced'),

    /** Alerts of a rule and what was told of them. */
    state: async (ruleId: string): Promise<{ alerts: Alert[]; routes: RouteState[] }> =>
      hasNone(ruleId)
        ? { alerts: [], routes: [] }
        : { alerts: alertsOf.all(ruleId).map(toAlert), routes: routesOf.all(ruleId).map(toRouteState) },

    /** The result of the latest successful evaluation, where the rule keeps it. */
    previous: async (ruleId: string): Promise<QueryResult | null> => {
      const bytes = previousOf.get(ruleId) ?? null
      return bytes === null ? null : (unpack(bytes) as QueryResult)
    },

    get: async (project: string, id: string): Promise<(Evaluation & { result: QueryResult | null }) | undefined> => {
      const row = orm
        .select()
        .from(evaluations)
        .where(and(eq(evaluations.project, project), eq(evaluations.id, id)))
        .get()
      if (row === undefined) return undefined
      return { ...toEvaluation(row), result: row.result === null ? null : (unpack(row.result) as QueryResult) }
    },

    /** Newest first; `before` is the `at` and id of the last one of the page before. */
    list: async (filter: {
      project: string
      ruleId?: string
      before?: { at: number; id: string }
      limit: number
    }): Promise<Evaluation[]> => {
      const { project, ruleId, before, limit } = filter
      const seqBefore = sql`coalesce((SELECT e.seq FROM evaluations e WHERE e.id = ${before?.id ?? ''}), 0)`
      const older = before === undefined ? sql`true` : sql`(at, seq) < (${before.at}, ${seqBefore})`
      if (ruleId !== undefined) places.upToDate()
      const ofRule = sql`${evaluations.seq} in (select seq from evaluation_places where rule_id = ${ruleId} and ${older} order by at desc, seq desc limit ${limit})`
      return orm
        .select()
        .from(evaluations)
        .where(and(eq(evaluations.project, project), ruleId === undefined ? older : ofRule))
        .orderBy(...(ruleId === undefined ? [desc(evaluations.seq)] : [desc(evaluations.at), desc(evaluations.seq)]))
        .limit(limit)
        .all()
        .map(toEvaluation)
    },

    /** Alerts that are not normal, or those of one rule, newest first. */
    alerts: async (filter: {
      project: string
      ruleId?: string
      states?: readonly string[]
      before?: number
      limit: number
    }): Promise<AlertRow[]> => {
      const wanted: (SQL | undefined)[] = [
        sql`r.project = ${filter.project}`,
        filter.ruleId === undefined ? sql`a.state <> 'normal'` : sql`a.rule_id = ${filter.ruleId}`,
        filter.states === undefined ? undefined : sql`a.state in ${filter.states}`,
        filter.before === undefined ? undefined : sql`a.since < ${filter.before}`,
      ]
      const rows = orm.all<AlertRecord & { project: string; rule: string }>(
        sql`select a.*, r.project, r.name as rule from alerts a join rules r on r.id = a.rule_id where ${and(...wanted)} order by a.since desc limit ${filter.limit}`,
      )
      return rows.map((row) => ({ ...toAlert(row), ruleId: row.rule_id, project: row.project, rule: row.rule }))
    },

    /** Marks a claimed tick as done without an evaluation, such as when the rule is newer than the tick. */
    settle: (ruleId: string): Promise<void> =>
      writer.write(() => {
        orm.update(ruleClocks).set({ claimedTick: null }).where(eq(ruleClocks.ruleId, ruleId)).run()
      }, 'paced'),

    /** For each of these rules: its latest evaluation, if there is one, and its alerts that are not normal, by state. */
    standing: async (ruleIds: readonly string[]): Promise<RuleStanding[]> => {
      places.upToDate()
      return ruleIds.map((id) => ({
        latest: latestOf.get(id) ?? null,
        alerts: Object.fromEntries(alertCounts.all(id).map(({ state, count }) => [state, count])),
      }))
    },

    /** The numbers of a rule's evaluations from `from` on, the latest `limit` of them, oldest first. */
    values: async (ruleId: string, from: number, limit: number): Promise<ValuePoint[]> => {
      places.upToDate()
      return valuesOf.all(ruleId, from, limit).reverse()
    },

    /** Number of open alerts by state. */
    openCounts: async (project: string): Promise<Record<string, number>> => {
      const rows = orm.all<{ state: string; count: number }>(
        sql`select a.state, count(*) as count from alerts a join rules r on r.id = a.rule_id where r.project = ${project} and a.state <> 'normal' group by a.state`,
      )
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
    },
  }
  return { queries, store }
}

/** What is left of an evaluation of a rule that was changed before it could be stored. */
function voided(commit: EvaluationCommit): EvaluationCommit {
  const reason: Reason = { code: 'rule-newer-than-tick', detail: 'it was changed while this evaluation was under way' }
  const reasons = [...commit.trace.reasons, reason]
  return {
    ...commit,
    verdict: 'skipped',
    notable: true,
    trace: { ...commit.trace, reasons, transitions: [], moreTransitions: 0, routes: [] },
    keepPrevious: false,
    success: false,
    alerts: [],
    goneAlerts: [],
    told: [],
    deliveries: [],
  }
}

interface AlertRecord {
  rule_id: string
  fingerprint: string
  labels: string
  state: Alert['state']
  since: number
  firing_since: number | null
  history: string
  missing: number
  errors: number
  value: string
  sequence: number
}

interface RouteRecord {
  route: string
  fingerprint: string
  told_at: number | null
  delivery_id: string | null
  sequence: number
  state: DeliveryState | null
  created_at: number | null
}

function toAlert(row: AlertRecord): Alert {
  return {
    fingerprint: row.fingerprint,
    labels: JSON.parse(row.labels) as Record<string, string>,
    state: row.state,
    since: row.since,
    firingSince: row.firing_since,
    history: row.history,
    missing: row.missing,
    errors: row.errors,
    value: row.value,
    sequence: row.sequence,
  }
}

function toRouteState(row: RouteRecord): RouteState {
  const { route, fingerprint, sequence } = row
  return { route, fingerprint, sequence, deliveredAt: row.told_at, delivery: deliveryOf(row) }
}

/** A delivery that retention has removed was final; whether it arrived shows in `told_at`. */
function deliveryOf({ delivery_id: id, state, created_at: at, told_at }: RouteRecord): RouteState['delivery'] {
  if (id === null) return null
  if (state === null) return { id, at, state: told_at === null ? 'failed' : 'delivered' }
  if (state === 'delivered' || state === 'sending' || state === 'unknown') return { id, at, state }
  return { id, at, state: state === 'pending' ? 'waiting' : 'failed' }
}

function toEvaluation(row: typeof evaluations.$inferSelect): Evaluation {
  const { id, project, ruleId, at, verdict, value, repeats, firstAt, minimum, maximum } = row
  const trace = row.trace === null ? null : (unpack(row.trace) as Trace)
  if (trace !== null && trace.sample === null && row.result !== null)
    trace.sample = sampleOf(unpack(row.result) as QueryResult)
  return {
    id,
    project,
    ruleId,
    at,
    verdict,
    value,
    trace,
    replayable: row.result !== null,
    repeats,
    firstAt,
    minimum,
    maximum,
  }
}

/** Rows that a trace shows. */
const SAMPLE_ROWS = 20

/** The first rows of a result, for people. */
export function sampleOf(result: QueryResult): NonNullable<Trace['sample']> {
  return { columns: result.columns, rows: result.rows.slice(0, SAMPLE_ROWS) }
}
