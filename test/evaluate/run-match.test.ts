import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  historyOf,
  lookback,
  matchesGlob,
  occasionsMet,
  possibleOccasions,
  whyUnmatched,
} from '../../src/evaluate/run-match.ts'
import type { Occurrence, RunState } from '../../src/model/run.ts'
import type { Occasion } from '../../src/model/run-match.ts'

describe('patterns of names', () => {
  const cases: [pattern: string, text: string, matches: boolean][] = [
    ['*', '', true],
    ['*', 'anything at all', true],
    ['', '', true],
    ['', 'a', false],
    ['load', 'load', true],
    ['load', 'Load', false],
    ['load', 'loads', false],
    ['load*', 'load', true],
    ['*load', 'upload', true],
    ['l?ad', 'load', true],
    ['l?ad', 'lad', false],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'aXcYb', false],
    ['[a]', 'a', false],
    ['a.c', 'abc', false],
    ['**a**', 'bab', true],
  ]
  for (const [pattern, text, matches] of cases)
    test(`"${pattern}" ${matches ? 'matches' : 'does not match'} "${text}"`, () => {
      expect(matchesGlob(pattern, text)).toBe(matches)
    })

  test('match what the same regular expression does, and never take long', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 12 }).map((parts) => parts.join(''))
    const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 20 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(letters, text, (pattern, name) => {
        const regular = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
        expect(matchesGlob(pattern, name)).toBe(regular.test(name))
      }),
    )
    const begun = performance.now()
    expect(matchesGlob(`${'*a'.repeat(150)}b`, 'a'.repeat(300))).toBe(false)
    expect(performance.now() - begun).toBeLessThan(200)
  })
})

test('a run that does not match is told why', () => {
  const run = {
    uid: 'r',
    schedule: '',
    name: 'load',
    kind: 'job' as const,
    labels: { env: 'prod' },
    trigger: { name: 'cron' },
  }
  const why = (match: object, changes: object = {}) =>
    whyUnmatched({ name: '*', labels: {}, ...match }, { ...run, ...changes })
  expect(why({})).toBeNull()
  expect(why({ name: 'x*' })).toBe('its name is "load", not "x*"')
  expect(why({ kind: 'pipeline' })).toBe('it is a job, not a pipeline')
  expect(why({ labels: { env: 'test' } })).toBe('its label env is "prod", not "test"')
  expect(why({ labels: { toString: '*' } })).toBe('it has no label "toString"')
  expect(why({ trigger: 'hand' })).toBe('its trigger is "cron", not "hand"')
  expect(why({ uid: 's' })).toBe('it is the run "r", not "s"')
  expect(why({ schedule: 'daily' })).toBe('it names no schedule')
  expect(why({ schedule: 'dai*' }, { schedule: 'hourly' })).toBe('its schedule is "hourly", not "dai*"')
  expect(why({ uid: 'r', schedule: 'dai*' }, { schedule: 'daily' })).toBeNull()
  expect(why({ trigger: '*' }, { trigger: null })).toBe('it names no trigger')
})

describe('occasions', () => {
  const at = (state: RunState, step: string | null = null): Occurrence => ({
    attempt: 1,
    step,
    state,
    time: 0,
    arrivedAt: 0,
  })
  const when: Occasion[] = ['start', 'end', 'change', 'recovered', 'first-failure', { failures: 2 }, 'skipped']

  test('fit the states of the run', () => {
    expect(possibleOccasions(when, at('running'))).toEqual(['start', 'change'])
    expect(possibleOccasions(when, at('completed'))).toEqual(['end', 'change', 'recovered'])
    expect(possibleOccasions(when, at('error'))).toEqual(['end', 'change', 'first-failure', { failures: 2 }])
    expect(possibleOccasions(when, at('skipped'))).toEqual(['end', 'change', 'skipped'])
    expect(possibleOccasions(when, at('error', 'load'))).toEqual([])
  })

  test('of steps fit steps alone', () => {
    const steps: Occasion[] = [
      { step: 'load*', states: ['error'] },
      { step: '*', states: ['skipped'] },
    ]
    expect(possibleOccasions(steps, at('error', 'load-a'))).toHaveLength(1)
    expect(possibleOccasions(steps, at('error', 'fit'))).toHaveLength(0)
    expect(possibleOccasions(steps, at('skipped', 'fit'))).toHaveLength(1)
    expect(possibleOccasions(steps, at('error'))).toHaveLength(0)
  })

  test('look back as far as they must', () => {
    expect(lookback(['end', { step: '*', states: ['error'] }])).toBe(0)
    expect(lookback(['recovered'])).toBe(1)
    expect(lookback(['recovered', { failures: 5 }])).toBe(5)
  })

  const histories: [before: RunState[], met: string[]][] = [
    [[], ['first failure']],
    [['completed'], ['first failure']],
    [['error'], ['2 failures in a row']],
    [['error', 'error'], []],
    [['aborted', 'error', 'skipped', 'completed'], ['2 failures in a row']],
  ]
  for (const [before, met] of histories)
    test(`a failure after ${before.join(', ') || 'nothing'} is ${met.join() || 'neither'}`, () => {
      expect(occasionsMet(['first-failure', { failures: 2 }], historyOf(before))).toEqual(met)
    })

  test('a success has recovered after a failure alone', () => {
    expect(occasionsMet(['recovered'], historyOf(['error']))).toEqual(['recovered'])
    expect(occasionsMet(['recovered'], historyOf(['completed', 'error']))).toEqual([])
    expect(occasionsMet(['recovered'], historyOf([]))).toEqual([])
  })
})
