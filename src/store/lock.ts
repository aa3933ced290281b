import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { AppError } from '../errors.ts'

/** Ends the ownership of a data directory. */
export type Release = () => void

/** Files that are locked: one that nothing refers to any more would be closed, and so unlocked, by the garbage collector. */
const held = new Set<Sqlite.Database>()

/**
 * Makes this process the only owner of a data directory. The lock is the operating system's, on a file that SQLite
 * holds, so it ends with the process however that ends. Throws `locked`, naming the holder, when another one owns it.
 */
export function lockDataDirectory(directory: string): Release {
  const holderFile = join(directory, 'lock.json')
  // A command that holds it for a moment is waited for.
  const lock = new Sqlite(join(directory, 'lock'), { timeout: 500 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (thrown) {
    lock.close()
    if (!(thrown instanceof Sqlite.SqliteError) || thrown.code !== 'SQLITE_BUSY') throw thrown
    throw new AppError(
      'locked',
      `The data directory ${directory} is in use by ${holder(holderFile)}. Stop that one first, or choose another directory with --data-dir.`,
    )
  }
  writeFileSync(holderFile, JSON.stringify({ pid: process.pid, host: hostname() }), { mode: 0o600 })
  held.add(lock)
  return () => {
    held.delete(lock)
    lock.close()
  }
}

function holder(file: string): string {
  try {
    const { pid, host } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; host: string }
    return `process ${pid} on ${host}`
  } catch {
    return 'another process'
  }
}
