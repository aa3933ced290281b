import type { Verdict } from '../model/evaluation.ts'
import { ownerKey } from '../model/mlrun.ts'
import type { Occurrence, RunKind, RunRecord, RunState } from '../model/run.ts'
import type { RunEvent } from '../model/run-event.ts'
import type { StoreContext } from './context.ts'
import type { EvaluationCommit } from './evaluations.ts'
import { runReads } from './run-reads.ts'

/** An event with the run it is about. Times are ms since 1970, with a fraction where it keeps the order of arrival. */
export interface ArrivedEvent {
  uid: string
  event: RunEvent
  /** When it came to pass. */
  time: number
  arrivedAt: number
}

/** What is looked for in runs, kept beside the record. */
export interface RunColumns {
  name: string
  kind: RunKind
  state: RunState
  attempt: number
  startedAt: number | null
  endedAt: number | null
}

/** A rule to be run since a run came to a state. */
export interface RunDue {
  ruleId: string
  /** What is to be remembered of it, so that it counts once; null when a further look does no harm. */
  occurrence: Occurrence | null
}

/** What an event makes of a run. */
export interface RunChange extends RunColumns {
  record: RunRecord
  due: RunDue[]
  /** Rules must decide on it before it can be stored. */
  isWatched: boolean
}

export type Outcome =
  | 'applied'
  /** An event of this id was applied before. */
  | 'duplicate'
  /** Nothing was stored: rules must decide first. */
  | 'watched'

/** What a rule made of a state. */
export interface RunReport {
  ruleId: string
  occurrence: Occurrence
  verdict: Verdict
  evaluationId: string | null
}

/** A run with what rules decided of it, to be stored whole. */
export interface RunCommit {
  project: string
  arrived: ArrivedEvent
  change: RunChange
  /** The version it was made of; 0 for a new run. */
  version: number
  /** The rules' revision that decided. */
  revision: number
  evaluations: EvaluationCommit[]
  reports: RunReport[]
}

export interface RunRow extends RunColumns {
  seq: number
  project: string
  uid: string
  createdAt: number
  updatedAt: number
  version: number
  record: RunRecord
}

/** ms between looks that a rule takes at all its runs, however fast these change. */
const REST = 500

/** Ids that a record holds; those of further events have rows of their own. */
const MOST_IDS = 16

/** What runs need of the rules: which ones decided, and that those of a run's own notifications go with it. */
interface RuleKeeper {
  revision: () => number
  forgetList: (project: string, owner: string) => void
}

interface OldRun {
  seq: number
  project: string
  uid: string
  created_at: number
  updated_at: number
}

export type RunQueries = ReturnType<typeof runQueries>

