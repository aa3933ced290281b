import { idTime } from '../../ids.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Receipt, SendContext } from '../channel.ts'
import { DeliveryError } from '../failure.ts'
import { answerText, requestOnce } from '../http.ts'
import { reaching } from '../http-settings.ts'
import { type BotAnswer, botAnswer } from './refusal.ts'
import type { SlackSettings } from './settings.ts'

/** A message that was posted before, by the ids Slack gave it. */
interface Posted {
  channel: string
  ts: string
}

/** A call of the API: its method and what goes along. */
export interface BotCall {
  method: 'chat.postMessage' | 'chat.update'
  body: JsonObject
}

/** The first message of the same alert where this one belongs to it; null when it stands alone. */
export function earlierMessage({ followUp, channel }: SlackSettings, previous: JsonObject | undefined): Posted | null {
  if (followUp === 'message' || previous === undefined || previous['asked'] !== channel) return null
  const { channel: id, ts } = previous
  return typeof id === 'string' && typeof ts === 'string' ? { channel: id, ts } : null
}

/** A new message, or an answer in the thread of an earlier one. */
export function postCall(
  content: JsonObject,
  { channel = '' }: SlackSettings,
  thread: (Posted & { broadcast: boolean }) | null,
  { deliveryId }: SendContext,
): BotCall {
  const to = thread === null ? { channel } : { channel: thread.channel, thread_ts: thread.ts }
  const more = thread?.broadcast === true ? { reply_broadcast: true } : {}
  return { method: 'chat.postMessage', body: { ...content, ...to, ...more, metadata: markOf(deliveryId) } }
}

/** An earlier message with new content. What is not given would stay, so all of it is. */
export function updateCall(
  { text = '', blocks = [], attachments = [] }: JsonObject,
  { channel, ts }: Posted,
  { deliveryId }: SendContext,
): BotCall {
  return { method: 'chat.update', body: { channel, ts, text, blocks, attachments, metadata: markOf(deliveryId) } }
}

/** Makes a call that posts or changes a message. Throws `DeliveryError`. */
export async function callBot(
  { method, body }: BotCall,
  settings: SlackSettings,
  context: SendContext,
): Promise<Receipt> {
  const { answer, response } = await call('POST', method, JSON.stringify(body), settings, context)
  if ('failure' in answer) throw answer.failure
  const { channel = '', ts = '' } = answer.object
  return { response, reference: { asked: settings.channel ?? '', channel, ts } }
}

/**
 * Whether the message of this delivery is there, by the mark in its metadata. Needs the scope channels:history (private
 * channels: groups:history) and the channel's id. Slack's clock may differ from ours, so messages of some minutes before
 * are looked at, too.
 */
export async function wasPosted(
  settings: SlackSettings,
  context: SendContext,
): Promise<'sent' | 'notSent' | 'unknown'> {
  const { deliveryId, previous, now } = context
  if (settings.mode === 'webhook') return 'unknown'
  const earlier = earlierMessage(settings, previous)
  const oldest = String(Math.floor(Math.min(idTime(deliveryId), now) / 1000) - CLOCKS_DIFFER)
  const query = new URLSearchParams({ include_all_metadata: 'true', limit: '200', oldest })
  query.set('channel', earlier?.channel ?? settings.channel ?? '')
  if (earlier !== null) query.set('ts', earlier.ts)
  const method = earlier === null ? 'conversations.history' : 'conversations.replies'
  const { answer } = await call('GET', `${method}?${query}`, null, settings, context).catch(later)
  if ('failure' in answer) return answer.failure.outcome === 'rejected' ? 'unknown' : later(answer.failure)
  const { messages, has_more: hasMore } = answer.object
  if (!Array.isArray(messages)) return 'unknown'
  if (JSON.stringify(messages).includes(`"${MARK}":"${deliveryId}"`)) return 'sent'
  return hasMore === true ? 'unknown' : 'notSent'
}

const CLOCKS_DIFFER = 600
const MARK = 'tocsin_delivery'

function markOf(deliveryId: string): JsonObject {
  return { event_type: MARK, event_payload: { [MARK]: deliveryId } }
}

/** The message's fate stays unknown until Slack can be asked again. */
function later(thrown: unknown): never {
  if (!(thrown instanceof DeliveryError)) throw thrown
  const { reason, message, retryAfter, response } = thrown
  throw new DeliveryError('unknown', reason, message, { response, ...(retryAfter === undefined ? {} : { retryAfter }) })
}

async function call(
  verb: 'GET' | 'POST',
  method: string,
  body: string | null,
  settings: SlackSettings,
  { http, signal, now }: SendContext,
): Promise<{ answer: BotAnswer; response: string }> {
  const response = await requestOnce(http, {
    method: verb,
    url: `${settings.apiUrl.replace(/\/$/, '')}/${method}`,
    headers: {
      authorization: `Bearer ${settings.token ?? ''}`,
      ...(body === null ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    },
    ...(body === null ? {} : { body }),
    signal,
    ...reaching(settings),
  })
  return { answer: botAnswer(response, now), response: answerText(response) }
}
