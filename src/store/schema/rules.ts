import { sql } from 'drizzle-orm'
import { blob, index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { AlertState } from '../../model/alert.ts'
import type { Verdict } from '../../model/evaluation.ts'
import type { InlineChannel, OwnedNotification, Rule, RuleDefinition } from '../../model/rule.ts'

export const rules = sqliteTable(
  'rules',
  {
    id: text().primaryKey(),
    project: text().notNull(),
    name: text().notNull(),
    connection: text().notNull(),
    definition: text({ mode: 'json' }).$type<RuleDefinition>().notNull(),
    /** What is kept of inline channels beside the definition, by route key. */
    inline: text({ mode: 'json' }).$type<Record<string, InlineChannel>>().notNull().default({}),
    version: integer().notNull().default(1),
    /** The VIANOPS index; every rule of the project has one, so that it can be listed there. */
    externalIndex: integer().notNull(),
    origin: text({ mode: 'json' }).$type<Rule['origin']>(),
    /** The notification of MLRun it stands for, and by which key its list is kept; null for rules that stand for themselves. */
    notification: text({ mode: 'json' }).$type<OwnedNotification>(),
    owner: text(),
    warnings: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
    blocked: text(),
    createdBy: text().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    uniqueIndex('rules_name').on(table.project, table.name),
    uniqueIndex('rules_external').on(table.project, table.externalIndex),
    index('rules_connection').on(table.project, table.connection),
    index('rules_owner').on(table.project, table.owner).where(sql`owner is not null`),
    index('rules_secret')
      .on(table.project, sql`(notification ->> '$.secret_params.secret')`)
      .where(sql`owner is not null`),
  ],
)

/** What changes with every evaluation of a rule, apart from the rule so that hot writes stay small. */
export const ruleClocks = sqliteTable(
  'rule_clocks',
  {
    ruleId: text()
      .primaryKey()
      .references(() => rules.id, { onDelete: 'cascade' }),
    /** null while the rule is paused or blocked. */
    nextDueAt: integer(),
    /** The tick being evaluated; found at start, it was cut short and is due again. */
    claimedTick: integer(),
    lastRunAt: integer(),
    lastSuccessAt: integer(),
    /** When the latest message was first delivered. */
    lastAlertAt: integer(),
    /** The result of the latest successful evaluation, packed, where the condition asks for `previous`. */
    previous: blob({ mode: 'buffer' }),
  },
  (table) => [
    index('rule_clocks_due').on(table.nextDueAt).where(sql`next_due_at is not null and claimed_tick is null`),
    index('rule_clocks_claimed').on(table.claimedTick).where(sql`claimed_tick is not null`),
  ],
)

export const alerts = sqliteTable(
  'alerts',
  {
    ruleId: text()
      .notNull()
      .references(() => rules.id, { onDelete: 'cascade' }),
    fingerprint: text().notNull(),
    labels: text({ mode: 'json' }).$type<Record<string, string>>().notNull(),
    state: text().$type<AlertState>().notNull(),
    since: integer().notNull(),
    firingSince: integer(),
    history: text().notNull(),
    missing: integer().notNull(),
    errors: integer().notNull(),
    value: text().notNull(),
    sequence: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ruleId, table.fingerprint] }),
    index('alerts_open').on(table.state).where(sql`state <> 'normal'`),
  ],
)

/** What each route has told of each alert. */
export const routeStates = sqliteTable(
  'route_states',
  {
    ruleId: text()
      .notNull()
      .references(() => rules.id, { onDelete: 'cascade' }),
    route: text().notNull(),
    fingerprint: text().notNull(),
    /** Of deliveries before the named one, and of it once it is forgotten: see `told.ts`. */
    deliveredAt: integer(),
    deliveryId: text(),
    sequence: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.ruleId, table.route, table.fingerprint] })],
)

export const evaluations = sqliteTable('evaluations', {
  /** Order of insertion, which is that of time. */
  seq: integer().primaryKey(),
  id: text().notNull().unique(),
  project: text().notNull(),
  /** Found by way of `evaluation_places`, and removed with its rule. */
  ruleId: text().notNull(),
  at: integer().notNull(),
  verdict: text().$type<Verdict>().notNull(),
  value: text().notNull(),
  /** Something changed or failed, so the full trace is kept; others collapse into runs. */
  notable: integer({ mode: 'boolean' }).notNull(),
  /** Compressed JSON; null once collapsed. */
  trace: blob({ mode: 'buffer' }),
  /** The whole normalised result, compressed, if it was small enough. */
  result: blob({ mode: 'buffer' }),
  repeats: integer().notNull().default(1),
  firstAt: integer().notNull(),
  minimum: real(),
  maximum: real(),
})

/** Where the evaluations of a rule are, in order: see `late-index.ts`. */
export const evaluationPlaces = sqliteTable(
  'evaluation_places',
  {
    ruleId: text()
      .notNull()
      .references(() => rules.id, { onDelete: 'cascade' }),
    at: integer().notNull(),
    seq: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.ruleId, table.at, table.seq] })],
)
