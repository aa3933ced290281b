import * as v from 'valibot'
import type { Json } from '../../model/json.ts'
import { field } from '../../model/settings.ts'
import { httpEntries, httpUrl } from '../http-settings.ts'
import { authorizationEntries, authorizationProblem } from './authorization.ts'
import { type PresetName, presetNames } from './presets.ts'
import { secretProblem } from './signature.ts'

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

const preset = v.picklist<['tocsin', ...PresetName[]], string>(
  ['tocsin', ...presetNames],
  `must be one of tocsin, ${presetNames.join(', ')}`,
)

const body = v.custom<Json>((value) => {
  const text = JSON.stringify(value)
  return value !== null && text !== undefined && text.length <= 100_000
}, 'must be an object, a list or text of at most 100000 characters')

/** Where a webhook goes and what goes along. */
export const webhookSettings = v.pipe(
  v.strictObject({
    url: v.pipe(
      httpUrl,
      field({ title: 'URL', hint: 'Often a secret in itself, so it is kept like one.', secret: true }),
    ),
    method: v.pipe(
      v.optional(v.picklist(methods, `must be one of ${methods.join(', ')}`), 'POST'),
      field({ title: 'Method', hint: 'GET and DELETE send no body unless the route gives one.' }),
    ),
    preset: v.pipe(
      v.optional(preset, 'tocsin'),
      field({ title: 'Form of the message', hint: "Tocsin's own event, or what a receiver of this name takes." }),
    ),
    overrideBody: v.pipe(
      v.optional(body),
      field({
        title: 'Own body',
        hint: 'JSON or text to send instead, where {{ runs }} stands for the runs. Not for secrets.',
        fixed: true,
        multiline: true,
      }),
    ),
    ...authorizationEntries,
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
    ...httpEntries,
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const { url, preset: name } = dataset.value
    const problem = authorizationProblem(dataset.value)
    if (problem !== null) addIssue(issueAt(dataset.value, ...problem))
    if (name === 'ntfy' && URL.canParse(url) && !/[^/]/.test(new URL(url).pathname))
      addIssue(issueAt(dataset.value, 'url', 'must end in the topic, such as https://ntfy.sh/alerts'))
  }),
)

function issueAt(input: Record<string, unknown>, key: string, message: string) {
  const item = { type: 'object', origin: 'value', input, key, value: input[key] } as const
  return { message, path: [item] as [typeof item] }
}

export type WebhookSettings = v.InferOutput<typeof webhookSettings>
