import {
  type Attempt,
  type Delivery,
  type DeliveryState,
  isLocal,
  type NewDelivery,
  type Outcome,
} from '../model/delivery.ts'
import type { JsonObject } from '../model/json.ts'
import type { Message, MessageKind } from '../model/message.ts'
import type { Reason } from '../model/reason.ts'

/** A row of `deliveries` as the driver gives it. */
export interface DeliveryRecord {
  seq: number
  id: string
  project: string
  rule_id: string | null
  evaluation_id: string | null
  route: string
  recipient: string
  part_of: string | null
  /** JSON; null if there is exactly one. */
  fingerprints: string | null
  /** The one there is, if there is exactly one. */
  fingerprint: string | null
  channel_id: string | null
  kind: string
  destination: string
  message_kind: MessageKind
  state: DeliveryState
  reason: string | null
  attempts: number
  created_at: number
  next_at: number | null
  deadline_at: number
  finished_at: number | null
  waits_for: string | null
  follows: string | null
  receipt: string | null
}

/** A row as lists show it. */
export interface SummaryRecord extends DeliveryRecord {
  title: string | null
  channel_name: string | null
}

/** A row of `delivery_contents` beside it. */
export interface FullRecord extends DeliveryRecord {
  settings: string
  sealed: string | null
  message: string
}

export interface AttemptRecord {
  number: number
  started_at: number
  finished_at: number | null
  outcome: Outcome | null
  reason: string | null
  response: string | null
  retry_at: number | null
  trigger: Attempt['trigger']
}

/** A delivery without its message, as lists show it; `title` is the message's. */
export interface DeliverySummary extends Omit<Delivery, 'message' | 'target'> {
  title: string
  channelId: string | null
  /** Name of the channel; null when it is part of the rule, or was removed. */
  channel: string | null
  /** Kind of the channel. */
  channelKind: string
  destination: string
  /** The delivery it waits for. */
  waitsFor: string | null
  /** Present when a client sent it by itself and only told of it. */
  local?: true
}

/** The same as JSON in SQL, of `deliveries d`. */
export const FINGERPRINTS = 'coalesce(d.fingerprints, json_array(d.fingerprint))'

/** The columns of `FullRecord`, from `deliveries d` and `delivery_contents c`. */
export const FULL = `SELECT d.seq, d.id, d.project, d.rule_id, d.evaluation_id, d.route, d.recipient, d.part_of, d.fingerprints, d.fingerprint, d.channel_id, d.kind,
  d.destination, d.message_kind, d.state, d.reason, d.attempts, d.created_at, d.next_at, d.deadline_at, d.finished_at,
  d.waits_for, d.follows, d.receipt, c.settings, c.sealed, c.message
  FROM deliveries d JOIN delivery_contents c ON c.seq = d.seq`

/** The columns of `SummaryRecord`, from the same. */
export const SUMMARY = `SELECT d.*, json_extract(c.message, '$.title') AS title,
  (SELECT name FROM channels WHERE id = d.channel_id) AS channel_name
  FROM deliveries d JOIN delivery_contents c ON c.seq = d.seq`

/** Every attempt comes through here, so nothing is copied or parsed that need not be. */
export function toDelivery(row: FullRecord): Delivery {
  const delivery = common(row) as Delivery
  delivery.target = {
    channelId: row.channel_id,
    kind: row.kind,
    destination: row.destination,
    settings: row.settings === '{}' ? {} : (JSON.parse(row.settings) as JsonObject),
    sealed: row.sealed,
  }
  delivery.message = JSON.parse(row.message) as Message
  return delivery
}

/** A delivery whose first attempt begins, from what was inserted and never changes. */
export function toFirstAttempt(from: NewDelivery, { deadline_at: deadlineAt }: { deadline_at: number }): Delivery {
  return {
    id: from.id,
    project: from.project,
    ruleId: from.ruleId,
    evaluationId: from.evaluationId,
    route: from.route,
    recipient: from.recipient ?? '',
    ...(from.partOf === undefined ? {} : { partOf: from.partOf }),
    fingerprints: from.fingerprints,
    target: from.target,
    kind: from.kind,
    message: from.message,
    createdAt: from.createdAt,
    state: 'sending',
    reason: null,
    attempts: 1,
    nextAt: null,
    deadlineAt,
    finishedAt: null,
    receipt: null,
  }
}

export function toSummary(row: SummaryRecord): DeliverySummary {
  return {
    ...common(row),
    title: row.title ?? '',
    channelId: row.channel_id,
    channel: row.channel_name,
    channelKind: row.kind,
    destination: row.destination,
    waitsFor: row.waits_for,
    ...(isLocal({ ruleId: row.rule_id, route: row.route }) ? { local: true as const } : {}),
  }
}

export function toAttempt(deliveryId: string, row: AttemptRecord): Attempt {
  return {
    id: `${deliveryId}-${row.number}`,
    deliveryId,
    number: row.number,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    outcome: row.outcome,
    reason: row.outcome === 'delivered' ? 'delivered' : row.reason,
    response: row.response,
    retryAt: row.retry_at,
    trigger: row.trigger,
  }
}

/** How fingerprints are stored, in `fingerprints` and `fingerprint`. */
export function fingerprintColumns(all: readonly string[]): [fingerprints: string | null, fingerprint: string | null] {
  const alone = all.length === 1 ? all[0] : undefined
  return alone === undefined ? [JSON.stringify(all), null] : [null, alone]
}

export function fingerprintsOf({ fingerprint, fingerprints }: Pick<DeliveryRecord, 'fingerprint' | 'fingerprints'>) {
  return fingerprints === null ? [fingerprint ?? ''] : (JSON.parse(fingerprints) as string[])
}

function reasonOf({ state, reason }: DeliveryRecord): Reason | null {
  if (reason !== null) return JSON.parse(reason) as Reason
  return state === 'delivered' ? { code: 'delivered' } : null
}

function common(row: DeliveryRecord): Omit<Delivery, 'message' | 'target'> {
  return {
    id: row.id,
    project: row.project,
    ruleId: row.rule_id,
    evaluationId: row.evaluation_id,
    route: row.route,
    recipient: row.recipient,
    ...(row.part_of === null ? {} : { partOf: row.part_of }),
    fingerprints: fingerprintsOf(row),
    kind: row.message_kind,
    createdAt: row.created_at,
    state: row.state,
    reason: reasonOf(row),
    attempts: row.attempts,
    nextAt: row.next_at,
    deadlineAt: row.deadline_at,
    finishedAt: row.finished_at,
    receipt: row.receipt === null ? null : (JSON.parse(row.receipt) as JsonObject),
  }
}
