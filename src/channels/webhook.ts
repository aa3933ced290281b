import type { Json } from '../model/json.ts'
import type { Message, RenderedBody } from '../model/message.ts'
import type { HttpRequest, HttpResponse } from '../net.ts'
import type { Channel, ChannelLimits, Receipt, SendContext } from './channel.ts'
import { eventJson } from './content/event.ts'
import { answerText, requestOnce } from './http.ts'
import { hiddenAddress, reaching } from './http-settings.ts'
import { authorizationHeader } from './webhook/authorization.ts'
import { overriddenBody } from './webhook/override.ts'
import { ownBody } from './webhook/own-body.ts'
import { presetBody } from './webhook/preset-body.ts'
import { addressOf, presetOf, webhookFailure } from './webhook/request.ts'
import { type WebhookSettings, webhookSettings } from './webhook/settings.ts'
import { signWebhook } from './webhook/signature.ts'

/** A request ready to go but for what differs between attempts. */
interface WebhookPayload {
  body: string | null
  contentType: string
}

const LIMITS: ChannelLimits = { inFlight: 32, retries: 'webhook' }

export const webhook = {
  kind: 'webhook',
  label: 'Webhook',
  documentation: 'https://www.standardwebhooks.com',
  settings: webhookSettings,
  limits: LIMITS,
  limitsOf(destination: string): ChannelLimits {
    const pace = presetOf(/^\S+(?= )/.exec(destination)?.[0])?.pace
    return pace === undefined ? LIMITS : { ...LIMITS, inFlight: 1, pace }
  },
  idempotent: true,
  destination({ url, preset }: WebhookSettings): string {
    const place = hiddenAddress(url)
    return presetOf(preset) === undefined ? place : `${preset} ${place}`
  },
  valueForm({ preset }: Partial<WebhookSettings>, body: string) {
    const { values, markdownWhere } = presetOf(preset) ?? {}
    return markdownWhere?.test(body) ? ('markdown' as const) : values
  },
  render(message: Message, settings: WebhookSettings): WebhookPayload {
    const { method, overrideBody } = settings
    const preset = presetOf(settings.preset)
    const { topic } = addressOf(settings)
    const own = message.body ?? overridden(overrideBody, message)
    if (own !== undefined) return payloadOf(ownBody(own, preset, topic))
    if (method === 'GET' || method === 'DELETE') return { body: null, contentType: '' }
    if (preset === undefined) return { body: eventJson(message), contentType: JSON_TYPE }
    const body = presetBody(preset, message, topic)
    return preset.encoding === 'form' ? form(body) : { body: JSON.stringify(body), contentType: JSON_TYPE }
  },
  async send(payload: WebhookPayload, settings: WebhookSettings, context: SendContext): Promise<Receipt> {
    const { method, secret, previousSecret } = settings
    const { signal, now } = context
    const seconds = Math.floor(now / 1000)
    const headers: Record<string, string> = {}
    if (payload.body !== null) headers['content-type'] = payload.contentType
    const authorization = authorizationHeader(settings)
    if (authorization !== undefined) headers['authorization'] = authorization
    for (const name in settings.headers) headers[name.toLowerCase()] = settings.headers[name] ?? ''
    headers['webhook-id'] = context.deliveryId
    headers['webhook-timestamp'] = String(seconds)
    if (secret !== undefined) {
      const secrets = previousSecret === undefined ? [secret] : [secret, previousSecret]
      headers['webhook-signature'] = signWebhook(secrets, context.deliveryId, seconds, payload.body ?? '')
    }
    const request: HttpRequest = { method, url: addressOf(settings).url, headers, signal, ...reaching(settings) }
    if (payload.body !== null) request.body = payload.body
    const response = unechoed(await requestOnce(context.http, request), authorization)
    const failure = webhookFailure(response, presetOf(settings.preset), now)
    if (failure !== null) throw failure
    return { response: answerText(response) }
  },
} satisfies Channel<typeof webhookSettings, WebhookPayload>

const JSON_TYPE = 'application/json'

function payloadOf({ text, contentType }: RenderedBody): WebhookPayload {
  const charset = contentType.startsWith('text/') ? '; charset=utf-8' : ''
  return { body: text, contentType: `${contentType}${charset}` }
}

/** An answer without the credentials that some receivers repeat; user and password travel in a form of their own. */
function unechoed(response: HttpResponse, authorization: string | undefined): HttpResponse {
  const [, credentials = ''] = authorization?.split(' ') ?? []
  return credentials === '' ? response : { ...response, body: response.body.replaceAll(credentials, '***') }
}

/** The channel's fixed body; text that is JSON goes as JSON. */
function overridden(fixed: Json | undefined, { runs = [] }: Message): RenderedBody | undefined {
  if (fixed === undefined) return undefined
  const body = overriddenBody(fixed, runs)
  if (typeof body !== 'string') return { text: JSON.stringify(body), contentType: JSON_TYPE }
  return { text: body, contentType: isJson(body) ? JSON_TYPE : 'text/plain' }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function form(fields: Json): WebhookPayload {
  const texts = Object.entries(fields as Record<string, Json>).map(([name, value]) => [name, String(value)])
  return {
    body: new URLSearchParams(Object.fromEntries(texts)).toString(),
    contentType: 'application/x-www-form-urlencoded',
  }
}
