import { describe, expect, test } from 'bun:test'
import {
  type Budget,
  type BudgetOptions,
  charge,
  createBudget,
  LIMITS,
} from '../../../src/language/expression/budget.ts'
import { ExpressionError, Failure } from '../../../src/language/expression/failure.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'
import { dict, list, type Value } from '../../../src/language/expression/value.ts'

const TEXT = 64_000
const ITEMS = 10_000
const names = new Map<string, Value>([
  ['s', 'x'.repeat(TEXT)],
  ['t', `${'x'.repeat(TEXT - 1)}y`],
  ['emoji', '😀'.repeat(TEXT / 2)],
  ['blank', ' '.repeat(TEXT)],
  ['l', list(Array.from({ length: ITEMS }, (_, index) => BigInt(index)))],
  ['m', list(Array.from({ length: ITEMS }, (_, index) => BigInt(index)))],
  ['words', list(Array.from({ length: 1000 }, (_, index) => `${'w'.repeat(50)}${index}`))],
  ['d', dict(Array.from({ length: ITEMS }, (_, index) => [BigInt(index), 'v'] as const))],
  ['big', 2n ** 4000n],
])

function stepsOf(text: string): number {
  const budget = createBudget()
  const before = budget.steps
  evaluate(compile('python', text), names, { budget })
  return before - budget.steps
}

function errorOf(text: string, options: BudgetOptions = {}): ExpressionError {
  try {
    evaluate(compile('python', text), names, { budget: createBudget(options) })
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown
    throw thrown
  }
  throw new Error(`${text} has a value`)
}

describe('what goes over a long text is paid by its length', () => {
  for (const text of [
    's == t',
    's < t',
    '"y" in s',
    't in s',
    's + "y"',
    '"x" * 64000',
    's[1:]',
    's[::-1]',
    's.upper()',
    's.strip()',
    'blank.strip()',
    'blank.split()',
    's.splitlines()',
    's.find("y")',
    's.count("x")',
    's.replace("x", "y")',
    's.startswith("y")',
    's.isalpha()',
    's.title()',
    'len(emoji)',
    'emoji[5]',
    'emoji[-1]',
    'emoji[1:2]',
    'float("9" * 60000)',
  ])
    test(text, () => expect(stepsOf(text)).toBeGreaterThan(TEXT / 70))
})

describe('what goes over many items is paid by their number', () => {
  for (const text of [
    'any(x < 0 for x in l)',
    '[x for x in l if x < 0]',
    'sum(l)',
    'min(l)',
    'max(l, key=abs)',
    'sorted(l)',
    'list(zip(l, m))',
    'list(enumerate(l))',
    'set(l)',
    'list(d)',
    'list(d.values())',
    'l == m',
    'l < m',
    'l + m[:0]',
    'l[1:]',
    'l[::-1]',
    'l * 1',
    'l.count(1)',
    'l.index(9999)',
    '9999 in l',
    'd | d',
    'set(l) <= set(m)',
    'set(l) - set(m)',
    'str(l)',
  ])
    test(text, () => expect(stepsOf(text)).toBeGreaterThanOrEqual(ITEMS / 4))

  test('joining pays for items and their texts', () => expect(stepsOf('", ".join(words)')).toBeGreaterThan(2000))
})

describe('what does not is cheap, however large the values are', () => {
  for (const text of ['len(s)', 's[5]', 's[-1]', 'len(l)', 'l[-1]', 'd[5]', 'd.get(5)', '5 in d', 'not l', 'l is l'])
    test(text, () => expect(stepsOf(text)).toBeLessThan(10))
})

