import { domainToASCII } from 'node:url'
import * as v from 'valibot'
import type { Attachment, Message } from '../model/message.ts'
import { field } from '../model/settings.ts'
import { type Channel, DeliveryError, type Receipt, type SendContext } from './channel.ts'
import { cleanLine, cleanLines, cut } from './content/clean.ts'
import { htmlText } from './content/html-text.ts'
import { plainText } from './content/plain.ts'
import { mailFailure } from './mail/failure.ts'
import { mailHtml } from './mail/html.ts'
import { type Mailbox, parseMailboxes } from './mail/recipients.ts'
import { MOST_CONNECTIONS, type SentMail, transportFor } from './mail/transport.ts'

const line = v.pipe(
  v.string('must be text'),
  v.nonEmpty('must not be empty'),
  v.maxLength(1000, 'must be at most 1000 characters'),
  v.check((text) => !/\p{Cc}/u.test(text), 'must be on one line, without control characters'),
)

function recipients(least: number, most: number) {
  return v.pipe(
    v.union(
      [v.string(), v.array(v.string('must be text'))],
      'must be a text of mail addresses parted by semicolons, or a list of them',
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      const problem = dataset.typed ? recipientProblem(dataset.value, least, most) : null
      if (problem !== null) addIssue({ message: problem })
    }),
  )
}

