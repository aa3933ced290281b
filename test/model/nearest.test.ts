import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { didYouMean, distance, nearest } from '../../src/model/nearest.ts'

describe('the distance of two texts', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['abc', 'ab', 1],
    ['abc', 'xabc', 1],
    ['ab', 'ba', 2],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
  ]
  for (const [from, to, expected] of cases)
    test(`${JSON.stringify(from)} to ${JSON.stringify(to)} is ${expected}`, () =>
      expect(distance(from, to)).toBe(expected))

  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
  test('is the same both ways, 0 for equals alone, and a detour is never shorter', () => {
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(distance(a, b)).toBe(distance(b, a))
        expect(distance(a, b) === 0).toBe(a === b)
        expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c))
      }),
    )
  })
})

describe('the nearest name', () => {
  const cases: [string, string, string[], string | undefined][] = [
    ['has one letter less', 'webhok', ['mail', 'webhook'], 'webhook'],
    ['has letters exchanged', 'mial', ['mail', 'console'], 'mail'],
    ['differs by case alone', 'OPS-MAIL', ['ops-mail', 'dev-mail'], 'ops-mail'],
    ['is the first of two as near', 'abcx', ['abcd', 'abce'], 'abcd'],
    ['begins with what was written', 'warehouse', ['lake', 'warehouse-production-eu'], 'warehouse-production-eu'],
    ['ends with what was written', 'production', ['eu-warehouse-production'], 'eu-warehouse-production'],
    ['may differ more in long names', 'conection_tmeout', ['connection_timeout'], 'connection_timeout'],
    ['is none when a short name differs in all', 'abc', ['xyz'], undefined],
    ['is none when little is the same', 'slack', ['pager', 'mail'], undefined],
    ['is none when there are none', 'slack', [], undefined],
    ['of nothing is none but what is very short', '', ['ab', 'abcdef'], 'ab'],
  ]
  for (const [title, name, names, expected] of cases) test(title, () => expect(nearest(name, names)).toBe(expected))

  test('is always one of the names, and a name itself where it is there', () => {
    const names = fc.array(fc.string({ maxLength: 12 }), { maxLength: 6 })
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), names, (name, others) => {
        const found = nearest(name, others)
        if (found !== undefined) expect(others).toContain(found)
        expect(nearest(name, [...others, name])?.toLowerCase()).toBe(name.toLowerCase())
      }),
    )
  })

  test('is asked as a question, in one sentence to be put behind another', () => {
    expect(didYouMean('tittle', ['title'])).toBe(' Did you mean "title"?')
    expect(didYouMean('tittle', ['x'])).toBe('')
  })

  test('is found at once among many, however long what was written is', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `column_${index}`)
    const started = performance.now()
    nearest('x'.repeat(1_000_000), names)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
