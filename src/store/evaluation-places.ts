import type { StoreContext } from './context.ts'

/** Evaluations without a place at a time. */
const MOST_WITHOUT = 10_000

export type EvaluationPlaces = ReturnType<typeof evaluationPlaces>

/** SQL: evaluations found by their rule, with `p.rule_id`, `p.at` and `p.seq` in the order of the index. */
export const BY_RULE = 'evaluation_places p CROSS JOIN evaluations e ON e.seq = p.seq'

/**
 * The index of evaluations by rule. An ordinary one would write a page of its own for nearly every evaluation, since
 * those of one moment belong to different rules; this one is brought up to date for many at once, in the order of rules:
 * before it is read, and whenever many are without a place. Those are always the latest ones.
 */
export function evaluationPlaces({ database: { raw }, writer }: StoreContext) {
  const placeOf = 'SELECT 1 FROM evaluation_places p WHERE p.rule_id = e.rule_id AND p.at = e.at AND p.seq = e.seq'
  const newest = raw.prepare<[], number | null>('SELECT max(seq) FROM evaluations').pluck()
  const isPlaced = raw.prepare<[number]>(`SELECT 1 FROM evaluations e WHERE seq = ? AND EXISTS (${placeOf})`)
  const lastPlaced = raw
    .prepare<[], number>(`SELECT seq FROM evaluations e WHERE EXISTS (${placeOf}) ORDER BY seq DESC LIMIT 1`)
    .pluck()
  const place = raw.prepare(
    `INSERT OR IGNORE INTO evaluation_places (rule_id, at, seq)
     SELECT rule_id, at, seq FROM evaluations WHERE seq > ? ORDER BY rule_id, at, seq`,
  )
  const removePlace = raw.prepare(
    'DELETE FROM evaluation_places WHERE (rule_id, at, seq) = (SELECT rule_id, at, seq FROM evaluations WHERE seq = ?)',
  )
  const removeOne = raw.prepare('DELETE FROM evaluations WHERE seq = ?')
  const removeAll = raw.prepare(
    'DELETE FROM evaluations WHERE seq IN (SELECT seq FROM evaluation_places WHERE rule_id = ?)',
  )
  /** A shortcut: where those without a place begin, if it still holds. */
  let known = 0
  let added = 0

  function placeAll() {
    const from = isPlaced.get(known) === undefined ? (lastPlaced.get() ?? 0) : known
    place.run(from)
    known = newest.get() ?? 0
    added = 0
  }

  return {
    /** To be called for each evaluation that is inserted, in its transaction. */
    inserted() {
      added += 1
      if (added >= MOST_WITHOUT) placeAll()
    },
    /** To be awaited before evaluations are looked up by their rule. */
    async upToDate(): Promise<void> {
      const last = newest.get()
      if (typeof last === 'number' && isPlaced.get(last) === undefined) await writer.write(placeAll)
    },
    /** Removes one, or all of a rule, within the transaction that is under way. */
    remove(seq: number): number {
      removePlace.run(seq)
      return removeOne.run(seq).changes
    },
    removeOf(ruleId: string) {
      placeAll()
      removeAll.run(ruleId)
    },
  }
}
