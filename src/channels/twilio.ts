import type { JsonObject } from '../model/json.ts'
import type { Message } from '../model/message.ts'
import type { Channel, Receipt, SendContext, Share } from './channel.ts'
import { DeliveryError } from './failure.ts'
import { answerText, requestOnce } from './http.ts'
import { hiddenAddress, reaching } from './http-settings.ts'
import { messageSid, twilioFailure } from './twilio/failure.ts'
import { isWhatsApp, parseNumbers, reachedBy } from './twilio/recipients.ts'
import { type Segments, segmentsOf } from './twilio/segments.ts'
import { type TwilioSettings, twilioSettings } from './twilio/settings.ts'
import { LONGEST, smsText, templateVariables, whatsAppText } from './twilio/text.ts'

/** A message but for who writes it to whom. */
interface TwilioPayload {
  content: Record<string, string>
  /** Of short messages. */
  segments?: Segments
}

export const twilio = {
  kind: 'twilio',
  label: 'Twilio (SMS and WhatsApp)',
  documentation: 'https://www.twilio.com/docs/messaging/api/message-resource',
  settings: twilioSettings,
  limits: { body: LONGEST, inFlight: 1, pace: { perSecond: 1, burst: 1 }, retries: 'chat' },
  idempotent: false,
  split({ to }: Partial<TwilioSettings>): Share[] {
    const numbers = parseNumbers(to)
    if (numbers.length < 2) return []
    return numbers.map((number) => ({ recipient: number, settings: { to: number }, variables: {} }))
  },
  destination: ({ apiUrl, accountSid }: TwilioSettings): string => `${hiddenAddress(apiUrl)}/${accountSid}`,
  // Twilio counts the messages of each sender.
  place: ({ fromNumber, messagingServiceSid }: Partial<TwilioSettings>): string =>
    messagingServiceSid ?? fromNumber ?? '',
  // A text message has no mark-up, and signs nobody sees would make it dearer.
  valueForm: ({ fromNumber, to }: Partial<TwilioSettings>) =>
    /whatsapp:/i.test(JSON.stringify([fromNumber, to])) ? ('chat' as const) : undefined,
  render(message: Message, settings: TwilioSettings): TwilioPayload {
    const { contentSid, segments } = settings
    if ([settings.fromNumber ?? '', ...parseNumbers(settings.to)].some(isWhatsApp)) {
      const content: Record<string, string> =
        contentSid === undefined
          ? { Body: whatsAppText(message) }
          : { ContentSid: contentSid, ContentVariables: templateVariables(message) }
      return { content }
    }
    const text = smsText(message, segments)
    return { content: { Body: text }, segments: segmentsOf(text) }
  },
  async send({ content, segments }: TwilioPayload, settings: TwilioSettings, context: SendContext): Promise<Receipt> {
    const { accountSid, authToken = '', apiKeySid, apiKeySecret = '', messagingServiceSid, fromNumber = '' } = settings
    const [number, ...more] = parseNumbers(settings.to)
    if (number === undefined || more.length > 0) {
      const text = number === undefined ? 'No recipient is named, by the channel or by the route.' : MANY
      throw new DeliveryError('rejected', 'no-recipient', text)
    }
    const sender: JsonObject =
      messagingServiceSid === undefined ? { From: fromNumber } : { MessagingServiceSid: messagingServiceSid }
    const form = { To: reachedBy(fromNumber, number), ...sender, ...content }
    const user = apiKeySid === undefined ? `${accountSid}:${authToken}` : `${apiKeySid}:${apiKeySecret}`
    const response = await requestOnce(context.http, {
      method: 'POST',
      url: `${settings.apiUrl.replace(/\/$/, '')}/2010-04-01/Accounts/${accountSid}/Messages.json`,
      headers: {
        authorization: `Basic ${Buffer.from(user).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(form as Record<string, string>).toString(),
      signal: context.signal,
      ...reaching(settings),
    })
    const failure = twilioFailure(response, context.now)
    if (failure !== null) throw failure
    return receiptOf(answerText(response), messageSid(response), segments)
  },
} satisfies Channel<typeof twilioSettings, TwilioPayload>

const MANY = 'Several recipients are named where one message goes to one.'

function receiptOf(answer: string, sid: string | null, segments: Segments | undefined): Receipt {
  const parts = segments === undefined ? '' : ` (${segments.encoding}, segments: ${segments.count})`
  return { response: `${answer}${parts}`, ...(sid === null ? {} : { reference: { sid } }) }
}
