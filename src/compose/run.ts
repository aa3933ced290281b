import { blankMessage, type Fact, type Message, type MessageTable } from '../model/message.ts'
import { endStates, firstFailedStep, type RunState, runPage, type StepView } from '../model/run.ts'
import { messageRuns } from './mlrun-run.ts'
import { type RunComposeInput, runAlert, runTraceUrl, severityOf } from './run-variables.ts'
import { durationWords, labelWords, oneLine, timeWords } from './words.ts'

const LONGEST_TITLE = 250
const LONGEST_FACT = 1000
const LONGEST_ERROR = 2000
const MOST_RESULTS = 10
const MOST_STEPS = 20

/** What stands before the run's name in a title, and what is said of the run. */
const words: Record<RunState, { mark: string; verb: string }> = {
  created: { mark: 'CREATED', verb: 'was created' },
  pending: { mark: 'PENDING', verb: 'waits to begin' },
  pendingRetry: { mark: 'RETRY', verb: 'waits for its next attempt' },
  unknown: { mark: 'UNKNOWN', verb: 'is in a state nobody knows' },
  running: { mark: 'STARTED', verb: 'started' },
  aborting: { mark: 'ABORTING', verb: 'is being aborted' },
  skipped: { mark: 'SKIPPED', verb: 'was skipped' },
  completed: { mark: 'COMPLETED', verb: 'completed' },
  aborted: { mark: 'ABORTED', verb: 'was aborted' },
  error: { mark: 'FAILED', verb: 'failed' },
}

/** The message about a run as it is written when the rule says nothing about it. */
export function builtinRunMessage(input: RunComposeInput): Message {
  const { rule, run, occurrence, kind, at, why } = input
  const trace = runTraceUrl(input)
  const url = runPage(run, input.baseUrl)
  const table = stepTable(run.steps)
  const isEnd = endStates.includes(occurrence.state)
  return {
    ...blankMessage(kind, at, {
      title: oneLine(`[${markOf(input)}] ${subjectOf(input)}`, LONGEST_TITLE),
      severity: severityOf(input),
      summary: summaryOf(input),
      facts: factsOf(input).map(({ name, value }) => ({ name, value: oneLine(value, LONGEST_FACT) })),
      links: url === undefined ? [] : [{ text: 'Open the run', url }],
      why: oneLine(why, LONGEST_FACT),
      rule: rule.definition.name,
      tags: [...rule.definition.tags],
      runs: messageRuns(run, url),
      alerts: [runAlert(input)],
    }),
    ...(table === undefined ? {} : { table }),
    ...(run.log === '' || !isEnd || occurrence.step !== null ? {} : { code: run.log }),
    ...(trace === undefined ? {} : { traceUrl: trace }),
  }
}

/** What stands before a title about a run. */
export function markOf({ kind, occurrence, occasions, failures }: RunComposeInput): string {
  if (kind === 'error') return 'ERROR'
  if (occasions.includes('recovered')) return 'RECOVERED'
  const { mark } = words[occurrence.state]
  return occurrence.step === null && occurrence.state === 'error' && failures > 1 ? `${mark}:${failures}` : mark
}

function subjectOf(input: RunComposeInput): string {
  const step = stepOf(input)
  return step === undefined ? input.run.name : `${input.run.name}: ${step.name}`
}

function summaryOf(input: RunComposeInput): string {
  const { rule, run, occurrence, kind, error, failures } = input
  const { description } = rule.definition
  if (kind === 'error')
    return `The rule could not decide on the run "${run.name}": ${error ?? 'the reason is not known'}`
  const step = stepOf(input)
  const what = step === undefined ? `The ${run.kind} "${run.name}"` : `The step "${step.name}" of "${run.name}"`
  const { duration, error: failure } = step ?? run
  const took = duration === null ? '' : ` after ${durationWords(duration)}`
  const again = step === undefined && occurrence.state === 'error' && failures > 1 ? `, ${failures} times in a row` : ''
  const because = failure === null || occurrence.state === 'completed' ? '.' : `: ${failure.message}`
  const said = `${what} ${words[occurrence.state].verb}${took}${again}${because}`
  return (description === '' ? said : `${description}\n${said}`).slice(0, LONGEST_ERROR)
}

function factsOf(input: RunComposeInput): Fact[] {
  const { run, occurrence, error } = input
  const facts: Fact[] = []
  const add = (name: string, value: string | null | undefined) => {
    if (value !== undefined && value !== null && value !== '') facts.push({ name, value })
  }
  add('Run', run.name === run.uid ? run.uid : `${run.name} (${run.uid})`)
  add('Step', stepOf(input)?.name)
  add('State', run.outcome === '' ? occurrence.state : `${occurrence.state} (${run.outcome})`)
  add('Attempt', run.attempt > 1 ? String(run.attempt) : '')
  add('Started', run.startedAt === null ? '' : timeWords(run.startedAt))
  add('Duration', run.duration === null ? '' : durationWords(run.duration))
  const failed = firstFailedStep(run)
  const failure = failed?.error?.message
  add('First failed step', failed === undefined ? '' : `${failed.name}${failure === undefined ? '' : `: ${failure}`}`)
  add('Error', run.error?.message)
  add('Trigger', run.trigger?.name)
  add('Host', run.host)
  add('Labels', labelWords(run.labels))
  for (const [name, value] of Object.entries(run.results).slice(0, MOST_RESULTS))
    add(`Result ${name}`, typeof value === 'string' ? value : JSON.stringify(value))
  add('Condition error', error)
  return facts
}

function stepOf({ run, occurrence }: RunComposeInput): StepView | undefined {
  return occurrence.step === null ? undefined : run.steps.find(({ id }) => id === occurrence.step)
}

/** The steps of a run; those that failed are never left out for others. */
function stepTable(steps: readonly StepView[]): MessageTable | undefined {
  if (steps.length === 0) return undefined
  const failed = steps.filter(({ state }) => state === 'error').slice(0, MOST_STEPS)
  const others = steps.filter((step) => !failed.includes(step)).slice(0, MOST_STEPS - failed.length)
  const shown = steps.filter((step) => failed.includes(step) || others.includes(step))
  const rows = shown.map(({ name, state, duration, error }) => [
    oneLine(name, 200),
    state,
    duration === null ? '' : durationWords(duration),
    oneLine(error?.message ?? '', 200),
  ])
  return { columns: ['Step', 'State', 'Duration', 'Error'], rows, more: steps.length - shown.length }
}
