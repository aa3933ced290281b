import type { ConnectionOptions } from 'node:tls'
import * as v from 'valibot'
import { messageOf } from '../errors.ts'
import { field } from '../model/settings.ts'
import { trusted } from '../net/trust.ts'

/** The setting for an authority of one's own. */
export const authority = v.optional(
  v.pipe(
    v.string('must be PEM text'),
    v.includes('-----BEGIN CERTIFICATE-----', 'must be PEM text: -----BEGIN CERTIFICATE-----…'),
    field({
      title: 'Authority',
      hint: 'PEM of the authority that signed the server’s certificate; then it alone is trusted',
      multiline: true,
    }),
  ),
)

/** How a server's certificate is checked. `authorities` are trusted besides the usual ones when there is no `ca`. */
export function certificateChecks(
  sslmode: 'require' | 'verify-full' | 'verify-ca' | 'no-verify',
  ca: string | undefined,
  authorities: readonly string[],
): ConnectionOptions {
  if (sslmode === 'no-verify') return { rejectUnauthorized: false }
  const options = { rejectUnauthorized: true, ca: ca === undefined ? trusted(authorities) : [ca] }
  return sslmode === 'verify-ca' ? { ...options, checkServerIdentity: () => undefined } : options
}

/** What is wrong with the way to a server, in words for people. */
export function explainTransport(thrown: unknown): string {
  // Node adds advice on its own flags.
  const text = messageOf(thrown).replace(/; if the root CA[\s\S]*/, '')
  if (/certificate|self.signed|altnames|unable to (get|verify)/i.test(text))
    return `The server's certificate is not trusted: ${text}. Give its authority in "ca", or set sslmode to "no-verify" to go without the check.`
  return text === '' ? 'The connection failed.' : text
}

/** Whether a host is this machine, so that nobody listens on the way to it. */
export function isThisMachine(host: string): boolean {
  return /^(localhost|127\.[\d.]+|\[?::1\]?|\/.*)$/.test(host)
}
