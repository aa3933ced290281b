import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { JsonObject } from '../../model/json.ts'

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
