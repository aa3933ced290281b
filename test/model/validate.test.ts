import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import type { AppError } from '../../src/errors.ts'
import { didYouMean, nearest } from '../../src/model/nearest.ts'
import { queryRule } from '../../src/model/rule.ts'
import { validate } from '../../src/model/validate.ts'

const rule = {
  name: 'r',
  connection: 'c',
  query: 'select 1',
  schedule: { every: '30s' },
  condition: { trigger: 'rows' },
}

function faultsOf(changes: object, prefix = ''): string[] {
  try {
    validate(queryRule, { ...rule, ...changes }, prefix)
  } catch (thrown) {
    return (thrown as AppError).issues.map(({ path, message }) => `${path}: ${message}`)
  }
  return []
}

describe('what is wrong is named by path, reason and remedy', () => {
  const cases: [string, object, string][] = [
    [
      'an unknown key',
      { conection: 'c' },
      'conection: unknown key. Did you mean "connection"? The keys here are name,',
    ],
    ['a missing key', { name: undefined }, 'name: is missing'],
    ['a wrong type', { tags: 'x' }, 'tags: must be a list, not "x"'],
    ['a fault deep inside', { message: { title: 4 } }, 'message.title: must be text'],
    [
      'a fault in a list',
      { routes: [{ channel: 'a', chanel: 1 }] },
      'routes.0.chanel: unknown key. Did you mean "channel"?',
    ],
    [
      'the nearest alternative',
      { schedule: { cron: '* * *', tz: 'x' } },
      'schedule.tz: unknown key. The keys here are cron, timezone.',
    ],
    [
      'the alternative by its trigger',
      { condition: { trigger: 'stale', column: 'a' } },
      'condition.olderThan: is missing',
    ],
    [
      'an operator inside an alternative',
      { condition: { trigger: 'threshold', column: 'a', operator: '=>', value: 1 } },
      'condition.operator: must be one of > >=',
    ],
    [
      'no alternative at all',
      { condition: 'x' },
      'condition: must be {"dialect":"python","text":"…"} or a guided trigger',
    ],
  ]
  for (const [title, changes, expected] of cases)
    test(title, () => {
      const faults = faultsOf(changes)
      expect(faults).toHaveLength(1)
      expect(faults[0]).toStartWith(expected)
    })

  test('the path begins with the prefix', () => {
    expect(faultsOf({ name: 5 }, 'rule')).toEqual(['rule.name: must be text'])
  })

  test('the message tells the first three and how many more', () => {
    const many = v.strictObject({ a: v.string(), b: v.string(), c: v.string(), d: v.string() })
    expect(() => validate(many, {})).toThrow('a: is missing; b: is missing; c: is missing And 1 more.')
  })
})

test('a valid value comes back with its defaults', () => {
  expect(validate(queryRule, rule)).toMatchObject({ ...rule, severity: 'warning', routes: [] })
})

test('names are near when few letters differ, whatever their case', () => {
  expect(nearest('conection', ['channel', 'connection'])).toBe('connection')
  expect(nearest('OPS', ['ops-mail', 'ops'])).toBe('ops')
  expect(nearest('slack', ['pager', 'mail'])).toBeUndefined()
  expect(didYouMean('slak', ['slack'])).toBe(' Did you mean "slack"?')
  expect(didYouMean('x', [])).toBe('')
})
