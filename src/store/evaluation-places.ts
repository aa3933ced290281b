import type { StoreContext } from './context.ts'
import { lateIndex } from './late-index.ts'

export type EvaluationPlaces = ReturnType<typeof evaluationPlaces>

/** SQL: evaluations found by their rule, with `p.rule_id`, `p.at` and `p.seq` in the order of the index. */
export const BY_RULE = 'evaluation_places p CROSS JOIN evaluations e ON e.seq = p.seq'

/** The index of evaluations by rule: those of one moment belong to different rules, so it is a late one. */
export function evaluationPlaces(context: StoreContext) {
  const { raw } = context.database
  const index = lateIndex(context, {
    rows: 'evaluations',
    places: 'evaluation_places',
    columns: ['rule_id', 'at', 'seq'],
  })
  const removeOne = raw.prepare('DELETE FROM evaluations WHERE seq = ?')
  const removeAll = raw.prepare(
    'DELETE FROM evaluations WHERE seq IN (SELECT seq FROM evaluation_places WHERE rule_id = ?)',
  )
  return {
    inserted: index.inserted,
    /** To be called before evaluations are looked up by their rule. */
    upToDate: index.upToDate,
    /** Removes one, or all of a rule, within the transaction that is under way. */
    remove(seq: number): number {
      index.remove(seq)
      return removeOne.run(seq).changes
    },
    removeOf(ruleId: string) {
      index.placeAll()
      removeAll.run(ruleId)
    },
  }
}
