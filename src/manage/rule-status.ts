import { compileCondition } from '../evaluate/condition.ts'
import { thresholdsOf } from '../evaluate/thresholds.ts'
import type { AlertState } from '../model/alert.ts'
import type { Rule } from '../model/rule.ts'
import type { RuleStanding, ValuePoint } from '../store/evaluations.ts'
import type { Store } from '../store/index.ts'

/** How a rule stands, in one word: the worst of its alerts, unless it does not run at all. */
export type RuleState = AlertState | 'paused' | 'blocked' | 'new'

export interface RuleStatus extends RuleStanding {
  state: RuleState
}

/** What a rule measured over time, against the numbers that its condition compares with. */
export interface RuleValues {
  thresholds: number[]
  /** Oldest first. */
  points: ValuePoint[]
}

const worstFirst: readonly AlertState[] = ['firing', 'recovering', 'error', 'no-data', 'pending']

/** How these rules stand, in their order. */
export async function statusesOf(
  store: Pick<Store, 'evaluations'>,
  rules: readonly { id: string; paused: boolean; blocked: string | null }[],
): Promise<RuleStatus[]> {
  const standings = await store.evaluations.standing(rules.map(({ id }) => id))
  return rules.map(({ paused, blocked }, index) => {
    const { latest, alerts } = standings[index] ?? { latest: null, alerts: {} }
    const worst = worstFirst.find((state) => alerts[state] !== undefined)
    const idle = blocked !== null ? 'blocked' : paused ? 'paused' : undefined
    return { latest, alerts, state: idle ?? worst ?? (latest === null ? 'new' : 'normal') }
  })
}

/** What a rule measured from `from` (ms since 1970) on, the latest `limit` points. */
export async function valuesOf(
  store: Pick<Store, 'evaluations'>,
  { id, definition }: Rule,
  from: number,
  limit: number,
): Promise<RuleValues> {
  const thresholds =
    'query' in definition ? thresholdsOf(compileCondition(definition.condition), definition.fingerprint.length > 0) : []
  return { thresholds, points: await store.evaluations.values(id, from, limit) }
}
