import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { AppError } from '../errors.ts'
import { adopt } from './ownership.ts'

/** Who owns a data directory, as it said itself. */
export interface Holder {
  pid: number
  host: string
  /** ISO 8601. */
  since: string
  /** Where its API is; null for a command that holds the directory for a moment, and until it listens. */
  url: string | null
}

/** Ends the ownership of a data directory. */
export type Release = () => void

/** Files that are locked: one that nothing refers to any more would be closed, and so unlocked, by the garbage collector. */
const held = new Set<Sqlite.Database>()

/**
 * Makes this process the only owner of a data directory. The lock is the operating system's, on a file that SQLite
 * holds, so it ends with the process however that ends. Throws `locked`, naming the holder, when another one owns it.
 */
export function lockDataDirectory(directory: string): Release {
  const lock = take(directory)
  if (lock === null)
    throw new AppError(
      'locked',
      `The data directory ${directory} is in use by ${nameOf(readHolder(directory))}. Stop that one first, or choose another directory with --data-dir.`,
    )
  describe(directory, { pid: process.pid, host: hostname(), since: new Date().toISOString(), url: null })
  held.add(lock)
  return () => {
    held.delete(lock)
    lock.close()
  }
}

/** Says, for those who find the directory locked by this process, where its API is. */
export function announce(directory: string, url: string): void {
  const holder = readHolder(directory)
  if (holder !== null) describe(directory, { ...holder, url })
}

/** Who owns the data directory now; null when nobody does, `unknown` when it does not say. */
export function holderOf(directory: string): Holder | 'unknown' | null {
  const lock = take(directory)
  if (lock === null) return readHolder(directory) ?? 'unknown'
  lock.close()
  return null
}

function take(directory: string): Sqlite.Database | null {
  // A command that holds it for a moment is waited for.
  const lock = new Sqlite(join(directory, 'lock'), { timeout: 500 })
  adopt(join(directory, 'lock'))
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (thrown) {
    lock.close()
    if (!(thrown instanceof Sqlite.SqliteError) || thrown.code !== 'SQLITE_BUSY') throw thrown
    return null
  }
}

const fileOf = (directory: string) => join(directory, 'lock.json')

function describe(directory: string, holder: Holder) {
  writeFileSync(fileOf(directory), JSON.stringify(holder), { mode: 0o600 })
  adopt(fileOf(directory))
}

function readHolder(directory: string): Holder | null {
  try {
    return JSON.parse(readFileSync(fileOf(directory), 'utf8')) as Holder
  } catch {
    return null
  }
}

function nameOf(holder: Holder | null): string {
  if (holder === null) return 'another process'
  const { pid, host, since, url } = holder
  return `process ${pid} on ${host} since ${since}${url === null ? '' : `, listening on ${url}`}`
}
