import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { compileCondition, fingerprintOf } from '../../src/evaluate/condition.ts'
import type { Json } from '../../src/model/json.ts'
import type { Condition } from '../../src/model/rule.ts'
import { decideOn, fires, inputOf, NOW, resultOf } from './support.ts'

type Threshold = Extract<Condition, { trigger: 'threshold' }>

const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString()
const firesOn = (cell: Json, type: string, operator: Threshold['operator'], value: Threshold['value']) =>
  fires({ trigger: 'threshold', column: 'c', operator, value, rows: 'any' }, resultOf(`c:${type}`, [[cell]]))

describe('a threshold on a cell', () => {
  const cases: [Json, string, Threshold['operator'], Threshold['value'], boolean][] = [
    [5, 'integer', '>', 4.5, true],
    [5, 'integer', '>=', 5, true],
    [5, 'integer', '==', 5, true],
    [5, 'integer', '!=', 5, false],
    [-5, 'integer', '<', -4, true],
    ['9007199254740993', 'integer', '>', 9007199254740992, true],
    ['9007199254740993', 'integer', '==', 9007199254740992, false],
    ['-170141183460469231731687303715884105728', 'integer', '<', -1e38, true],
    [0.1, 'float', '==', 0.1, true],
    [1e-7, 'float', '<=', 1e-7, true],
    [1e21, 'float', '>=', 1e21, true],
    ['NaN', 'float', '>', 0, false],
    ['NaN', 'float', '<', 0, false],
    ['NaN', 'float', '!=', 0, true],
    ['Infinity', 'float', '>', 1e308, true],
    ['-Infinity', 'float', '<', -1e308, true],
    ['12.50', 'decimal', '==', 12.5, true],
    ['12.500000000000000000001', 'decimal', '>', 12, true],
    ['0.1', 'decimal', '<=', 0.1, true],
    ['NaN', 'decimal', '>', 0, false],
    [true, 'boolean', '==', true, true],
    [false, 'boolean', '==', true, false],
    [0, 'integer', '==', false, true],
    ['down', 'text', '==', 'down', true],
    ['Down', 'text', '==', 'down', false],
    ['a', 'text', '<', 'b', true],
    ['x"y\'z\\', 'text', '==', 'x"y\'z\\', true],
    ['a\nb', 'text', '==', 'a\nb', true],
    ['🚨', 'text', '!=', '🚨', false],
    ['2026-01-02T11:00:00Z', 'timestamp', '>', '2026-01-02T10:00:00Z', true],
    ['2026-01-02T11:00:00+02:00', 'timestamp', '<', '2026-01-02T10:00:00Z', true],
    ['2026-01-02', 'date', '>=', '2026-01-01', true],
    ['5', 'text', '==', 5, false],
    [null, 'integer', '!=', 5, false],
    [null, 'text', '==', '', false],
    [null, 'boolean', '!=', true, false],
  ]
  for (const [cell, type, operator, value, expected] of cases)
    test(`${JSON.stringify(cell)} as ${type} ${operator} ${JSON.stringify(value)} is ${expected}`, () =>
      expect(firesOn(cell, type, operator, value)).toBe(expected))

  test('of another type is an error, not false', () => {
    expect(() => firesOn('5', 'text', '>', 4)).toThrow("'>' not supported between instances of 'str' and 'int'")
    expect(() => firesOn({ a: 1 }, 'json', '<', 4)).toThrow('not supported')
  })

  test('is what the operator says, for all numbers', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(number, number, (cell, value) => {
        expect(firesOn(cell, 'float', '>', value)).toBe(cell > value)
        expect(firesOn(cell, 'float', '<=', value)).toBe(cell <= value)
        expect(firesOn(cell, 'float', '==', value)).toBe(cell === value)
      }),
    )
  })

  test('takes any text as column and value, and means that text', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((given) => !/[ :]/.test(given))
    fc.assert(
      fc.property(text, fc.string({ unit: 'grapheme' }), (column, value) => {
        const condition: Condition = { trigger: 'threshold', column, operator: '==', value, rows: 'all' }
        const result = { ...resultOf('c:text', [[value]]), columns: [{ name: column, type: 'text' as const }] }
        expect(fires(condition, result)).toBe(true)
        expect(fires({ ...condition, value: `${value}x` }, result)).toBe(false)
      }),
    )
  })
})

describe('age', () => {
  const stale = (olderThan: string): Condition => ({ trigger: 'stale', column: 'at', olderThan })
  const cases: [string, Json, string, boolean][] = [
    ['an hour, to the millisecond', ago(3600), '1h', false],
    ['a millisecond more', ago(3600.001), '1h', true],
    ['a time to come', ago(-60), '1s', false],
    ['another zone', '2026-01-02T12:30:00+01:00', '29m', true],
    ['another zone, newer', '2026-01-02T12:30:00+01:00', '31m', false],
    ['no zone, which is UTC', '2026-01-02 11:30:00', '29m', true],
    ['a day', '2026-01-02', '11h', true],
    ['a day, newer', '2026-01-02', '13h', false],
    ['NULL', null, '365d', true],
  ]
  for (const [title, cell, olderThan, expected] of cases)
    for (const type of ['timestamp', 'date'])
      test(`${title}, as ${type}`, () =>
        expect(fires(stale(olderThan), resultOf(`at:${type}`, [[cell]]))).toBe(expected))

  test('is told for each alert by its newest row', () => {
    const rows = resultOf('host:text at:timestamp', [
      ['a', ago(7200)],
      ['a', ago(10)],
      ['b', ago(7200)],
      ['c', null],
      ['c', ago(5)],
    ])
    const { items } = decideOn(stale('1h'), inputOf(rows, { fingerprint: ['host'] }))
    expect(items.map(({ labels, fire }) => [labels['host'], fire])).toEqual([
      ['a', false],
      ['b', true],
      ['c', false],
    ])
  })

  test('of what is no time is an error', () => {
    expect(() => fires(stale('1h'), resultOf('at:timestamp', [['infinity']]))).toThrow('unsupported operand')
    expect(() => fires(stale('1h'), resultOf('at:text', [['yesterday']]))).toThrow('unsupported operand')
  })
})

