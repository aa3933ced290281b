import type { Clock } from '../clock.ts'
import { type Database, explainFailure } from './database.ts'
import type { LogSync } from './log-sync.ts'

interface Unit {
  run: () => unknown
  resolve: (value: unknown) => void
  reject: (reason: unknown) => void
}

/** So many units are committed without waiting for more, and no more at once, so that nothing else waits for long. */
const BATCH = 512
/** A paced commit comes at most this long (ms) after the one before it. */
const PACE = 25

export interface Writer {
  /**
   * Runs `unit` inside a transaction shared with others and resolves after the commit that contains it. A unit that
   * throws is rolled back alone. Units must be synchronous, and may be run again after all they did was rolled back.
   * `paced` units may wait up to 25 ms for company; others are committed at the end of this turn of the event loop.
   */
  write<T>(unit: () => T, pace?: 'now' | 'paced'): Promise<T>
  /** Commits what waits and makes it safe, at once. */
  flush(): void
}

/** Told of each commit: how many units it held, and how long (ms) it took until they were done and safe. */
export type CommitListener = (units: number, took: number) => void

/**
 * Group commit: one disk sync for all the writes of a moment. With `sync` a commit is made safe beside the work that
 * goes on, and promises resolve then; without, SQLite syncs within the commit.
 */
export function createWriter(
  { raw }: Database,
  clock: Clock,
  sync: LogSync | null = null,
  onCommit: CommitListener = () => {},
): Writer {
  let queue: Unit[] = []
  /** What to tell once the sync under way is done, and what was committed since that began. */
  let syncing: (() => void)[] = []
  let committed: (() => void)[] = []
  let lastCommit = 0
  let planned: 'none' | 'later' | 'now' = 'none'
  /** A commit waits for the sync under way. */
  let held = false
  let cancel = () => {}
  const begin = raw.prepare('BEGIN IMMEDIATE')
  const commit = raw.prepare('COMMIT')
  const rollback = raw.prepare('ROLLBACK')
  const save = raw.prepare('SAVEPOINT unit')
  const release = raw.prepare('RELEASE unit')
  const undo = raw.prepare('ROLLBACK TO unit')

  function plan(pace: 'now' | 'paced') {
    if (planned === 'now') return
    const wait = lastCommit + PACE - clock.now()
    if (pace === 'now' || queue.length >= BATCH || wait <= 0) {
      // While the disk is busy others may come along; a commit has to wait for it anyway.
      held = syncing.length > 0 && queue.length < BATCH
      if (held) return
      cancel()
      planned = 'now'
      // A further turn of the event loop costs next to nothing and brings what arrived meanwhile.
      setImmediate(() => setImmediate(commitSome))
    } else if (planned === 'none') {
      planned = 'later'
      cancel = clock.at(clock.now() + wait, commitSome)
    }
  }

  /** Savepoints cost as much as a small unit does, so they are only used once a unit of the batch has thrown. */
  function runAll(batch: readonly Unit[]): (() => void)[] {
    try {
      return batch.map((unit) => {
        const value = unit.run()
        return () => unit.resolve(value)
      })
    } catch (thrown) {
      if (batch.length === 1 || !raw.inTransaction) throw thrown
      rollback.run()
      begin.run()
      return batch.map(runAlone)
    }
  }

  function runAlone(unit: Unit): () => void {
    save.run()
    try {
      const value = unit.run()
      release.run()
      return () => unit.resolve(value)
    } catch (thrown) {
      // A full disk may have ended the whole transaction; then there is nothing left to undo alone.
      if (!raw.inTransaction) throw thrown
      undo.run()
      release.run()
      return () => unit.reject(explainFailure(thrown))
    }
  }

  function tellCommitted() {
    const settle = [...syncing, ...committed]
    syncing = []
    committed = []
    for (const finish of settle) finish()
  }

  function startSync(by: LogSync) {
    syncing = committed
    committed = []
    by.start(() => {
      const settle = syncing
      syncing = []
      if (committed.length > 0) startSync(by)
      if (held) plan('now')
      for (const finish of settle) finish()
    })
  }

  function commitSome() {
    cancel()
    planned = 'none'
    const batch = queue.length > BATCH ? queue.slice(0, BATCH) : queue
    if (batch.length === 0) return
    queue = queue.slice(batch.length)
    const startedAt = performance.now()
    try {
      begin.run()
      const settle = runAll(batch)
      commit.run()
      committed.push(...settle, () => onCommit(batch.length, performance.now() - startedAt))
      if (sync === null) tellCommitted()
      else if (syncing.length === 0) startSync(sync)
    } catch (thrown) {
      if (raw.inTransaction) rollback.run()
      const reason = explainFailure(thrown)
      for (const unit of batch) unit.reject(reason)
    }
    lastCommit = clock.now()
    if (queue.length > 0) plan('now')
  }

  return {
    write: <T>(run: () => T, pace: 'now' | 'paced' = 'now') =>
      new Promise<T>((resolve, reject) => {
        queue.push({ run, resolve: (value) => resolve(value as T), reject })
        plan(pace)
      }),
    flush() {
      while (queue.length > 0) commitSome()
      sync?.now()
      tellCommitted()
    },
  }
}
