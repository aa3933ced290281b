import type { Verdict } from '../model/evaluation.ts'
import type { StoreContext } from './context.ts'
import { BY_RULE, type EvaluationPlaces } from './evaluation-places.ts'
import { TOLD_AT } from './told.ts'

/** What a step of retention removed. */
export interface Removed {
  evaluations: number
  deliveries: number
  alerts: number
}

/** Evaluations of a rule whose traces are kept whatever they say. */
export const FULL_TRACES = 100
/** Rows of one rule that are looked at in one go. */
const MOST_ROWS = 500

export type RetentionQueries = ReturnType<typeof retentionQueries>

/** Forgetting in small steps: each function is one short transaction and answers what it did. */
export function retentionQueries(context: StoreContext, places: EvaluationPlaces) {
  const { raw } = context.database
  const { writer, clock } = context
  // Parameters of sorted queries stand as `+?`: a bare one makes SQLite compile the query anew at every use.
  const nextRules = raw
    .prepare<[string, number], string>('SELECT id FROM rules WHERE id > +? ORDER BY id LIMIT +?')
    .pluck()
  const keepFrom = raw
    .prepare<[string, number], number>(
      'SELECT at FROM evaluation_places WHERE rule_id = +? ORDER BY at DESC LIMIT 1 OFFSET +?',
    )
    .pluck()
  // Evaluations are collapsed in order, so what is still full begins after the last run.
  const firstFull = raw
    .prepare<[string, string, number, number], number>(
      `SELECT p.at FROM ${BY_RULE} WHERE p.rule_id = +? AND p.at > coalesce((
         SELECT p.at FROM ${BY_RULE} WHERE p.rule_id = +? AND p.at < +? AND notable = 0 AND trace IS NULL ORDER BY p.at DESC LIMIT 1), -1)
       AND p.at < +? AND notable = 0 ORDER BY p.at LIMIT 1`,
    )
    .pluck()
  const before = raw
    .prepare<[string, number], number>(
      'SELECT at FROM evaluation_places WHERE rule_id = +? AND at < +? ORDER BY at DESC LIMIT 1',
    )
    .pluck()
  const between = raw.prepare<[string, number, number, number], RunRow>(
    `SELECT e.seq, e.at, verdict, notable, trace IS NOT NULL AS full, repeats, first_at, minimum, maximum FROM ${BY_RULE}
     WHERE p.rule_id = +? AND p.at >= +? AND p.at < +? ORDER BY p.at, p.seq LIMIT +?`,
  )
  const toRun = raw.prepare(
    'UPDATE evaluations SET trace = NULL, result = NULL, repeats = ?, first_at = ?, minimum = ?, maximum = ? WHERE seq = ?',
  )
  const nextEvaluations = raw.prepare<[number, number], EvaluationAge>(
    `SELECT seq, at, EXISTS (
       SELECT 1 FROM deliveries d WHERE d.rule_id = e.rule_id AND d.finished_at IS NULL AND d.evaluation_id = e.id)
     OR EXISTS (
       SELECT 1 FROM alerts a WHERE a.rule_id = e.rule_id AND a.state <> 'normal' AND e.at IN (a.since, a.firing_since)) AS needed
     FROM evaluations e WHERE seq > +? ORDER BY seq LIMIT +?`,
  )
  const nextDeliveries = raw.prepare<[number, number], DeliveryAge>(
    `SELECT seq, created_at, finished_at, EXISTS (
       SELECT 1 FROM route_states s JOIN alerts a ON a.rule_id = s.rule_id AND a.fingerprint = s.fingerprint
       WHERE s.rule_id = d.rule_id AND s.route = d.route AND s.delivery_id = coalesce(d.part_of, d.id) AND a.state <> 'normal') AS needed
     FROM deliveries d WHERE seq > +? ORDER BY seq LIMIT +?`,
  )
  const noteTold = raw.prepare(
    `UPDATE route_states SET delivered_at = ${TOLD_AT} 
     WHERE (rule_id, route, delivery_id) = (SELECT rule_id, route, coalesce(part_of, id) FROM deliveries WHERE seq = ?)`,
  )
  const removeDelivery = raw.prepare('DELETE FROM deliveries WHERE seq = ?')
  const removeDone = raw.prepare('DELETE FROM inbox WHERE seq IN (SELECT seq FROM inbox WHERE until <= +? LIMIT +?)')
  const removeOldest = raw.prepare(
    'DELETE FROM inbox WHERE seq IN (SELECT seq FROM inbox ORDER BY seq LIMIT +?) AND at < +?',
  )
  const oldAlerts = raw.prepare<[number, number, number, number], { rule_id: string; fingerprint: string }>(
    `SELECT a.rule_id, a.fingerprint FROM alerts a JOIN rules r ON r.id = a.rule_id
     WHERE a.state = 'normal' AND a.since < ? AND NOT EXISTS (
       SELECT 1 FROM route_states WHERE rule_id = a.rule_id AND fingerprint = a.fingerprint
       AND ${TOLD_AT} >= min(?, ? - coalesce(json_extract(r.definition, '$.suppressionMinutes'), 0) * 60000))
     LIMIT ?`,
  )
  const removeAlert = raw.prepare('DELETE FROM alerts WHERE rule_id = ? AND fingerprint = ?')
  const removeRouteStates = raw.prepare('DELETE FROM route_states WHERE rule_id = ? AND fingerprint = ?')

  /** Turns unchanged neighbours into runs, each kept in the row of its last evaluation. */
  function collapseRule(ruleId: string): number {
    const limit = keepFrom.get(ruleId, FULL_TRACES - 1)
    const first = limit === undefined ? undefined : firstFull.get(ruleId, ruleId, limit, limit)
    if (limit === undefined || first === undefined) return 0
    const rows = between.all(ruleId, before.get(ruleId, first) ?? first, limit, MOST_ROWS)
    let run: RunRow | null = null
    let collapsed = 0
    const store = (row: RunRow | null) => {
      if (row?.full === 1) toRun.run(row.repeats, row.first_at, row.minimum, row.maximum, row.seq)
    }
    for (const row of rows) {
      collapsed += row.notable === 0 ? row.full : 0
      if (run !== null && row.notable === 0 && row.verdict === run.verdict) {
        places.remove(run.seq)
        run = joined(run, row)
        continue
      }
      store(run)
      run = row.notable === 1 ? null : row
    }
    store(run)
    return collapsed
  }

  function removeEvaluations(olderThan: number, limit: number): number {
    let removed = 0
    let last = 0
    for (;;) {
      const rows = nextEvaluations.all(last, limit)
      for (const row of rows) {
        if (row.at >= olderThan || removed >= limit) return removed
        if (row.needed === 0) removed += places.remove(row.seq)
      }
      const end = rows.at(-1)
      if (end === undefined) return removed
      last = end.seq
    }
  }

  function removeDeliveries(olderThan: number, limit: number): number {
    let removed = 0
    let last = 0
    for (;;) {
      const rows = nextDeliveries.all(last, limit)
      for (const row of rows) {
        if (row.created_at >= olderThan || removed >= limit) return removed
        if (row.finished_at === null || row.finished_at >= olderThan || row.needed === 1) continue
        noteTold.run(row.seq)
        removed += removeDelivery.run(row.seq).changes
      }
      const end = rows.at(-1)
      if (end === undefined) return removed
      last = end.seq
    }
  }

  function removeAlerts(olderThan: number, limit: number): number {
    const rows = oldAlerts.all(olderThan, olderThan, clock.now(), limit)
    for (const { rule_id, fingerprint } of rows) {
      removeAlert.run(rule_id, fingerprint)
      removeRouteStates.run(rule_id, fingerprint)
    }
    return rows.length
  }

  return {
    /**
     * Collapses what is older than each rule's last hundred evaluations, for the next `count` rules after `ruleId` (''
     * begins). `last` is null when there are no more.
     */
    collapse: async (ruleId: string, count: number): Promise<{ last: string | null; collapsed: number }> => {
      places.upToDate()
      return writer.write(() => {
        const ids = nextRules.all(ruleId, count)
        let collapsed = 0
        for (const id of ids) collapsed += collapseRule(id)
        return { last: ids.at(-1) ?? null, collapsed }
      })
    },

    /**
     * Removes at most `limit` each of evaluations, final deliveries with their attempts, and closed alerts that are older
     * than a time (ms since 1970). What an open alert or an unfinished delivery stands on stays.
     */
    expire: (olderThan: number, limit: number): Promise<Removed> =>
      writer.write(() => {
        return {
          evaluations: removeEvaluations(olderThan, limit),
          deliveries: removeDeliveries(olderThan, limit),
          alerts: removeAlerts(olderThan, limit),
        }
      }),

    /** Removes at most `limit` messages of the inbox whose time is over, or that are older than a time. ms since 1970. */
    expireInbox: (now: number, olderThan: number, limit: number): Promise<number> =>
      writer.write(() => removeDone.run(now, limit).changes + removeOldest.run(limit, olderThan).changes),

    /** When the oldest evaluation, delivery, run or message of the inbox that is kept was made; null when there is none. */
    oldest: async (): Promise<number | null> =>
      raw
        .prepare<[], number | null>(
          `SELECT min(at) FROM (SELECT at FROM evaluations WHERE seq = (SELECT min(seq) FROM evaluations)
           UNION ALL SELECT created_at FROM deliveries WHERE seq = (SELECT min(seq) FROM deliveries)
           UNION ALL SELECT created_at FROM runs WHERE seq = (SELECT min(seq) FROM runs)
           UNION ALL SELECT at FROM inbox WHERE seq = (SELECT min(seq) FROM inbox))`,
        )
        .pluck()
        .get() ?? null,

    /** Bytes of the database in use, free pages not counted. */
    bytes: async (): Promise<number> => {
      const number = (name: string) => Number(raw.pragma(name, { simple: true }))
      return (number('page_count') - number('freelist_count')) * number('page_size')
    },
  }
}

interface RunRow {
  seq: number
  at: number
  verdict: Verdict
  notable: 0 | 1
  full: 0 | 1
  repeats: number
  first_at: number
  minimum: number | null
  maximum: number | null
}

interface EvaluationAge {
  seq: number
  at: number
  needed: 0 | 1
}

interface DeliveryAge {
  seq: number
  created_at: number
  finished_at: number | null
  needed: 0 | 1
}

function joined(run: RunRow, row: RunRow): RunRow {
  return {
    ...row,
    full: 1,
    repeats: run.repeats + row.repeats,
    first_at: run.first_at,
    minimum: extreme(Math.min, run.minimum, row.minimum),
    maximum: extreme(Math.max, run.maximum, row.maximum),
  }
}

function extreme(choose: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : choose(a, b)
}
