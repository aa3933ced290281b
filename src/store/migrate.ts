import { existsSync } from 'node:fs'
import type { Migration } from '../assets.ts'
import { AppError } from '../errors.ts'
import type { Database } from './database.ts'

/**
 * Brings the database to the newest schema, in one transaction, after a copy of a database that holds data was made as
 * `backupFile(schemaVersion)`. Throws `unavailable` when the database is newer than the migrations known here.
 */
export function migrate(
  { raw }: Database,
  migrations: readonly Migration[],
  backupFile: ((version: number) => string) | null,
): { from: number; to: number } {
  raw.exec('CREATE TABLE IF NOT EXISTS schema_migrations (tag TEXT PRIMARY KEY, applied_at INTEGER NOT NULL)')
  const applied = raw.prepare('SELECT tag FROM schema_migrations ORDER BY rowid').pluck().all() as string[]
  const unknown = applied.filter((tag) => !migrations.some((migration) => migration.tag === tag))
  if (unknown.length > 0)
    throw new AppError(
      'unavailable',
      `The database was written by a newer Tocsin (it has the schema change ${unknown.join(', ')}). Start that version again, or restore the backup that was made before the change.`,
    )
  const open = migrations.filter(({ tag }) => !applied.includes(tag))
  if (open.length > 0 && applied.length > 0 && backupFile !== null) backUp(raw, backupFile(applied.length))
  raw.transaction(() => {
    const record = raw.prepare('INSERT INTO schema_migrations VALUES (?, ?)')
    for (const { tag, sql } of open) {
      raw.exec(sql)
      record.run(tag, Date.now())
    }
  })()
  return { from: applied.length, to: migrations.length }
}

function backUp(raw: Database['raw'], file: string) {
  if (!existsSync(file)) raw.prepare('VACUUM INTO ?').run(file)
}
