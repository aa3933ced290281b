import * as v from 'valibot'
import { field } from '../../model/settings.ts'
import { httpEntries } from '../http-settings.ts'
import { refuseOutsiders } from '../mail/domains.ts'
import { mailboxes, recipientEntries } from '../mail/recipient-settings.ts'

const identifier = v.pipe(
  v.string('must be text'),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9.-]{0,199}$/,
    'must be an id such as 11111111-2222-3333-4444-555555555555, or a domain',
  ),
)

function base(initial: string, title: string, hint: string) {
  return v.pipe(
    v.optional(
      v.pipe(
        v.string('must be text'),
        v.check(
          (text) => /^https?:\/\//i.test(text) && URL.canParse(text) && !/[?#]/.test(text),
          'must be a URL that begins with https:// or http://, without ? and #',
        ),
      ),
      initial,
    ),
    field({ title, hint }),
  )
}

/** Which mailbox of Microsoft 365 sends, as which application, and to whom. Names are those of Dataiku's channel. */
export const graphMailSettings = v.pipe(
  v.strictObject({
    tenantId: v.pipe(identifier, field({ title: 'Directory (tenant) ID' })),
    clientId: v.pipe(identifier, field({ title: 'Application (client) ID' })),
    clientSecret: v.pipe(
      v.string('must be text'),
      v.nonEmpty('must not be empty'),
      field({ title: 'Client secret', hint: 'The value of the secret, not its ID.', secret: true }),
    ),
    sender: v.pipe(
      mailboxes(1, 1),
      field({ title: 'Sender', hint: 'Address of a mailbox with a licence.', fixed: true }),
    ),
    ...recipientEntries,
    saveToSentItems: v.pipe(
      v.optional(v.boolean('must be true or false'), false),
      field({ title: 'Keep in Sent Items', hint: 'Keeps every mail in the mailbox of the sender.' }),
    ),
    graphUrl: base(
      'https://graph.microsoft.com',
      'Address of Graph',
      'Another for national clouds, such as https://graph.microsoft.us.',
    ),
    loginUrl: base(
      'https://login.microsoftonline.com',
      'Address of the login',
      'Another for national clouds, such as https://login.microsoftonline.us.',
    ),
    ...httpEntries,
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (dataset.typed) refuseOutsiders(dataset.value, addIssue)
  }),
)

export type GraphMailSettings = v.InferOutput<typeof graphMailSettings>
