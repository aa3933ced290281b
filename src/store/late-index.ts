import type { StoreContext } from './context.ts'
import { explainFailure } from './database.ts'

/** Rows without a place at a time. */
const MOST_WITHOUT = 10_000

/** What is indexed: a table of places whose primary key is some columns of the rows, the last of them `seq`. */
export interface LateIndexOptions {
  rows: string
  places: string
  columns: readonly string[]
}

/** An index that is brought up to date for many rows at once. */
export interface LateIndex {
  /** To be called for each row that is inserted, in its transaction. */
  inserted(): void
  /** To be called before places are read. What it adds is not waited for: after a crash it is added again. */
  upToDate(): void
  /** The same within the transaction that is under way. */
  placeAll(): void
  /** Takes the place of a row away, within the transaction that is under way; false when it had none yet. */
  remove(seq: number): boolean
  /** Puts a row in its place that was taken away for a change of the row, within the same transaction. */
  place(seq: number): void
}

/**
 * An ordinary index of rows that come in another order than the index has writes a page of its own for nearly every row.
 * This one is brought up to date for many of them, in its own order: before it is read, and whenever many rows are without
 * a place. Those are always the latest ones.
 */
export function lateIndex({ database: { raw } }: StoreContext, options: LateIndexOptions): LateIndex {
  const { rows, places, columns } = options
  const list = columns.join(', ')
  const hasPlace = `EXISTS (SELECT 1 FROM ${places} p WHERE ${columns.map((column) => `p.${column} = r.${column}`).join(' AND ')})`
  const newest = raw.prepare<[], number | null>(`SELECT max(seq) FROM ${rows}`).pluck()
  const isPlaced = raw.prepare<[number]>(`SELECT 1 FROM ${rows} r WHERE seq = ? AND ${hasPlace}`)
  const lastPlaced = raw
    .prepare<[], number>(`SELECT seq FROM ${rows} r WHERE ${hasPlace} ORDER BY seq DESC LIMIT 1`)
    .pluck()
  const placeFrom = raw.prepare(
    `INSERT OR IGNORE INTO ${places} (${list}) SELECT ${list} FROM ${rows} WHERE seq > ? ORDER BY ${list}`,
  )
  const placeOne = raw.prepare(`INSERT INTO ${places} (${list}) SELECT ${list} FROM ${rows} WHERE seq = ?`)
  const remove = raw.prepare(`DELETE FROM ${places} WHERE (${list}) = (SELECT ${list} FROM ${rows} WHERE seq = ?)`)
  /** A shortcut: where those without a place begin, if it still holds. */
  let known = 0
  let added = 0

  function placeAll() {
    placeFrom.run(isPlaced.get(known) === undefined ? (lastPlaced.get() ?? 0) : known)
    known = newest.get() ?? 0
    added = 0
  }
  const alone = raw.transaction(placeAll)

  return {
    inserted() {
      added += 1
      if (added >= MOST_WITHOUT) placeAll()
    },
    upToDate() {
      const last = newest.get()
      if (typeof last !== 'number' || isPlaced.get(last) !== undefined) return
      try {
        alone.immediate()
      } catch (thrown) {
        throw explainFailure(thrown)
      }
    },
    placeAll,
    remove: (seq) => remove.run(seq).changes === 1,
    place: (seq) => void placeOne.run(seq),
  }
}
