import type { Share } from '../channels/channel.ts'
import type { AttachmentLimits } from '../compose/attachments.ts'
import { type Composed, composeMessage } from '../compose/compose.ts'
import { readsColumn } from '../compose/recipients.ts'
import type { ComposeInput } from '../compose/variables.ts'
import type { Order } from '../evaluate/policy.ts'
import type { Alert, RouteState } from '../model/alert.ts'
import type { Target } from '../model/delivery.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { MessageAlert } from '../model/message.ts'
import { type Reason, sentence } from '../model/reason.ts'
import type { QueryResult } from '../model/result.ts'
import type { QueryRule } from '../model/rule.ts'
import type { Judgement } from './judge.ts'
import type { Way } from './routes.ts'
import { fixedSettingsOf, valueFormOf } from './shares.ts'
import { deliveryBy, type Written, writeShares } from './written.ts'

export interface Writing {
  rule: QueryRule
  result: QueryResult | null
  judgement: Judgement
  ways: readonly Way[]
  before: ReadonlyMap<string, Alert>
  after: ReadonlyMap<string, Alert>
  told: readonly RouteState[]
  /** Where the deliveries of an earlier message went: to whom, and with which settings of the route. */
  sentTo: (deliveryId: string) => Promise<{ recipient: string; settings: JsonObject }[]>
  evaluationId: string
  now: number
  baseUrl: string | null
  attachments: AttachmentLimits
  isExpectation: boolean
}

/** Writes the messages of every order. Never fails: a template that does gives the built-in message. */
export async function compose(orders: readonly Order[], writing: Writing): Promise<Written[]> {
  const written: Written[] = []
  const ways = new Map(writing.ways.map((way) => [way.view.key, way]))
  for (const order of orders) {
    const way = ways.get(order.route)
    if (way !== undefined && way.target !== null) written.push(...(await writeOne(order, way, way.target, writing)))
  }
  return written
}

async function writeOne(order: Order, way: Way, target: Target, writing: Writing): Promise<Written[]> {
  const input = inputOf(order, way, target, writing)
  const triggers = isEnd(order) ? triggersOf(order, writing) : []
  const written = await writeShares(
    { way, target, at: writing.now },
    {
      shares: await formerShares(triggers, input, writing),
      compose: (recipient) => composeMessage(recipient === undefined ? input : { ...input, recipient }),
      write: (id, composed) => writtenOf(id, order, way, target, composed, writing),
    },
  )
  const [trigger, ...others] = triggers
  if (trigger !== undefined && others.length === 0)
    for (const { delivery } of written) if (delivery.partOf !== undefined) delivery.supersedes = trigger
  return written
}

/**
 * An end goes where its beginnings went when the route's settings are read from rows, such as the owner of a model, and
 * some of those are gone. Null when they are not read from rows, or all rows are there.
 */
async function formerShares(
  triggers: readonly string[],
  { route, alerts }: ComposeInput,
  { sentTo }: Writing,
): Promise<Share[] | null> {
  if (triggers.length === 0 || alerts.every(({ rows }) => rows.length > 0)) return null
  const fromRows = Object.keys(route.settings).filter((key) => readsRows(route.settings[key] ?? null))
  if (fromRows.length === 0) return null
  const isKept = ([key]: [string, Json]) => fromRows.includes(key) || !Object.hasOwn(route.settings, key)
  const sent = (await Promise.all(triggers.map(sentTo))).flat()
  const shares = sent.map(({ recipient, settings }) => {
    const kept = Object.fromEntries(Object.entries(settings).filter(isKept))
    return { recipient, settings: kept, variables: {} }
  })
  return [...new Map(shares.map((share) => [JSON.stringify(share), share])).values()]
}

function readsRows(setting: Json): boolean {
  return readsColumn(setting) || /(?:\$\{|\{[{%])[^}]*\b(?:rows?|query_results?)\b/.test(JSON.stringify(setting))
}

function inputOf(order: Order, way: Way, target: Target, writing: Writing): ComposeInput {
  const { rule, judgement, evaluationId, now } = writing
  const alerts = order.fingerprints.map((fingerprint) => alertOf(fingerprint, order, writing))
  const firingFrom = isEnd(order) ? Math.min(...alerts.map((alert) => alert.since)) : undefined
  return {
    rule,
    route: { ...way.route, settings: target.settings },
    fixedSettings: fixedSettingsOf(target.kind),
    valueForm: valueFormOf(target.kind, { ...way.channelSettings, ...target.settings }, way.route.body?.text ?? ''),
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
    channelSettings: way.channelSettings,
    attachments: writing.attachments,
    isExpectation: writing.isExpectation,
    ...(firingFrom === undefined ? {} : { firingFrom }),
  }
}

function writtenOf(
  id: string,
  order: Order,
  way: Way,
  target: Target,
  { message, settings, errors }: Composed,
  { rule, evaluationId, after, now }: Writing,
): Written {
  const { route, fingerprints, kind, supersedes, follows } = order
  const reason: Reason =
    errors.length > 0 ? { code: 'template-error', detail: errors.join('; ') } : (order.reason ?? { code: 'queued' })
  const told = (fingerprint: string) => {
    const sequence = after.get(fingerprint)?.sequence ?? 0
    return { route, fingerprint, deliveryId: id, sequence }
  }
  return {
    delivery: {
      ...deliveryBy(rule, { way, target, at: now }, settings),
      id,
      evaluationId,
      fingerprints,
      kind,
      message,
      ...(supersedes === null ? {} : { supersedes }),
      ...(follows === null ? {} : { follows }),
    },
    decision: { route, channel: way.channel, fingerprints, reason, deliveryId: id },
    told: isEnd(order) ? [] : fingerprints.map(told),
  }
}

/**
 * The messages that last told of the alerts of an end. Where it is one, each recipient's own delivery of it decides whether
 * that recipient hears of the end, since some may have got it and others not.
 */
function triggersOf({ route, fingerprints }: Order, { told }: Writing): string[] {
  const ended = new Set(fingerprints)
  const ids = told.flatMap((state) =>
    state.route === route && ended.has(state.fingerprint) ? (state.delivery?.id ?? []) : [],
  )
  return [...new Set(ids)]
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
export function conditionText({ definition: { condition } }: QueryRule): string {
  return 'text' in condition ? condition.text : JSON.stringify(condition)
}
