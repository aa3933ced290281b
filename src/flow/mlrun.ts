import { mlrunRun } from '../compose/mlrun-run.ts'
import { evaluateJinjaCondition } from '../language/jinja-condition.ts'
import type { Variables } from '../language/template-value.ts'
import type { Verdict } from '../model/evaluation.ts'
import type { Reason } from '../model/reason.ts'
import type { RunRule } from '../model/rule.ts'
import type { Matter } from './run-rules.ts'

/** What MLRun's policy makes of a state. */
export interface MlrunFinding {
  verdict: Verdict
  value: string
  reasons: Reason[]
  error: string | null
  occasions: string[]
}

/**
 * Decides as MLRun does: the condition is asked of runs that completed alone, one that fails sends, and of `running` it is
 * told for pipelines alone.
 */
export async function decideLikeMlrun({ definition, notification }: RunRule, matter: Matter): Promise<MlrunFinding> {
  const { run, occurrence } = matter
  const { state } = occurrence
  const finding = { value: '', error: null, occasions: [state as string] }
  if (state === 'running' && run.kind !== 'pipeline') {
    const detail = 'of running it is told for pipelines alone'
    return { ...finding, verdict: 'false', occasions: [], reasons: [{ code: 'occasion-not-met', detail }] }
  }
  const met: Reason = { code: 'occasion-met', detail: state }
  const text = state === 'completed' ? (definition.condition?.text ?? '') : ''
  if (text === '') return { ...finding, verdict: 'true', reasons: [met] }
  const { sealed: _, owner: __, ...told } = notification ?? { sealed: null, owner: null }
  const data = { run: mlrunRun(run), notification: told } as unknown as Variables
  const verdict = await evaluateJinjaCondition(text, data)
  if (!verdict.ok) {
    const detail = `${verdict.error.message}; as with MLRun it is sent`
    return { ...finding, verdict: 'true', reasons: [met, { code: 'condition-error', detail }] }
  }
  const reason: Reason = { code: verdict.truthy ? 'condition-true' : 'condition-false', detail: verdict.rendered }
  return { ...finding, value: verdict.rendered, verdict: verdict.truthy ? 'true' : 'false', reasons: [met, reason] }
}
