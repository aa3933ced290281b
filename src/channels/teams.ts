import * as v from 'valibot'
import type { JsonObject } from '../model/json.ts'
import type { Message } from '../model/message.ts'
import { field } from '../model/settings.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { answerText, requestOnce } from './http.ts'
import { hiddenAddress, httpEntries, httpUrl, reaching, repeatUnknown } from './http-settings.ts'
import { MOST_SENT, teamsPayload } from './teams/card.ts'
import { teamsFailure } from './teams/failure.ts'

const settings = v.strictObject({
  webhookUrl: v.pipe(
    httpUrl,
    field({ title: 'Webhook URL', hint: 'Of the flow, whole; whoever has it can post.', secret: true }),
  ),
  format: v.pipe(
    v.optional(v.picklist(['card', 'text'], 'must be "card" or "text"'), 'card'),
    field({ title: 'Format', hint: 'An Adaptive Card with facts, table and buttons; or only lines of text.' }),
  ),
  repeatUnknown,
  ...httpEntries,
})

type Settings = v.InferOutput<typeof settings>

export const teams = {
  kind: 'teams',
  label: 'Microsoft Teams',
  documentation:
    'https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook',
  settings,
  // Documented for connectors: 4 in one second, 60 in 30.
  limits: { payload: MOST_SENT, inFlight: 1, pace: { perSecond: 2, burst: 1 }, retries: 'chat' },
  idempotent: false,
  destination: ({ webhookUrl }: Settings): string => hiddenAddress(webhookUrl),
  valueForm: () => 'chat' as const,
  render: (message: Message, { format }: Settings): JsonObject => teamsPayload(message, format),
  async send(payload: JsonObject, settings: Settings, { http, signal, now }: SendContext): Promise<Receipt> {
    const response = await requestOnce(http, {
      method: 'POST',
      url: settings.webhookUrl,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(payload),
      signal,
      ...reaching(settings),
    })
    const failure = teamsFailure(response, now)
    if (failure !== null) throw failure
    return { response: response.status === 202 ? `${answerText(response)} ${ACCEPTED}` : answerText(response) }
  },
  // A flow cannot be asked what it has posted.
  probe: async ({ repeatUnknown }: Settings) => (repeatUnknown ? 'notSent' : 'unknown'),
} satisfies Channel<typeof settings, JsonObject>

const ACCEPTED =
  '(accepted, not posted: the flow has the message, and only the history of its runs tells whether Teams shows it)'
