import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { createBudget } from '../../../src/language/expression/budget.ts'
import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { toText } from '../../../src/language/expression/print.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'
import type { Value } from '../../../src/language/expression/value.ts'
import { toNames } from '../../../src/language/expression-value.ts'
import { parseVariables, type Variables } from '../../../src/language/template-value.ts'

const file = parseVariables(readFileSync('test/vectors/jinja-expressions.json', 'utf8'))
const names = toNames(file['context'] as Variables)
const cases = file['cases'] as unknown as [expression: string, rendered: string | null][]

/** What the expression renders to, null where it fails; undefined where it is left to the Jinja engine. */
function rendered(expression: string, given: ReadonlyMap<string, Value> = names): string | null | undefined {
  const budget = createBudget({ elapsed: () => performance.now() })
  try {
    return toText(evaluate(compile('jinja', expression), given, { budget }), budget)
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown.kind === 'Refused' ? undefined : null
    throw thrown
  }
}

/** Expressions that only the Jinja engine knows. */
const left = cases
  .map(([expression]) => expression)
  .filter((expression) => rendered(`{{ ${expression} }}`) === undefined)

describe('the vectors made with Jinja2 3.1.6', () => {
  const groups = new Map<string, [string, string | null][]>()
  for (const one of cases) {
    const operator =
      [' < ', ' == ', ' in ', ' + ', ' * ', ' // ', ' and ', ' ~ '].find((sign) => one[0].includes(sign)) ?? 'none'
    groups.set(operator, [...(groups.get(operator) ?? []), one])
  }
  for (const [operator, rows] of groups)
    test(`${operator}: ${rows.length} expressions`, () => {
      const wrong = rows
        .filter(([expression]) => !left.includes(expression))
        .map(([expression, wanted]) => ({ expression, wanted, got: rendered(`{{ ${expression} }}`) }))
        .filter(({ wanted, got }) => wanted !== got)
      expect(wrong).toEqual([])
    })

  test('few are left to the engine', () => {
    expect(cases.length).toBeGreaterThan(1400)
    expect(left.filter((expression) => !expression.includes('%'))).toEqual([
      '"hello world"|title',
      '"it\'s a dog\'s life"|title',
      'val is nope',
      'val|nope',
      'run.status.results.list.append(4)',
    ])
  })
})

describe('errors', () => {
  const rows: [expression: string, kind: string, message: string, column: number][] = [
    ['{{ run.status.results.missing > 3 }}', 'UndefinedError', "'missing' is undefined.", 31],
    ['{{ run.status.results.missing.deeper }}', 'UndefinedError', "'missing' is undefined, so it has no 'deeper'.", 31],
    ['{{ val > "4" }}', 'TypeError', "'>' not supported between instances of 'int' and 'str'", 8],
    ['{{ val > }}', 'SyntaxError', 'The expression ends too early.', 9],
    ['{{ 1/0 }}', 'ZeroDivisionError', 'division by zero', 5],
    ['{{ val | defualt(1) }}', 'Refused', "There is no filter 'defualt' here. Nearest: 'default'", 10],
    ['{{ val is defind }}', 'Refused', "There is no test 'defind' here. Nearest: 'defined'", 11],
    ['{{ }}', 'SyntaxError', 'The expression is empty.', 3],
    ['{{ 1) + (2 }}', 'SyntaxError', "Unexpected ')'", 5],
    ['val +', 'SyntaxError', 'The expression ends too early.', 6],
  ]
  for (const [expression, kind, message, column] of rows)
    test(expression, () => {
      const run = () => evaluate(compile('jinja', expression), names)
      expect(run).toThrow(message)
      try {
        run()
      } catch (thrown) {
        expect(thrown).toMatchObject({ kind, line: 1, column })
      }
    })
})

test('any text is evaluated or refused, in time', () => {
  const words = fc.constantFrom(
    ...[
      'run',
      '.',
      'status',
      '[',
      ']',
      '(',
      ')',
      '"a"',
      '1',
      '2.5',
      '|',
      'join',
      'default',
      'map',
      'is',
      'not',
      'in',
      'and',
      'or',
    ],
    ...[
      'defined',
      'odd',
      '==',
      '<',
      '+',
      '-',
      '*',
      '**',
      '//',
      '%',
      '~',
      ',',
      ':',
      '{',
      '}',
      '=',
      'if',
      'else',
      'range',
      '\n',
      '.0',
      '"',
    ],
  )
  fc.assert(
    fc.property(fc.array(words, { maxLength: 50 }), (list) => {
      const start = performance.now()
      rendered(`{{ ${list.join(' ')} }}`)
      expect(performance.now() - start).toBeLessThan(250)
    }),
    { numRuns: 3000 },
  )
})

test('hostile expressions end in time', () => {
  const hostile = [
    'range(9000)|map("string")|join|length * range(9000)|sum',
    'range(9999)|sort|unique|list',
    `${'('.repeat(60)}1${')'.repeat(60)}`,
    `${'not '.repeat(5000)}1`,
    `${'-'.repeat(5000)}1`,
    `1${'|abs'.repeat(60)}`,
    '"a" * 60000 ~ "a" * 60000',
    '(10 ** 4000) ** 4000',
    `1${' ~ 1'.repeat(9000)}`,
  ]
  for (const expression of hostile) {
    const times = [1, 2, 3].map(() => {
      const start = performance.now()
      rendered(`{{ ${expression} }}`)
      return performance.now() - start
    })
    expect(Math.min(...times)).toBeLessThan(250)
  }
})
