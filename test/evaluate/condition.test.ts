import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { compileCondition, fingerprintOf } from '../../src/evaluate/condition.ts'
import { ExpressionError } from '../../src/language/expression/failure.ts'
import type { Condition } from '../../src/model/rule.ts'
import { decideOn, fires, inputOf, NOW, resultOf, routeDecision } from './support.ts'

const countries = resultOf('country:text model drift:float', [
  ['de', 1, 0.2],
  ['at', 1, 0.7],
  ['de', 1, 0.9],
  ['ch', 2, null],
])

describe('without fingerprint', () => {
  test('there is one verdict on all rows', () => {
    const { items, boolean } = decideOn('any((r["drift"] or 0) > 0.8 for r in rows)', inputOf(countries))
    expect(items).toEqual([{ fingerprint: '', labels: {}, fire: true, value: '0.9', number: 0.9, rows: [0, 1, 2, 3] }])
    expect(boolean).toBe(true)
  })

  test('there is one verdict on no rows too', () => {
    expect(decideOn('not query_result', inputOf(resultOf('cnt', []))).items).toEqual([
      { fingerprint: '', labels: {}, fire: true, value: 'True', number: null, rows: [] },
    ])
  })

  test('the value shown is the operand of the only comparison', () => {
    const shown = (text: string) => {
      const { items } = decideOn(text, inputOf(resultOf('cnt:integer name:text', [[3, 'psi']])))
      return [items[0]?.value, items[0]?.number]
    }
    expect(shown('query_result["cnt"] > 0')).toEqual(['3', 3])
    expect(shown('0 < query_result["cnt"]')).toEqual(['3', 3])
    expect(shown('query_result["cnt"] is not None and query_result["cnt"] > 5')).toEqual(['3', 3])
    expect(shown('query_result["name"] == "psi"')).toEqual(['psi', null])
    expect(shown('len(query_result) > 0')).toEqual(['1', 1])
    expect(shown('query_result["cnt"] / 2')).toEqual(['1.5', 1.5])
    expect(shown('query_result["cnt"] > 0 and row_count > 0')).toEqual(['True', null])
    expect(shown('any(r["cnt"] > 2 for r in rows)')).toEqual(['3', 3])
  })

  test('a value that is not true or false is told', () => {
    expect(decideOn('query_result["model"]', inputOf(countries)).boolean).toBe(false)
    expect(decideOn('query_result["model"] == 1', inputOf(countries)).boolean).toBe(true)
  })

  test('row is not a name', () => {
    expect(() => fires('row["model"] > 0', countries)).toThrow("name 'row' is not defined")
  })
})

describe('with fingerprint', () => {
  test('each alert has its verdict, rows of one are combined by any', () => {
    const text = '(row["drift"] or 0) > 0.5'
    const { items } = decideOn(text, inputOf(countries, { fingerprint: ['country', 'model'] }))
    expect(items.map(({ fingerprint, fire, rows, value }) => [fingerprint, fire, rows, value])).toEqual([
      ['["de",1]', true, [0, 2], '0.9'],
      ['["at",1]', true, [1], '0.7'],
      ['["ch",2]', false, [3], '0'],
    ])
    expect(items[0]?.labels).toEqual({ country: 'de', model: '1' })
  })

  test('query_result is still the whole', () => {
    const text = 'row["model"] == max(r["model"] for r in query_result)'
    const { items } = decideOn(text, inputOf(countries, { fingerprint: ['country'] }))
    expect(items.map(({ fire }) => fire)).toEqual([false, false, true])
  })

  test('a condition that looks at no row holds for each', () => {
    const { items } = decideOn('row_count > 3', inputOf(countries, { fingerprint: ['country'] }))
    expect(items.map(({ fire, rows }) => [fire, rows])).toEqual([
      [true, [0, 2]],
      [true, [1]],
      [true, [3]],
    ])
  })

  test('no rows make no alerts', () => {
    expect(decideOn('row["a"] > 1', inputOf(resultOf('a', []), { fingerprint: ['a'] })).items).toEqual([])
  })

  test('an unknown column is an error that names the nearest', () => {
    expect(() => decideOn('row_count > 0', inputOf(countries, { fingerprint: ['contry'] }))).toThrow(
      "Nearest: 'country'",
    )
  })

  test('different values have different fingerprints', () => {
    const cell = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
    const rows = fc.tuple(
      fc.array(cell, { minLength: 2, maxLength: 2 }),
      fc.array(cell, { minLength: 2, maxLength: 2 }),
    )
    fc.assert(
      fc.property(rows, ([a, b]) => {
        const result = resultOf('x:text y:text', [a, b])
        const [first, second] = [fingerprintOf(result, 0, [0, 1]), fingerprintOf(result, 1, [0, 1])]
        expect(first === second).toBe(JSON.stringify(a) === JSON.stringify(b))
        expect(JSON.parse(first)).toEqual(a)
      }),
    )
  })
})

