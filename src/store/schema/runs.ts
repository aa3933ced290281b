import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Verdict } from '../../model/evaluation.ts'
import type { RunKind, RunState } from '../../model/run.ts'
import type { VariableList } from '../../model/variables.ts'

/** Executions of jobs, pipelines and scenarios. */
export const runs = sqliteTable(
  'runs',
  {
    /** Order of the first event's arrival. */
    seq: integer().primaryKey(),
    project: text().notNull(),
    uid: text().notNull(),
    name: text().notNull(),
    kind: text().$type<RunKind>().notNull(),
    state: text().$type<RunState>().notNull(),
    attempt: integer().notNull(),
    startedAt: real(),
    endedAt: real(),
    /** When the first and the latest event arrived. */
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** Rises with every change. */
    version: integer().notNull(),
    /** Everything else, as JSON. */
    record: text().notNull(),
  },
  (table) => [
    uniqueIndex('runs_uid').on(table.project, table.uid),
    index('runs_open').on(table.project, table.name).where(sql`ended_at is null`),
    index('runs_project').on(table.project),
    index('runs_failed').on(table.project).where(sql`state in ('skipped', 'aborted', 'error')`),
  ],
)

/** Runs by name, in the order they arrived: see `late-index.ts`. Lives in its primary key alone. */
export const runNames = sqliteTable(
  'run_names',
  {
    project: text().notNull(),
    name: text().notNull(),
    seq: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.project, table.name, table.seq] })],
)

/** Ids of the events that were applied, of runs with more than their record holds. Lives in its primary key alone. */
export const runEvents = sqliteTable(
  'run_events',
  {
    run: integer()
      .notNull()
      .references(() => runs.seq, { onDelete: 'cascade' }),
    id: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.run, table.id] })],
)

/** What each rule made of each state a run came to. Lives in its primary key alone. */
export const runReports = sqliteTable(
  'run_reports',
  {
    run: integer()
      .notNull()
      .references(() => runs.seq, { onDelete: 'cascade' }),
    ruleId: text().notNull(),
    attempt: integer().notNull(),
    /** Empty for the run itself. */
    step: text().notNull(),
    state: text().$type<RunState>().notNull(),
    verdict: text().$type<Verdict>().notNull(),
    /** null when a query was made due. */
    evaluationId: text(),
    at: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.run, table.ruleId, table.attempt, table.step, table.state] }),
    index('run_reports_rule').on(table.ruleId),
  ],
)

/** Addresses that cron lines and the like ask for to tell of a run. */
export const pings = sqliteTable(
  'pings',
  {
    id: text().primaryKey(),
    project: text().notNull(),
    /** The name of its runs. */
    name: text().notNull(),
    kind: text().$type<RunKind>().notNull(),
    labels: text({ mode: 'json' }).$type<Record<string, string>>().notNull(),
    /** SHA-256 of the key; the key itself is shown once and never kept. */
    hash: text().notNull().unique(),
    createdAt: integer().notNull(),
  },
  (table) => [uniqueIndex('pings_name').on(table.project, table.name)],
)

/** Variables for conditions and messages about runs: of projects, and of the instance, whose owner is empty. */
export const variables = sqliteTable('variables', {
  owner: text().primaryKey(),
  list: text({ mode: 'json' }).$type<VariableList>().notNull(),
  updatedAt: integer().notNull(),
})

/** For which runs and schedules a list of notifications was set, be it an empty one. */
export const notificationLists = sqliteTable(
  'notification_lists',
  {
    project: text().notNull(),
    owner: text().notNull(),
    setAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.project, table.owner] })],
)

/** Secrets of a project by name, sealed; notifications refer to them. */
export const projectSecrets = sqliteTable(
  'project_secrets',
  {
    project: text().notNull(),
    name: text().notNull(),
    sealed: text().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.project, table.name] })],
)
