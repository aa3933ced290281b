import { quoted } from '../language/expression/print.ts'
import { parseDuration } from '../model/duration.ts'
import type { Condition } from '../model/rule.ts'

type Guided = Extract<Condition, { trigger: unknown }>

/** A guided trigger as the expressions that it stands for. */
export interface GuidedText {
  /** For the result as a whole. */
  whole: string
  /** For one row, where columns tell alerts apart. */
  row: string
  /** How the verdicts on the rows of one alert are combined. */
  combine: 'any' | 'all'
}

/**
 * The expressions of a guided trigger.
 * - `threshold`: a NULL meets no threshold; `all` needs one row at least
 * - `changed`: false at the first evaluation; rows count in their order, and for one row whether it was there before
 * - `stale`: true too when there is no row, or no value that is not NULL: then nothing is newer than allowed
 */
export function guidedText(condition: Guided): GuidedText {
  switch (condition.trigger) {
    case 'rows':
      return { whole: 'row_count > 0', row: 'row_count > 0', combine: 'any' }
    case 'no-rows':
      return { whole: 'row_count == 0', row: 'row_count == 0', combine: 'any' }
    case 'changed':
      return {
        whole: 'previous is not None and rows != previous',
        row: 'previous is not None and row not in previous',
        combine: 'any',
      }
    case 'stale': {
      const seconds = (parseDuration(condition.olderThan) ?? 0) / 1000
      const test = (row: string) => {
        const cell = `${row}[${quoted(condition.column)}]`
        return `${cell} is None or now - ${cell} > ${seconds}`
      }
      return { whole: `all(${test('r')} for r in query_result)`, row: test('row'), combine: 'all' }
    }
    case 'threshold': {
      const { column, operator, rows } = condition
      const value = literal(condition.value)
      const test = (row: string) =>
        `${row}[${quoted(column)}] is not None and ${row}[${quoted(column)}] ${operator} ${value}`
      const whole = `${rows}(${test('r')} for r in query_result)`
      return { whole: rows === 'all' ? `row_count > 0 and ${whole}` : whole, row: test('row'), combine: rows }
    }
  }
}

function literal(value: number | string | boolean): string {
  if (typeof value === 'string') return quoted(value)
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value)
}
