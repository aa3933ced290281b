import * as v from 'valibot'
import { mlrunMessage } from '../../src/compose/mlrun.ts'
import { builtinRunMessage } from '../../src/compose/run.ts'
import type { RunComposeInput } from '../../src/compose/run-variables.ts'
import { applyEvent, emptyRecord, occurrencesOf } from '../../src/evaluate/run-record.ts'
import { viewRun } from '../../src/evaluate/run-view.ts'
import type { Message } from '../../src/model/message.ts'
import { type OwnedNotification, type RunRule, runRule } from '../../src/model/rule.ts'
import { runEvent } from '../../src/model/run-event.ts'

const began = Date.UTC(2026, 2, 4, 9, 0)
const notification = {
  ...{ kind: 'slack', name: 'nightly training', message: 'see the board', severity: 'info', when: [], condition: '' },
  ...{ params: {}, secret_params: {}, owner: { kind: 'run', name: 'p-0123456789' } },
} as unknown as OwnedNotification

const rule: RunRule = {
  ...{ id: 'rul_1', project: 'default', version: 1, inline: {}, origin: null, warnings: [], blocked: null },
  ...{ createdBy: 'ann', createdAt: 0, updatedAt: 0, nextDueAt: null, lastRunAt: null },
  ...{ lastSuccessAt: null, lastAlertAt: null },
  definition: v.parse(runRule, { name: 'Pipelines', runs: {}, when: ['change'], tags: ['models'] }),
}

/** A pipeline as it was told of in one event, ready to be written about. */
function told(state: string, steps: object[], more: object = {}): RunComposeInput {
  const event = v.parse(runEvent, {
    ...{ name: 'train_all', kind: 'pipeline', state, labels: { workflow: 'nightly' }, startedAt: began, steps },
    ...(state === 'running' ? {} : { endedAt: began + 754_000 }),
    ...{ host: 'node-7', url: 'https://mlrun.example.com/default/workflow/7?a=1&b=2' },
    ...more,
  })
  const { record } = applyEvent(emptyRecord(), event, began + 754_000, began + 754_000)
  const occurrence = occurrencesOf(record).find(({ step, state: reached }) => step === null && reached === state)
  if (occurrence === undefined) throw new Error(`The pipeline never was ${state}.`)
  return {
    rule,
    route: { channel: 'ops', settings: {}, when: [], each: false },
    kind: 'run',
    run: viewRun({ project: 'default', uid: 'p-0123456789' }, record, occurrence),
    occurrence,
    occasions: [state],
    failures: state === 'error' ? 1 : 0,
    evaluationId: 'evl_1',
    at: began + 754_000,
    value: '',
    why: `The run came to what the rule is for: ${state}.`,
    error: null,
    baseUrl: 'https://tocsin.example.com',
    variables: {},
  }
}

const load = { name: 'load', state: 'completed', kind: 'run', results: { rows: 12_000, source: 'lake' } }
const train = (state: string, more: object = {}) => ({ name: 'train model', state, kind: 'run', ...more })
/** Names and errors that would do harm as mark-up. */
const hostileSteps = [
  { name: '<!channel> <@U1> *bold* `x` | a', state: 'error', error: '</b><script>alert(1)</script> @everyone **x**' },
  { name: 'a\r\nBcc: victim@example.com', state: 'skipped', kind: '*(k)* <!here>' },
  { name: '[click](javascript:alert(1)) ![x](https://x.example/)', state: 'aborted', url: 'javascript:alert(1)' },
  { name: '\u202egnp.exe \u001b[31m', state: 'completed', results: { '<b>': '| cell | **x** |\n# h' } },
]
const url = 'https://mlrun.example.com/jobs/2'
const states: Record<string, object[]> = {
  running: [load, train('running', { url }), { name: 'deploy', state: 'pending', kind: 'deploy' }],
  completed: [load, train('completed', { url, results: { auc: 0.93 } }), { name: 'deploy', state: 'skipped' }],
  error: [load, train('error', { url, error: 'CUDA out of memory' }), ...hostileSteps],
  aborted: [load, train('aborted', { url }), { name: 'deploy', state: 'created', kind: 'deploy' }],
}

const many = Array.from({ length: 199 }, (_, index) =>
  index % 60 === 59
    ? { name: `step ${index}`, state: 'error', error: `no data for part ${index} `.repeat(40) }
    : { name: `step ${index}`, state: 'completed', kind: 'run', results: { rows: index, part: `p${index}` } },
)

/** What MLRun's notifications tell of pipelines, and what a rule of Tocsin's own tells. */
export const pipelines: Record<string, Message> = {
  ...Object.fromEntries(
    Object.entries(states).map(([state, steps]) => [
      `pipeline-${state}`,
      mlrunMessage(told(state, steps), notification),
    ]),
  ),
  'pipeline-200-runs': mlrunMessage(told('error', many, { error: 'three steps failed' }), notification),
  'pipeline-by-rule': builtinRunMessage(told('error', states['error'] ?? [], { error: 'train model failed' })),
}