describe('what would be too large is refused before it is made', () => {
  const refused: [string, string][] = [
    ['s + t', 'A text would have more than 65536 characters.'],
    ['s * 1000000000', 'A text would have more than 65536 characters.'],
    ['"ab" * 32769', 'A text would have more than 65536 characters.'],
    ['s.replace("x", "yy")', 'A text would have more than 65536 characters.'],
    ['s.replace("", "y")', 'A text would have more than 65536 characters.'],
    ['"x".join([s, t])', 'A text would have more than 65536 characters.'],
    ['l + m', 'A list would have more than 10000 items.'],
    ['[0] * 10001', 'A list would have more than 10000 items.'],
    ['list(range(10001))', 'A list would have more than 10000 items.'],
    ['[x for x in range(10**9)]', 'A list would have more than 10000 items.'],
    ['s.split("x")', 'A list would have more than 10000 items.'],
    ['list(s)', 'A list would have more than 10000 items.'],
    ['big * big', 'An integer would have more than 4096 bits.'],
    ['2 ** 4096', 'An integer would have more than 4096 bits.'],
    ['10 ** 10 ** 10', 'An integer would have more than 4096 bits.'],
    ['1 << 4096', 'An integer would have more than 4096 bits.'],
    ['1 << 10 ** 30', 'An integer would have more than 4096 bits.'],
    ['int("f" * 1025, 16)', 'An integer would have more than 4096 bits.'],
    ['int("9" * 1300)', 'An integer would have more than 4096 bits.'],
  ]
  for (const [text, message] of refused)
    test(text, () => expect(errorOf(text)).toMatchObject({ kind: 'Budget', message }))

  test('what is just not too large is made', () => {
    for (const text of ['"ab" * 32768', '[0] * 10000', 'list(range(10000))', '2 ** 4095', '1 << 4095', '0 << 10 ** 30'])
      expect(() => evaluate(compile('python', text), names)).not.toThrow()
  })
})

describe('steps', () => {
  for (const text of [
    'any(x < 0 for x in range(10 ** 12))',
    'sum(x * y for x, y in zip(range(10 ** 9), range(10 ** 9)))',
    'all(any(x == y for y in l) for x in l)',
    '10 ** 12 in [x for x in range(9)] or max(range(10 ** 12))',
    'all(s < t for x in range(1000))',
    'all(emoji[-1] == "😀" for x in range(1000))',
  ])
    test(`${text} takes too many`, () => {
      const started = performance.now()
      expect(errorOf(text)).toMatchObject({ kind: 'Budget', message: 'The expression takes too many steps.' })
      expect(performance.now() - started).toBeLessThan(5000)
    })

  test('are taken from one budget by all that share it', () => {
    const budget = createBudget()
    const program = compile('python', 'sum(l)')
    let runs = 0
    expect(() => {
      for (; runs < 1000; runs += 1) evaluate(program, names, { budget })
    }).toThrow('too many steps')
    expect(runs).toBeGreaterThan(5)
    expect(runs).toBeLessThan(25)
  })

  test('are more for results of more rows, and so is the length of lists', () => {
    expect(createBudget({ rows: 10 })).toMatchObject({ steps: LIMITS.steps, listItems: LIMITS.listItems })
    expect(createBudget({ rows: 100_000 })).toMatchObject({ steps: 2_000_000, listItems: 100_000 })
  })

  test('may be used to the last one', () => {
    const budget = createBudget()
    charge(budget, LIMITS.steps)
    expect(budget.steps).toBe(0)
    expect(() => charge(budget, 1)).toThrow(Failure)
  })
})

describe('time', () => {
  function slow(msPerLook: number): { budget: Budget; looks: () => number } {
    let looks = 0
    const elapsed = () => {
      looks += 1
      return looks * msPerLook
    }
    return { budget: createBudget({ elapsed }), looks: () => looks }
  }

  test('ends an evaluation that has steps left', () => {
    const { budget } = slow(50)
    expect(() => evaluate(compile('python', 'sum(l)'), names, { budget })).toThrow('takes longer than 200 ms')
    expect(budget.steps).toBeGreaterThan(0)
  })

  test('counts from the making of the budget', () => {
    const { budget } = slow(1000)
    expect(budget.deadline).toBe(1000 + LIMITS.time)
  })

  test('is looked at now and then only', () => {
    const { budget, looks } = slow(0)
    evaluate(compile('python', 'sum(l)'), names, { budget })
    expect(looks()).toBeGreaterThan(10)
    expect(looks()).toBeLessThan(ITEMS / 50)
  })

  test('is not limited without a clock', () => {
    expect(createBudget().elapsed).toBeUndefined()
    expect(() => evaluate(compile('python', 'sum(l)'), names)).not.toThrow()
  })
})
