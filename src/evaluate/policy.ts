import type { Alert, AlertState, RouteState } from '../model/alert.ts'
import { parseDuration } from '../model/duration.ts'
import type { Transition } from '../model/evaluation.ts'
import type { MessageKind } from '../model/message.ts'
import type { Reason } from '../model/reason.ts'
import type { RoutePhase, RuleDefinition } from '../model/rule.ts'

/** Key of the way out when no route of the rule takes an error or the lack of data. */
export const FALLBACK_ROUTE = '!fallback'

/** A route as the policy sees it. */
export interface RouteView {
  key: string
  when: readonly RoutePhase[]
  each: boolean
  /** Why nothing can go this way now; null when it can. */
  closed: Reason | null
  /** Whether the route's own condition lets this alert pass; a reason when it does not, or when it failed. */
  admits: (fingerprint: string) => { pass: boolean; reason: Reason | null }
}

export interface Situation {
  rule: Pick<RuleDefinition, 'notify' | 'remindEvery' | 'resolve' | 'suppressionMinutes'>
  transitions: readonly Transition[]
  /** The alerts before and after, by fingerprint. */
  before: ReadonlyMap<string, Alert>
  after: ReadonlyMap<string, Alert>
  told: readonly RouteState[]
  now: number
}

/** One message to be written for one route. */
export interface Order {
  route: string
  kind: MessageKind
  fingerprints: string[]
  /** An undelivered trigger that this message takes the place of. */
  supersedes: string | null
  /** The delivered trigger that this message ends. */
  follows: string | null
  reason: Reason | null
}

export interface Refusal {
  route: string
  fingerprints: string[]
  reason: Reason
}

type Choice = { send: MessageKind; supersedes?: string; follows?: string; reason?: Reason } | { refuse: Reason }

/** Decides for every route which alerts are told and why the others are not. Pure. */
export function orders(routes: readonly RouteView[], situation: Situation): { orders: Order[]; refusals: Refusal[] } {
  const sent: Order[] = []
  const refused: Refusal[] = []
  const { transitions } = situation
  for (const route of routes) {
    if (transitions.length === 0) refused.push({ route: route.key, fingerprints: [], reason: { code: 'not-firing' } })
    const told = new Map(
      situation.told.flatMap((state) => (state.route === route.key ? [[state.fingerprint, state]] : [])),
    )
    for (const transition of transitions) {
      const choice = choose(route, transition, told.get(transition.fingerprint), situation)
      if ('refuse' in choice) addRefusal(refused, route.key, transition.fingerprint, choice.refuse)
      else addOrder(sent, route, transition.fingerprint, choice)
    }
  }
  return { orders: sent, refusals: refused }
}

function choose(route: RouteView, transition: Transition, told: RouteState | undefined, situation: Situation): Choice {
  const { after: state } = transition
  if (state === 'pending') return { refuse: { code: 'pending' } }
  if (state === 'normal') return ending(route, transition, told, situation)
  if (state === 'recovering') return { refuse: { code: 'recovering' } }
  return opening(route, transition, told, situation, state)
}

/** A firing alert, or one that stands for an error or the lack of data. */
function opening(
  route: RouteView,
  transition: Transition,
  told: RouteState | undefined,
  situation: Situation,
  state: Exclude<AlertState, 'normal' | 'pending' | 'recovering'>,
): Choice {
  const { rule, now, after } = situation
  const alert = after.get(transition.fingerprint)
  if (!route.when.includes(state)) return { refuse: { code: 'not-subscribed', detail: state } }
  const isTold = told?.sequence === alert?.sequence
  const everyTime = rule.notify === 'every' && state === 'firing'
  const remindAfter = parseDuration(rule.remindEvery) ?? 0
  const remindAt = remindAfter === 0 || !told?.deliveredAt ? null : told.deliveredAt + remindAfter
  if (told?.delivery?.state === 'open') return { refuse: { code: 'waiting-for-delivery', detail: told.delivery.id } }
  if (isTold && !everyTime && (remindAt === null || now < remindAt))
    return {
      refuse: {
        code: 'already-notified',
        ...(remindAt === null ? {} : { detail: `next reminder at ${iso(remindAt)}` }),
      },
    }
  const until = (told?.deliveredAt ?? Number.NEGATIVE_INFINITY) + rule.suppressionMinutes * 60_000
  if (rule.suppressionMinutes > 0 && now < until) return { refuse: { code: 'suppressed-until', detail: iso(until) } }
  const admitted = route.admits(transition.fingerprint)
  if (!admitted.pass) return { refuse: admitted.reason ?? { code: 'route-condition-false' } }
  if (route.closed !== null) return { refuse: route.closed }
  const kind = isTold && !everyTime ? 'reminder' : state
  return { send: kind, ...(admitted.reason === null ? {} : { reason: admitted.reason }) }
}

/** An alert that has just become normal. */
function ending(route: RouteView, transition: Transition, told: RouteState | undefined, situation: Situation): Choice {
  const { rule, before } = situation
  const alert = before.get(transition.fingerprint)
  if (transition.before === 'pending') return { refuse: { code: 'condition-false' } }
  if (rule.notify === 'every' || !rule.resolve)
    return { refuse: { code: 'not-subscribed', detail: 'the rule sends no resolve' } }
  if (!route.when.includes('resolved')) return { refuse: { code: 'not-subscribed', detail: 'resolved' } }
  if (told === undefined || told.delivery === null || told.sequence !== alert?.sequence)
    return { refuse: { code: 'trigger-not-delivered' } }
  const { id, state } = told.delivery
  if (state === 'failed') return { refuse: { code: 'trigger-not-delivered', detail: id } }
  if (route.closed !== null) return { refuse: route.closed }
  if (state === 'open' && allEnd(id, route, situation))
    return { send: 'resolved', supersedes: id, reason: { code: 'merged-with-trigger', detail: id } }
  return { send: 'resolved', follows: id }
}

/** Whether every alert that an undelivered message tells of ends now, so that nothing is lost by replacing it. */
function allEnd(deliveryId: string, route: RouteView, { told, after }: Situation): boolean {
  return told.every(
    (state) =>
      state.route !== route.key ||
      state.delivery?.id !== deliveryId ||
      after.get(state.fingerprint)?.state === 'normal',
  )
}

function addRefusal(refused: Refusal[], route: string, fingerprint: string, reason: Reason) {
  const same = refused.find(
    (entry) => entry.route === route && entry.reason.code === reason.code && entry.reason.detail === reason.detail,
  )
  if (same === undefined) refused.push({ route, fingerprints: [fingerprint], reason })
  else same.fingerprints.push(fingerprint)
}

/** Alerts of one kind go into one message, unless the route wants one each or they end different messages. */
function addOrder(sent: Order[], route: RouteView, fingerprint: string, choice: Exclude<Choice, { refuse: Reason }>) {
  const { send: kind, supersedes = null, follows = null, reason = null } = choice
  const same = route.each
    ? undefined
    : sent.find(
        (order) =>
          order.route === route.key &&
          order.kind === kind &&
          order.supersedes === supersedes &&
          (kind === 'resolved' || order.reason?.code === reason?.code),
      )
  if (same === undefined)
    sent.push({ route: route.key, kind, fingerprints: [fingerprint], supersedes, follows, reason })
  else same.fingerprints.push(fingerprint)
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