describe('guided triggers', () => {
  const empty = resultOf('cnt', [])
  const counts = (...values: (number | null)[]) =>
    resultOf(
      'cnt',
      values.map((value) => [value]),
    )
  const threshold = (more: object): Condition => ({
    trigger: 'threshold',
    column: 'cnt',
    operator: '>',
    value: 5,
    rows: 'any',
    ...more,
  })

  test('threshold on any row', () => {
    expect(fires(threshold({}), counts(1, 6))).toBe(true)
    expect(fires(threshold({}), counts(1, 5))).toBe(false)
    expect(fires(threshold({}), counts(null, 6))).toBe(true)
    expect(fires(threshold({}), counts(null))).toBe(false)
    expect(fires(threshold({}), empty)).toBe(false)
    expect(decideOn(threshold({}), inputOf(counts(1, 6))).items[0]?.value).toBe('6')
    expect(fires(threshold({ operator: '<', value: -0.5 }), counts(-1))).toBe(true)
  })

  test('threshold on all rows', () => {
    const all = threshold({ rows: 'all' })
    expect(fires(all, counts(6, 7))).toBe(true)
    expect(fires(all, counts(6, 1))).toBe(false)
    expect(fires(all, empty)).toBe(false)
  })

  test('threshold on texts, with quotes in names and values', () => {
    const odd = resultOf(`it's:text`, [[`say "no" it's`]])
    const condition = threshold({ column: "it's", operator: '==', value: `say "no" it's` })
    expect(fires(condition, odd)).toBe(true)
    expect(fires(threshold({ column: "it's", operator: '!=', value: 'x' }), odd)).toBe(true)
    expect(fires(threshold({ column: 'ok', operator: '==', value: true }), resultOf('ok:boolean', [[true]]))).toBe(true)
  })

  test('threshold for each alert', () => {
    const rows = resultOf('country:text cnt', [
      ['de', 6],
      ['de', 1],
      ['at', 6],
    ])
    const fired = (condition: Condition) =>
      decideOn(condition, inputOf(rows, { fingerprint: ['country'] })).items.map(({ fire }) => fire)
    expect(fired(threshold({}))).toEqual([true, true])
    expect(fired(threshold({ rows: 'all' }))).toEqual([false, true])
  })

  test('rows and no rows', () => {
    expect(fires({ trigger: 'rows' }, counts(1))).toBe(true)
    expect(fires({ trigger: 'rows' }, empty)).toBe(false)
    expect(fires({ trigger: 'no-rows' }, empty)).toBe(true)
    expect(fires({ trigger: 'no-rows' }, counts(1))).toBe(false)
  })

  test('changed', () => {
    const changed: Condition = { trigger: 'changed' }
    expect(compileCondition(changed).usesPrevious).toBe(true)
    expect(fires(changed, counts(1))).toBe(false)
    expect(fires(changed, counts(1), { previous: counts(1) })).toBe(false)
    expect(fires(changed, counts(1), { previous: counts(2) })).toBe(true)
    expect(fires(changed, counts(1), { previous: counts(1, 1) })).toBe(true)
    expect(fires(changed, counts(1), { previous: resultOf('other', [[1]]) })).toBe(true)
    expect(fires(changed, empty, { previous: counts(1) })).toBe(true)
    const each = decideOn(changed, inputOf(counts(1, 2), { previous: counts(1, 3), fingerprint: ['cnt'] }))
    expect(each.items.map(({ fire }) => fire)).toEqual([false, true])
  })

  test('stale', () => {
    const stale: Condition = { trigger: 'stale', column: 'at', olderThan: '1h' }
    const at = (...minutes: (number | null)[]) =>
      resultOf(
        'at:timestamp',
        minutes.map((ago) => [ago === null ? null : new Date(NOW - ago * 60_000).toISOString()]),
      )
    expect(fires(stale, at(61, 90))).toBe(true)
    expect(fires(stale, at(90, 59))).toBe(false)
    expect(fires(stale, at(60))).toBe(false)
    expect(fires(stale, at(null))).toBe(true)
    expect(fires(stale, resultOf('at:timestamp', []))).toBe(true)
    expect(() => fires(stale, resultOf('at', [[1700000000]]))).toThrow('not supported')
  })

  test('a column that is not there is an error', () => {
    expect(() => fires(threshold({ column: 'cmt' }), counts(1))).toThrow("Nearest: 'cnt'")
  })
})

describe('the condition of a route', () => {
  test('sees the row it is asked for', () => {
    expect(routeDecision('row["drift"] > 0.5', { ...inputOf(countries), row: 1 })).toMatchObject({
      fire: true,
      value: '0.7',
      number: 0.7,
    })
    expect(routeDecision('row["drift"] > 0.5', { ...inputOf(countries), row: 0 }).fire).toBe(false)
    expect(routeDecision('"prod" in tags', inputOf(countries)).fire).toBe(true)
  })
})

describe('limits', () => {
  test('a text that is no expression is told when it is read', () => {
    expect(() => compileCondition({ dialect: 'python', text: 'query_result["cnt"] >' })).toThrow(ExpressionError)
  })

  test('time is shared by all rows of a result', () => {
    const rows = resultOf(
      'a',
      Array.from({ length: 5000 }, (_, index) => [index]),
    )
    let time = 0
    const elapsed = () => {
      time += 10
      return time
    }
    expect(() => decideOn('row["a"] > 1', inputOf(rows, { fingerprint: ['a'], elapsed }))).toThrow('longer than 200 ms')
  })

  test('a large result has steps for every row', () => {
    const rows = resultOf(
      'a',
      Array.from({ length: 50_000 }, (_, index) => [index]),
    )
    expect(fires('len([r for r in query_result if r["a"] >= 0]) == 50000', rows)).toBe(true)
  })
})
