import type { Attachment, Message } from '../../model/message.ts'
import { cleanLine, cleanLines, cut } from '../content/clean.ts'
import { htmlText } from '../content/html-text.ts'
import { plainText } from '../content/plain.ts'
import { mailHtml } from './html.ts'
import {
  boxesOf,
  type FromColumn,
  individualMails,
  type Mailbox,
  parseMailboxes,
  type Recipients,
} from './recipients.ts'

/** A mail but for its sender, identity and date, whatever carries it. */
export interface MailPayload {
  replyTo: Mailbox[]
  to: Mailbox[]
  cc: Mailbox[]
  bcc: Mailbox[]
  subject: string
  text: string
  html?: string
  attachments: Attachment[]
}

export interface Addressing {
  to?: Recipients | FromColumn | undefined
  cc?: Recipients | undefined
  bcc?: Recipients | undefined
  replyTo?: Recipients | undefined
  subject?: string | undefined
  messageBodyOverride?: string | undefined
}

/** Characters of a subject. */
export const LONGEST_SUBJECT = 250

/** A message as a mail. Those who are to get mails of their own never see each other, should they be told by one. */
export function mailPayload(message: Message, settings: Addressing): MailPayload {
  const { to, cc, bcc, replyTo, subject = '', messageBodyOverride } = settings
  const hidden = individualMails(to).length > 1
  const main = boxesOf(to)
  const blind = parseMailboxes(bcc)
  return {
    replyTo: parseMailboxes(replyTo),
    to: hidden ? [] : main,
    cc: parseMailboxes(cc),
    bcc: hidden ? [...main, ...blind] : blind,
    subject: cut(cleanLine(subject.trim() === '' ? message.title : subject), LONGEST_SUBJECT),
    ...content(message, messageBodyOverride),
    attachments: message.attachments,
  }
}

function content(message: Message, override: string | undefined): Pick<MailPayload, 'text' | 'html'> {
  const { body } = message
  if (body === undefined && override !== undefined) {
    const html = mailHtml(message, override)
    return { text: htmlText(html), html }
  }
  if (body === undefined) return { text: plainText(message), html: mailHtml(message) }
  if (body.contentType === 'text/html') return { text: htmlText(body.text), html: body.text }
  return { text: cleanLines(body.text) }
}
