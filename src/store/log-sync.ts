import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import type { Database } from './database.ts'

/** Makes what was committed safe on the disk, beside the work that goes on. */
export interface LogSync {
  /** Calls `done` once all that was committed by now is safe; until then it is tried again. One at a time. */
  start(done: () => void): void
  /** The same at once, holding everything up. */
  now(): void
  close(): void
}

export interface LogSyncOptions {
  clock: Clock
  /** Told of every failure; what was committed waits, and is tried again. */
  onTrouble: (error: unknown) => void
  /** The system's call; tests give their own. */
  datasync?: (file: number, done: (error: Error | null) => void) => void
}

/** ms between tries after a failure. */
const RETRY = 1000

/**
 * Takes the sync of each commit off SQLite: the log of `file` is synced by a thread of the runtime while the process goes
 * on, so that a slow disk holds up nobody but those who wait for their commit. With `synchronous = NORMAL` SQLite goes on
 * to sync what protects the file itself: the log's head and every checkpoint
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export function openLogSync({ raw }: Database, file: string, options: LogSyncOptions): LogSync {
  const { clock, onTrouble, datasync = fdatasync } = options
  // The log is there from the first look at the database on, and stays while it is open.
  raw.pragma('user_version')
  const log = openSync(`${file}-wal`, 'r')
  raw.pragma('synchronous = NORMAL')

  /** After a failed sync, a second one could succeed without the data; a checkpoint writes all of it anew elsewhere. */
  function checkpoint(done: () => void) {
    try {
      const [result] = raw.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
      if (result?.busy === 0) return done()
    } catch (thrown) {
      onTrouble(thrown)
    }
    clock.at(clock.now() + RETRY, () => checkpoint(done))
  }

  return {
    start(done) {
      datasync(log, (error) => {
        if (error === null) return done()
        onTrouble(error)
        checkpoint(done)
      })
    },
    now: () => fdatasyncSync(log),
    close: () => closeSync(log),
  }
}
