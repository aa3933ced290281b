import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseJson } from '../../src/http/json.ts'

test('what is JSON is read as the runtime reads it', () => {
  fc.assert(fc.property(fc.json(), (text) => expect(parseJson(text)).toEqual(JSON.parse(text))))
})

test('a damaged text is refused exactly when the runtime refuses it', () => {
  const signs = fc.constantFrom(',', '"', '}', ']', '[', '{', ':', '1', '-', 'e', '\\', 'x', '\n', '')
  fc.assert(
    fc.property(fc.json(), fc.nat(), signs, fc.boolean(), (text, at, sign, replaces) => {
      const place = at % (text.length + 1)
      const damaged = text.slice(0, place) + sign + text.slice(replaces ? place + 1 : place)
      expect(accepts(() => parseJson(damaged))).toBe(accepts(() => JSON.parse(damaged)))
    }),
    { numRuns: 1000 },
  )
})

describe('the place of the first fault is named', () => {
  const cases: [string, string][] = [
    ['{"a":1,}', 'a key in double quotes was expected, at line 1, column 8'],
    ['{"a" 1}', '":" was expected, at line 1, column 6'],
    ['[1 2]', '"," or "]" was expected, at line 1, column 4'],
    ['{a:1}', 'a key in double quotes was expected, at line 1, column 2'],
    ['{"a":\n  tru}', 'a value was expected, at line 2, column 3'],
    ['{"a":1', 'it ends too early, at line 1, column 7'],
    ['{} x', 'more follows after its end, at line 1, column 4'],
    ['["a\nb"]', 'a value was expected, at line 1, column 4'],
    [`${'['.repeat(65)}${']'.repeat(65)}`, 'it is nested more than 64 deep, at line 1, column 1'],
  ]
  for (const [text, expected] of cases) test(text.slice(0, 20), () => expect(() => parseJson(text)).toThrow(expected))
})

test('a large damaged text is refused at once', () => {
  const text = `{"a":"${'x'.repeat(1_000_000)}`
  const startedAt = performance.now()
  expect(() => parseJson(text)).toThrow('is not JSON')
  expect(performance.now() - startedAt).toBeLessThan(500)
})

function accepts(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
