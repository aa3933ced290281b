import { and, desc, eq, inArray, isNotNull, isNull, lt, type SQL, sql } from 'drizzle-orm'
import type { Verdict } from '../model/evaluation.ts'
import { endStates, type RunKind, type RunRecord, type RunState } from '../model/run.ts'
import type { StoreContext } from './context.ts'
import type { RunRow } from './runs.ts'
import { runReports, runs } from './schema.ts'

export interface RunFilter {
  project: string
  name?: string
  /** Part of the name, whatever its case. */
  search?: string
  kind?: RunKind
  states?: readonly RunState[]
  labels?: readonly (readonly [name: string, value: string])[]
  /** `seq` of the last run of the page before. */
  before?: number
  limit: number
}

/** What a rule made of a state of a run, as it was stored; `step` is empty for the run itself. */
export interface StoredReport {
  ruleId: string
  attempt: number
  step: string
  state: RunState
  verdict: Verdict
  /** null when its query was made due. */
  evaluationId: string | null
  at: number
}

/** Runs are looked for by the order they came; so many may have ended in another order. */
const OVERLAP = 100

/** Of runs one after another: where one stands. */
interface Place {
  project: string
  name: string
  /** ms since 1970. */
  endedAt: number
  /** The run itself, which does not count; 0 when it is not stored yet. */
  seq: number
}

/** Named queries that only read. */
export function runReads({ database: { orm, raw } }: StoreContext) {
  const endedBefore = raw.prepare<[string, string, number, number, number, number, number], { state: RunState }>(
    `SELECT state FROM (
       SELECT seq, state, ended_at FROM runs WHERE project = +? AND name = +? AND state IN ('completed', 'error')
       ORDER BY seq DESC LIMIT +?)
     WHERE ended_at <= +? AND (ended_at < +? OR seq < +?) AND seq <> +? ORDER BY ended_at DESC, seq DESC`,
  )
  const seriesNames = raw
    .prepare<[string, string, number], string>(
      `WITH RECURSIVE names(name) AS (
         SELECT min(name) FROM runs WHERE project = +?
         UNION ALL SELECT (SELECT min(name) FROM runs WHERE project = +? AND name > names.name) FROM names WHERE name IS NOT NULL)
       SELECT name FROM names WHERE name IS NOT NULL LIMIT +?`,
    )
    .pluck()
  const one = (project: string, uid: string) =>
    orm
      .select()
      .from(runs)
      .where(and(eq(runs.project, project), eq(runs.uid, uid)))
      .get()

  return {
    get: async (project: string, uid: string): Promise<RunRow | undefined> => {
      const row = one(project, uid)
      return row === undefined ? undefined : toRun(row)
    },

    /** What rules made of the states of a run. */
    reports: async (seq: number): Promise<StoredReport[]> =>
      orm
        .select()
        .from(runReports)
        .where(eq(runReports.run, seq))
        .orderBy(runReports.at)
        .all()
        .map(({ run: _, ...report }) => report),

    /** How the runs of a name that succeeded or failed before a moment ended, newest first. */
    endedBefore: async ({ project, name, endedAt, seq }: Place, limit: number): Promise<RunState[]> =>
      endedBefore
        .all(project, name, limit + OVERLAP, endedAt, endedAt, seq === 0 ? Number.MAX_SAFE_INTEGER : seq, seq)
        .slice(0, limit)
        .map(({ state }) => state),

    /** Newest first, with `seq` as the cursor. */
    list: async (filter: RunFilter): Promise<RunRow[]> => {
      const { index, only } = pathOf(filter)
      const found = orm.all<{ seq: number }>(
        sql`select seq from runs ${sql.raw(index)} where ${and(...only, ...conditionsOf(filter))} order by seq desc limit ${filter.limit}`,
      )
      const seqs = found.map(({ seq }) => seq)
      return orm.select().from(runs).where(inArray(runs.seq, seqs)).orderBy(desc(runs.seq)).all().map(toRun)
    },

    /** Names that runs of a project have. The index is asked for one after another, however many runs share one. */
    seriesNames: async (project: string, limit: number): Promise<string[]> => seriesNames.all(project, project, limit),

    /** Runs of a name that have not ended, and of those that have the newest, the latest end first. */
    latest: async (project: string, name: string, mostOpen: number, mostEnded: number) => {
      const named = and(eq(runs.project, project), eq(runs.name, name))
      const open = orm
        .select()
        .from(runs)
        .where(and(named, isNull(runs.endedAt)))
        .orderBy(desc(runs.seq))
        .limit(mostOpen)
        .all()
      const ended = orm
        .select()
        .from(runs)
        .where(and(named, isNotNull(runs.endedAt)))
        .orderBy(desc(runs.seq))
        .limit(mostEnded)
        .all()
        .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
      return { open: open.map(toRun), ended: ended.map(toRun) }
    },

    /** Names near which a misspelt one may lie, newest first. */
    uids: async (project: string): Promise<string[]> =>
      orm
        .select({ uid: runs.uid })
        .from(runs)
        .where(eq(runs.project, project))
        .orderBy(desc(runs.seq))
        .limit(200)
        .all()
        .map(({ uid }) => uid),
  }
}

export function toRun(row: typeof runs.$inferSelect): RunRow {
  return { ...row, record: JSON.parse(row.record) as RunRecord }
}

const quiet: readonly RunState[] = ['skipped', 'aborted', 'error']

/** Left to itself the database would look through all runs for those of a rare state. */
function pathOf({ project, name, search, states = [] }: RunFilter): { index: string; only: SQL[] } {
  const are = (test: (state: RunState) => boolean) => states.length > 0 && states.every(test)
  if (name !== undefined) return { index: 'indexed by runs_name', only: [] }
  if (are((state) => !endStates.includes(state)))
    return { index: 'indexed by runs_open', only: [sql`ended_at is null`] }
  if (are((state) => quiet.includes(state)))
    return { index: 'indexed by runs_failed', only: [sql`state in ('skipped', 'aborted', 'error')`] }
  if (search === undefined) return { index: 'indexed by runs_project', only: [] }
  // Names are read in their index alone.
  const named = sql`select seq from runs indexed by runs_name where project = ${project} and ${holds(search)}`
  return { index: 'not indexed', only: [sql`seq in (${named})`] }
}

function conditionsOf({ project, name, search, kind, states, before, labels = [] }: RunFilter): (SQL | undefined)[] {
  return [
    eq(runs.project, project),
    name === undefined ? undefined : eq(runs.name, name),
    search === undefined ? undefined : holds(search),
    kind === undefined ? undefined : eq(runs.kind, kind),
    states === undefined ? undefined : inArray(runs.state, [...states]),
    before === undefined ? undefined : lt(runs.seq, before),
    ...labels.map(
      ([key, value]) =>
        sql`exists (select 1 from json_each(${runs.record}, '$.labels') where key = ${key} and value ->> 0 = ${value})`,
    ),
  ]
}

/** The name has this in it. */
function holds(search: string): SQL {
  return sql`instr(lower(name), lower(${search})) > 0`
}
