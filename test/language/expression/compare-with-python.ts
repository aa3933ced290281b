import { expect, test } from 'bun:test'
import { createBudget } from '../../../src/language/expression/budget.ts'
import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { fromJson } from '../../../src/language/expression/json.ts'
import { represent } from '../../../src/language/expression/print.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'
import type { Json } from '../../../src/model/json.ts'

const variables: Record<string, Json> = {
  cnt: 3,
  name: 'psi',
  words: ['b', 'a', 'C'],
  nums: [3, 1, 2],
  rows: [
    { a: 1, b: 'x' },
    { a: 2, b: 'y' },
  ],
  d: { k: 1, v: null },
  none: null,
}

const names = new Map(Object.entries(variables).map(([name, value]) => [name, fromJson(value)]))

/** Compares expressions with what CPython 3.11 gives: the repr of the value, or the class of the error. */
export function compareWithPython(title: string, cases: readonly (readonly [text: string, expected: string])[]): void {
  test(title, () => {
    const given = cases.map(([text]) => [text, outcome(text)])
    expect(given).toEqual(cases.map((one) => [...one]))
  })
}

function outcome(text: string): string {
  try {
    return represent(evaluate(compile('python', text), names), createBudget())
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown.kind
    throw thrown
  }
}
