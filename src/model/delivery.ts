import type { JsonObject } from './json.ts'
import type { Message, MessageKind } from './message.ts'
import type { Reason } from './reason.ts'

/**
 * - `pending`: waits for its turn or its next attempt
 * - `sending`: an attempt is under way
 * - `delivered`, `rejected`, `dead` (deadline passed), `unknown` (may have arrived), `superseded`, `discarded`: final
 */
export const deliveryStates = [
  'pending',
  'sending',
  'delivered',
  'rejected',
  'dead',
  'unknown',
  'superseded',
  'discarded',
] as const
export type DeliveryState = (typeof deliveryStates)[number]

/** Those that come behind the first two in the list. */
export const finalStates: readonly DeliveryState[] = deliveryStates.slice(2)

/** How long attempts go on, in ms, by the schedule of waits of the channel. */
export const lifetimes = { webhook: 28 * 3_600_000, chat: 24 * 3_600_000 } as const

/** The route of messages that a client sent by itself and only told of. */
export const LOCAL_ROUTE = 'local'

/** Whether a client sent it by itself: it alone knows the settings, so it is never sent from here. */
export function isLocal({ ruleId, route }: { ruleId: string | null; route: string }): boolean {
  return ruleId === null && route === LOCAL_ROUTE
}

/** Where a delivery goes: a stored channel, or one written into its route. `settings` are the route's own, rendered. */
export interface Target {
  /** Id of the stored channel; null for an inline one. */
  channelId: string | null
  kind: string
  /** Groups deliveries for pacing, order and the breaker. It holds no secret. */
  destination: string
  settings: JsonObject
  /** Sealed settings of an inline channel, as `manage` stored them with the rule. */
  sealed: string | null
}

/** A delivery to be made: one message to one target. */
export interface NewDelivery {
  id: string
  project: string
  ruleId: string | null
  evaluationId: string | null
  /** Key of the route within its rule. */
  route: string
  /** Whom it goes to, where each recipient of a message gets a delivery of his own. */
  recipient?: string
  /** The first of the deliveries to each recipient of one message; it names itself. */
  partOf?: string
  /** The alerts it tells about; deliveries that share route, recipient and fingerprint keep their order. */
  fingerprints: string[]
  target: Target
  kind: MessageKind
  message: Message
  createdAt: number
  /** No attempt is made after this, ms since 1970; a day after its making when absent. */
  deadlineAt?: number
  /** An undelivered trigger this one takes the place of, if it has not been tried by then. */
  supersedes?: string
  /** A trigger without whose delivery this one makes no sense. */
  follows?: string
}

export interface Delivery extends Omit<NewDelivery, 'supersedes' | 'follows' | 'recipient'> {
  /** Empty where it goes to all that its settings name. */
  recipient: string
  state: DeliveryState
  reason: Reason | null
  attempts: number
  /** When the next attempt is due; null when final. ms since 1970. */
  nextAt: number | null
  /** No attempt is made after this. */
  deadlineAt: number
  finishedAt: number | null
  /** What the channel said of the delivered message, for threading and updating. */
  receipt: JsonObject | null
}

export const outcomes = ['delivered', 'rejected', 'retryable', 'unknown'] as const
export type Outcome = (typeof outcomes)[number]

/** What became of a message that a client sent by itself; its one attempt is over. */
export interface LocalDelivery {
  delivery: NewDelivery
  state: 'delivered' | 'rejected' | 'unknown'
  reason: Reason
  attempt: Pick<Attempt, 'startedAt' | 'finishedAt' | 'outcome' | 'reason' | 'response'>
}

/** One try to send a delivery. */
export interface Attempt {
  id: string
  deliveryId: string
  /** From 1. */
  number: number
  startedAt: number
  finishedAt: number | null
  /** null while it is under way. */
  outcome: Outcome | null
  /** A short class, such as `http-500`, `timeout`, `refused`, `tls`, `smtp-550`. */
  reason: string | null
  /** The receiver's answer, redacted and cut. */
  response: string | null
  /** When the next attempt was set for. */
  retryAt: number | null
  trigger: 'automatic' | 'manual'
}
