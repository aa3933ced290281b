import { operators, type RuleDraft, triggers } from '../rule-draft.ts'
import type { Column } from '../types.ts'
import type { DraftField } from './form.tsx'

interface ConditionFieldsProps {
  draft: RuleDraft
  field: DraftField<RuleDraft>
  /** Of the rows that were tried. */
  columns: readonly Column[]
}

/** The condition of a rule, and what tells its alerts apart. */
export function ConditionFields({ draft, field, columns }: ConditionFieldsProps) {
  const { trigger } = draft
  const names = columns.map(({ name }) => name)
  const known = names.includes(draft.column) ? names : [draft.column, ...names]
  const column = field('column', 'Column', {
    path: 'condition.column',
    required: true,
    ...(names.length > 0 ? { options: known } : {}),
  })
  return (
    <>
      {field('trigger', 'Condition', { path: 'condition.trigger', required: true, options: triggers })}
      {trigger === 'expression'
        ? field('expression', 'Expression', {
            path: 'condition.text',
            required: true,
            lines: 2,
            hint: 'In Python syntax, such as query_result["stuck"] > 10, or row["score"] > 0.5 for each alert.',
          })
        : null}
      {trigger === 'threshold' ? (
        <div class="row">
          {column}
          {field('operator', 'Is', { path: 'condition.operator', required: true, options: operators })}
          {field('value', 'Value', { path: 'condition.value', required: true })}
          {field('rows', 'In', {
            path: 'condition.rows',
            required: true,
            options: [
              ['any', 'any row'],
              ['all', 'all rows'],
            ],
          })}
        </div>
      ) : null}
      {trigger === 'stale' ? (
        <div class="row">
          {column}
          {field('olderThan', 'Older than', { path: 'condition.olderThan', required: true })}
        </div>
      ) : null}
      {field('fingerprint', 'One alert for each value of', {
        hint: `Columns parted by commas; empty: the whole rule is one alert.${names.length === 0 ? '' : ` There are ${names.join(', ')}.`}`,
      })}
    </>
  )
}
