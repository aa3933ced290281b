import type { Attachment, Message } from '../../model/message.ts'
import { escapeHtml } from '../content/clean.ts'
import { type Addressing, type MailPayload, mailPayload } from '../mail/payload.ts'
import type { Mailbox } from '../mail/recipients.ts'

/** Bytes of all files together: a request holds 4 MB, in which files are base64 beside the text. */
const LARGEST_FILES = 2_600_000
/** Characters of a text: what is left of the request. */
const LONGEST_TEXT = 150_000

/** The message of a `sendMail` request but for its identity. */
export interface GraphMessage {
  subject: string
  importance: 'normal' | 'high'
  body: { contentType: 'HTML' | 'Text'; content: string }
  toRecipients: Recipient[]
  ccRecipients: Recipient[]
  bccRecipients: Recipient[]
  replyTo: Recipient[]
  internetMessageHeaders: { name: string; value: string }[]
  attachments: { '@odata.type': string; name: string; contentType: string; contentBytes: string }[]
}

interface Recipient {
  emailAddress: { address: string; name?: string }
}

/** A message as Graph takes it. Files that do not fit into one request are left out, and the mail says so. */
export function graphMessage(message: Message, addressing: Addressing): GraphMessage {
  const { fitting, left } = fit(message.attachments)
  const facts = left.map((name) => ({ name: 'Attachment', value: leftOut(name) }))
  const mail = mailPayload({ ...message, attachments: fitting, facts: [...message.facts, ...facts] }, addressing)
  return {
    subject: mail.subject,
    importance: message.severity === 'error' || message.severity === 'critical' ? 'high' : 'normal',
    body: bodyOf(mail, message.body === undefined ? [] : left),
    toRecipients: mail.to.map(recipientOf),
    ccRecipients: mail.cc.map(recipientOf),
    bccRecipients: mail.bcc.map(recipientOf),
    replyTo: mail.replyTo.map(recipientOf),
    internetMessageHeaders: [{ name: 'X-Auto-Response-Suppress', value: 'All' }],
    attachments: fitting.map(({ name, contentType, content }) => ({
      '@odata.type': '#microsoft.graph.fileAttachment',
      name,
      contentType,
      contentBytes: content,
    })),
  }
}

/** `left` are files that the text, written by the rule's author, has to tell of. */
function bodyOf({ html, text }: MailPayload, left: string[]): GraphMessage['body'] {
  const notes = left.map(leftOut)
  if (html !== undefined && html.length <= LONGEST_TEXT) {
    const more = notes.map((note) => `<p>${escapeHtml(note)}</p>`).join('')
    return { contentType: 'HTML', content: more === '' ? html : `${html}\n${more}` }
  }
  const shown =
    text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…\n\nThe rest of this mail was too long.` : text
  return { contentType: 'Text', content: [shown, ...notes].join('\n\n') }
}

function fit(attachments: readonly Attachment[]): { fitting: Attachment[]; left: string[] } {
  const fitting: Attachment[] = []
  const left: string[] = []
  let room = LARGEST_FILES
  for (const attachment of attachments) {
    const size = Math.ceil((attachment.content.length * 3) / 4)
    if (size > room) left.push(attachment.name)
    else {
      fitting.push(attachment)
      room -= size
    }
  }
  return { fitting, left }
}

function leftOut(name: string): string {
  return `${name} was left out: files of a mail through Microsoft 365 may have ${LARGEST_FILES / 1e6} MB together.`
}

function recipientOf({ address, name }: Mailbox): Recipient {
  return { emailAddress: name === '' ? { address } : { address, name } }
}
