import type { JsonObject } from '../model/json.ts'
import type { Attachment, Message } from '../model/message.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { cleanLine } from './content/clean.ts'
import { DeliveryError } from './failure.ts'
import { type Completed, completed, missingOf, ports } from './mail/defaults.ts'
import { mailFailure } from './mail/failure.ts'
import { messageIdOf } from './mail/identity.ts'
import { LONGEST_SUBJECT, type MailPayload, mailPayload } from './mail/payload.ts'
import { type Mailbox, parseMailboxes } from './mail/recipients.ts'
import { type MailSettings, MOST_CONNECTIONS, mailSettings } from './mail/settings.ts'
import { mailShares } from './mail/shares.ts'
import type { SentMail } from './mail/transport.ts'

/** A mail but for its identity and date, and for what the instance adds. */
type Payload = MailPayload & { from: Mailbox | undefined }
type Whole = MailPayload & Pick<Completed, 'server' | 'from'>

export const mail = {
  kind: 'mail',
  label: 'Mail (SMTP)',
  documentation: 'https://www.rfc-editor.org/rfc/rfc5321',
  settings: mailSettings,
  limits: { title: LONGEST_SUBJECT, inFlight: MOST_CONNECTIONS, retries: 'chat' },
  // A repeated mail has the same Message-ID, so that it can be told from a new one; a lost one cannot be told at all.
  idempotent: true,
  destination({ host, port, tls, user }: MailSettings): string {
    if (host === undefined) return 'smtp://the instance'
    return `smtp://${user === undefined ? '' : `${encodeURIComponent(user)}@`}${host}:${port ?? ports[tls]}`
  },
  split: mailShares,
  missing: missingOf,
  render(message: Message, settings: MailSettings): Payload {
    return { from: parseMailboxes(settings.sender)[0], ...mailPayload(message, settings) }
  },
  async send(payload: Payload, settings: MailSettings, context: SendContext): Promise<Receipt> {
    const { server, ...whole } = wholeOf(payload, settings, context.defaults ?? {})
    const messageId = messageIdOf(context.deliveryId, whole.from)
    let complete = false
    try {
      // The mail library takes memory that a daemon without mail need not give.
      const { transportFor } = await import('./mail/transport.ts')
      const transport = transportFor(server, context.http, context.cache)
      const sent = await transport.send(mailOf(whole, messageId, context), () => {
        complete = true
      })
      return { response: receiptText(sent), reference: { messageId } }
    } catch (thrown) {
      throw mailFailure(thrown, complete)
    }
  },
} satisfies Channel<typeof mailSettings, Payload>

/** Throws `rejected` when the mail has no server, sender or recipient even so. */
function wholeOf(payload: Payload, settings: MailSettings, defaults: JsonObject): Whole {
  const found = completed(settings, defaults)
  if (found === null) {
    const lacking = missingOf(settings, defaults).map(({ path, message }) => `${path} ${message}`)
    throw new DeliveryError('rejected', 'settings', `The channel cannot send: ${lacking.join('; ')}.`)
  }
  const isNamed = [...payload.to, ...payload.cc, ...payload.bcc].length > 0
  const to = isNamed ? payload.to : found.to
  if (!isNamed && to.length === 0)
    throw new DeliveryError('rejected', 'no-recipients', 'No recipient is named, by the channel or by the route.')
  return { ...payload, to, from: found.from, server: found.server }
}

function mailOf({ attachments, ...rest }: Omit<Whole, 'server'>, messageId: string, context: SendContext) {
  const { now, signal, previous } = context
  const first = previous?.['messageId']
  return {
    ...rest,
    messageId,
    date: new Date(now),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    ...(typeof first === 'string' && first !== messageId ? { inReplyTo: first, references: [first] } : {}),
    attachments: attachments.map(fileOf),
    signal,
  }
}

function fileOf({ name, contentType, content: base64 }: Attachment) {
  return { filename: cleanLine(name), contentType: cleanLine(contentType), content: Buffer.from(base64, 'base64') }
}

function receiptText({ response, rejected }: SentMail): string {
  const refused = rejected.map(({ address, response: reply }) => `${address} was refused (${reply})`)
  return [response, ...refused].join('; ')
}
