import { createBudget } from '../language/expression/budget.ts'
import { ExpressionError } from '../language/expression/failure.ts'
import { fromJson, toJson } from '../language/expression/json.ts'
import { compile, evaluate } from '../language/expression/program.ts'
import type { Value } from '../language/expression/value.ts'
import type { JsonObject } from '../model/json.ts'
import { type RunView, runPage } from '../model/run.ts'
import { scenarioVariables } from '../model/scenario-variables.ts'
import type { VariableList } from '../model/variables.ts'

/**
 * All variables by which a run is known to formulas and templates: its own first, then those given, of which a later one
 * wins. Formulas among these know the run and those before them; one that fails makes no variable. `baseUrl` is where
 * people reach this instance. A variable `dssURL` stands in its place, and `scenarioRunURL` in that of Tocsin's own page.
 */
export function runVariableValues(
  run: RunView,
  list: VariableList,
  baseUrl: string | null,
  elapsed?: () => number,
): JsonObject {
  const budget = createBudget(elapsed === undefined ? {} : { elapsed })
  let given: JsonObject = {}
  for (const variable of list) {
    if ('value' in variable) given = { ...given, [variable.name]: variable.value }
    else {
      const names = new Map<string, Value>(
        Object.entries(merged(run, given, baseUrl)).map(([name, value]) => [name, fromJson(value)]),
      )
      try {
        given = { ...given, [variable.name]: toJson(evaluate(compile('formula', variable.formula), names, { budget })) }
      } catch (thrown) {
        if (!(thrown instanceof ExpressionError)) throw thrown
        const { [variable.name]: _, ...rest } = given
        given = rest
      }
    }
  }
  return merged(run, given, baseUrl)
}

function merged(run: RunView, given: JsonObject, baseUrl: string | null): JsonObject {
  const { dssURL, scenarioRunURL } = given
  const address = run.url === '' && typeof scenarioRunURL === 'string' ? scenarioRunURL : runPage(run, baseUrl)
  return { ...given, ...scenarioVariables(run, address ?? '', typeof dssURL === 'string' ? dssURL : (baseUrl ?? '')) }
}
