import type { Json, JsonObject } from '../model/json.ts'
import type { MessageRun } from '../model/message.ts'
import type { RunView, StepView } from '../model/run.ts'

/** A run in MLRun's form, for its conditions and webhooks: `metadata`, `spec` and `status`. */
export function mlrunRun(run: RunView): JsonObject {
  return {
    kind: 'run',
    metadata: { project: run.project, name: run.name, uid: run.uid, iteration: 0, labels: labelsOf(run) },
    spec: {
      parameters: run.parameters,
      ...(run.schedule === '' ? {} : { schedule: run.schedule }),
      ...(run.maxAttempts === null ? {} : { retry: { count: run.maxAttempts - 1 } }),
    },
    status: {
      state: run.state,
      results: run.results,
      start_time: iso(run.startedAt),
      last_update: iso(run.endedAt ?? run.startedAt),
      ...(run.endedAt === null ? {} : { end_time: iso(run.endedAt) }),
      ...(run.error === null ? {} : { error: run.error.message }),
      ...(run.attempt === 1 ? {} : { retry_count: run.attempt - 1 }),
    },
  }
}

/** The run and, of a pipeline, its steps, as MLRun's webhooks tell of them. */
export function mlrunRuns(run: RunView): JsonObject[] {
  const { project } = run
  const steps = run.steps.map(
    ({ id, name, kind, state, results, error, startedAt }): JsonObject => ({
      metadata: { project, name, uid: id, iteration: 0, labels: {} },
      step_kind: kind === '' ? 'run' : kind,
      status: { state, results, start_time: iso(startedAt), ...(error === null ? {} : { error: error.message }) },
    }),
  )
  return [mlrunRun(run), ...steps]
}

/** The run and its steps in few words, for bodies that ask for `{{ runs }}` and for lists; `url` is the run's page. */
export function messageRuns(run: RunView, url?: string): MessageRun[] {
  const { project } = run
  const host = run.labels['host'] ?? run.host
  const reduced = ({ name, state, results, error }: RunView | StepView): MessageRun => ({
    project,
    name,
    state,
    ...(error === null ? {} : { error: error.message }),
    ...(Object.keys(results).length === 0 ? {} : { results }),
  })
  const steps = run.steps.map((step) => ({
    ...reduced(step),
    ...(step.kind === '' ? {} : { stepKind: step.kind }),
    ...(step.url === '' ? {} : { url: step.url }),
  }))
  return [
    { ...reduced(run), ...(host === '' ? {} : { host }), ...(url === undefined || url === '' ? {} : { url }) },
    ...steps,
  ]
}

/** MLRun knows the host by a label. */
function labelsOf({ labels, host }: RunView): Record<string, string> {
  return host === '' || labels['host'] !== undefined ? labels : { ...labels, host }
}

function iso(time: number | null): Json {
  return time === null ? null : new Date(time).toISOString()
}
