import { type ConditionInput, compileCondition, decide, verdicts } from '../../src/evaluate/condition.ts'
import type { Json } from '../../src/model/json.ts'
import type { ColumnType, QueryResult } from '../../src/model/result.ts'
import type { Condition } from '../../src/model/rule.ts'

/** A result from column declarations such as `cnt:integer` and rows of cells. */
export function resultOf(columns: string, rows: Json[][]): QueryResult {
  const typed = columns.split(' ').map((column) => {
    const [name = '', type = 'integer'] = column.split(':')
    return { name, type: type as ColumnType }
  })
  return { columns: typed, rows, truncated: false, elapsed: 1 }
}

export const NOW = Date.UTC(2026, 0, 2, 12)

export function inputOf(result: QueryResult, more: Partial<ConditionInput> = {}): ConditionInput {
  const people = { tags: ['drift', 'prod'], createdBy: 'someone' }
  return { result, previous: null, fingerprint: [], now: NOW, createdAt: NOW, lenient: false, ...people, ...more }
}

export function decideOn(condition: string | Condition, input: ConditionInput) {
  const given: Condition = typeof condition === 'string' ? { dialect: 'python', text: condition } : condition
  return verdicts(compileCondition(given), input)
}

/** The verdict on the whole of a result. */
export function fires(condition: string | Condition, result: QueryResult, more: Partial<ConditionInput> = {}): boolean {
  return decideOn(condition, inputOf(result, more)).items[0]?.fire ?? false
}

export function routeDecision(text: string, input: ConditionInput & { row?: number }) {
  return decide(compileCondition({ dialect: 'python', text }), input)
}
