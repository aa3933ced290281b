import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { migrations as known, type Migration } from '../assets.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { type Database, openDatabase } from './database.ts'
import { createStore, type Store } from './index.ts'
import { lockDataDirectory, type Release } from './lock.ts'
import { openLogSync } from './log-sync.ts'
import { migrate } from './migrate.ts'

export interface OpenStore {
  store: Store
  /** The schema before and after it was brought up to date, as the number of its steps. */
  schema: { from: number; to: number }
}

export interface OpenOptions {
  migrations?: readonly Migration[]
  /** Commits are made safe beside the work that goes on, and this is told when that fails. Otherwise within each commit. */
  onSyncTrouble?: (error: unknown) => void
}

/**
 * Opens the store of a data directory whose lock the caller holds, bringing its schema up to date; before that a copy of
 * the database is made beside it. The folder is made when it is missing.
 */
export function openStore(directory: string, clock: Clock, options: OpenOptions = {}): OpenStore {
  const { migrations = known(), onSyncTrouble } = options
  return open(
    directory,
    clock,
    (database) => migrate(database, migrations, (version) => join(directory, `before-schema-${version + 1}.db`)),
    onSyncTrouble,
  )
}

/**
 * Opens the store for a command that may run beside the daemon. The schema is brought up to date only while no daemon
 * holds the directory. Throws `locked` when one does and its schema is another.
 */
export function openStoreBeside(directory: string, clock: Clock): OpenStore {
  prepareDataDirectory(directory)
  const release = tryLock(directory)
  if (release === null) return open(directory, clock, (database) => sameSchema(database, directory))
  try {
    return openStore(directory, clock)
  } finally {
    release()
  }
}

/** Makes the folder, for its owner alone, unless it is there. */
export function prepareDataDirectory(directory: string): void {
  if (mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(directory, 0o700)
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
  prepare: (database: Database) => OpenStore['schema'],
  onTrouble?: OpenOptions['onSyncTrouble'],
): OpenStore {
  prepareDataDirectory(directory)
  const file = join(directory, 'tocsin.db')
  const database = openDatabase(file)
  try {
    const schema = prepare(database)
    const sync = onTrouble === undefined ? null : openLogSync(database, file, { clock, onTrouble })
    return { schema, store: createStore(database, clock, sync) }
  } catch (thrown) {
    database.raw.close()
    throw thrown
  }
}

function sameSchema({ raw }: Database, directory: string): OpenStore['schema'] {
  const made = raw.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'").pluck().get() === 1
  const count = made ? Number(raw.prepare('SELECT count(*) FROM schema_migrations').pluck().get()) : 0
  if (count === known().length) return { from: count, to: count }
  throw new AppError(
    'locked',
    `The data directory ${directory} is in use by a daemon that is just starting or is of another version. Try again in a moment, or use the same executable.`,
  )
}
