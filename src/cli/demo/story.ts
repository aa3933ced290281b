import type { Evaluation } from '../../model/evaluation.ts'
import { sentence } from '../../model/reason.ts'

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
