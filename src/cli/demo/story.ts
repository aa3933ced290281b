import type { Evaluation } from '../../model/evaluation.ts'
import { sentence } from '../../model/reason.ts'
import type { RuleInput } from '../../model/rule.ts'

/** Names of what the demonstration makes. */
export const CONNECTION = 'models'
export const CHANNEL = 'inbox'

/** One rule that tells of each model's start and end, and one that tells again and again but at most once a minute. */
export const rules: RuleInput[] = [
  {
    name: 'Model drift',
    connection: CONNECTION,
    query: 'SELECT model, score, threshold, measured_at FROM drift ORDER BY score DESC',
    schedule: { every: '5s' },
    condition: { dialect: 'python', text: 'row["score"] > row["threshold"]' },
    fingerprint: ['model'],
    severity: 'warning',
    message: {
      title: 'Model drift: {{ labels.model }} at {{ row.score }}',
      summary: 'A drift score is over its threshold.',
    },
    routes: [{ channel: CHANNEL }],
  },
  {
    name: 'Failing predictions',
    connection: CONNECTION,
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
    routes: [{ channel: CHANNEL }],
  },
]

/** One evaluation in lines: what it found, what changed, and what became of each message. */
export function tellEvaluation(rule: string, { verdict, value, trace }: Evaluation): string[] {
  const rows = trace?.rowCount ?? 0
  const found = `evaluation  ${rule}: ${verdict}${value === '' ? '' : `, value ${value}`} (${rows} ${rows === 1 ? 'row' : 'rows'})`
  if (trace === null) return [found]
  return [
    found,
    ...(trace.error === null ? [] : [`error       ${trace.error}`]),
    ...trace.transitions
      .filter(({ before, after }) => before !== after)
      .map(({ labels, value: own, before, after }) => `alert       ${of(labels)}${before} to ${after}, value ${own}`),
    ...trace.routes
      .filter(({ reason }) => reason.code !== 'not-firing' && reason.code !== 'already-notified')
      .map(({ reason }) => `${reason.code === 'suppressed-until' ? 'suppressed' : 'route     '}  ${sentence(reason)}`),
  ]
}

function of(labels: Record<string, string>): string {
  const values = Object.values(labels)
  return values.length === 0 ? '' : `${values.join(', ')}: `
}
