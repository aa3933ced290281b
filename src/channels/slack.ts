import type { JsonObject } from '../model/json.ts'
import type { Message } from '../model/message.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { DeliveryError } from './failure.ts'
import { hiddenAddress, shortHash } from './http-settings.ts'
import { type BotCall, callBot, earlierMessage, postCall, updateCall, wasPosted } from './slack/bot.ts'
import { type SlackPayload, slackPayload } from './slack/payload.ts'
import { errorBehind } from './slack/refusal.ts'
import { type SlackSettings, slackSettings } from './slack/settings.ts'
import { postWebhook } from './slack/webhook.ts'

export const slack = {
  kind: 'slack',
  label: 'Slack',
  documentation: 'https://docs.slack.dev/messaging',
  settings: slackSettings,
  limits: { title: 150, inFlight: 1, pace: { perSecond: 1, burst: 3 }, retries: 'chat' },
  // A repeated message is a second one. A bot can look for the first.
  idempotent: false,
  destination({ mode, webhookUrl = '', apiUrl, token = '' }: SlackSettings): string {
    return mode === 'webhook' ? hiddenAddress(webhookUrl) : `${hiddenAddress(apiUrl)}/${shortHash(token)}`
  },
  // Slack counts the messages to each of its channels.
  place: ({ mode, channel = '' }: Partial<SlackSettings>): string =>
    mode === 'bot' ? channel.trim().slice(0, 200) : '',
  valueForm: () => 'slack' as const,
  render: (message: Message, settings: SlackSettings): SlackPayload => slackPayload(message, settings),
  async send(payload: SlackPayload, settings: SlackSettings, context: SendContext): Promise<Receipt> {
    if (settings.mode === 'webhook') return withText(payload, (content) => postWebhook(content, settings, context))
    const { channel = '' } = settings
    if (channel.trim() === '') {
      const text = 'No Slack channel is named, by the channel or by the route.'
      throw new DeliveryError('rejected', 'no-channel', text)
    }
    const earlier = earlierMessage(settings, context.previous)
    const post = (content: JsonObject) => callBot(postCall(content, settings, null, context), settings, context)
    if (earlier === null) return withText(payload, post)
    const call = (content: JsonObject): BotCall =>
      payload.ends && settings.followUp === 'update'
        ? updateCall(content, earlier, context)
        : postCall(content, settings, { ...earlier, broadcast: payload.ends && settings.broadcast }, context)
    try {
      return await withText(payload, (content) => callBot(call(content), settings, context))
    } catch (thrown) {
      // The message it belongs to was removed, or is too old: better a new one than none.
      if (thrown instanceof DeliveryError && errorBehind(thrown)?.follows === true) return withText(payload, post)
      throw thrown
    }
  },
  async probe(settings: SlackSettings, context: SendContext) {
    const found = await wasPosted(settings, context)
    return found === 'unknown' && settings.repeatUnknown ? 'notSent' : found
  },
} satisfies Channel<typeof slackSettings, SlackPayload>

/** Sends the message in blocks, or as text when Slack does not accept the blocks: then the receipt says so. */
async function withText(
  { content, text }: SlackPayload,
  send: (content: JsonObject) => Promise<Receipt>,
): Promise<Receipt> {
  try {
    return await send(content)
  } catch (thrown) {
    if (!(thrown instanceof DeliveryError) || errorBehind(thrown)?.readable !== false) throw thrown
    const receipt = await send({ ...text })
    return { ...receipt, response: `${receipt.response} It went as text. ${thrown.message}` }
  }
}
