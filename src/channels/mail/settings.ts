import * as v from 'valibot'
import { field } from '../../model/settings.ts'
import { refuseOutsiders } from './domains.ts'
import { mailboxes, recipientEntries } from './recipient-settings.ts'

const line = v.pipe(
  v.string('must be text'),
  v.nonEmpty('must not be empty'),
  v.maxLength(1000, 'must be at most 1000 characters'),
  v.check((text) => !/\p{Cc}/u.test(text), 'must be on one line, without control characters'),
)

/** Connections to one mail server, and so mails under way at a time. */
export const MOST_CONNECTIONS = 4

/** Where and how mail is sent, and to whom. */
export const mailSettings = v.pipe(
  v.strictObject({
    host: v.pipe(
      v.optional(v.pipe(line, v.regex(/^[^\s/@?#]+$/, 'must be a host name or an address, without a path or spaces'))),
      field({ title: 'Host', hint: 'Name of the mail server; that of the configuration (smtp.host) unless given.' }),
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
    sender: v.pipe(
      v.optional(mailboxes(1, 1)),
      field({ title: 'Sender', hint: 'Such as Alerts <alerts@example.com>; smtp.sender unless given.' }),
    ),
    ...recipientEntries,
  }),
  v.forward(
    v.check(
      ({ host, port, tls, verify, ca, user, password }) =>
        host !== undefined ||
        (tls === 'starttls' && verify && [port, ca, user, password].every((value) => value === undefined)),
      'is missing: settings of a connection need the mail server they are for; without any, that of the configuration is used',
    ),
    ['host'],
  ),
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
  v.rawCheck(({ dataset, addIssue }) => {
    if (dataset.typed) refuseOutsiders(dataset.value, addIssue)
  }),
)

export type MailSettings = v.InferOutput<typeof mailSettings>
