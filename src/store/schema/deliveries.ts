import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { DeliveryState, Outcome } from '../../model/delivery.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Message, MessageKind, Severity } from '../../model/message.ts'
import type { Reason } from '../../model/reason.ts'

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
