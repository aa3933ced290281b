import type { Alert, AlertState, RouteState } from '../model/alert.ts'
import { parseDuration } from '../model/duration.ts'
import type { Transition } from '../model/evaluation.ts'
import type { AlertKind } from '../model/message.ts'
import type { Reason } from '../model/reason.ts'
import type { QueryRuleDefinition, RoutePhase } from '../model/rule.ts'

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
  rule: Pick<QueryRuleDefinition, 'notify' | 'remindEvery' | 'resolve' | 'suppressionMinutes'>
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
  kind: AlertKind
  fingerprints: string[]
  /** An undelivered trigger that this message takes the place of. */
  supersedes: string | null
  /** The trigger without whose delivery this message makes no sense; null when it arrived, or may have. */
  follows: string | null
  reason: Reason | null
}

export interface Refusal {
  route: string
  fingerprints: string[]
  reason: Reason
}

/** Messages that share a key make one. */
type Choice = { key: string; order: Omit<Order, 'route' | 'fingerprints'> } | { refuse: Reason }

/** One route, with what it told before and which undelivered messages it may take back. */
interface View extends Situation {
  route: RouteView
  toldOf: ReadonlyMap<string, RouteState>
  /** Messages that tell of an alert that goes on. */
  going: ReadonlySet<string>
}

/** Decides for every route which alerts are told and why the others are not. Pure; linear in the number of alerts. */
export function orders(routes: readonly RouteView[], situation: Situation): { orders: Order[]; refusals: Refusal[] } {
  const sent: Order[] = []
  const refused: Refusal[] = []
  for (const route of routes) {
    if (situation.transitions.length === 0) {
      refused.push({ route: route.key, fingerprints: [], reason: { code: 'not-firing' } })
      continue
    }
    const view = viewOf(route, situation)
    const sentByKey = new Map<string, Order>()
    const refusedByKey = new Map<string, Refusal>()
    for (const transition of situation.transitions) {
      const { fingerprint } = transition
      const choice = choose(view, transition)
      if ('refuse' in choice) {
        const { code, detail = '' } = choice.refuse
        const fresh = { route: route.key, fingerprints: [], reason: choice.refuse }
        joined(refusedByKey, refused, `${code}|${detail}`, fresh).fingerprints.push(fingerprint)
      } else {
        const key = route.each ? fingerprint : choice.key
        const fresh = { route: route.key, fingerprints: [], ...choice.order }
        joined(sentByKey, sent, key, fresh).fingerprints.push(fingerprint)
      }
    }
  }
  return { orders: sent, refusals: refused }
}

function joined<T>(known: Map<string, T>, all: T[], key: string, fresh: T): T {
  const same = known.get(key)
  if (same !== undefined) return same
  known.set(key, fresh)
  all.push(fresh)
  return fresh
}

function viewOf(route: RouteView, situation: Situation): View {
  const told = situation.told.filter((state) => state.route === route.key)
  const ended = new Set(
    situation.transitions.flatMap(({ fingerprint, after }) => (after === 'normal' ? [fingerprint] : [])),
  )
  const goesOn = told.filter(({ fingerprint }) => !ended.has(fingerprint))
  return {
    ...situation,
    route,
    toldOf: new Map(told.map((state) => [state.fingerprint, state])),
    going: new Set(goesOn.flatMap(({ delivery }) => (delivery === null ? [] : [delivery.id]))),
  }
}

function choose(view: View, transition: Transition): Choice {
  const { after: state } = transition
  if (state === 'pending') return { refuse: { code: 'pending' } }
  if (state === 'normal') return ending(view, transition)
  if (state === 'recovering') return { refuse: { code: 'recovering' } }
  return opening(view, transition.fingerprint, state)
}

