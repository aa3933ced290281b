import type { Json, JsonObject } from '../../model/json.ts'
import type { HttpResponse } from '../../net.ts'
import { DeliveryError } from '../failure.ts'
import { answerText, retryAfterOf, statusFailure } from '../http.ts'
import { type SlackError, slackErrors } from './errors.ts'

/** What a bot's call was answered: Slack's object, or the failure it means. */
export type BotAnswer = { object: JsonObject } | { failure: DeliveryError }

/** The failure in the answer to a webhook; null when the message was posted. Its errors are words, also under 200. */
export function webhookFailure(response: HttpResponse, now: number): DeliveryError | null {
  const base = statusFailure(response, { idempotent: false, now })
  const object = objectOf(response.body)
  const code = object === null ? response.body.trim() : textOf(object['error'])
  const known = errorOf(code)
  if (known === undefined) return base
  return failure(code, known, { mode: 'webhook', response, now, object: object ?? {} })
}

/** What the answer to a call of the API says. Its errors come under 200, too. */
export function botAnswer(response: HttpResponse, now: number): BotAnswer {
  const base = statusFailure(response, { idempotent: false, now })
  const object = objectOf(response.body) ?? {}
  if (base === null && object['ok'] === true) return { object }
  const code = textOf(object['error'])
  const known = errorOf(code) ?? (base === null && code !== '' ? { text: 'Slack refused the message.' } : undefined)
  if (known !== undefined) return { failure: failure(code, known, { mode: 'bot', response, now, object }) }
  const text = 'The answer is not one of Slack, so nobody knows whether the message was posted.'
  return { failure: base ?? new DeliveryError('unknown', 'protocol', text, { response: answerText(response) }) }
}

/** The documented error behind a failure of this channel, if there is one. */
export function errorBehind({ reason }: DeliveryError): SlackError | undefined {
  return reason.startsWith(PREFIX) ? errorOf(reason.slice(PREFIX.length)) : undefined
}

const PREFIX = 'slack-'

interface Refusal {
  mode: 'webhook' | 'bot'
  response: HttpResponse
  now: number
  object: JsonObject
}

function failure(code: string, known: SlackError, { mode, response, now, object }: Refusal): DeliveryError {
  const { outcome = 'rejected', text, disables, wait } = known
  const asked = object['retry_after']
  const after = retryAfterOf(response, now) ?? (typeof asked === 'number' && asked >= 0 ? asked * 1000 : wait)
  const detail = detailOf(object)
  return new DeliveryError(outcome, `${PREFIX}${code}`, `${text} Slack's word for it: ${code}${detail}.`, {
    response: answerText(response),
    disableChannel: disables === 'always' || disables === mode || response.status === 410,
    ...(after === undefined ? {} : { retryAfter: after }),
  })
}

/** The scope that is missing, and what Slack says of blocks it does not accept. */
function detailOf({ needed, provided, response_metadata: more }: JsonObject): string {
  const scopes = textOf(needed) === '' ? [] : [`needed ${textOf(needed)}`, `granted ${textOf(provided) || 'none'}`]
  const messages = typeof more === 'object' && more !== null && !Array.isArray(more) ? more['messages'] : undefined
  const told = Array.isArray(messages) ? messages.slice(0, 3).map(textOf) : []
  const all = [...scopes, ...told]
  return all.length === 0 ? '' : ` (${all.join('; ')})`
}

function errorOf(code: string): SlackError | undefined {
  return Object.hasOwn(slackErrors, code) ? slackErrors[code] : undefined
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

function objectOf(text: string): JsonObject | null {
  try {
    const value: Json = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
