import { describe, expect, test } from 'bun:test'
import { columnReferences } from '../../src/evaluate/columns.ts'
import { compileCondition } from '../../src/evaluate/condition.ts'
import { checkCondition } from '../../src/evaluate/condition-check.ts'
import { compile } from '../../src/language/expression/program.ts'
import type { Condition } from '../../src/model/rule.ts'
import { inputOf, resultOf } from './support.ts'

const one = resultOf('count', [[3]])
const two = resultOf('cnt drift:float', [[3, 0.5]])

function check(condition: string | Condition, result = two, fingerprint: string[] = []) {
  const given: Condition = typeof condition === 'string' ? { dialect: 'python', text: condition } : condition
  return checkCondition(compileCondition(given), inputOf(result, { fingerprint }))
}

describe('columns that are not there', () => {
  test('the only column is offered in place of another', () => {
    expect(check('query_result["cnt"] > 0', one).fixes).toEqual([
      { missing: 'cnt', available: ['count'], fixedText: 'query_result["count"] > 0' },
    ])
  })

  test('every place is renamed, in its own way of writing', () => {
    const text = `query_result['CNT'] > 0 and query_result.Drift > 0 and any(r["drft"] > 1 for r in rows) and "CNT" != ""`
    expect(check(text).fixes.map(({ missing, fixedText }) => [missing, fixedText])).toEqual(
      ['CNT', 'Drift', 'drft'].map((missing) => [
        missing,
        `query_result['cnt'] > 0 and query_result.drift > 0 and any(r["drift"] > 1 for r in rows) and "CNT" != ""`,
      ]),
    )
  })

  test('a column that is no plain name takes brackets', () => {
    const odd = resultOf('x:integer', [[1]])
    odd.columns[0] = { name: 'the count', type: 'integer' }
    expect(check('query_result.cnt > 0', odd).fixes[0]?.fixedText).toBe("query_result['the count'] > 0")
  })

  test('nothing is offered where nothing is near, or for a guided trigger', () => {
    expect(check('query_result["temperature"] > 0').fixes).toEqual([
      { missing: 'temperature', available: ['cnt', 'drift'], fixedText: null },
    ])
    const guided: Condition = { trigger: 'threshold', column: 'cmt', operator: '>', value: 1, rows: 'any' }
    expect(check(guided).fixes).toEqual([{ missing: 'cmt', available: ['cnt', 'drift'], fixedText: null }])
  })

  test('they are found even where the present result does not reach them', () => {
    expect(check('query_result["cnt"] > 5 and query_result["drft"] > 1').fixes).toHaveLength(1)
  })
})

test('column references are those of rows alone', () => {
  const columns = (text: string) => columnReferences(compile('python', text).tree).map(({ column }) => column)
  expect(columns('query_result[0]["a"] + rows[1:][0].b + row.get("x", 1) + row["c"].upper()')).toEqual(['a', 'b', 'c'])
  expect(columns('sum(r["a"] for r in query_result[1:] if r.b) + sum(x["no"] for x in tags)')).toEqual(['a', 'b'])
  expect(columns('any(row["no"] for row in tags) or previous["p"] or {"k": 1}["k"]')).toEqual(['p'])
})

describe('names', () => {
  test('unknown ones are errors that name the nearest and all there are', () => {
    const { errors } = check('querry_result["cnt"] > 0')
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain('There is no name "querry_result". Did you mean "query_result"?')
    expect(errors[0]).toContain('row_count')
  })

  test('row needs fingerprint columns', () => {
    expect(check('row["cnt"] > 0').errors[0]).toContain('only when fingerprint columns')
    expect(check('row["cnt"] > 0', two, ['cnt']).errors).toEqual([])
    expect(check('row_count > 0', two, ['cnt']).warnings[0]).toContain('does not look at "row"')
  })
})

describe('warnings', () => {
  test('a value that is not true or false', () => {
    expect(check('query_result["cnt"]').warnings).toEqual([
      'The condition does not give true or false; its value is taken as true unless it is empty or zero.',
    ])
    expect(check('query_result["cnt"] > 0').warnings).toEqual([])
    expect(check('query_result["cnt"]', resultOf('cnt', [])).warnings).toEqual([])
  })

  test('a failure on the present result', () => {
    expect(check('query_result["cnt"] > "a"').warnings[0]).toContain(
      "'>' not supported between instances of 'int' and 'str'",
    )
  })

  test('identity of values', () => {
    expect(check('query_result["cnt"] is 3').warnings[0]).toContain('use ==')
    expect(check('query_result["cnt"] is not None and True is not False').warnings).toEqual([])
  })
})
