import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { migrations as known, type Migration } from '../assets.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { copyDatabase, openCopy } from './backup.ts'
import { type Database, openDatabase } from './database.ts'
import { createStore, type Store } from './index.ts'
import { lockDataDirectory, type Release } from './lock.ts'
import { openLogSync } from './log-sync.ts'
import { type Migrated, migrate } from './migrate.ts'
import { adopt } from './ownership.ts'
import type { CommitListener } from './writer.ts'

export interface OpenStore {
  store: Store
  /** The schema before and after it was brought up to date. */
  schema: Migrated
}

export interface OpenOptions {
  migrations?: readonly Migration[]
  /** Commits are made safe beside the work that goes on, and this is told when that fails. Otherwise within each commit. */
  onSyncTrouble?: (error: unknown) => void
  onCommit?: CommitListener
}

/** The database within a data directory. */
export const databaseFile = (directory: string) => join(directory, 'tocsin.db')

/**
 * Opens the store of a data directory whose lock the caller holds, bringing its schema up to date; before that a copy of
 * the database is made beside it. The folder is made when it is missing.
 */
export function openStore(directory: string, clock: Clock, options: OpenOptions = {}): OpenStore {
  const { migrations = known() } = options
  const backUp = ({ raw }: Database, steps: number) => {
    const copy = join(directory, `before-schema-${steps + 1}.db`)
    // What lies there under this name is from an upgrade that was taken back since, and is older.
    copyDatabase(raw, copy, { overwrite: true })
    return copy
  }
  return open(
    directory,
    clock,
    (database) => migrate(database, migrations, (steps) => backUp(database, steps)),
    options,
  )
}

/**
 * Opens the store for a command that may run beside the daemon. The schema is brought up to date only while no daemon
 * holds the directory. Throws `locked` when one does and its schema is another.
 */
export function openStoreBeside(directory: string, clock: Clock): OpenStore {
  prepareDataDirectory(directory)
  const release = tryLock(directory)
  if (release === null) return openUnchanged(directory, clock)
  try {
    return openStore(directory, clock)
  } finally {
    release()
  }
}

/**
 * Opens the store as it is, to look into it, whether a daemon holds it or not. Throws `locked` when its schema is not the
 * one of this executable.
 */
export function openUnchanged(directory: string, clock: Clock): OpenStore {
  return open(directory, clock, (database) => sameSchema(database, directory))
}

/** Tags of the steps that the schema of a data directory has, in order. */
export function stepsOf(directory: string): string[] {
  const database = openCopy(databaseFile(directory))
  try {
    return database.prepare('SELECT tag FROM schema_migrations ORDER BY rowid').pluck().all() as string[]
  } finally {
    database.close()
  }
}

/** Makes the folder, for its owner alone, unless it is there. */
export function prepareDataDirectory(directory: string): void {
  if (mkdirSync(directory, { recursive: true, mode: 0o700 }) === undefined) return
  chmodSync(directory, 0o700)
  adopt(directory)
}

function tryLock(directory: string): Release | null {
  try {
    return lockDataDirectory(directory)
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'locked') return null
    throw thrown
  }
}

function open(
  directory: string,
  clock: Clock,
  prepare: (database: Database) => Migrated,
  { onSyncTrouble, onCommit }: OpenOptions = {},
): OpenStore {
  prepareDataDirectory(directory)
  const file = databaseFile(directory)
  const database = openDatabase(file)
  try {
    const schema = prepare(database)
    const sync = onSyncTrouble === undefined ? null : openLogSync(database, file, { clock, onTrouble: onSyncTrouble })
    return { schema, store: createStore(database, clock, sync, onCommit) }
  } catch (thrown) {
    database.raw.close()
    throw thrown
  }
}

function sameSchema({ raw }: Database, directory: string): Migrated {
  const made = raw.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'").pluck().get() === 1
  const count = made ? Number(raw.prepare('SELECT count(*) FROM schema_migrations').pluck().get()) : 0
  if (count === known().length) return { from: count, to: count, backup: null }
  throw new AppError(
    'locked',
    `The data directory ${directory} is in use by a daemon that is just starting or is of another version. Try again in a moment, or use the same executable.`,
  )
}
