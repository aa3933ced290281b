import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createBudget } from '../../../src/language/expression/budget.ts'
import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'
import type { Value } from '../../../src/language/expression/value.ts'
import { errorOf } from './run.ts'

/** ms that one formula may take, and what a machine that does other work as well may add. */
const LONGEST = 250
const elapsed = () => performance.now()

function attempt(text: string, names: ReadonlyMap<string, Value> = new Map()): string {
  try {
    evaluate(compile('formula', text), names, { budget: createBudget({ elapsed }) })
    return 'value'
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown.kind
    throw thrown
  }
}

function timeOf(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

const letters = 'a'.repeat(65_536)
const names = new Map<string, Value>([
  ['letters', letters],
  ['pairs', 'ab'.repeat(32_768)],
  ['lines', 'x=1\n'.repeat(16_000)],
])

describe('hostile formulas end in time', () => {
  const rows: [formula: string, outcome: string][] = [
    ['match(letters, /(a+)+b/)', 'value'],
    ['match(letters, /(a*)*(a*)*(a*)*b/)', 'value'],
    ['match(letters, /(.*)(.*)(.*)(.*)(.*)x/)', 'value'],
    ['contains(letters, /(x+x+)+y/)', 'value'],
    ['match(letters, /((a?){500}a{500})/)', 'Budget'],
    ['match(letters, /(a{1000}){1000}/)', 'SyntaxError'],
    ['replace(letters, /a(.*b)?/, "x")', 'any'],
    ['replace(letters, /a/, "aaaaaaaaaa")', 'Budget'],
    ['replace(letters, "a", "aaaaaaaaaa")', 'Budget'],
    ['split(letters, /a/, true)', 'Budget'],
    ['partition(lines, /(\\w+)=(\\d+)/)', 'value'],
    ['rpartition(pairs, /a.*?b/)', 'any'],
    ['letters + letters', 'Budget'],
    ['concat(letters, letters)', 'Budget'],
    ['format("%1000s%1000s", 1, 2)', 'value'],
    ['format("%99999d", 1)', 'ValueError'],
    ['forRange(0, 9000, 1, i, forRange(0, 9000, 1, j, i * j))', 'Budget'],
    ['forRange(0, 1e9, 1, i, i)', 'Budget'],
    ['pow(10, 100000)', 'OverflowError'],
    [`${'('.repeat(60)}1`, 'Budget'],
    [`${'-'.repeat(10_000)}1`, 'Budget'],
    [`${'not('.repeat(60)}1`, 'Budget'],
    [`1${' + 1'.repeat(15_000)}`, 'value'],
    [`true${' && true'.repeat(8000)}`, 'value'],
    [`a${'.b'.repeat(100)}`, 'Budget'],
    ['9'.repeat(60_000), 'Budget'],
    ['"x" * 1000000', 'TypeError'],
    [`${'a'.repeat(70_000)}`, 'Budget'],
    ['isError(forRange(0, 9000, 1, i, forRange(0, 9000, 1, j, i * j)))', 'Budget'],
  ]
  for (const [formula, outcome] of rows) {
    test(`${formula.slice(0, 70)} (${formula.length} characters)`, () => {
      attempt(formula, names)
      let found = ''
      const times = [1, 2, 3].map(() =>
        timeOf(() => {
          found = attempt(formula, names)
        }),
      )
      if (outcome !== 'any') expect(found).toBe(outcome)
      expect(Math.min(...times)).toBeLessThan(LONGEST)
    })
  }

  test('JavaScript is out of reach', () => {
    for (const text of [
      'constructor',
      '__proto__',
      'toString',
      'variables.constructor.x',
      '"".constructor',
      '[].constructor',
      'variables["__proto__"].x',
    ])
      expect(['NameError', 'TypeError', 'KeyError']).toContain(String(errorOf(text).kind))
  })
})

describe('any text', () => {
  const words = fc.constantFrom(
    ...[
      'if',
      '(',
      ')',
      ',',
      '[',
      ']',
      '.',
      '"a"',
      "'b",
      '1',
      '2.5',
      '/a+/',
      '/',
      '//',
      '||',
      '&&',
      '==',
      '<',
      '+',
      '-',
      '*',
      '%',
    ],
    ...[
      'x',
      'forEach',
      'filter',
      'switch',
      'match',
      'format',
      'get',
      'variables',
      '${',
      '}',
      '\\',
      'inc',
      'asDate',
      'with',
      ' ',
      '\n',
    ],
  )

  test('is read and evaluated, or refused with its place, in time', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(words, { maxLength: 60 }).map((list) => list.join(' ')),
        ),
        (text) => {
          attempt(text, new Map([['x', 'abc']]))
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('never breaks the engine of regular expressions', () => {
    const pattern = fc.array(fc.constantFrom(...'ab()[]*+?{}|^$.\\d0123,-:<>=!i'.split('')), { maxLength: 40 })
    fc.assert(
      fc.property(pattern, fc.string({ maxLength: 200 }), (source, text) => {
        const given = new Map<string, Value>([
          ['p', source.join('')],
          ['t', text],
        ])
        expect(['value', 'SyntaxError', 'Budget']).toContain(attempt('match(strval("t"), strval("p"))', given))
      }),
      { numRuns: 3000 },
    )
  })
})
