import { float, type TemplateValue, type Variables } from '../language/template-value.ts'
import type { JsonObject } from '../model/json.ts'
import type { MessageAlert, MessageKind, Severity } from '../model/message.ts'
import type { RunRule } from '../model/rule.ts'
import { type Occurrence, type RunView, runPage, type StepView } from '../model/run.ts'
import { outcomeOf, prefixedNames, scenarioNames } from '../model/scenario-variables.ts'
import { recipientNames, type Surroundings, traceAddress } from './variables.ts'
import { durationWords } from './words.ts'

/** Everything a message about a run is made of. Times are ms since 1970. */
export interface RunComposeInput
  extends Pick<
    Surroundings,
    'route' | 'recipient' | 'channelSettings' | 'fixedSettings' | 'valueForm' | 'attachments' | 'variableProblems'
  > {
  rule: RunRule
  kind: Extract<MessageKind, 'run' | 'error' | 'test'>
  /** The run as it was when it came to the state. */
  run: RunView
  occurrence: Occurrence
  /** The occasions of the rule that were met, in words. */
  occasions: readonly string[]
  /** Failures in a row, with this one. */
  failures: number
  evaluationId: string
  at: number
  value: string
  /** One line: why this is sent. */
  why: string
  /** What could not be decided; null when all could. */
  error: string | null
  baseUrl: string | null
  /** What formulas and templates know besides, such as a scenario's variables. */
  variables: JsonObject
}

/** The names templates on runs may use, each with what it holds. */
const variableNames = {
  run: 'all that is known of the run, by the names the API has',
  uid: 'what tells the run apart',
  name: "the run's name",
  project: 'its project',
  state: 'the state that is told',
  outcome: "how it ended: its sender's own word, else SUCCESS, FAILED, ABORTED or SKIPPED; empty until then",
  attempt: 'which attempt this is, from 1',
  labels: 'its labels',
  parameters: 'its parameters',
  results: 'its results',
  host: 'where it runs',
  trigger: 'name of what set it going',
  duration: 'how long it took, in words; empty until it ends',
  duration_seconds: 'the same in seconds; nothing until it ends',
  started_iso: 'when it began; empty when that is not known',
  ended_iso: 'when it ended; empty until then',
  run_error: 'what it failed of; empty when it did not',
  log: 'the last lines it wrote',
  steps: 'its steps in the order they began',
  step: 'the step that is told of; nothing when it is the run itself',
  first_failed_step: 'the step that failed first; nothing when none did',
  failed_steps: 'names of the steps that failed',
  failures: 'failures in a row, with this one',
  occasions: "the rule's occasions that were met, in words",
  url: 'address of the run; empty when none is known',
  kind: 'run, error or test',
  severity: 'debug, info, warning, error or critical',
  rule: "the rule's name",
  description: "the rule's description",
  tags: "the rule's tags",
  value: "the condition's value as text",
  error: 'what could not be decided; nothing when all could',
  why: 'why this message is sent',
  createdby: 'who made the rule',
  now: 'time of the message as text',
  trace_url: 'address of the decision trace; empty without a base URL',
} as const

/** The names a template on runs may use, to check it against, with what it calls the variables of single recipients. */
export function runNamesFor(template: string, variables: readonly string[]): ReadonlySet<string> {
  return new Set([
    ...Object.keys(variableNames),
    ...scenarioNames,
    ...variables,
    ...prefixedNames(template),
    ...recipientNames(template),
  ])
}

/** The values of all names, for one message. */
export function runVariables(input: RunComposeInput): Variables {
  const { rule, run, occurrence, at } = input
  const steps = run.steps.map(stepMap)
  const failed = steps.filter(({ state }) => state === 'error')
  const values: Record<keyof typeof variableNames, TemplateValue> = {
    run: run as unknown as TemplateValue,
    uid: run.uid,
    name: run.name,
    project: run.project,
    state: occurrence.state,
    outcome: outcomeOf(run),
    attempt: run.attempt,
    labels: { ...run.labels },
    parameters: run.parameters,
    results: run.results,
    host: run.host,
    trigger: run.trigger?.name ?? '',
    duration: run.duration === null ? '' : durationWords(run.duration),
    duration_seconds: run.duration === null ? null : float(run.duration / 1000),
    started_iso: iso(run.startedAt),
    ended_iso: iso(run.endedAt),
    run_error: run.error?.message ?? '',
    log: run.log,
    steps,
    step: steps.find(({ id }) => id === occurrence.step) ?? null,
    first_failed_step: failed[0] ?? null,
    failed_steps: failed.map(({ name }) => name),
    failures: input.failures,
    occasions: [...input.occasions],
    url: runPage(run, input.baseUrl) ?? '',
    kind: input.kind,
    severity: severityOf(input),
    rule: rule.definition.name,
    description: rule.definition.description,
    tags: [...rule.definition.tags],
    value: input.value,
    error: input.error,
    why: input.why,
    createdby: rule.createdBy,
    now: new Date(at).toISOString(),
    trace_url: runTraceUrl(input) ?? '',
  }
  return { ...input.variables, ...input.recipient, ...values }
}

/** The run as what a message is about. */
export function runAlert({ run, occurrence }: Pick<RunComposeInput, 'run' | 'occurrence'>): MessageAlert {
  return {
    fingerprint: run.uid,
    labels: { ...run.labels },
    since: run.startedAt ?? Math.floor(occurrence.time),
    value: occurrence.state,
  }
}

/** That of the rule, else that of what happened. */
export function severityOf({ rule, kind, occurrence }: RunComposeInput): Severity {
  if (kind === 'error') return 'error'
  if (rule.definition.severity !== undefined) return rule.definition.severity
  if (occurrence.state === 'error') return 'error'
  return occurrence.state === 'aborted' ? 'warning' : 'info'
}

/** Address of the decision trace; undefined when it is not known where people reach this instance. */
export function runTraceUrl({ baseUrl, evaluationId, rule: { project } }: RunComposeInput): string | undefined {
  return traceAddress(baseUrl, evaluationId, project)
}

function stepMap({ id, name, kind, state, startedAt, endedAt, duration, error, results, url }: StepView) {
  return {
    id,
    name,
    kind,
    state,
    started_iso: iso(startedAt),
    ended_iso: iso(endedAt),
    duration: duration === null ? '' : durationWords(duration),
    error: error?.message ?? '',
    results,
    url,
  }
}

function iso(time: number | null): string {
  return time === null ? '' : new Date(time).toISOString()
}
