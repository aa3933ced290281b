import type * as v from 'valibot'
import type { InboxEntry } from '../model/inbox.ts'
import type { JsonObject } from '../model/json.ts'
import type { Message, ValueForm } from '../model/message.ts'
import type { Http } from '../net.ts'
import type { Programs } from '../programs.ts'

/** What a channel may count on while it sends one delivery. */
export interface SendContext {
  /** The only way out. */
  http: Http
  signal: AbortSignal
  deliveryId: string
  /** From 1. */
  attempt: number
  /** ms since 1970. */
  now: number
  /** The receipt of the first delivered message of the same alert, for threads and updates. */
  previous?: JsonObject
  /** What the instance gives for settings of this kind that are left out; holds secrets. */
  defaults?: JsonObject
  /** Lives as long as the process, per channel: tokens, connection pools. `closeCache` ends it. */
  cache: Map<string, unknown>
  /** Writes a line to standard output. */
  print(line: string): void
  /** The only way to start a program. */
  programs: Programs
}

/** What the channel keeps of a delivered message. `response` is the vendor's own answer, for people. */
export interface Receipt {
  response: string
  /** For `previous`; holds no secret. */
  reference?: JsonObject
  /** For Tocsin's own inbox: stored in the commit that ends the delivery, so neither lost nor there twice. */
  inbox?: InboxEntry
}

export interface ChannelLimits {
  /** Characters. */
  title?: number
  body?: number
  /** Bytes of the whole payload. */
  payload?: number
  rows?: number
  /** Starts per second and how many may come at once, per destination. */
  pace?: { perSecond: number; burst: number }
  /** Sends under way at a time, per destination. */
  inFlight: number
  /** Which schedule of waits applies. */
  retries: 'webhook' | 'chat'
}

/** What one of several recipients gets of a message. */
export interface Share {
  /** Tells the recipient from the others, such as an address; each is named once. */
  recipient: string
  /** Laid over the settings, so that this delivery goes to this recipient alone. */
  settings: JsonObject
  /** Variables for the templates of the message and of the route's settings, besides those every message has. */
  variables: JsonObject
}

/** One way to send. Files of this kind keep the order of these members. */
export interface Channel<Schema extends v.GenericSchema = v.GenericSchema, Payload = unknown> {
  kind: string
  label: string
  documentation: string
  settings: Schema
  limits: ChannelLimits
  /** Those of one destination, where they differ. */
  limitsOf?(destination: string): ChannelLimits
  /** Whether a repeated send of the same delivery does no harm. */
  idempotent: boolean
  /**
   * Pure: individual recipients become deliveries, each with its own attempts and order. Given are the channel's settings
   * but the secret ones, the route's over them, their templates rendered and not checked. None: one delivery to all.
   */
  split?(settings: Partial<v.InferOutput<Schema>>): Share[]
  /** The program on this machine that a send starts; the operator must have allowed it. */
  program?(settings: v.InferOutput<Schema>): string
  /**
   * Key for pacing, order and breaker; holds no secret. A channel that comes to lead to another one is asked for its
   * secrets again.
   */
  destination(settings: v.InferOutput<Schema>): string
  /**
   * Pure: the place within the destination that has a pace of its own, such as a chat room. Given are the settings but the
   * secret ones, the route's over them; empty: the destination as a whole.
   */
  place?(settings: Partial<v.InferOutput<Schema>>): string
  /** Pure: what checked settings lack that the instance's defaults do not give either, each with the remedy. */
  missing?(settings: v.InferOutput<Schema>, defaults: JsonObject): { path: string; message: string }[]
  /**
   * Pure: how values are written in a body that a rule gives, so that they stay text; as they are where there is no form.
   * Given are the settings but the secret ones, the route's over them, and the body, their templates not rendered.
   */
  valueForm?(settings: Partial<v.InferOutput<Schema>>, body: string): ValueForm | undefined
  /** Pure: same input, same bytes. */
  render(message: Message, settings: v.InferOutput<Schema>): Payload
  /** Throws `DeliveryError`; never loops, logs, reads the database or opens secrets. */
  send(payload: Payload, settings: v.InferOutput<Schema>, context: SendContext): Promise<Receipt>
  /**
   * Before repeating an unknown outcome: the receipt of what arrived with the attempt before, `sent` when there is none,
   * `unknown` when it cannot be found out. A `DeliveryError` means that it has to be asked again later.
   */
  probe?(settings: v.InferOutput<Schema>, context: SendContext): Promise<Receipt | 'sent' | 'notSent' | 'unknown'>
}
