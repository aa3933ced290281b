import { and, desc, eq, getTableColumns, inArray, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Verdict } from '../model/evaluation.ts'
import { endStates, type RunKind, type RunRecord, type RunState } from '../model/run.ts'
import type { StoreContext } from './context.ts'
import type { LateIndex } from './late-index.ts'
import type { RunRow } from './runs.ts'
import { notificationLists, rules, runNames, runs } from './schema.ts'

export interface RunFilter {
  project: string
  name?: string
  /** Part of the name, whatever its case. */
  search?: string
  kind?: RunKind
  states?: readonly RunState[]
  labels?: readonly (readonly [name: string, value: string])[]
  /** Whether those alone for which notifications are set, by themselves or by their schedule. */
  notified?: boolean
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

const ruleOf = (owner: SQL) =>
  sql`exists (select 1 from ${rules} where ${rules.project} = ${runs.project} and ${rules.owner} = ${owner})`
const ownList = sql`'run:' || ${runs.uid}`
/** A list of the run itself takes the place of its schedule's, be it an empty one. */
const isNotified = or(
  ruleOf(ownList),
  and(
    ruleOf(sql`'schedule:' || (${runs.record} ->> '$.fields.schedule[0]')`),
    sql`not exists (select 1 from ${notificationLists}
      where ${notificationLists.project} = ${runs.project} and ${notificationLists.owner} = ${ownList})`,
  ),
)

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
export function runReads({ database: { orm, raw } }: StoreContext, names: LateIndex) {
  const endedBefore = raw.prepare<[string, string, number, number, number, number, number], { state: RunState }>(
    `SELECT state FROM (
       SELECT r.seq, r.state, r.ended_at FROM run_names p CROSS JOIN runs r ON r.seq = p.seq
       WHERE p.project = +? AND p.name = +? AND r.state IN ('completed', 'error') ORDER BY p.seq DESC LIMIT +?)
     WHERE ended_at <= +? AND (ended_at < +? OR seq < +?) AND seq <> +? ORDER BY ended_at DESC, seq DESC`,
  )
  const seriesNames = raw
    .prepare<[string, string, number], string>(
      `WITH RECURSIVE names(name) AS (
         SELECT min(name) FROM run_names WHERE project = +?
         UNION ALL SELECT (SELECT min(name) FROM run_names WHERE project = +? AND name > names.name) FROM names WHERE name IS NOT NULL)
       SELECT name FROM names WHERE name IS NOT NULL LIMIT +?`,
    )
    .pluck()
  // Both are asked for at each event that a rule watches.
  const one = raw.prepare<[string, string], typeof runs.$inferSelect>(
    `SELECT seq, project, uid, name, kind, state, attempt, started_at AS startedAt, ended_at AS endedAt,
     created_at AS createdAt, updated_at AS updatedAt, version, record FROM runs WHERE project = ? AND uid = ?`,
  )
  const reportsOf = raw.prepare<[number], StoredReport>(
    `SELECT rule_id AS ruleId, attempt, step, state, verdict, evaluation_id AS evaluationId, at FROM run_reports
     WHERE run = +? ORDER BY at`,
  )
  const all = () => orm.select(getTableColumns(runs)).from(runs).$dynamic()
  const named = (project: string, name: string) => {
    names.upToDate()
    const ofName = and(eq(runNames.seq, runs.seq), eq(runNames.project, project), eq(runNames.name, name))
    return all().innerJoin(runNames, ofName)
  }

  return {
    get: async (project: string, uid: string): Promise<RunRow | undefined> => {
      const row = one.get(project, uid)
      return row === undefined ? undefined : toRun(row)
    },

    /** What rules made of the states of a run. */
    reports: async (seq: number): Promise<StoredReport[]> => reportsOf.all(seq),

    /** How the runs of a name that succeeded or failed before a moment ended, newest first. */
    endedBefore: async ({ project, name, endedAt, seq }: Place, limit: number): Promise<RunState[]> => {
      names.upToDate()
      return endedBefore
        .all(project, name, limit + OVERLAP, endedAt, endedAt, seq === 0 ? Number.MAX_SAFE_INTEGER : seq, seq)
        .slice(0, limit)
        .map(({ state }) => state)
    },

    /** Newest first, with `seq` as the cursor. */
    list: async (filter: RunFilter): Promise<RunRow[]> => {
      if (filter.name !== undefined || filter.search !== undefined) names.upToDate()
      const { from, only, order } = pathOf(filter)
      const found = orm.all<{ seq: number }>(
        sql`select runs.seq from ${from} where ${and(...only, ...conditionsOf(filter))} order by ${order} desc limit ${filter.limit}`,
      )
      const seqs = found.map(({ seq }) => seq)
      return orm.select().from(runs).where(inArray(runs.seq, seqs)).orderBy(desc(runs.seq)).all().map(toRun)
    },

    /** Names that runs of a project have. The index is asked for one after another, however many runs share one. */
    seriesNames: async (project: string, limit: number): Promise<string[]> => {
      names.upToDate()
      return seriesNames.all(project, project, limit)
    },

    /** Runs of a name that have not ended, and of those that have the newest, the latest end first. */
    latest: async (project: string, name: string, mostOpen: number, mostEnded: number) => {
      const open = all()
        .where(and(eq(runs.project, project), eq(runs.name, name), isNull(runs.endedAt)))
        .orderBy(desc(runs.seq))
        .limit(mostOpen)
        .all()
      const ended = named(project, name)
        .where(isNotNull(runs.endedAt))
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

/** How runs are come by. Left to itself the database would look through all of them for those of a rare state. */
interface Path {
  from: SQL
  only: SQL[]
  order: SQL
}

function pathOf({ project, name, search, states = [] }: RunFilter): Path {
  const by = (index: string, ...only: SQL[]) => ({ from: sql`runs ${sql.raw(index)}`, only, order: sql`runs.seq` })
  const are = (test: (state: RunState) => boolean) => states.length > 0 && states.every(test)
  if (name !== undefined)
    return {
      from: sql`run_names p cross join runs on runs.seq = p.seq`,
      only: [sql`p.project = ${project}`, sql`p.name = ${name}`],
      order: sql`p.seq`,
    }
  if (are((state) => !endStates.includes(state))) return by('indexed by runs_open', sql`ended_at is null`)
  if (are((state) => quiet.includes(state)))
    return by('indexed by runs_failed', sql`state in ('skipped', 'aborted', 'error')`)
  if (search === undefined) return by('indexed by runs_project')
  // Names are read in their index alone.
  const named = sql`select p.seq from run_names p where p.project = ${project} and ${holds(sql`p.name`, search)}`
  return by('not indexed', sql`runs.seq in (${named})`)
}

function conditionsOf({
  project,
  name,
  search,
  kind,
  states,
  notified,
  before,
  labels = [],
}: RunFilter): (SQL | undefined)[] {
  return [
    eq(runs.project, project),
    name === undefined ? undefined : eq(runs.name, name),
    search === undefined ? undefined : holds(sql`runs.name`, search),
    kind === undefined ? undefined : eq(runs.kind, kind),
    states === undefined ? undefined : inArray(runs.state, [...states]),
    notified === true ? isNotified : undefined,
    before === undefined ? undefined : lt(runs.seq, before),
    ...labels.map(
      ([key, value]) =>
        sql`exists (select 1 from json_each(${runs.record}, '$.labels') where key = ${key} and value ->> 0 = ${value})`,
    ),
  ]
}

/** The name has this in it. */
function holds(name: SQL, search: string): SQL {
  return sql`instr(lower(${name}), lower(${search})) > 0`
}
