import { AppError } from '../errors.ts'
import { type CompiledCondition, ConditionError, compileCondition, verdicts } from '../evaluate/condition.ts'
import { asQueryRule } from '../evaluate/expectation.ts'
import type { Finding, Item } from '../evaluate/state.ts'
import type { Alert } from '../model/alert.ts'
import type { RouteDecision, Verdict } from '../model/evaluation.ts'
import type { Reason } from '../model/reason.ts'
import type { QueryResult } from '../model/result.ts'
import { type ErrorPolicy, isQueryRule, isRunRule, type QueryRule, type Rule, routeKeys } from '../model/rule.ts'
import type { NoResult } from './sources.ts'

/** A rule made ready to run: parsed once for each version. */
export interface Plan {
  rule: QueryRule
  condition: CompiledCondition
  /** The routes' own conditions, by route key. */
  routeConditions: Map<string, CompiledCondition>
  routeKeys: string[]
  /** What becomes of the routes when no alert is anything but normal. */
  notFiring: RouteDecision[]
  /** Whether a condition asks for the rows of the evaluation before. */
  usesPrevious: boolean
  /** Whether it is about what runs fail to do, put as a query. */
  isExpectation: boolean
  /** Imported conditions get the lenient reading of columns. */
  lenient: boolean
}

/** What the condition made of the query's outcome. */
export interface Judgement {
  finding: Finding
  verdict: Verdict
  value: string
  /** The least and the greatest number among the values; null where none is a number. */
  minimum: number | null
  maximum: number | null
  reasons: Reason[]
  error: string | null
  /** Rows of the result by fingerprint. */
  rows: Map<string, number[]>
}

/** The judgement of an evaluation that did not take place. */
export const NOTHING: Judgement = {
  finding: { kind: 'inconclusive' },
  verdict: 'skipped',
  value: '',
  minimum: null,
  maximum: null,
  reasons: [],
  error: null,
  rows: new Map(),
}

/** Parses a rule's conditions. Throws what the parser throws; rules are checked before they are stored. */
export function planOf(given: Rule): Plan {
  const isExpectation = !isQueryRule(given)
  const rule = queryOf(given)
  const { definition } = rule
  const keys = routeKeys(definition)
  const condition = compileCondition(definition.condition)
  const routeConditions = new Map<string, CompiledCondition>()
  definition.routes.forEach((route, index) => {
    if (route.condition !== undefined) routeConditions.set(keys[index] ?? '', compileCondition(route.condition))
  })
  const usesPrevious = [condition, ...routeConditions.values()].some((compiled) => compiled.usesPrevious)
  const notFiring = definition.routes.map(({ channel }, index) => {
    const shown = channel === null ? 'none' : typeof channel === 'string' ? channel : channel.kind
    return { route: keys[index] ?? '', channel: shown, fingerprints: [], reason: { code: 'not-firing' as const } }
  })
  const lenient = rule.origin !== null
  return { rule, condition, routeConditions, routeKeys: keys, notFiring, usesPrevious, isExpectation, lenient }
}

/** A rule that is asked at its times. Throws `conflict` for one that is not. */
function queryOf(rule: Rule): QueryRule {
  if (isQueryRule(rule)) return rule
  if (isRunRule(rule) && rule.definition.expect !== undefined) return asQueryRule(rule)
  throw new AppError('conflict', 'The rule tells of what becomes of runs, so it cannot be evaluated without one.')
}

/** What conditions may ask for besides the rows. */
export function conditionInput(plan: Plan, result: QueryResult, previous: QueryResult | null, now: number) {
  const { definition, createdBy } = plan.rule
  const { fingerprint, tags } = definition
  return {
    result,
    previous,
    fingerprint,
    now,
    tags,
    createdBy,
    createdAt: now,
    lenient: plan.lenient,
    elapsed: () => performance.now(),
  }
}

