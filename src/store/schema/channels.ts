import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { JsonObject } from '../../model/json.ts'

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
