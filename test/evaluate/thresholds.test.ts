import { expect, test } from 'bun:test'
import { compileCondition } from '../../src/evaluate/condition.ts'
import { thresholdsOf } from '../../src/evaluate/thresholds.ts'
import type { Condition } from '../../src/model/rule.ts'

const python = (text: string): Condition => ({ dialect: 'python', text })
const threshold = (value: number, rows: 'any' | 'all' = 'any'): Condition => ({
  trigger: 'threshold',
  column: 'score',
  operator: '>',
  value,
  rows,
})

test.each([
  [python('query_result["stuck"] > 10'), [10]],
  [python('10 <= query_result["stuck"]'), [10]],
  [python('query_result["stuck"] < -2.5'), [-2.5]],
  [python('0 <= query_result["stuck"] < 100'), [0, 100]],
  [python('any(r["score"] > 0.5 for r in query_result)'), [0.5]],
  [threshold(3), [3]],
  [threshold(-3, 'all'), []],
  [python('query_result["a"] > query_result["b"]'), []],
  [python('query_result["a"] > 1 and query_result["b"] > 2'), []],
  [python('query_result["name"] == "x"'), []],
  [python('True'), []],
  [{ trigger: 'no-rows' }, [0]],
] as [Condition, number[]][])('%j compares with %j', (condition, expected) => {
  expect(thresholdsOf(compileCondition(condition), false)).toEqual(expected)
})

test('where columns tell alerts apart the test of one row counts', () => {
  expect(thresholdsOf(compileCondition(python('row["score"] > 0.25')), true)).toEqual([0.25])
  expect(thresholdsOf(compileCondition(threshold(4, 'all')), true)).toEqual([4])
})
