import { describe, expect, test } from 'bun:test'
import { tellEvaluation } from '../../../src/cli/demo/story.ts'
import type { Evaluation, Trace } from '../../../src/model/evaluation.ts'

const trace: Trace = {
  cause: 'schedule',
  scheduledAt: 0,
  startedAt: 0,
  finishedAt: 1,
  missedTicks: 0,
  queryTime: 1,
  rowCount: 1,
  sample: null,
  condition: 'x > 1',
  value: '2',
  reasons: [{ code: 'condition-true' }],
  error: null,
  transitions: [],
  moreTransitions: 0,
  routes: [],
}
const evaluation: Evaluation = {
  id: 'evl_1',
  project: 'default',
  ruleId: 'rul_1',
  at: 0,
  verdict: 'true',
  value: '2',
  trace,
  replayable: true,
  repeats: 1,
  firstAt: 0,
  minimum: null,
  maximum: null,
}
const alert = { fingerprint: 'churn', labels: { model: 'churn' }, value: '0.42', why: '' }
const route = { route: 'inbox', channel: 'inbox', fingerprints: ['churn'] }

describe('the story', () => {
  test('an evaluation is told with its value, what changed and what was queued', () => {
    const lines = tellEvaluation('Model drift', {
      ...evaluation,
      trace: {
        ...trace,
        transitions: [{ ...alert, before: 'normal', after: 'firing' }],
        routes: [{ ...route, reason: { code: 'queued' }, deliveryId: 'msg_1' }],
      },
    })
    expect(lines).toEqual([
      'evaluation  Model drift: true, value 2 (1 row)',
      'alert       churn: normal to firing, value 0.42',
      'route       A delivery was queued.',
    ])
  })

  test('suppression is told by its name; what changes nothing is left out', () => {
    const lines = tellEvaluation('Model drift', {
      ...evaluation,
      trace: {
        ...trace,
        transitions: [{ ...alert, before: 'firing', after: 'firing' }],
        routes: [
          { ...route, reason: { code: 'suppressed-until', detail: 'until 12:00' } },
          { ...route, reason: { code: 'not-firing' } },
          { ...route, reason: { code: 'already-notified' } },
        ],
      },
    })
    expect(lines.slice(1)).toEqual(['suppressed  Suppressed after the last delivered message: until 12:00.'])
  })

  test('an error is told, and an evaluation without its trace too', () => {
    const failed = { ...evaluation, trace: { ...trace, error: 'no such table', rowCount: null } }
    expect(tellEvaluation('Model drift', failed)[1]).toBe('error       no such table')
    expect(tellEvaluation('Model drift', { ...evaluation, trace: null })).toHaveLength(1)
  })
})
