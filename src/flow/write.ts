import { composeMessage } from '../compose/compose.ts'
import type { Order } from '../evaluate/policy.ts'
import { newId } from '../ids.ts'
import type { Alert } from '../model/alert.ts'
import type { NewDelivery } from '../model/delivery.ts'
import type { RouteDecision } from '../model/evaluation.ts'
import type { MessageAlert } from '../model/message.ts'
import { type Reason, sentence } from '../model/reason.ts'
import type { QueryResult } from '../model/result.ts'
import type { Rule } from '../model/rule.ts'
import type { Judgement } from './judge.ts'
import { deadlineOf, type Way } from './routes.ts'

/** A message that was written for one route, and what to remember of it. */
export interface Written {
  delivery: NewDelivery
  decision: RouteDecision
  told: { route: string; fingerprint: string; deliveryId: string; sequence: number }[]
}

export interface Writing {
  rule: Rule
  result: QueryResult | null
  judgement: Judgement
  ways: readonly Way[]
  before: ReadonlyMap<string, Alert>
  after: ReadonlyMap<string, Alert>
  evaluationId: string
  now: number
  baseUrl: string | null
}

/** Writes the message of every order. Never fails: a template that does gives the built-in message. */
export async function compose(orders: readonly Order[], writing: Writing): Promise<Written[]> {
  const written: Written[] = []
  const ways = new Map(writing.ways.map((way) => [way.view.key, way]))
  for (const order of orders) {
    const way = ways.get(order.route)
    if (way !== undefined && way.target !== null) written.push(await writeOne(order, way, way.target, writing))
  }
  return written
}

async function writeOne(order: Order, way: Way, target: NewDelivery['target'], writing: Writing): Promise<Written> {
  const { rule, judgement, evaluationId, now } = writing
  const alerts = order.fingerprints.map((fingerprint) => alertOf(fingerprint, order, writing))
  const firingFrom = isEnd(order) ? Math.min(...alerts.map((alert) => alert.since)) : undefined
  const { message, settings, errors } = await composeMessage({
    rule,
    route: { ...way.route, settings: target.settings },
    kind: order.kind,
    alerts,
    result: writing.result,
    evaluationId,
    at: now,
    condition: conditionText(rule),
    value: judgement.value,
    why: whyOf(order, judgement),
    error: judgement.error,
    baseUrl: writing.baseUrl,
    ...(firingFrom === undefined ? {} : { firingFrom }),
  })
  const id = newId('msg', now)
  const reason: Reason =
    errors.length > 0 ? { code: 'template-error', detail: errors.join('; ') } : (order.reason ?? { code: 'queued' })
  return {
    delivery: {
      id,
      project: rule.project,
      ruleId: rule.id,
      evaluationId,
      route: order.route,
      fingerprints: order.fingerprints,
      target: { ...target, settings },
      kind: order.kind,
      message,
      createdAt: now,
      deadlineAt: deadlineOf(target.kind, now),
      ...(order.supersedes === null ? {} : { supersedes: order.supersedes }),
      ...(order.follows === null ? {} : { follows: order.follows }),
    },
    decision: { route: order.route, channel: way.channel, fingerprints: order.fingerprints, reason, deliveryId: id },
    told: isEnd(order)
      ? []
      : order.fingerprints.map((fingerprint) => ({
          route: order.route,
          fingerprint,
          deliveryId: id,
          sequence: writing.after.get(fingerprint)?.sequence ?? 0,
        })),
  }
}

function isEnd({ kind }: Order): boolean {
  return kind === 'resolved' || kind === 'recovered'
}

function alertOf(
  fingerprint: string,
  order: Order,
  { before, after, judgement, now }: Writing,
): MessageAlert & { rows: number[] } {
  const alert = (isEnd(order) ? before : after).get(fingerprint)
  return {
    fingerprint,
    labels: alert?.labels ?? {},
    since: alert?.firingSince ?? now,
    value: after.get(fingerprint)?.value ?? '',
    rows: judgement.rows.get(fingerprint) ?? [],
  }
}

function whyOf(order: Order, judgement: Judgement): string {
  const reason = order.reason ?? judgement.reasons.at(-1)
  return reason === undefined ? '' : sentence(reason)
}

/** The condition as its author wrote it. */
export function conditionText({ definition: { condition } }: Rule): string {
  return 'text' in condition ? condition.text : JSON.stringify(condition)
}
