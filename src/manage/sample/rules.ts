import type { RuleInput } from '../../model/rule.ts'
import { DRIFT_LIMIT } from './simulator.ts'

/** One rule that tells of each model's start and end, and one that tells again and again but at most once a minute. */
export function sampleRules(connection: string, channel: string): RuleInput[] {
  return [
    {
      name: 'Model drift',
      description:
        'Each model is an alert of its own: it is told when its score rises above the limit and when it falls.',
      tags: ['sample'],
      connection,
      query: 'SELECT model, score, measured_at FROM drift ORDER BY score DESC',
      schedule: { every: '5s' },
      condition: { dialect: 'python', text: `row["score"] > ${DRIFT_LIMIT}` },
      fingerprint: ['model'],
      severity: 'warning',
      message: {
        title: 'Model drift: {{ labels.model }} at {{ row.score }}',
        summary: 'A drift score is over its limit.',
      },
      routes: [{ channel }],
    },
    {
      name: 'Failing predictions',
      description: 'It tells at every evaluation that is true, but not again within a minute.',
      tags: ['sample'],
      connection,
      query:
        'SELECT sum(requests) AS requests, sum(failed) AS failed, round(100.0 * sum(failed) / sum(requests), 1) AS error_rate FROM predictions',
      schedule: { every: '5s' },
      condition: { dialect: 'python', text: 'query_result["error_rate"] > 5' },
      severity: 'critical',
      notify: 'every',
      suppressionMinutes: 1,
      message: {
        title: '{{ query_result.error_rate }} % of predictions fail',
        summary: '{{ query_result.failed }} of {{ query_result.requests }} failed.',
      },
      routes: [{ channel }],
    },
  ]
}
