import { compileCondition } from '../evaluate/condition.ts'
import type { AlertState } from '../model/alert.ts'
import type { Transition } from '../model/evaluation.ts'
import type { Severity } from '../model/message.ts'
import { type Rule, routeKeys } from '../model/rule.ts'
import type { Backlog } from '../store/deliveries.ts'
import type { AlertRow } from '../store/evaluations.ts'
import type { Store } from '../store/index.ts'
import { explainRunRule } from './explain-run.ts'

/** An alert that is not normal, as people look at it. Times are ms since 1970. */
export interface OpenAlert {
  rule: { id: string; name: string }
  severity: Severity
  fingerprint: string
  labels: Record<string, string>
  state: AlertState
  since: number
  firingSince: number | null
  value: string
  condition: string
  /** In words: why it is in its state. */
  why: string
  /** The latest evaluation of its rule; null when retention has removed it. */
  evaluation: string | null
  /** Whom it was told to, and how far that message is. */
  told: { route: string; channel: string; delivery: string | null; state: string; at: number | null }[]
}

/** What needs somebody now. */
export interface Overview {
  alerts: { counts: Record<string, number>; items: OpenAlert[] }
  connections: { count: number; failing: { id: string; name: string; since: number; error: string | null }[] }
  channels: { count: number; disabled: { id: string; name: string; reason: string }[] }
  rules: { count: number; paused: number; blocked: { id: string; name: string; reason: string }[] }
  outbox: Backlog
}

/** Alerts shown; `counts` tells of all. */
const SHOWN = 200
/** Read at a time. */
const PAGE = 500

/** What fires, what is in trouble and what waits, in one project. */
export async function overviewOf(store: Store, project: string): Promise<Overview> {
  const [items, counts, outbox] = await Promise.all([
    store.evaluations.alerts({ project, limit: SHOWN }),
    store.evaluations.openCounts(project),
    store.deliveries.backlog(project),
  ])
  const connections = await store.connections.list({ project, limit: PAGE })
  const channels = await store.channels.list({ project, limit: PAGE })
  return {
    alerts: { counts, items: await describe(store, items) },
    connections: {
      count: connections.length,
      failing: connections.flatMap(({ id, name, openSince: since, lastError: error }) =>
        since === null ? [] : [{ id, name, since, error }],
      ),
    },
    channels: {
      count: channels.length,
      disabled: channels.flatMap(({ id, name, disabledReason: reason }) =>
        reason === null ? [] : [{ id, name, reason }],
      ),
    },
    rules: await rulesOf(store, project),
    outbox,
  }
}

async function rulesOf(store: Store, project: string): Promise<Overview['rules']> {
  const { count, paused } = await store.rules.counts(project)
  const blocked = (await store.rules.blocked(project, PAGE)).map(({ id, definition: { name }, blocked: reason }) => ({
    id,
    name,
    reason: reason ?? '',
  }))
  return { count, paused, blocked }
}

/** Those that fire first, the worst of them at the top; then the latest. */
async function describe(store: Store, alerts: readonly AlertRow[]): Promise<OpenAlert[]> {
  const described: OpenAlert[] = []
  for (const ruleId of new Set(alerts.map((alert) => alert.ruleId))) {
    const rule = await store.rules.get(ruleId)
    if (rule === undefined) continue
    const own = alerts.filter((alert) => alert.ruleId === ruleId)
    described.push(...(await describeRule(store, rule, own)))
  }
  return described.sort((a, b) => rank(b) - rank(a) || b.since - a.since)
}

async function describeRule(store: Store, rule: Rule, alerts: readonly AlertRow[]): Promise<OpenAlert[]> {
  const { id, project, definition } = rule
  const [latest] = await store.evaluations.list({ project, ruleId: id, limit: 1 })
  const { routes } = await store.evaluations.state(id)
  const keys = routeKeys(definition)
  const channelOf = (key: string) => {
    const channel = definition.routes[keys.indexOf(key)]?.channel ?? null
    return channel === null ? key : typeof channel === 'string' ? channel : channel.kind
  }
  const condition = 'query' in definition ? compileCondition(definition.condition).text : explainRunRule(definition)
  return alerts.map(({ fingerprint, labels, state, since, firingSince, value }) => ({
    rule: { id, name: definition.name },
    severity: definition.severity ?? 'error',
    fingerprint,
    labels,
    state,
    since,
    firingSince,
    value,
    condition,
    why: latest?.trace?.transitions.find((one: Transition) => one.fingerprint === fingerprint)?.why ?? '',
    evaluation: latest?.id ?? null,
    told: routes
      .filter((route) => route.fingerprint === fingerprint)
      .map(({ route, delivery, deliveredAt: at }) => ({
        route,
        channel: channelOf(route),
        delivery: delivery?.id ?? null,
        state: delivery?.state ?? 'failed',
        at,
      })),
  }))
}

const severityRank: Record<OpenAlert['severity'], number> = { debug: 0, info: 1, warning: 2, error: 3, critical: 4 }
const isOn = ({ state }: OpenAlert) => state === 'firing' || state === 'recovering'

function rank(alert: OpenAlert): number {
  return (isOn(alert) ? 10 : 0) + severityRank[alert.severity]
}
