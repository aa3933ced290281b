import { sql } from 'drizzle-orm'
import { blob, index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { AlertState } from '../model/alert.ts'
import type { DeliveryState, Outcome } from '../model/delivery.ts'
import type { Verdict } from '../model/evaluation.ts'
import type { JsonObject } from '../model/json.ts'
import type { Message, MessageKind, Severity } from '../model/message.ts'
import type { Reason } from '../model/reason.ts'
import type { InlineChannel, OwnedNotification, Rule, RuleDefinition } from '../model/rule.ts'
import type { RunKind, RunState } from '../model/run.ts'
import type { VariableList } from '../model/variables.ts'

/** Facts about the database as a whole, such as the check value of the master key. */
export const meta = sqliteTable('meta', {
  key: text().primaryKey(),
  value: text().notNull(),
})

export const tokens = sqliteTable('tokens', {
  id: text().primaryKey(),
  name: text().notNull(),
  role: text().$type<'admin' | 'editor' | 'viewer'>().notNull(),
  /** null: every project. */
  project: text(),
  /** SHA-256 of the token; the token itself is shown once and never kept. */
  hash: text().notNull().unique(),
  createdAt: integer().notNull(),
  revokedAt: integer(),
})

/** Sign-ins of the console. Each stands for a token, and ends with it. */
export const sessions = sqliteTable('sessions', {
  /** SHA-256 of the session's secret, which only the browser keeps. */
  hash: text().primaryKey(),
  tokenId: text()
    .notNull()
    .references(() => tokens.id, { onDelete: 'cascade' }),
  createdAt: integer().notNull(),
  expiresAt: integer().notNull(),
})

/** Data keys, wrapped by the master key. */
export const dataKeys = sqliteTable('data_keys', {
  id: text().primaryKey(),
  wrapped: text().notNull(),
  createdAt: integer().notNull(),
})

export const connections = sqliteTable(
  'connections',
  {
    id: text().primaryKey(),
    project: text().notNull(),
    name: text().notNull(),
    kind: text().notNull(),
    settings: text({ mode: 'json' }).$type<JsonObject>().notNull(),
    /** The secret settings, sealed. */
    sealed: text(),
    version: integer().notNull().default(1),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** The breaker: failures in a row, since when it is open, when it is tried next, and why. */
    failures: integer().notNull().default(0),
    openSince: integer(),
    probeAt: integer(),
    lastError: text(),
  },
  (table) => [uniqueIndex('connections_name').on(table.project, table.name)],
)

export const channels = sqliteTable(
  'channels',
  {
    id: text().primaryKey(),
    project: text().notNull(),
    name: text().notNull(),
    kind: text().notNull(),
    settings: text({ mode: 'json' }).$type<JsonObject>().notNull(),
    sealed: text(),
    /** Computed from the settings when they are saved; holds no secret. */
    destination: text().notNull(),
    /** Set while it is disabled. */
    disabledReason: text(),
    /** Takes the instance's own notices, and messages of rules without routes. */
    fallback: integer({ mode: 'boolean' }).notNull().default(false),
    version: integer().notNull().default(1),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [uniqueIndex('channels_name').on(table.project, table.name)],
)

/** What receivers asked for or proved, by destination: it holds for stored and inline channels alike, and over restarts. */
export const destinations = sqliteTable('destinations', {
  destination: text().primaryKey(),
  /** It asked for silence until then. */
  pausedUntil: integer(),
  /** Why nothing is sent there any more. */
  closedReason: text(),
})

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

export const deliveries = sqliteTable(
  'deliveries',
  {
    /** Order of insertion; deliveries only ever wait for lower ones. */
    seq: integer().primaryKey(),
    id: text().notNull().unique(),
    project: text().notNull(),
    ruleId: text(),
    evaluationId: text(),
    route: text().notNull(),
    /** Whom it goes to; empty where it goes to all that its settings name. */
    recipient: text().notNull().default(''),
    /** The first of the deliveries to each recipient of one message; it names itself. */
    partOf: text(),
    /** Null where there is exactly one. */
    fingerprints: text({ mode: 'json' }).$type<string[]>(),
    /** The fingerprint where there is exactly one, so that its open deliveries are found by index. */
    fingerprint: text(),
    channelId: text(),
    kind: text().notNull(),
    destination: text().notNull(),
    messageKind: text().$type<MessageKind>().notNull(),
    state: text().$type<DeliveryState>().notNull(),
    reason: text({ mode: 'json' }).$type<Reason>(),
    attempts: integer().notNull().default(0),
    createdAt: integer().notNull(),
    /** Set exactly while it is pending and waits for no other. */
    nextAt: integer(),
    deadlineAt: integer().notNull(),
    finishedAt: integer(),
    /** An earlier delivery of the same alert that is not final yet: this one waits for it. */
    waitsFor: text(),
    /** A trigger without whose delivery this one makes no sense. */
    follows: text(),
    receipt: text({ mode: 'json' }).$type<JsonObject>(),
  },
  (table) => [
    index('deliveries_due').on(table.destination, table.nextAt).where(sql`next_at is not null`),
    index('deliveries_waiting').on(table.waitsFor).where(sql`waits_for is not null`),
    index('deliveries_parts').on(table.partOf).where(sql`part_of is not null`),
    index('deliveries_open').on(table.ruleId, table.route, table.fingerprint).where(sql`finished_at is null`),
    index('deliveries_failed').on(table.state).where(sql`finished_at is not null and state <> 'delivered'`),
    index('deliveries_receipts').on(table.ruleId, table.route).where(sql`receipt is not null`),
    index('deliveries_rule').on(table.ruleId),
  ],
)

/** What a delivery carries; apart from its state, which is rewritten at every step. */
export const deliveryContents = sqliteTable('delivery_contents', {
  seq: integer()
    .primaryKey()
    .references(() => deliveries.seq, { onDelete: 'cascade' }),
  settings: text({ mode: 'json' }).$type<JsonObject>().notNull(),
  sealed: text(),
  message: text({ mode: 'json' }).$type<Message>().notNull(),
})

/** Lives in its primary key alone: see `scripts/clustered-tables.ts`. */
export const attempts = sqliteTable(
  'attempts',
  {
    delivery: integer()
      .notNull()
      .references(() => deliveries.seq, { onDelete: 'cascade' }),
    number: integer().notNull(),
    startedAt: integer().notNull(),
    finishedAt: integer(),
    outcome: text().$type<Outcome>(),
    reason: text(),
    response: text(),
    retryAt: integer(),
    trigger: text().$type<'automatic' | 'manual'>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.delivery, table.number] })],
)

