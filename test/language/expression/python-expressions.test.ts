import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { createBudget } from '../../../src/language/expression/budget.ts'
import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { parseJson } from '../../../src/language/expression/json.ts'
import { truthy } from '../../../src/language/expression/operators.ts'
import { represent } from '../../../src/language/expression/print.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'
import type { Value } from '../../../src/language/expression/value.ts'

interface Vector {
  expr: string
  repr?: string
  truthy?: boolean
  error?: string
}

const text = readFileSync('test/vectors/python-expressions.json', 'utf8')
const { vectors } = JSON.parse(text) as { vectors: Vector[] }

/** The variables, read from the text again so that integers and floats stay apart. */
function readNames(): Map<string, Value> {
  const start = text.indexOf('"variables":') + '"variables":'.length
  const data = parseJson(text.slice(start, text.indexOf(',\n"vectors"')))
  if (typeof data !== 'object' || data === null || data.kind !== 'dict') throw new Error('The variables are no object.')
  return new Map([...data.entries.values()].map(([key, value]) => [String(key), value]))
}

test(`${vectors.length} expressions have the value, truth or error that CPython 3.11 gives`, () => {
  const names = readNames()
  const wrong = vectors.filter((vector) => {
    try {
      const value = evaluate(compile('python', vector.expr), names)
      return represent(value, createBudget()) !== vector.repr || truthy(value) !== vector.truthy
    } catch (thrown) {
      if (!(thrown instanceof ExpressionError)) throw thrown
      return thrown.kind !== vector.error
    }
  })
  expect(vectors.length).toBeGreaterThan(2000)
  expect(wrong).toEqual([])
})