const settings = v.pipe(
  v.strictObject({
    host: v.pipe(
      line,
      v.regex(/^[^\s/@?#]+$/, 'must be a host name or an address, without a path or spaces'),
      field({ title: 'Host', hint: 'Name of the mail server.' }),
    ),
    port: v.pipe(
      v.optional(
        v.pipe(
          v.number('must be a number'),
          v.integer('must be whole'),
          v.minValue(1, 'must be from 1 to 65535'),
          v.maxValue(65_535, 'must be from 1 to 65535'),
        ),
      ),
      field({ title: 'Port', hint: '587 for STARTTLS, 465 for implicit TLS, 25 for none, unless given.' }),
    ),
    tls: v.pipe(
      v.optional(v.picklist(['starttls', 'implicit', 'none'], 'must be one of starttls, implicit, none'), 'starttls'),
      field({ title: 'TLS', hint: 'With STARTTLS nothing is sent when the server does not offer it.' }),
    ),
    verify: v.pipe(
      v.optional(v.boolean('must be true or false'), true),
      field({ title: 'Verify the certificate', hint: 'Off: anybody in between can read the mail and the password.' }),
    ),
    ca: v.pipe(
      v.optional(v.pipe(v.string(), v.includes('-----BEGIN CERTIFICATE-----', 'must be a certificate in PEM'))),
      field({ title: 'Authority', hint: "PEM of the server's own authority.", multiline: true }),
    ),
    user: v.pipe(v.optional(line), field({ title: 'User' })),
    password: v.pipe(v.optional(v.string('must be text')), field({ title: 'Password', secret: true })),
    sender: v.pipe(recipients(1, 1), field({ title: 'Sender', hint: 'Such as Alerts <alerts@example.com>.' })),
    to: v.pipe(
      v.optional(recipients(0, 500)),
      field({ title: 'To', hint: 'Parted by semicolons; a route may give its own.' }),
    ),
    cc: v.pipe(v.optional(recipients(0, 500)), field({ title: 'Copy to' })),
    bcc: v.pipe(v.optional(recipients(0, 500)), field({ title: 'Blind copy to' })),
    replyTo: v.pipe(v.optional(recipients(0, 10)), field({ title: 'Reply to' })),
    subject: v.pipe(
      v.optional(v.string('must be text')),
      field({ title: 'Subject', hint: "The message's title unless given." }),
    ),
  }),
  v.forward(
    v.check(
      ({ port, tls }) => !(port === 587 && tls === 'implicit'),
      'port 587 speaks STARTTLS: set "tls" to "starttls", or the port to 465 for implicit TLS',
    ),
    ['port'],
  ),
  v.forward(
    v.check(
      ({ port, tls }) => !(port === 465 && tls === 'starttls'),
      'port 465 speaks TLS from the first byte: set "tls" to "implicit", or the port to 587 for STARTTLS',
    ),
    ['port'],
  ),
  v.forward(
    v.check(
      ({ user, password }) => user === undefined || password !== undefined,
      'is missing; a user needs a password',
    ),
    ['password'],
  ),
  v.forward(
    v.check(
      ({ user, password }) => password === undefined || user !== undefined,
      'is missing; a password needs a user',
    ),
    ['user'],
  ),
)

type Settings = v.InferOutput<typeof settings>

/** A mail but for its identity and date. */
interface MailPayload {
  from: Mailbox | undefined
  replyTo: Mailbox[]
  to: Mailbox[]
  cc: Mailbox[]
  bcc: Mailbox[]
  subject: string
  text: string
  html?: string
  attachments: Attachment[]
}

const ports = { starttls: 587, implicit: 465, none: 25 } as const

export const mail = {
  kind: 'mail',
  label: 'Mail (SMTP)',
  documentation: 'https://www.rfc-editor.org/rfc/rfc5321',
  settings,
  limits: { title: 250, inFlight: MOST_CONNECTIONS, retries: 'chat' },
  // A repeated mail has the same Message-ID, so that it can be told from a new one; a lost one cannot be told at all.
  idempotent: true,
  destination({ host, port, tls, user }: Settings): string {
    return `smtp://${user === undefined ? '' : `${encodeURIComponent(user)}@`}${host}:${port ?? ports[tls]}`
  },
  render(message: Message, { sender, replyTo, to, cc, bcc, subject }: Settings): MailPayload {
    return {
      from: parseMailboxes(sender)[0],
      replyTo: parseMailboxes(replyTo),
      to: parseMailboxes(to),
      cc: parseMailboxes(cc),
      bcc: parseMailboxes(bcc),
      subject: cut(cleanLine(subject === undefined || subject.trim() === '' ? message.title : subject), 250),
      ...content(message),
      attachments: message.attachments,
    }
  },
  async send(payload: MailPayload, settings: Settings, context: SendContext): Promise<Receipt> {
    const { from, attachments, ...rest } = payload
    if (from === undefined || [...payload.to, ...payload.cc, ...payload.bcc].length === 0) {
      throw new DeliveryError('rejected', 'no-recipients', 'No recipient is named, by the channel or by the route.')
    }
    const { host, port, tls, verify, ca, user, password } = settings
    const server = { host, port: port ?? ports[tls], tls, verify, ca, user, password }
    const messageId = messageIdOf(context.deliveryId, from)
    const thread = context.previous?.['messageId']
    let complete = false
    try {
      const transport = transportFor(server, context.http, context.cache)
      const envelope = {
        ...rest,
        from,
        messageId,
        date: new Date(context.now),
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        ...(typeof thread === 'string' && thread !== messageId ? { inReplyTo: thread, references: [thread] } : {}),
        attachments: attachments.map(fileOf),
        signal: context.signal,
      }
      const sent = await transport.send(envelope, () => {
        complete = true
      })
      return { response: receiptText(sent), reference: { messageId } }
    } catch (thrown) {
      throw mailFailure(thrown, complete)
    }
  },
} satisfies Channel<typeof settings, MailPayload>

function content(message: Message): Pick<MailPayload, 'text' | 'html'> {
  const { body } = message
  if (body === undefined) return { text: plainText(message), html: mailHtml(message) }
  if (body.contentType === 'text/html') return { text: htmlText(body.text), html: body.text }
  return { text: cleanLines(body.text) }
}

function recipientProblem(value: string | string[], least: number, most: number): string | null {
  try {
    const { length } = parseMailboxes(value)
    if (length < least) return 'must hold a mail address'
    return length > most ? `must hold at most ${most} mail ${most === 1 ? 'address' : 'addresses'}` : null
  } catch (thrown) {
    if (thrown instanceof RangeError) return thrown.message
    throw thrown
  }
}

function messageIdOf(deliveryId: string, { address }: Mailbox): string {
  const domain = domainToASCII(address.slice(address.lastIndexOf('@') + 1)) || 'localhost'
  return `<${deliveryId}@${domain}>`
}

function fileOf({ name, contentType, content: base64 }: Attachment) {
  return { filename: cleanLine(name), contentType: cleanLine(contentType), content: Buffer.from(base64, 'base64') }
}

function receiptText({ response, rejected }: SentMail): string {
  const refused = rejected.map(({ address, response: reply }) => `${address} was refused (${reply})`)
  return [response, ...refused].join('; ')
}