/** Decides on a result. Never throws: what cannot be decided is the rule's own trouble and its policy's business. */
export function judge(
  plan: Plan,
  result: QueryResult,
  previous: QueryResult | null,
  alerts: readonly Alert[],
  now: number,
): Judgement {
  const { definition } = plan.rule
  const reasons: Reason[] = []
  if (result.truncated) reasons.push({ code: 'query-cut', detail: `${result.rows.length} rows were read` })
  if (result.rows.length === 0) {
    reasons.push({ code: 'no-rows' })
    const policy = definition.onNoRows
    if (policy === 'keep') return outcome({ kind: 'unchanged' }, 'no-data', 'no rows', reasons)
    if (policy === 'no-data') return outcome({ kind: 'no-data' }, 'no-data', 'no rows', reasons)
    if (policy !== 'condition')
      return outcome(
        all(alerts, policy === 'fire', 'no rows'),
        policy === 'fire' ? 'true' : 'false',
        'no rows',
        reasons,
      )
  }
  try {
    const { items, reasons: found } = verdicts(plan.condition, conditionInput(plan, result, previous, now))
    const firing = items.filter((item) => item.fire)
    const [first] = firing.length > 0 ? firing : items
    const value = items.length === 1 ? (first?.value ?? '') : `${firing.length} of ${items.length} alerts`
    const judged = outcome(
      { kind: 'decided', items, complete: !result.truncated },
      firing.length > 0 ? 'true' : 'false',
      value,
      [
        ...reasons,
        ...found.filter((reason) => !reasons.some((known) => known.code === reason.code)),
        { code: firing.length > 0 ? 'condition-true' : 'condition-false' },
      ],
    )
    const numbers = items.flatMap(({ number }) => number ?? [])
    if (numbers.length > 0) {
      judged.minimum = numbers.reduce((least, number) => Math.min(least, number))
      judged.maximum = numbers.reduce((most, number) => Math.max(most, number))
    }
    judged.rows = new Map(items.map((item) => [item.fingerprint, item.rows]))
    return judged
  } catch (thrown) {
    if (!(thrown instanceof ConditionError)) throw thrown
    return troubled(definition.onConditionError, alerts, { code: 'condition-error', detail: thrown.message }, reasons)
  }
}

/** What a query without a result means for the rule. */
export function judgeFailure(plan: Plan, failure: NoResult, alerts: readonly Alert[]): Judgement {
  const reason: Reason = { code: failure.reason, detail: failure.message }
  if (failure.held) return { ...outcome({ kind: 'inconclusive' }, 'skipped', '', [reason]), error: failure.message }
  return troubled(plan.rule.definition.onQueryError, alerts, reason, [])
}

function troubled(policy: ErrorPolicy, alerts: readonly Alert[], reason: Reason, reasons: Reason[]): Judgement {
  const error = reason.detail ?? ''
  const found: Record<ErrorPolicy, Finding> = {
    error: { kind: 'failed', error },
    keep: { kind: 'inconclusive' },
    fire: all(alerts, true, 'error'),
    normal: all(alerts, false, 'error'),
  }
  return { ...outcome(found[policy], 'error', '', [...reasons, reason]), error }
}

/** Firing: the rule as a whole, whatever its alerts do. Not firing: the rule and every alert there is. */
function all(alerts: readonly Alert[], fire: boolean, value: string): Finding {
  const whole: Item = { fingerprint: '', labels: {}, fire, value }
  if (fire) return { kind: 'decided', items: [whole], complete: false }
  const known = alerts.filter(({ fingerprint }) => fingerprint !== '' && !fingerprint.startsWith('!'))
  return {
    kind: 'decided',
    items: [whole, ...known.map(({ fingerprint, labels }) => ({ fingerprint, labels, fire, value }))],
    complete: true,
  }
}

function outcome(finding: Finding, verdict: Verdict, value: string, reasons: Reason[]): Judgement {
  return { ...NOTHING, finding, verdict, value, reasons }
}
