import { describe, expect, test } from 'bun:test'
import { createBudget } from '../../../src/language/expression/budget.ts'
import { ExpressionError, Failure } from '../../../src/language/expression/failure.ts'
import { fromJson, jsonText } from '../../../src/language/expression/json.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'

const names = new Map([
  ['big', fromJson('a'.repeat(60_000))],
  ['blanks', fromJson(`x${' '.repeat(60_000)}x`)],
  ['numbers', fromJson(Array.from({ length: 9000 }, (_, index) => index))],
])

function outcome(text: string): string {
  try {
    const budget = createBudget({ elapsed: () => performance.now() })
    jsonText(evaluate(compile('python', text), names, { budget }))
    return 'value'
  } catch (thrown) {
    if (thrown instanceof ExpressionError || thrown instanceof Failure) return thrown.kind
    throw thrown
  }
}

/** ms of the quickest of three runs: others may keep the machine busy. */
function quickest(text: string): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < 3 && least >= 250; run += 1) {
    const start = performance.now()
    outcome(text)
    least = Math.min(least, performance.now() - start)
  }
  return least
}

const repeated = (text: string, times: number) => text.repeat(times)

/** Expressions that would take too long or too much, with what becomes of them. */
const hostile: [string, string][] = [
  ['"a" * 10**9', 'Budget'],
  ['"a" * 10**100', 'OverflowError'],
  ['10**10**10', 'Budget'],
  ['10**10**10**10', 'Budget'],
  ['2**4096', 'Budget'],
  ['(2**2000)**3', 'Budget'],
  ['(2**2000)*(2**3000)', 'Budget'],
  ['1 << 10**9', 'Budget'],
  ['1 << 10**1000', 'Budget'],
  ['-1 >> 10**1000', 'value'],
  ['int("9" * 60000)', 'Budget'],
  ['int("z" * 60000, 36)', 'Budget'],
  [repeated('9', 20_000), 'Budget'],
  [`0x${repeated('f', 20_000)}`, 'Budget'],
  ['round(1, -10**9)', 'value'],
  ['round(2.5, 10**9)', 'value'],
  ['[0] * 10**9', 'Budget'],
  ['[[0] * 9000] * 9000', 'Budget'],
  ['[[0] * 9000 for x in range(9000)]', 'Budget'],
  ['[big + "b" for x in range(9000)]', 'Budget'],
  ['[big.upper() for x in numbers]', 'Budget'],
  ['sum([[x] for x in numbers], [])', 'Budget'],
  ['sum(x for x in range(10**12))', 'Budget'],
  ['list(range(10**12))', 'Budget'],
  ['set(range(10**12))', 'Budget'],
  ['sorted(range(10**12))', 'Budget'],
  ['len(range(10**12))', 'value'],
  ['10**12 - 1 in range(10**12)', 'value'],
  ['0.5 in range(10**12)', 'Budget'],
  ['range(10**12).count(5)', 'Budget'],
  ['any(any(x == -y for y in numbers) for x in numbers if x > 0)', 'Budget'],
  ['[[[z for z in range(100)] for y in range(100)] for x in range(100)]', 'Budget'],
  ['max(max(max(z for z in range(100)) for y in range(100)) for x in range(100))', 'Budget'],
  ['sorted(sorted(sorted(numbers, reverse=True), key=str), key=str)[:3]', 'value'],
  ['big.replace("a", "bbbbbbbbbb")', 'Budget'],
  ['big.replace("", big)', 'Budget'],
  ['big.join(["x"] * 9000)', 'Budget'],
  ['"".join([big] * 9000)', 'Budget'],
  ['"".join("ab" for x in range(10**9))', 'Budget'],
  ['big.split("a")', 'Budget'],
  ['("\\n" * 60000).splitlines()', 'Budget'],
  ['str([big] * 100)', 'Budget'],
  ['[big] * 9000', 'Budget'],
  ['str([[[[0] * 90] * 90] * 90] * 90)', 'Budget'],
  ['[[[[0] * 90] * 90] * 90] * 90 == [[[[0] * 90] * 90] * 90] * 90', 'Budget'],
  ['{(big,) * 9000: 1}', 'Budget'],
  ['{(((big,) * 9000,) * 9000,) * 9000}', 'Budget'],
  ['blanks.rstrip() and blanks.strip() and blanks.split() and blanks.title()', 'value'],
  ['len([1 for x in numbers if blanks.split()])', 'Budget'],
  ['len([1 for x in numbers if big.count("aaab")])', 'Budget'],
  ['len([1 for x in numbers if big == big + ""])', 'Budget'],
  ['len([1 for x in numbers if big[::-1]])', 'Budget'],
  ['len([1 for x in numbers if "b" in big])', 'Budget'],
  ['len([1 for x in numbers[:2000] if 1.1 ** 63])', 'value'],
  ['list(zip(range(10**9), range(10**9)))', 'Budget'],
  ['list(enumerate(range(10**9)))', 'Budget'],
  ['{1, 2} | set(range(10**9))', 'Budget'],
  [`${repeated('(', 51)}1${repeated(')', 51)}`, 'Budget'],
  [`${repeated('(', 50)}1${repeated(')', 50)}`, 'value'],
  [`${repeated('[', 100_000)}`, 'Budget'],
  [`${repeated('-', 60_000)}1`, 'Budget'],
  [`${repeated('not ', 15_000)}1`, 'Budget'],
  [repeated('1 ** ', 10_000).concat('1'), 'Budget'],
  [repeated('1 if 1 else ', 5_000).concat('1'), 'Budget'],
  [`numbers${repeated('[0:1]', 10_000)}`, 'Budget'],
  [`len${repeated('.x', 20_000)}`, 'Budget'],
  [`1${repeated(' + 1', 15_000)}`, 'value'],
  [`1${repeated(' < 1', 15_000)}`, 'value'],
  [`1${repeated(' and 1', 10_000)}`, 'value'],
  [`[${repeated('1,', 30_000)}]`, 'value'],
  [repeated('a', 70_000), 'Budget'],
  [repeated('"a" ', 15_000), 'value'],
]

describe('hostile expressions', () => {
  for (const [text, expected] of hostile) {
    const shown = text.length > 90 ? `${text.slice(0, 60)}… (${text.length} characters)` : text
    test(shown, () => {
      const before = process.memoryUsage().rss
      expect(outcome(text)).toBe(expected)
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
      expect(quickest(text)).toBeLessThan(250)
    })
  }
})