/** A firing alert, or one that stands for an error or the lack of data. */
function opening(view: View, fingerprint: string, state: RoutePhase & AlertState): Choice {
  const { rule, route, now } = view
  const told = view.toldOf.get(fingerprint)
  const alert = view.after.get(fingerprint)
  if (!route.when.includes(state)) return { refuse: { code: 'not-subscribed', detail: state } }
  if (told !== undefined && isUnderWay(told))
    return { refuse: { code: 'waiting-for-delivery', detail: told.delivery?.id ?? '' } }
  const isTold = told?.sequence === alert?.sequence
  const everyTime = rule.notify === 'every' && state === 'firing'
  if (told !== undefined && isTold && !everyTime) {
    const tooSoon = beforeReminder(told, rule.remindEvery, now)
    if (tooSoon !== null) return { refuse: tooSoon }
  }
  const until = (told?.deliveredAt ?? Number.NEGATIVE_INFINITY) + rule.suppressionMinutes * 60_000
  if (rule.suppressionMinutes > 0 && now < until) return { refuse: { code: 'suppressed-until', detail: iso(until) } }
  const admitted = route.admits(fingerprint)
  if (!admitted.pass) return { refuse: admitted.reason ?? { code: 'route-condition-false' } }
  if (route.closed !== null) return { refuse: route.closed }
  const kind = told !== undefined && isTold && !everyTime && hasArrived(told) ? 'reminder' : state
  const key = `${kind}|${admitted.reason?.code ?? ''}`
  return { key, order: { kind, supersedes: null, follows: null, reason: admitted.reason } }
}

/** Why an alert that was told of, or should have been, is not told of again yet; null when it is to be. */
function beforeReminder(told: RouteState, remindEvery: string, now: number): Reason | null {
  const wait = parseDuration(remindEvery) ?? 0
  const isLost = told.delivery?.state === 'failed' && !hasArrived(told)
  const code = isLost ? 'not-delivered' : 'already-notified'
  const id = isLost ? `${told.delivery?.id}` : ''
  if (wait === 0) return id === '' ? { code } : { code, detail: id }
  const next = Math.max(told.deliveredAt ?? 0, told.delivery?.at ?? 0) + wait
  if (now >= next) return null
  const detail = isLost ? `${id}, the next one is made at ${iso(next)}` : `next reminder at ${iso(next)}`
  return { code, detail }
}

/** An alert that has just become normal. */
function ending(view: View, { fingerprint, before: was }: Transition): Choice {
  const { rule, route } = view
  if (was === 'pending') return { refuse: { code: 'not-firing' } }
  if (rule.notify === 'every' || !rule.resolve)
    return { refuse: { code: 'not-subscribed', detail: 'the rule sends no resolve' } }
  if (!route.when.includes('resolved')) return { refuse: { code: 'not-subscribed', detail: 'resolved' } }
  const told = view.toldOf.get(fingerprint)
  const delivery = told?.delivery ?? null
  if (told === undefined || delivery === null || told.sequence !== view.before.get(fingerprint)?.sequence)
    return { refuse: { code: 'trigger-not-delivered' } }
  const arrived = hasArrived(told)
  if (delivery.state === 'failed' && !arrived) return { refuse: { code: 'trigger-not-delivered', detail: delivery.id } }
  if (route.closed !== null) return { refuse: route.closed }
  const kind = was === 'firing' || was === 'recovering' ? 'resolved' : 'recovered'
  if (delivery.state === 'waiting' && !view.going.has(delivery.id)) {
    const reason: Reason = { code: 'merged-with-trigger', detail: delivery.id }
    return { key: `${kind}|${delivery.id}`, order: { kind, supersedes: delivery.id, follows: null, reason } }
  }
  // One that is still on its way decides over its own end alone, so each has a message of its own.
  const follows = isUnderWay(told) && !arrived ? delivery.id : null
  const key = follows === null ? kind : `${kind}|after ${follows}`
  return { key, order: { kind, supersedes: null, follows, reason: null } }
}

function isUnderWay({ delivery }: RouteState): boolean {
  return delivery?.state === 'waiting' || delivery?.state === 'sending'
}

/** Whether a message about this very firing was accepted; a reminder after it may have failed. */
function hasArrived({ deliveredAt, sequence }: RouteState): boolean {
  return deliveredAt !== null && deliveredAt >= sequence
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