/** Messages that were delivered into Tocsin itself. */
export const inbox = sqliteTable(
  'inbox',
  {
    /** Order of arrival. */
    seq: integer().primaryKey({ autoIncrement: true }),
    /** That of the delivery. */
    id: text().notNull().unique(),
    project: text().notNull(),
    channelId: text(),
    ruleId: text(),
    kind: text().$type<MessageKind>().notNull(),
    severity: text().$type<Severity>().notNull(),
    title: text().notNull(),
    /** Its beginning, for lists. */
    summary: text().notNull(),
    rule: text().notNull(),
    at: integer().notNull(),
    readAt: integer(),
    until: integer().notNull(),
    /** Last, so that the others are found without reading through it. */
    message: text({ mode: 'json' }).$type<Message>().notNull(),
  },
  (table) => [
    index('inbox_project').on(table.project, table.seq),
    index('inbox_unread').on(table.project, table.seq).where(sql`read_at is null`),
    index('inbox_until').on(table.until),
  ],
)

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

/** Who changed what. */
export const audit = sqliteTable(
  'audit',
  {
    id: text().primaryKey(),
    at: integer().notNull(),
    project: text(),
    actor: text().notNull(),
    action: text().notNull(),
    entity: text().notNull(),
    entityId: text().notNull(),
    detail: text({ mode: 'json' }).$type<JsonObject>(),
  },
  (table) => [index('audit_at').on(table.at)],
)
