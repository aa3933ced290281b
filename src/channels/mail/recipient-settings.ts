import * as v from 'valibot'
import { attachmentWishes } from '../../model/attachment.ts'
import type { JsonObject } from '../../model/json.ts'
import { field } from '../../model/settings.ts'
import { domainsOf, isDomain } from './domains.ts'
import { parseMailboxes, type Recipients } from './recipients.ts'

const individual = v.strictObject({
  mails: v.pipe(
    v.array(
      v.strictObject({
        to: v.union([v.string(), v.array(v.string('must be text'))], 'must be a mail address'),
        variables: v.optional(
          v.custom<JsonObject>(
            (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
            'must be an object of variables',
          ),
        ),
      }),
      'must be a list such as [{"to":"a@example.com","variables":{"name":"Ann"}}]',
    ),
    v.maxLength(1000, 'must be at most 1000 mails'),
  ),
})

/** Filled from the rows a message is about before anything is sent. */
const ofColumn = v.strictObject({
  fromColumn: v.pipe(v.string('must be the name of a column of the query'), v.nonEmpty('must not be empty')),
  each: v.optional(v.boolean('must be true or false'), false),
})

const texts = [v.string(), v.array(v.string('must be text'))] as const

/** A setting of `least` to `most` mailboxes, in texts alone. */
export function mailboxes(least: number, most: number) {
  return v.pipe(
    v.union(texts, 'must be a text of mail addresses parted by semicolons, or a list of them'),
    v.rawCheck(({ dataset, addIssue }) => {
      const problem = dataset.typed ? problemOf(dataset.value, least, most) : null
      if (problem !== null) addIssue({ message: problem })
    }),
  )
}

/** Who a mail goes to: entries for the settings of every channel that sends mail. */
export const recipientEntries = {
  to: v.pipe(
    v.optional(
      v.pipe(
        v.union(
          [...texts, individual, ofColumn],
          'must be a text of mail addresses parted by semicolons, a list of them, {"mails":[…]} or {"fromColumn":"…"}',
        ),
        v.rawCheck(({ dataset, addIssue }) => {
          const { value } = dataset
          if (!dataset.typed || (typeof value === 'object' && value !== null && 'fromColumn' in value)) return
          const problem = problemOf(value as Recipients, 0, 1000)
          if (problem !== null) addIssue({ message: problem })
        }),
      ),
    ),
    field({ title: 'To', hint: 'Parted by semicolons; a route may give its own.' }),
  ),
  cc: v.pipe(v.optional(mailboxes(0, 500)), field({ title: 'Copy to' })),
  bcc: v.pipe(v.optional(mailboxes(0, 500)), field({ title: 'Blind copy to' })),
  replyTo: v.pipe(v.optional(mailboxes(0, 10)), field({ title: 'Reply to' })),
  subject: v.pipe(
    v.optional(v.string('must be text')),
    field({ title: 'Subject', hint: "The message's title unless given." }),
  ),
  messageBodyOverride: v.pipe(
    v.optional(v.pipe(v.string('must be text'), v.maxLength(100_000, 'must be at most 100000 characters'))),
    field({
      title: 'Body in place of the usual one',
      hint: 'HTML; {{ runs }} stands for the usual one.',
      fixed: true,
      multiline: true,
    }),
  ),
  attachments: v.pipe(
    v.optional(attachmentWishes),
    field({ title: 'Attachments', hint: 'Of a route: [{"type":"result","format":"csv"}], a file or the log.' }),
  ),
  authorizedDomain: v.pipe(
    v.optional(
      v.pipe(
        v.string('must be text'),
        v.check((text) => domainsOf(text).every(isDomain), 'must be domains such as example.com, *.example.com'),
      ),
    ),
    field({
      title: 'Allowed domains',
      hint: 'Parted by commas. Mail to any other domain is refused; all are allowed when empty.',
      fixed: true,
    }),
  ),
} as const

function problemOf(value: Recipients, least: number, most: number): string | null {
  try {
    const { length } = parseMailboxes(value)
    if (length < least) return 'must hold a mail address'
    return length > most ? `must hold at most ${most} mail ${most === 1 ? 'address' : 'addresses'}` : null
  } catch (thrown) {
    if (thrown instanceof RangeError) return thrown.message
    throw thrown
  }
}
