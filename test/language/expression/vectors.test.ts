import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { parseJson, toJson } from '../../../src/language/expression/json.ts'
import { truthy } from '../../../src/language/expression/operators.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'
import type { Json } from '../../../src/model/json.ts'

interface Vector {
  shape: string
  query_result: Json
  expr: string
  value?: Json
  truthy?: boolean
  error?: string
  policy?: 'must-refuse'
}

const { vectors } = JSON.parse(readFileSync('test/vectors/python-conditions.json', 'utf8')) as { vectors: Vector[] }

/** The vectors' text again, in which integers and floats can be told apart. */
function run(vector: Vector) {
  const data = parseJson(JSON.stringify(vector.query_result))
  const names = new Map([
    ['query_result', data],
    ['query_results', data],
  ])
  return evaluate(compile('python', vector.expr), names)
}

function kindOf(vector: Vector): string {
  try {
    run(vector)
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown.kind
    throw thrown
  }
  return 'none'
}

describe('the vectors made with CPython 3.11', () => {
  for (const [index, vector] of vectors.entries()) {
    test(`${index} ${vector.shape}: ${vector.expr}`, () => {
      if (vector.policy === 'must-refuse') expect(kindOf(vector)).toBe('Refused')
      else if (vector.error !== undefined) expect(kindOf(vector)).toBe(vector.error)
      else {
        const value = run(vector)
        expect(toJson(value)).toEqual(vector.value ?? null)
        expect(truthy(value)).toBe(vector.truthy ?? false)
      }
    })
  }
})
