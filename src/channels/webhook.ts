import { createHash } from 'node:crypto'
import * as v from 'valibot'
import type { Message, MessageKind, RenderedBody } from '../model/message.ts'
import { field } from '../model/settings.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { answerText, requestOnce, statusFailure } from './http.ts'
import { secretProblem, signWebhook } from './signature.ts'

const methods = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'] as const

/** Set by Tocsin or by the connection. */
const ownHeaders = [
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
]

const signingSecret = v.pipe(
  v.string('must be text'),
  v.rawCheck(({ dataset, addIssue }) => {
    const message = dataset.typed ? secretProblem(dataset.value) : null
    if (message !== null) addIssue({ message })
  }),
)

const headers = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be named by letters, digits and dashes'),
      v.check((name) => !ownHeaders.includes(name.toLowerCase()), 'is set by Tocsin itself; leave it out'),
    ),
    v.pipe(v.string('must be text'), v.regex(/^[\t\x20-\x7e]*$/, 'must be plain ASCII on one line')),
    'must be an object of header names and values',
  ),
  v.check((all) => Object.keys(all).length <= 50, 'must be at most 50 headers'),
)

const settings = v.strictObject({
  url: v.pipe(
    v.string('must be text'),
    v.maxLength(5000, 'must be at most 5000 characters'),
    v.check(
      (text) => /^https?:\/\//i.test(text) && URL.canParse(text),
      'must be a URL that begins with https:// or http://',
    ),
    field({ title: 'URL', hint: 'Often a secret in itself, so it is kept like one.', secret: true }),
  ),
  method: v.pipe(
    v.optional(v.picklist(methods, `must be one of ${methods.join(', ')}`), 'POST'),
    field({ title: 'Method', hint: 'GET and DELETE send no body unless the route gives one.' }),
  ),
  headers: v.pipe(
    v.optional(headers),
    field({ title: 'Headers', hint: 'Sent along, for example an authorization.', secret: true }),
  ),
  secret: v.pipe(
    v.optional(signingSecret),
    field({
      title: 'Signing secret',
      hint: 'Signs each request by Standard Webhooks: "whsec_" and base64.',
      secret: true,
    }),
  ),
  previousSecret: v.pipe(
    v.optional(signingSecret),
    field({
      title: 'Previous signing secret',
      hint: 'Signs too, until every receiver knows the new one.',
      secret: true,
    }),
  ),
  timeoutSeconds: v.pipe(
    v.optional(
      v.pipe(
        v.number('must be a number of seconds'),
        v.minValue(1, 'must be 1 second at least'),
        v.maxValue(120, 'must be 120 seconds at most'),
      ),
      30,
    ),
    field({ title: 'Timeout', hint: 'Seconds for the whole exchange.' }),
  ),
})

type Settings = v.InferOutput<typeof settings>

/** A request ready to go but for what differs between attempts. */
interface WebhookPayload {
  body: string | null
  contentType: string
}

export const webhook = {
  kind: 'webhook',
  label: 'Webhook',
  documentation: 'https://www.standardwebhooks.com',
  settings,
  limits: { inFlight: 32, retries: 'webhook' },
  idempotent: true,
  destination({ url }: Settings): string {
    const hash = createHash('sha256').update(url).digest('hex').slice(0, 8)
    return `${URL.canParse(url) ? new URL(url).origin : 'invalid'}#${hash}`
  },
  render(message: Message, { method }: Settings): WebhookPayload {
    if (message.body !== undefined) return ownBody(message.body)
    if (method === 'GET' || method === 'DELETE') return { body: null, contentType: '' }
    return { body: event(message), contentType: 'application/json' }
  },
  async send(payload: WebhookPayload, settings: Settings, context: SendContext): Promise<Receipt> {
    const { url, method, secret, previousSecret, timeoutSeconds } = settings
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
    const request = { method, url, headers, signal, timeout: timeoutSeconds * 1000 }
    const response = await requestOnce(
      context.http,
      payload.body === null ? request : { ...request, body: payload.body },
    )
    const failure = statusFailure(response, { idempotent: true, now })
    if (failure !== null) throw failure
    return { response: answerText(response) }
  },
} satisfies Channel<typeof settings, WebhookPayload>

const types: Record<MessageKind, string> = {
  firing: 'alert.firing',
  reminder: 'alert.reminder',
  resolved: 'alert.resolved',
  'no-data': 'alert.no-data',
  error: 'alert.error',
  recovered: 'alert.recovered',
  test: 'test',
}

function event(message: Message): string {
  const { body: _, time, ...data } = message
  const timestamp = new Date(time).toISOString()
  return JSON.stringify({ v: 1, type: types[message.kind], timestamp, data: { ...data, time: timestamp } })
}

function ownBody({ text, contentType }: RenderedBody): WebhookPayload {
  const charset = contentType.startsWith('text/') ? '; charset=utf-8' : ''
  return { body: text, contentType: `${contentType}${charset}` }
}
