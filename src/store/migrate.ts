import type { Migration } from '../assets.ts'
import { AppError, messageOf } from '../errors.ts'
import { type Database, explainFailure } from './database.ts'

/** How a schema was brought up to date: from and to which number of steps, and the copy that was made before. */
export interface Migrated {
  from: number
  to: number
  backup: string | null
}

/**
 * Brings the database to the newest schema, in one transaction. A database that holds data is copied before by `backUp`,
 * which is given the number of steps it has and names the copy. Throws `unavailable` when the database is newer than the
 * migrations known here, or a step fails; then nothing was changed.
 */
export function migrate(
  { raw }: Database,
  migrations: readonly Migration[],
  backUp: ((steps: number) => string) | null,
): Migrated {
  raw.exec('CREATE TABLE IF NOT EXISTS schema_migrations (tag TEXT PRIMARY KEY, applied_at INTEGER NOT NULL)')
  const applied = raw.prepare('SELECT tag FROM schema_migrations ORDER BY rowid').pluck().all() as string[]
  refuseNewer(applied, migrations)
  const open = migrations.filter(({ tag }) => !applied.includes(tag))
  const backup = open.length > 0 && applied.length > 0 && backUp !== null ? backUp(applied.length) : null
  raw.transaction(() => {
    const record = raw.prepare('INSERT INTO schema_migrations VALUES (?, ?)')
    for (const { tag, sql } of open) {
      apply(raw, tag, sql, backup)
      record.run(tag, Date.now())
    }
  })()
  return { from: applied.length, to: migrations.length, backup }
}

/** Throws `unavailable`, with what to do, when a database has steps that this executable does not know. */
export function refuseNewer(applied: readonly string[], migrations: readonly Migration[]): void {
  const unknown = applied.filter((tag) => !migrations.some((migration) => migration.tag === tag))
  if (unknown.length > 0)
    throw new AppError(
      'unavailable',
      `The database was written by a newer Tocsin (it has the schema change ${unknown.join(', ')}). Start that version again, or put back the copy that was made before the change (before-schema-…db in the data directory) with "tocsin restore" into an empty one. Nothing was changed.`,
    )
}

function apply(raw: Database['raw'], tag: string, sql: string, backup: string | null) {
  try {
    raw.exec(sql)
  } catch (thrown) {
    const explained = explainFailure(thrown)
    if (explained instanceof AppError) throw explained
    const copy = backup === null ? '' : ` A copy of it is ${backup}.`
    throw new AppError(
      'unavailable',
      `The database could not be brought to the schema of this version: the step ${tag} failed (${messageOf(thrown)}). It is as it was before, so the version before can be started again.${copy}`,
    )
  }
}
