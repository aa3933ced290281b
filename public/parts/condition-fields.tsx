import { operators, type RuleDraft, triggers } from '../rule-draft.ts'
import type { Column } from '../types.ts'
import { SelectField, TextField } from './form.tsx'

interface ConditionFieldsProps {
  draft: RuleDraft
  put: (changes: Partial<RuleDraft>) => void
  /** Of the rows that were tried. */
  columns: readonly Column[]
}

/** The condition of a rule, and what tells its alerts apart. */
export function ConditionFields({ draft, put, columns }: ConditionFieldsProps) {
  const { trigger } = draft
  const setter = (key: keyof RuleDraft) => (value: string) => put({ [key]: value })
  const names = columns.map(({ name }) => name)
  const column =
    names.length > 0 ? (
      <SelectField
        label="Column"
        path="condition.column"
        required
        value={draft.column}
        set={setter('column')}
        options={names.includes(draft.column) ? names : [draft.column, ...names]}
      />
    ) : (
      <TextField label="Column" path="condition.column" required value={draft.column} set={setter('column')} />
    )
  return (
    <>
      <SelectField
        label="Condition"
        path="condition.trigger"
        required
        value={trigger}
        set={setter('trigger')}
        options={triggers}
      />
      {trigger === 'expression' ? (
        <TextField
          label="Expression"
          path="condition.text"
          required
          lines={2}
          hint={'In Python syntax, such as query_result["stuck"] > 10, or row["score"] > 0.5 for each alert.'}
          value={draft.expression}
          set={setter('expression')}
        />
      ) : null}
      {trigger === 'threshold' ? (
        <div class="row">
          {column}
          <SelectField
            label="Is"
            path="condition.operator"
            required
            value={draft.operator}
            set={setter('operator')}
            options={operators}
          />
          <TextField label="Value" path="condition.value" required value={draft.value} set={setter('value')} />
          <SelectField
            label="In"
            path="condition.rows"
            required
            value={draft.rows}
            set={setter('rows')}
            options={[
              ['any', 'any row'],
              ['all', 'all rows'],
            ]}
          />
        </div>
      ) : null}
      {trigger === 'stale' ? (
        <div class="row">
          {column}
          <TextField
            label="Older than"
            path="condition.olderThan"
            required
            value={draft.olderThan}
            set={setter('olderThan')}
          />
        </div>
      ) : null}
      <TextField
        label="One alert for each value of"
        path="fingerprint"
        hint={`Columns parted by commas; empty: the whole rule is one alert.${names.length === 0 ? '' : ` There are ${names.join(', ')}.`}`}
        value={draft.fingerprint}
        set={setter('fingerprint')}
      />
    </>
  )
}
