import type { Message } from '../model/message.ts'
import type { HttpResponse } from '../net.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { DeliveryError } from './failure.ts'
import { requestOnce } from './http.ts'
import { reaching } from './http-settings.ts'
import { messageIdOf } from './mail/identity.ts'
import { LONGEST_SUBJECT } from './mail/payload.ts'
import { type Mailbox, parseMailboxes } from './mail/recipients.ts'
import { mailShares } from './mail/shares.ts'
import { type GraphMessage, graphMessage } from './microsoft-graph-mail/body.ts'
import { graphFailure } from './microsoft-graph-mail/failure.ts'
import { type GraphMailSettings, graphMailSettings } from './microsoft-graph-mail/settings.ts'
import { accessToken, answerWithout, forgetToken, trimmed } from './microsoft-graph-mail/token.ts'

/** A mail but for its identity. */
interface Payload {
  message: GraphMessage
  saveToSentItems: boolean
}

export const microsoftGraphMail = {
  kind: 'microsoft-graph-mail',
  label: 'Mail (Microsoft 365)',
  documentation: 'https://learn.microsoft.com/en-us/graph/api/user-sendmail',
  settings: graphMailSettings,
  // Exchange Online takes 30 mails a minute from a mailbox, Graph four requests at a time for it.
  limits: { title: LONGEST_SUBJECT, inFlight: 4, pace: { perSecond: 0.5, burst: 30 }, retries: 'chat' },
  // A repeated mail has the same Message-ID, so that it can be told from a new one; a lost one cannot be told at all.
  idempotent: true,
  destination({ graphUrl, loginUrl, tenantId, sender }: GraphMailSettings): string {
    const login = new URL(loginUrl).host
    return `${trimmed(graphUrl)}/${tenantId}/${senderOf(sender).address}?login=${login}`
  },
  split: mailShares,
  render(message: Message, settings: GraphMailSettings): Payload {
    return { message: graphMessage(message, settings), saveToSentItems: settings.saveToSentItems }
  },
  async send(payload: Payload, settings: GraphMailSettings, context: SendContext): Promise<Receipt> {
    const { toRecipients, ccRecipients, bccRecipients } = payload.message
    if ([...toRecipients, ...ccRecipients, ...bccRecipients].length === 0)
      throw new DeliveryError('rejected', 'no-recipients', 'No recipient is named, by the channel or by the route.')
    const sender = senderOf(settings.sender)
    const messageId = messageIdOf(context.deliveryId, sender)
    const body = JSON.stringify({ ...payload, message: { ...payload.message, ...identity(messageId, context) } })
    let { token, response } = await post(body, sender, settings, context)
    if (response.status === 401) {
      // A token may be withdrawn before its end: one that is new is tried once.
      forgetToken(context.cache)
      ;({ token, response } = await post(body, sender, settings, context))
    }
    const answer = answerWithout(token, response)
    const failure = graphFailure(response, answer, context.now)
    if (failure !== null) throw failure
    return { response: `${answer} accepted by Microsoft 365, not yet delivered`, reference: { messageId } }
  },
} satisfies Channel<typeof graphMailSettings, Payload>

async function post(
  body: string,
  sender: Mailbox,
  settings: GraphMailSettings,
  context: SendContext,
): Promise<{ token: string; response: HttpResponse }> {
  const reach = reaching(settings)
  const token = await accessToken(settings, reach, context)
  const response = await requestOnce(context.http, {
    method: 'POST',
    url: `${trimmed(settings.graphUrl)}/v1.0/users/${encodeURIComponent(sender.address)}/sendMail`,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    },
    body,
    signal: context.signal,
    ...reach,
  })
  return { token, response }
}

/**
 * The mail's own id, and those of the first mail of its alert. Graph takes no standard headers, so they are named by the
 * properties that Exchange makes them from: PidTagInReplyToId and PidTagInternetReferences of MS-OXPROPS.
 */
function identity(messageId: string, { previous }: SendContext) {
  const first = previous?.['messageId']
  if (typeof first !== 'string' || first === messageId) return { internetMessageId: messageId }
  const ids = ['String 0x1042', 'String 0x1039']
  return { internetMessageId: messageId, singleValueExtendedProperties: ids.map((id) => ({ id, value: first })) }
}

function senderOf(sender: GraphMailSettings['sender']): Mailbox {
  return parseMailboxes(sender)[0] ?? { name: '', address: '' }
}
