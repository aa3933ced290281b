import { channels, isChannelKind } from '../channels/index.ts'
import { ConditionError, decide } from '../evaluate/condition.ts'
import { FALLBACK_ROUTE, type RouteView } from '../evaluate/policy.ts'
import { ERROR_ALERT, NO_DATA_ALERT } from '../evaluate/state.ts'
import type { AlertState } from '../model/alert.ts'
import { lifetimes, type Target } from '../model/delivery.ts'
import type { Transition } from '../model/evaluation.ts'
import type { JsonObject } from '../model/json.ts'
import type { Reason } from '../model/reason.ts'
import type { QueryResult } from '../model/result.ts'
import { type Route, type Rule, routePhases } from '../model/rule.ts'
import type { ChannelQueries, ChannelRow } from '../store/channels.ts'
import { conditionInput, type Judgement, type Plan } from './judge.ts'

/** One way out of a rule: what the policy needs to know and where its messages go. */
export interface Way {
  view: RouteView
  route: Route
  /** The channel's name or kind, for people. */
  channel: string
  /** null when nothing can go this way. */
  target: Target | null
  /** What the stored channel is set to, but for its secrets; the target's settings are laid over it. */
  channelSettings: JsonObject
}

/** What the ways out of a rule are found in. */
export interface RouteSources {
  channels: Pick<ChannelQueries, 'byName' | 'closedBy' | 'fallback'>
}

/** A result for conditions of routes; null when the query gave none, and then no condition stands in the way. */
export interface Evidence {
  plan: Plan
  result: QueryResult | null
  previous: QueryResult | null
  judgement: Judgement
  now: number
}

/** The routes of a query rule as they are now, in order. */
export function waysOf(store: RouteSources, evidence: Evidence): Promise<Way[]> {
  const { rule, routeKeys } = evidence.plan
  return routesOf(store, rule, routeKeys, (key, fingerprint) => admit(evidence, key, fingerprint))
}

/** The routes of any rule as they are now, in order; `admits` asks the own condition of the route with a key. */
export function routesOf(
  store: RouteSources,
  rule: Rule,
  routeKeys: readonly string[],
  admits: Admits,
): Promise<Way[]> {
  const ways = rule.definition.routes.map((route: Route, index) => {
    const key = routeKeys[index] ?? ''
    return wayOf(store, rule, route, key, (fingerprint) => admits(key, fingerprint))
  })
  return Promise.all(ways)
}

type Admits = (key: string, fingerprint: string) => { pass: boolean; reason: Reason | null }

/** The way out for a rule's own trouble when none of its routes takes it: the project's fallback channel. */
export async function fallbackWay(store: RouteSources, rule: Pick<Rule, 'project'>): Promise<Way | null> {
  const row = await store.channels.fallback(rule.project)
  if (row === undefined) return null
  const admits = () => ({ pass: true, reason: null })
  const open = way(FALLBACK_ROUTE, fallbackRoute(row.name), row.name, stored(row, {}), closedBy(row), admits)
  return { ...open, channelSettings: row.settings }
}

/** Whether a route of the rule takes what happened; a rule's own trouble may be wanted by none. */
export function heardBy(ways: readonly Way[], { fingerprint, before, after }: Transition): boolean {
  const phase = fingerprint === ERROR_ALERT ? 'error' : fingerprint === NO_DATA_ALERT ? 'no-data' : null
  if (phase === null) return ways.length > 0
  const isTold = (state: AlertState) => state === phase
  if (!isTold(before) && !isTold(after)) return true
  return ways.some(({ view }) => view.when.includes(phase) && view.closed === null)
}

/** The last moment (ms since 1970) for attempts to send what is made now by a kind of channel. */
export function deadlineOf(kind: string, now: number): number {
  return now + lifetimes[isChannelKind(kind) ? channels[kind].limits.retries : 'chat']
}

/** A target at a stored channel; `settings` are the route's own. */
export function stored(row: ChannelRow, settings: JsonObject): Target {
  return { channelId: row.id, kind: row.kind, destination: row.destination, settings, sealed: null }
}

async function wayOf(
  store: RouteSources,
  rule: Rule,
  route: Route,
  key: string,
  admits: RouteView['admits'],
): Promise<Way> {
  if (route.channel === null) return way(key, route, 'none', null, { code: 'channel-unnamed' }, admits)
  if (typeof route.channel !== 'string') {
    const { kind, settings } = route.channel
    const kept = rule.inline[key]
    if (kept === undefined || !isChannelKind(kind))
      return way(key, route, kind, null, { code: 'channel-missing', detail: kind }, admits)
    const target = {
      channelId: null,
      kind,
      destination: kept.destination,
      settings: { ...settings, ...route.settings },
      sealed: kept.sealed,
    }
    const stopped = store.channels.closedBy(kept.destination)
    return way(key, route, channels[kind].label, target, closedFor(stopped), admits)
  }
  const row = await store.channels.byName(rule.project, route.channel)
  if (row === undefined)
    return way(key, route, route.channel, null, { code: 'channel-missing', detail: route.channel }, admits)
  return {
    ...way(key, route, row.name, stored(row, route.settings), closedBy(row), admits),
    channelSettings: row.settings,
  }
}

function way(
  key: string,
  route: Route,
  channel: string,
  target: Target | null,
  closed: Reason | null,
  admits: RouteView['admits'],
): Way {
  return {
    view: { key, when: route.when, each: route.each, closed, admits },
    route,
    channel,
    target,
    channelSettings: {},
  }
}

function closedBy(row: ChannelRow): Reason | null {
  return closedFor(row.disabledReason)
}

function closedFor(detail: string | null): Reason | null {
  return detail === null ? null : { code: 'channel-disabled', detail }
}

/** A route's own condition, on the first row of the alert. One that fails lets the message pass: silence is worse. */
function admit(
  { plan, result, previous, judgement, now }: Evidence,
  key: string,
  fingerprint: string,
): { pass: boolean; reason: Reason | null } {
  const condition = plan.routeConditions.get(key)
  if (condition === undefined || result === null || fingerprint.startsWith('!')) return { pass: true, reason: null }
  const row = judgement.rows.get(fingerprint)?.[0]
  try {
    const { fire } = decide(condition, {
      ...conditionInput(plan, result, previous, now),
      ...(row === undefined ? {} : { row }),
    })
    return { pass: fire, reason: fire ? null : { code: 'route-condition-false' } }
  } catch (thrown) {
    if (!(thrown instanceof ConditionError)) throw thrown
    return { pass: true, reason: { code: 'route-condition-error', detail: thrown.message } }
  }
}

function fallbackRoute(name: string): Route {
  return { channel: name, settings: {}, when: [...routePhases], each: false }
}