/** `storeEvaluation` stores one evaluation within the transaction that is under way. */
export function runQueries(
  context: StoreContext,
  storeEvaluation: (commit: EvaluationCommit) => EvaluationCommit,
  { revision, forgetList }: RuleKeeper,
) {
  const { raw } = context.database
  const { writer, clock } = context
  const known = raw.prepare<[string, string], { seq: number; version: number; record: string }>(
    'SELECT seq, version, record FROM runs WHERE project = ? AND uid = ?',
  )
  const insert = raw.prepare(
    `INSERT INTO runs (project, uid, name, kind, state, attempt, started_at, ended_at, created_at, updated_at, version, record)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)`,
  )
  const update = raw.prepare(
    `UPDATE runs SET name = ?, kind = ?, state = ?, attempt = ?, started_at = ?, ended_at = ?, updated_at = ?, version = ?,
     record = ? WHERE seq = ?`,
  )
  const noted = raw.prepare<[number, string], number>('SELECT 1 FROM run_events WHERE run = ? AND id = ?').pluck()
  const note = raw.prepare('INSERT OR IGNORE INTO run_events (run, id) VALUES (?, ?)')
  const oldest = raw.prepare<[number, number], OldRun>(
    'SELECT seq, project, uid, created_at, updated_at FROM runs WHERE seq > +? ORDER BY seq LIMIT +?',
  )
  const remove = raw.prepare('DELETE FROM runs WHERE seq = ?')
  const makeDue = raw.prepare('UPDATE rule_clocks SET next_due_at = min(coalesce(next_due_at, ?), ?) WHERE rule_id = ?')
  const lastRun = raw.prepare<[string], number | null>('SELECT last_run_at FROM rule_clocks WHERE rule_id = ?').pluck()
  const report = raw.prepare(
    `INSERT INTO run_reports (run, rule_id, attempt, step, state, verdict, evaluation_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET verdict = excluded.verdict, evaluation_id = excluded.evaluation_id, at = excluded.at
     WHERE run_reports.evaluation_id IS NOT NULL`,
  )

  function write(
    project: string,
    { uid, arrivedAt }: ArrivedEvent,
    change: RunChange,
    before: Known | undefined,
  ): number {
    const { name, kind, state, attempt, startedAt, endedAt } = change
    const at = Math.floor(arrivedAt)
    const text = JSON.stringify(change.record)
    if (before === undefined)
      return Number(
        insert.run(project, uid, name, kind, state, attempt, startedAt, endedAt, at, at, text).lastInsertRowid,
      )
    update.run(name, kind, state, attempt, startedAt, endedAt, at, before.version + 1, text, before.seq)
    return before.seq
  }

  function settleDue(run: number, due: readonly RunDue[]): void {
    const now = clock.now()
    for (const { ruleId, occurrence } of due)
      if (occurrence === null) {
        const at = Math.max(now, (lastRun.get(ruleId) ?? 0) + REST)
        makeDue.run(at, at, ruleId)
      } else if (putReport(run, { ruleId, occurrence, verdict: 'true', evaluationId: null }, now))
        makeDue.run(now, now, ruleId)
  }

  function putReport(run: number, { ruleId, occurrence, verdict, evaluationId }: RunReport, now: number): boolean {
    const { attempt, step, state } = occurrence
    return report.run(run, ruleId, attempt, step ?? '', state, verdict, evaluationId, now).changes === 1
  }

  /** Most runs have few events, whose ids their record holds. */
  function has(seq: number, { ids = [] }: RunRecord, id: string): boolean {
    return ids.includes(id) || (ids.length >= MOST_IDS && noted.get(seq, id) !== undefined)
  }

  /** Stores a run and the id of the event that changed it. */
  function put(project: string, arrived: ArrivedEvent, change: RunChange, before: Known | undefined): number {
    const { record } = change
    const { id } = arrived.event
    record.ids ??= []
    const isFull = record.ids.length >= MOST_IDS
    if (id !== undefined && !isFull) record.ids.push(id)
    const seq = write(project, arrived, change, before)
    if (id !== undefined && isFull) note.run(seq, id)
    return seq
  }

  function apply(project: string, arrived: ArrivedEvent, advance: Advance): Outcome {
    const before = known.get(project, arrived.uid)
    const { id } = arrived.event
    const record = before === undefined ? null : (JSON.parse(before.record) as RunRecord)
    if (before !== undefined && record !== null && id !== undefined && has(before.seq, record, id)) return 'duplicate'
    const change = advance(record, arrived)
    if (change.isWatched) return 'watched'
    const seq = put(project, arrived, change, before)
    if (change.due.length > 0) settleDue(seq, change.due)
    return 'applied'
  }

  function commit(wanted: RunCommit): Outcome {
    const { project, arrived, change } = wanted
    const before = known.get(project, arrived.uid)
    if ((before?.version ?? 0) !== wanted.version || revision() !== wanted.revision) return 'watched'
    const seq = put(project, arrived, change, before)
    settleDue(seq, change.due)
    for (const evaluation of wanted.evaluations) storeEvaluation(evaluation)
    for (const one of wanted.reports) putReport(seq, one, clock.now())
    return 'applied'
  }

  /** Runs that came first go first; those that are heard of for longer stay among them. */
  function expire(olderThan: number, limit: number): number {
    let removed = 0
    let last = 0
    for (;;) {
      const rows = oldest.all(last, limit)
      for (const row of rows) {
        if (row.created_at >= olderThan || removed >= limit) return removed
        if (row.updated_at >= olderThan) continue
        removed += remove.run(row.seq).changes
        forgetList(row.project, ownerKey({ kind: 'run', name: row.uid }))
      }
      const end = rows.at(-1)
      if (end === undefined) return removed
      last = end.seq
    }
  }

  return {
    /**
     * Applies events one after another. `advance` says what each makes of what is known; what rules must decide on first is
     * left alone.
     */
    apply: (project: string, events: readonly ArrivedEvent[], advance: Advance): Promise<Outcome[]> =>
      writer.write(() => events.map((arrived) => apply(project, arrived, advance))),

    /** Stores a run with what was decided; `watched` when the run or a rule was changed meanwhile, and nothing was stored. */
    commit: (wanted: RunCommit): Promise<Outcome> => writer.write(() => commit(wanted)),

    /** Removes at most `limit` runs that were last heard of before a time (ms since 1970). */
    expire: (olderThan: number, limit: number): Promise<number> => writer.write(() => expire(olderThan, limit)),

    /** Whether an event of this id was applied to the run. */
    hasEvent: async ({ seq, record }: Pick<RunRow, 'seq' | 'record'>, id: string): Promise<boolean> =>
      has(seq, record, id),

    ...runReads(context),
  }
}

type Advance = (known: RunRecord | null, arrived: ArrivedEvent) => RunChange

interface Known {
  seq: number
  version: number
}
