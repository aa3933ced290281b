import { createBudget } from '../language/expression/budget.ts'
import { datetime } from '../language/expression/datetime.ts'
import { fromJson } from '../language/expression/json.ts'
import { show } from '../language/expression/print.ts'
import { compile, evaluateWatched, isTrue, type Program } from '../language/expression/program.ts'
import type { Node } from '../language/expression/tree.ts'
import { dict, list, type Value } from '../language/expression/value.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import type { Condition } from '../model/rule.ts'
import { firstFailedStep, type Occurrence, type RunView, type StepView } from '../model/run.ts'
import { outcomeOf, prefixedNames, scenarioNames, scenarioVariables } from '../model/scenario-variables.ts'
import { decided, interestingOperand } from './condition.ts'
import type { History } from './run-match.ts'

/** A condition on a run, made ready to be evaluated often. */
export interface RunCondition {
  readonly program: Program
  /** The operand whose value is shown to people. */
  readonly watch: Node | undefined
}

/** What a condition on a run may ask for. */
export interface RunConditionInput {
  run: RunView
  /** The state it is about. */
  occurrence: Occurrence
  history: History
  tags: readonly string[]
  /** ms since 1970. */
  now: number
  /** What formulas know besides, such as a scenario's variables. */
  variables?: JsonObject
  /** A clock in ms that only goes forward. */
  elapsed?: () => number
}

/** The names that a condition on a run may use. Durations are in seconds, None until there is an end. */
export const runConditionNames = [
  'run',
  'uid',
  'name',
  'kind',
  'project',
  'state',
  'outcome',
  'attempt',
  'labels',
  'parameters',
  'results',
  'error',
  'duration',
  'host',
  'trigger',
  'url',
  'schedule',
  'parent',
  'log',
  'steps',
  'step',
  'first_failed_step',
  'failed_steps',
  'failures',
  'previous_state',
  'tags',
  'now',
] as const

type Name = (typeof runConditionNames)[number]

/** Reads a condition on a run. Throws an ExpressionError for a text that is none. */
export function compileRunCondition(condition: Condition): RunCondition {
  const program = 'text' in condition ? compile(condition.dialect, condition.text) : compile('python', 'True')
  return { program, watch: interestingOperand(program.tree) }
}

/** What is wrong with the names that a condition on a run uses. A formula may ask for parameters of the run by name. */
export function checkRunNames(
  condition: Condition,
  variables: readonly string[],
): { errors: string[]; warnings: string[] } {
  const { names, dialect } = compileRunCondition(condition).program
  const isFormula = dialect === 'formula'
  const own: readonly string[] = isFormula ? [...runConditionNames, ...scenarioNames] : runConditionNames
  const known = new Set([...own, ...(isFormula ? variables : []), ...[...names].flatMap(prefixedNames)])
  const unknown = [...names].filter((name) => !known.has(name) && name !== 'variables')
  const told = unknown.map((name) => ({ name, nearest: didYouMean(name, own) }))
  if (!isFormula) {
    const all = `Names are ${own.join(', ')}.`
    return { errors: told.map(({ name, nearest }) => `There is no name "${name}".${nearest} ${all}`), warnings: [] }
  }
  const unless = 'unless the run has a parameter or variable of this name'
  return { errors: [], warnings: told.map(({ name, nearest }) => `There is no name "${name}" ${unless}.${nearest}`) }
}

/** Decides on a run. Throws a ConditionError. */
export function decideRun(
  { program, watch }: RunCondition,
  input: RunConditionInput,
): { fire: boolean; value: string } {
  return decided(() => {
    const names = bindings(program, input)
    const budget = createBudget({ rows: 0, ...(input.elapsed === undefined ? {} : { elapsed: input.elapsed }) })
    const { value, seen = value } = evaluateWatched(
      program,
      names,
      watch === undefined ? { budget } : { budget, watch },
    )
    return { fire: isTrue(program.dialect, value), value: show(seen) }
  })
}

/** What the names stand for; formulas know those of scenarios, too, and may ask for any by its text. */
function bindings({ dialect, names }: Program, input: RunConditionInput): Map<string, Value> {
  const isKnown = [...names].every((name) => (runConditionNames as readonly string[]).includes(name))
  const asked = isKnown && dialect !== 'formula' ? ([...names] as Name[]) : runConditionNames
  const own = asked.map((name) => [name, bindingOf(name, input)] as const)
  if (dialect !== 'formula') return new Map<string, Value>(own)
  const others = Object.entries(input.variables ?? scenarioVariables(input.run, input.run.url, ''))
  return new Map<string, Value>([...others.map(([name, value]) => [name, fromJson(value)] as const), ...own])
}

function bindingOf(name: Name, input: RunConditionInput): Value {
  const { run, occurrence, history } = input
  switch (name) {
    case 'run':
      return dict(
        runConditionNames
          .filter((other) => other !== 'run' && other !== 'now' && other !== 'tags')
          .map((other) => [other, bindingOf(other, input)] as const),
      )
    case 'duration':
      return seconds(run.duration)
    case 'outcome':
      return outcomeOf(run)
    case 'error':
      return run.error?.message ?? null
    case 'trigger':
      return run.trigger?.name ?? null
    case 'steps':
      return dict(run.steps.map((step) => [step.name, stepValue(step)] as const))
    case 'step':
      return optionalStep(run.steps.find(({ id }) => id === occurrence.step))
    case 'first_failed_step':
      return optionalStep(firstFailedStep(run))
    case 'failed_steps':
      return list(run.steps.filter(({ state }) => state === 'error').map((step) => step.name))
    case 'failures':
      return BigInt(history.failures + (occurrence.step === null && occurrence.state === 'error' ? 1 : 0))
    case 'previous_state':
      return history.latest
    case 'tags':
      return list(input.tags)
    case 'now':
      return datetime(input.now) ?? null
    default:
      return fromJson(run[name] as Json)
  }
}

function optionalStep(step: StepView | undefined): Value {
  return step === undefined ? null : stepValue(step)
}

function stepValue({ id, name, kind, state, duration, error, results, url }: StepView): Value {
  return dict([
    ['id', id],
    ['name', name],
    ['kind', kind],
    ['state', state],
    ['duration', seconds(duration)],
    ['error', error?.message ?? null],
    ['results', fromJson(results)],
    ['url', url],
  ])
}

function seconds(ms: number | null): Value {
  return ms === null ? null : ms / 1000
}
