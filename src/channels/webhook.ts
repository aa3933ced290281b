import { type Message, type MessageKind, messageText, type RenderedBody } from '../model/message.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { answerText, requestOnce, statusFailure } from './http.ts'
import { hiddenAddress, reaching } from './http-settings.ts'
import { type WebhookSettings, webhookSettings } from './webhook/settings.ts'
import { signWebhook } from './webhook/signature.ts'

/** A request ready to go but for what differs between attempts. */
interface WebhookPayload {
  body: string | null
  contentType: string
}

export const webhook = {
  kind: 'webhook',
  label: 'Webhook',
  documentation: 'https://www.standardwebhooks.com',
  settings: webhookSettings,
  limits: { inFlight: 32, retries: 'webhook' },
  idempotent: true,
  destination: ({ url }: WebhookSettings): string => hiddenAddress(url),
  render(message: Message, { method }: WebhookSettings): WebhookPayload {
    if (message.body !== undefined) return ownBody(message.body)
    if (method === 'GET' || method === 'DELETE') return { body: null, contentType: '' }
    return { body: event(message), contentType: 'application/json' }
  },
  async send(payload: WebhookPayload, settings: WebhookSettings, context: SendContext): Promise<Receipt> {
    const { url, method, secret, previousSecret } = settings
    const seconds = Math.floor(context.now / 1000)
    const headers: Record<string, string> = {}
    if (payload.body !== null) headers['content-type'] = payload.contentType
    for (const name in settings.headers) headers[name.toLowerCase()] = settings.headers[name] ?? ''
    headers['webhook-id'] = context.deliveryId
    headers['webhook-timestamp'] = String(seconds)
    if (secret !== undefined) {
      const secrets = previousSecret === undefined ? [secret] : [secret, previousSecret]
      headers['webhook-signature'] = signWebhook(secrets, context.deliveryId, seconds, payload.body ?? '')
    }
    const { signal, now } = context
    const request = { method, url, headers, signal, ...reaching(settings) }
    const response = await requestOnce(
      context.http,
      payload.body === null ? request : { ...request, body: payload.body },
    )
    const failure = statusFailure(response, { idempotent: true, now })
    if (failure !== null) throw failure
    return { response: answerText(response) }
  },
} satisfies Channel<typeof webhookSettings, WebhookPayload>

const types: Record<MessageKind, string> = {
  firing: 'alert.firing',
  reminder: 'alert.reminder',
  resolved: 'alert.resolved',
  'no-data': 'alert.no-data',
  error: 'alert.error',
  recovered: 'alert.recovered',
  test: 'test',
  message: 'message',
}

function event(message: Message): string {
  const timestamp = new Date(message.time).toISOString()
  return `{"v":1,"type":"${types[message.kind]}","timestamp":"${timestamp}","data":${messageText(message)}}`
}

function ownBody({ text, contentType }: RenderedBody): WebhookPayload {
  const charset = contentType.startsWith('text/') ? '; charset=utf-8' : ''
  return { body: text, contentType: `${contentType}${charset}` }
}
