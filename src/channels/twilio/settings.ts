import * as v from 'valibot'
import { field } from '../../model/settings.ts'
import { httpEntries, httpUrl } from '../http-settings.ts'
import { parseNumbers } from './recipients.ts'

const MOST_RECIPIENTS = 100

const sid = (prefix: string) =>
  v.pipe(
    v.string('must be text'),
    v.regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`), `must be "${prefix}" and 32 digits from 0 to f`),
  )
const secret = v.pipe(v.string('must be text'), v.regex(/^[\x21-\x7e]{1,500}$/, 'must be plain ASCII without spaces'))

const sender = v.pipe(
  v.string('must be text'),
  v.regex(
    /^(whatsapp:)?\+[1-9]\d{4,14}$|^\d{3,8}$|^(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11}$/,
    'must be a number such as +15551234567, the same with "whatsapp:" before it, a short code, or a name of up to 11 letters',
  ),
)

const recipients = v.pipe(
  v.union(
    [v.string(), v.array(v.string('must be text'))],
    'must be a text of numbers parted by semicolons, or a list of them',
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed ? recipientProblem(dataset.value) : null
    if (problem !== null) addIssue({ message: problem })
  }),
)

/** The account at Twilio, who writes, and to whom. */
export const twilioSettings = v.pipe(
  v.strictObject({
    accountSid: v.pipe(sid('AC'), field({ title: 'Account SID', hint: 'Begins with "AC".' })),
    authToken: v.pipe(
      v.optional(secret),
      field({ title: 'Auth token', hint: 'Of the account; an API key can be used in its place.', secret: true }),
    ),
    apiKeySid: v.pipe(
      v.optional(sid('SK')),
      field({ title: 'API key', hint: 'Its SID, which begins with "SK". A key can be withdrawn alone.' }),
    ),
    apiKeySecret: v.pipe(v.optional(secret), field({ title: 'Secret of the API key', secret: true })),
    fromNumber: v.pipe(
      v.optional(sender),
      field({
        title: 'From',
        hint: 'A number of the account such as +15551234567; for WhatsApp with "whatsapp:" before it.',
      }),
    ),
    messagingServiceSid: v.pipe(
      v.optional(sid('MG')),
      field({
        title: 'Messaging service',
        hint: 'Its SID, which begins with "MG": it picks the number in place of "From".',
      }),
    ),
    to: v.pipe(
      v.optional(recipients),
      field({
        title: 'To',
        hint: 'Numbers with + and country code, parted by semicolons; each gets a message of its own.',
      }),
    ),
    segments: v.pipe(
      v.optional(
        v.pipe(
          v.number('must be a number'),
          v.integer('must be whole'),
          v.minValue(1, 'must be 1 at least'),
          v.maxValue(10, 'must be 10 at most'),
        ),
        2,
      ),
      field({ title: 'Segments', hint: 'How many short messages one may be cut into at most; each is paid for.' }),
    ),
    contentSid: v.pipe(
      v.optional(sid('HX')),
      field({
        title: 'Template of WhatsApp',
        hint: 'Its SID, which begins with "HX"; {{1}} is the title and {{2}} what happened. Needed more than 24 hours after the reader last wrote.',
      }),
    ),
    apiUrl: v.pipe(
      v.optional(httpUrl, 'https://api.twilio.com'),
      field({ title: 'Address of the API', hint: 'Of a region such as https://api.dublin.ie1.twilio.com.' }),
    ),
    ...httpEntries,
  }),
  v.forward(
    v.check(
      ({ authToken, apiKeySid }) => authToken !== undefined || apiKeySid !== undefined,
      'is missing; give it, or "apiKeySid" and "apiKeySecret"',
    ),
    ['authToken'],
  ),
  v.forward(
    v.check(
      ({ apiKeySid, apiKeySecret }) => apiKeySid === undefined || apiKeySecret !== undefined,
      'is missing; an API key needs its secret',
    ),
    ['apiKeySecret'],
  ),
  v.forward(
    v.check(
      ({ fromNumber, messagingServiceSid }) => fromNumber !== undefined || messagingServiceSid !== undefined,
      'is missing; give it, or "messagingServiceSid"',
    ),
    ['fromNumber'],
  ),
)

export type TwilioSettings = v.InferOutput<typeof twilioSettings>

function recipientProblem(value: string | string[]): string | null {
  try {
    const { length } = parseNumbers(value)
    return length > MOST_RECIPIENTS ? `must hold at most ${MOST_RECIPIENTS} numbers` : null
  } catch (thrown) {
    if (thrown instanceof RangeError) return thrown.message
    throw thrown
  }
}
