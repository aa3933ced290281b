import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import Sqlite from 'better-sqlite3'
import { migrations as known, type Migration } from '../assets.ts'
import { AppError, messageOf } from '../errors.ts'
import { explainFailure } from './database.ts'
import { refuseNewer } from './migrate.ts'

/** What a database file was found to hold. */
export interface Contents {
  /** Steps of its schema. */
  schema: number
  rules: number
  /** Deliveries that are still to be sent. */
  waiting: number
  /** What tells the master key its secrets need from others; null when it never had one. */
  keyCheck: string | null
}

/**
 * Writes the database as it is at one moment to `file`, for its owner alone, and verifies the copy: complete, or not
 * there at all. Writers go on meanwhile. Throws `conflict` when there is a file already, unless it may be overwritten.
 */
export function copyDatabase(source: Sqlite.Database, file: string, { overwrite }: { overwrite: boolean }): Contents {
  const target = resolve(file)
  if (existsSync(target) && !overwrite) throw taken(target)
  const draft = join(dirname(target), `.${basename(target)}.${process.pid}.new`)
  try {
    rmSync(draft, { force: true })
    // Made first, so that it is never open to others, whatever the mask of this process; SQLite takes an empty file.
    closeSync(openSync(draft, 'wx', 0o600))
    source.prepare('VACUUM INTO ?').run(draft)
    const contents = inspect(draft)
    sync(draft)
    publish(draft, target, overwrite)
    sync(dirname(target))
    return contents
  } catch (thrown) {
    throw failure(target, thrown)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Fact about the database: when it was last backed up, ms since 1970. */
export const LAST_BACKUP = 'last-backup-at'

/**
 * Copies the database of a data directory, whether a daemon is working on it or not, and notes there that it was done.
 * Throws `not-found`, `conflict`.
 */
export function backUp(database: string, file: string, options: { overwrite: boolean }): Contents {
  if (!existsSync(database))
    throw new AppError('not-found', `There is no database at ${database}. Name the data directory with --data-dir.`)
  const source = new Sqlite(database, { fileMustExist: true, timeout: 5000 })
  try {
    const startedAt = Date.now()
    const contents = copyDatabase(source, file, options)
    note(source, startedAt)
    return contents
  } finally {
    source.close()
  }
}

/**
 * Verifies a database file that nobody else uses: whole, consistent, and of a schema known here. Throws `invalid` for
 * what is no database of Tocsin or is damaged, `unavailable` for one that is newer than this executable.
 */
export function inspect(file: string, migrations: readonly Migration[] = known()): Contents {
  const database = openCopy(file)
  try {
    const verdict = database.pragma('integrity_check(3)') as { integrity_check: string }[]
    const broken = verdict.map((row) => row.integrity_check).filter((text) => text !== 'ok')
    if (broken.length > 0) throw damaged(file, broken.join('; '))
    if ((database.pragma('foreign_key_check') as unknown[]).length > 0)
      throw damaged(file, 'rows refer to others that are not there')
    const one = (sql: string) => database.prepare(sql).pluck().get()
    const tags = database.prepare('SELECT tag FROM schema_migrations ORDER BY rowid').pluck().all() as string[]
    refuseNewer(tags, migrations)
    return {
      schema: tags.length,
      rules: one('SELECT count(*) FROM rules') as number,
      waiting: one('SELECT count(*) FROM deliveries WHERE finished_at IS NULL') as number,
      keyCheck: (one("SELECT value FROM meta WHERE key = 'master-key-check'") as string | undefined) ?? null,
    }
  } catch (thrown) {
    if (thrown instanceof Sqlite.SqliteError) throw damaged(file, thrown.message)
    throw thrown
  } finally {
    database.close()
  }
}

/** A backup is as good when this does not work, such as on a full disk. */
function note(source: Sqlite.Database, at: number) {
  try {
    // Whoever makes a backup does not wait for a writer that keeps the database for itself.
    source.pragma('busy_timeout = 1000')
    source.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(LAST_BACKUP, String(at))
  } catch (thrown) {
    if (!(thrown instanceof Sqlite.SqliteError)) throw thrown
  }
}

/** Opens a file that is only read. Throws `not-found`. */
export function openCopy(file: string): Sqlite.Database {
  try {
    return new Sqlite(file, { fileMustExist: true, readonly: true })
  } catch (thrown) {
    throw new AppError('not-found', `The file ${file} cannot be read (${messageOf(thrown)}).`)
  }
}

function publish(draft: string, target: string, overwrite: boolean) {
  if (overwrite) return renameSync(draft, target)
  // A link is refused where there is something by now; renaming would put it away.
  linkSync(draft, target)
}

function sync(path: string) {
  const handle = openSync(path, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

function taken(file: string): AppError {
  return new AppError('conflict', `${file} is there already. Choose another name, or overwrite it with --force.`)
}

function damaged(file: string, what: string): AppError {
  return new AppError('invalid', `${file} is not a usable database of Tocsin: ${what}. Take another backup.`)
}

function failure(target: string, thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'EEXIST') return taken(target)
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EROFS' || code === 'ENOTDIR' || code === 'SQLITE_CANTOPEN')
    return new AppError('invalid', `The backup cannot be written to ${target} (${messageOf(thrown)}).`)
  if (code === 'ENOSPC' || code === 'SQLITE_FULL')
    return new AppError(
      'disk-full',
      `The backup does not fit beside ${target}. Make room there; it needs as much as the database.`,
    )
  return explainFailure(thrown)
}
