import type { JsonObject } from './json.ts'
import { endStates, firstFailedStep, type RunState, type RunView, type StepView } from './run.ts'

const outcomes: { [State in RunState]?: string } = {
  completed: 'SUCCESS',
  error: 'FAILED',
  aborted: 'ABORTED',
  skipped: 'SKIPPED',
}

/** What names of steps and of a trigger's parameters are put behind. */
const PREFIXED = /\b(?:stepOutcome|stepResult|stepOutput|scenarioTriggerParam)_\w+/g

/** How a run ended: in its sender's own word, else in Dataiku's; empty until it ends. */
export function outcomeOf({ outcome, state }: Pick<RunView, 'outcome' | 'state'>): string {
  return outcome === '' ? (outcomes[state] ?? '') : outcome
}

/** Names of the variables that every run has, as Dataiku calls them, and some that it has not. */
export const scenarioNames = [
  'scenarioName',
  'scenarioProjectKey',
  'projectKey',
  'outcome',
  'triggerName',
  'scenarioTriggerParams',
  'scenarioTriggerTime',
  'scenarioTriggerRunId',
  'scenarioRunURL',
  'dssURL',
  'stepOutcomes',
  'stepResults',
  'firstFailedJobName',
  'firstFailedStepName',
  'firstFailedStepError',
  'failedSteps',
  'runId',
  'startTime',
  'endTime',
  'durationMs',
  'logTail',
] as const

/** The names a text uses that depend on the run: those of its steps and of its trigger's parameters. */
export function prefixedNames(text: string): readonly string[] {
  return text.match(PREFIXED) ?? []
}

/**
 * A run as the variables that Dataiku's formulas and templates know of a scenario's run, its parameters among them as
 * the scenario's own variables. `url` and `baseUrl` are empty where none is known. Times are ms since 1970.
 * https://doc.dataiku.com/dss/latest/scenarios/variables.html
 */
export function scenarioVariables(run: RunView, url: string, baseUrl: string): JsonObject {
  const { trigger } = run
  const params = trigger?.params ?? {}
  const ended = run.steps.filter(({ state }) => endStates.includes(state))
  const failed = firstFailedStep(run)
  const job = failed?.results['firstFailedJobName'] ?? failed?.results['jobName']
  const values: Record<(typeof scenarioNames)[number], JsonObject[string]> = {
    scenarioName: run.name,
    scenarioProjectKey: run.project,
    projectKey: run.project,
    outcome: outcomeOf(run),
    triggerName: trigger?.name ?? '',
    scenarioTriggerParams: params,
    scenarioTriggerTime: trigger?.time ?? null,
    scenarioTriggerRunId: trigger?.runId ?? '',
    scenarioRunURL: url,
    dssURL: baseUrl,
    stepOutcomes: Object.fromEntries(ended.map((step) => [step.name, stepOutcome(step)])),
    stepResults: Object.fromEntries(ended.map((step) => [step.name, stepResult(run, step)])),
    firstFailedJobName: job ?? '',
    firstFailedStepName: failed?.name ?? '',
    firstFailedStepError: failed === undefined ? '' : (failed.error?.message ?? run.error?.message ?? ''),
    failedSteps: run.steps.filter(({ state }) => state === 'error').map(({ name }) => name),
    runId: run.uid,
    startTime: run.startedAt,
    endTime: run.endedAt,
    durationMs: run.duration,
    logTail: run.log,
  }
  return {
    ...run.parameters,
    ...named('scenarioTriggerParam', Object.entries(params)),
    ...named(
      'stepOutcome',
      ended.map((step) => [step.name, stepOutcome(step)]),
    ),
    ...named(
      'stepResult',
      ended.map((step) => [step.name, stepResult(run, step)]),
    ),
    ...named(
      'stepOutput',
      run.steps.filter(({ results }) => Object.keys(results).length > 0).map(({ name, results }) => [name, results]),
    ),
    ...values,
  }
}

function named(prefix: string, entries: readonly (readonly [string, JsonObject[string]])[]): JsonObject {
  return Object.fromEntries(entries.map(([name, value]) => [`${prefix}_${name}`, value]))
}

function stepOutcome({ state }: StepView): string {
  return outcomes[state] ?? ''
}

function stepResult(run: RunView, step: StepView): JsonObject {
  return {
    type: 'STEP_DONE',
    target: { type: 'SCENARIO_STEP', projectKey: run.project, scenarioId: run.name, stepId: step.id },
    start: step.startedAt,
    end: step.endedAt,
    outcome: stepOutcome(step),
  }
}
