import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { fromJson, toJson } from '../../../src/language/expression/json.ts'
import { compile, type EvaluateOptions, evaluate, isTrue } from '../../../src/language/expression/program.ts'
import type { Json, JsonObject } from '../../../src/model/json.ts'

/** The variables of a scenario's run, as its reporters see them. */
export const run: JsonObject = {
  scenarioName: 'Nightly',
  outcome: 'FAILED',
  rows: '012345',
  share: '0.25',
  created: '2020-04-15T10:11:12Z',
  'stepOutcome_Step #2': 'SUCCESS',
  stepOutput_sql: '{"rows":[[7,"a"],[8,"b"]]}',
  limits: { low: 1, high: 5 },
  numbers: [3, 1, 2],
  empty: '',
  blanks: '  ',
  nothing: null,
  scenarioTriggerTime: 1_586_945_472_000,
}

/** The JSON of a formula's value. */
export function resultOf(text: string, data: JsonObject = run, options: EvaluateOptions = {}): Json {
  return toJson(evaluate(compile('formula', text), namesOf(data), options))
}

export function truthOf(text: string, data: JsonObject = run): boolean {
  return isTrue('formula', evaluate(compile('formula', text), namesOf(data)))
}

/** The error of a formula that has no value. */
export function errorOf(text: string, data: JsonObject = run, options: EvaluateOptions = {}): ExpressionError {
  try {
    evaluate(compile('formula', text), namesOf(data), options)
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown
    throw thrown
  }
  throw new Error(`${text} has a value`)
}

function namesOf(data: JsonObject) {
  return new Map(Object.entries(data).map(([name, value]) => [name, fromJson(value)]))
}
