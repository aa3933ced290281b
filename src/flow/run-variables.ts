import { type RunVariables, runVariableValues, type ScriptRunner } from '../evaluate/run-variables.ts'
import type { RunRule } from '../model/rule.ts'
import type { RunView } from '../model/run.ts'
import type { VariableQueries } from '../store/variables.ts'

export interface VariableDeps {
  store: { variables: Pick<VariableQueries, 'holdingIn'> }
  /** Where people reach this instance, for links; null when unknown. */
  baseUrl: () => string | null
  runScript: ScriptRunner
}

/** The variables of a run for one decision of one rule. */
export interface LazyVariables {
  /** Makes them when they are first asked for. */
  get(): Promise<RunVariables>
  /** Why some of those that were asked for could not be made. */
  problems(): readonly string[]
}

/** Most decisions need no variables, and scripts may be among what makes them. */
export function variablesFor(
  { store, baseUrl, runScript }: VariableDeps,
  { definition }: RunRule,
  run: RunView,
): LazyVariables {
  let made: Promise<RunVariables> | undefined
  let problems: readonly string[] = []
  async function make(): Promise<RunVariables> {
    const list = await store.variables.holdingIn(run.project)
    const { condition, message, routes } = definition
    const texts = JSON.stringify([condition, message, routes])
    const elapsed = () => performance.now()
    const variables = await runVariableValues(run, { list, baseUrl: baseUrl(), texts, runScript, elapsed })
    problems = variables.problems
    return variables
  }
  return {
    get() {
      made ??= make()
      return made
    },
    problems: () => problems,
  }
}
