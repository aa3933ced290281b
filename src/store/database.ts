import Sqlite from 'better-sqlite3'
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3'
import { AppError, messageOf } from '../errors.ts'
import { adopt } from './ownership.ts'
import * as schema from './schema.ts'

export type Drizzle = BetterSQLite3Database<typeof schema>

/** The open database: `raw` for statements prepared once on hot paths, `orm` for everything else. */
export interface Database {
  raw: Sqlite.Database
  orm: Drizzle
}

/** Opens the file with the durability everything else relies on. `:memory:` serves tests. */
export function openDatabase(file: string): Database {
  const raw = new Sqlite(file)
  // Before the files beside it are made: SQLite gives those to the owner of this one.
  if (file !== ':memory:') adopt(file)
  raw.pragma('journal_mode = WAL')
  raw.pragma('synchronous = FULL')
  raw.pragma('foreign_keys = ON')
  raw.pragma('busy_timeout = 5000')
  raw.pragma('temp_store = MEMORY')
  // Copying the log back every 4 MB, the default, took half the time of all commits under load.
  raw.pragma('wal_autocheckpoint = 4000')
  return { raw, orm: drizzle(raw, { schema, casing: 'snake_case' }) }
}

/** SQLite's word for a full disk or a file it cannot write, as an error people can act on; others are passed on. */
export function explainFailure(thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  if (code.startsWith('SQLITE_FULL') || code.startsWith('SQLITE_IOERR'))
    return new AppError(
      'disk-full',
      `The database cannot be written (${messageOf(thrown)}). Make room on the disk of the data directory; nothing that was accepted is lost and work goes on by itself.`,
    )
  return thrown
}