describe('a change', () => {
  const changed: Condition = { trigger: 'changed' }
  const one = (cell: Json, type = 'json') => resultOf(`c:${type}`, [[cell]])
  const cases: [string, Json, Json, boolean][] = [
    ['nothing', 1, 1, false],
    ['a number for its text', 1, '1', true],
    ['NULL for nothing', null, '', true],
    ['NULL for NULL', null, null, false],
    ['deep inside JSON', { a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, true],
    ['the same JSON made anew', { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, false],
    ['the last digit of a large number', '9007199254740993', '9007199254740992', true],
    ['case', 'a', 'A', true],
  ]
  for (const [title, now, before, expected] of cases)
    test(`of ${title} is ${expected ? 'one' : 'none'}`, () => {
      expect(fires(changed, one(now), { previous: one(before) })).toBe(expected)
      const each = decideOn(changed, inputOf(one(now), { previous: one(before), fingerprint: ['c'] }))
      expect(each.items[0]?.fire).toBe(expected)
    })

  test('of the order is one for the whole, and none for any row', () => {
    const [rows, turned] = [resultOf('c', [[1], [2]]), resultOf('c', [[2], [1]])]
    expect(fires(changed, rows, { previous: turned })).toBe(true)
    const each = decideOn(changed, inputOf(rows, { previous: turned, fingerprint: ['c'] }))
    expect(each.items.map(({ fire }) => fire)).toEqual([false, false])
  })

  test('of many rows is found quickly', () => {
    const rows = resultOf(
      'c d:text',
      Array.from({ length: 20_000 }, (_, index) => [index, 'x']),
    )
    const previous = { ...rows, rows: rows.rows.map((row) => [...row]).reverse() }
    const started = performance.now()
    const { items } = decideOn(changed, inputOf(rows, { previous, fingerprint: ['c'] }))
    expect(items.some(({ fire }) => fire)).toBe(false)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe('fingerprints', () => {
  const cases: [string, string, Json[], string, Record<string, string>][] = [
    ['a large int', 'n', ['9007199254740993'], '["9007199254740993"]', { n: '9007199254740993' }],
    ['an int', 'n', [5], '[5]', { n: '5' }],
    ['a decimal with its digits', 'n:decimal', ['1.50'], '["1.50"]', { n: '1.50' }],
    ['NULL', 'n:text', [null], '[null]', { n: 'null' }],
    ['the text null', 'n:text', ['null'], '["null"]', { n: 'null' }],
    ['truth', 'n:boolean', [false], '[false]', { n: 'false' }],
    ['JSON', 'n:json', [{ a: [1] }], '[{"a":[1]}]', { n: '{"a":[1]}' }],
    ['quotes and lines', 'n:text', ['a"\n,b'], '["a\\"\\n,b"]', { n: 'a"\n,b' }],
    ['a time as it was written', 'n:timestamp', [ago(0)], `["${ago(0)}"]`, { n: ago(0) }],
    ['nothing at all', 'n:text', [''], '[""]', { n: '' }],
  ]
  for (const [title, column, row, fingerprint, labels] of cases)
    test(`of ${title}`, () => {
      const { items } = decideOn('row_count > 0', inputOf(resultOf(column, [row]), { fingerprint: ['n'] }))
      expect(items).toMatchObject([{ fingerprint, labels, fire: true, rows: [0] }])
    })

  test('take the columns in the order of the rule, not of the query', () => {
    const result = resultOf('a b', [[1, 2]])
    const of = (...fingerprint: string[]) => decideOn('True', inputOf(result, { fingerprint })).items[0]
    expect(of('b', 'a')).toMatchObject({ fingerprint: '[2,1]', labels: { b: '2', a: '1' } })
    expect(fingerprintOf(result, 0, [1, 0])).toBe('[2,1]')
  })

  test('need their columns as they are written, even where conditions need not', () => {
    const input = inputOf(resultOf('Host:text', [['a']]), { fingerprint: ['host'], lenient: true })
    expect(() => decideOn('True', input)).toThrow("The query returns no column 'host'. Nearest: 'Host'.")
  })

  test('of columns that are named like parts of objects are as any other', () => {
    const result = { ...resultOf('c:text', [['x']]), columns: [{ name: '__proto__', type: 'text' as const }] }
    const [item] = decideOn('row["__proto__"] == "x"', inputOf(result, { fingerprint: ['__proto__'] })).items
    expect(item).toMatchObject({ fingerprint: '["x"]', fire: true })
    expect(Object.entries(item?.labels ?? {})).toEqual([['__proto__', 'x']])
  })
})

test('a trigger is shown as the expression it stands for', () => {
  const text = (condition: Condition) => compileCondition(condition).text
  expect(text({ trigger: 'rows' })).toBe('row_count > 0')
  expect(text({ trigger: 'threshold', column: 'c', operator: '>', value: 1, rows: 'any' })).toBe(
    "any(r['c'] is not None and r['c'] > 1 for r in query_result)",
  )
  expect(text({ trigger: 'stale', column: 'at', olderThan: '1h30m' })).toBe(
    "all(r['at'] is None or now - r['at'] > 5400 for r in query_result)",
  )
})
