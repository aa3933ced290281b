import { createBudget } from '../language/expression/budget.ts'
import { ExpressionError, Failure } from '../language/expression/failure.ts'
import { fromJson, toJson } from '../language/expression/json.ts'
import { compile, evaluate, type Program } from '../language/expression/program.ts'
import type { Value } from '../language/expression/value.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { type RunView, runPage } from '../model/run.ts'
import { scenarioVariables } from '../model/scenario-variables.ts'
import type { VariableList, VariableScript } from '../model/variables.ts'

/** What the variables of a run are made of besides the run itself. */
export interface VariableSources {
  /** In the order in which they are made; of two with one name the later one counts. */
  list: VariableList
  /** Where people reach this instance; null when that is not known. */
  baseUrl: string | null
  /** All texts that may use the variables: a script is run where they name one that it defines. */
  texts: string
  /** Runs a script on the run and the variables before it. Throws a VariableError. */
  runScript: ScriptRunner
  /** A clock in ms that only goes forward. */
  elapsed?: () => number
}

export type ScriptRunner = (script: VariableScript, input: JsonObject) => Promise<JsonObject>

/** Why a script gave no variables, in words. */
export class VariableError extends Error {
  override readonly name = 'VariableError'
}

/** All variables of a run, and why some could not be made. */
export interface RunVariables {
  values: JsonObject
  problems: string[]
}

/** Ways to reach a variable by a name that is itself computed. */
const DYNAMIC = /\bvariables\b|val\s*\(/

/**
 * All variables by which a run is known to formulas and templates: its own first, then those given. Formulas and scripts
 * among these know the run and those before them. A formula that fails makes no variable; where a script fails, those of
 * the same names before it stay. A variable `dssURL` stands in the place of the base URL, and `scenarioRunURL` in that of
 * Tocsin's own page.
 */
export async function runVariableValues(run: RunView, sources: VariableSources): Promise<RunVariables> {
  const { list, texts, runScript, elapsed } = sources
  const freshBudget = () => createBudget(elapsed === undefined ? {} : { elapsed })
  const problems: string[] = []
  const known = createKnown(run, sources.baseUrl)
  let budget = freshBudget()
  for (const [index, variable] of list.entries()) {
    if ('value' in variable) known.set(variable.name, variable.value)
    else if ('formula' in variable) {
      const { name } = variable
      try {
        known.set(name, toJson(evaluate(programOf(variable), known.names(), { budget })))
      } catch (thrown) {
        if (!(thrown instanceof ExpressionError || thrown instanceof Failure)) throw thrown
        known.set(name, undefined)
        problems.push(`${name}: ${thrown.message}`)
      }
    } else if (mayUse(`${texts}${JSON.stringify(list.slice(index + 1))}`, variable)) {
      try {
        const printed = await runScript(variable, { run: run as unknown as JsonObject, variables: known.values() })
        for (const name of variable.defines) {
          const value = Object.hasOwn(printed, name) ? printed[name] : undefined
          if (value === undefined) continue
          // Nothing else may have to find out that it is nested too deep.
          fromJson(value)
          known.set(name, value)
        }
      } catch (thrown) {
        if (!(thrown instanceof VariableError || thrown instanceof Failure)) throw thrown
        problems.push(`${variable.defines.join(', ')}: ${thrown.message}`)
      }
      budget = freshBudget()
    }
  }
  return { values: known.values(), problems }
}

type Computed = Extract<VariableList[number], { formula: string }>

/** Lists are read once and used for many runs. */
const programs = new WeakMap<Computed, Program>()

function programOf(variable: Computed): Program {
  const program = programs.get(variable) ?? compile('formula', variable.formula)
  programs.set(variable, program)
  return program
}

function mayUse(texts: string, { defines }: VariableScript): boolean {
  return DYNAMIC.test(texts) || defines.some((name) => texts.includes(name))
}

/** Variables that steer those of the run itself. */
const STEERING = ['dssURL', 'scenarioRunURL']

/** The variables so far. What formulas see of them is made once, and then follows the changes. */
function createKnown(run: RunView, baseUrl: string | null) {
  const given = new Map<string, Json>()
  let own = ownValues(run, given, baseUrl)
  let names: Map<string, Value> | undefined
  return {
    /** Undefined takes it away. */
    set(name: string, value: Json | undefined): void {
      if (value === undefined) given.delete(name)
      else given.set(name, value)
      if (STEERING.includes(name)) own = ownValues(run, given, baseUrl)
      if (STEERING.includes(name) || value === undefined) names = undefined
      // The run's own stay above it.
      else if (names !== undefined && !Object.hasOwn(own, name)) names.set(name, fromJson(value))
    },
    values: (): JsonObject => ({ ...Object.fromEntries(given), ...own }),
    names(): Map<string, Value> {
      names ??= new Map(Object.entries(this.values()).map(([key, value]) => [key, fromJson(value)] as const))
      return names
    },
  }
}

function ownValues(run: RunView, given: ReadonlyMap<string, Json>, baseUrl: string | null): JsonObject {
  const dssUrl = given.get('dssURL')
  const page = given.get('scenarioRunURL')
  const address = run.url === '' && typeof page === 'string' ? page : runPage(run, baseUrl)
  return scenarioVariables(run, address ?? '', typeof dssUrl === 'string' ? dssUrl : (baseUrl ?? ''))
}
