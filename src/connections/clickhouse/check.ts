import type { CheckReport, Connection } from '../connection.ts'
import { isThisMachine } from '../transport.ts'
import type { Profile } from './profile.ts'
import type { ClickhouseSettings } from './settings.ts'

/** Asks the server who it is, and whether the user could write. */
export async function checkClickhouse(
  query: Connection['query'],
  profile: () => Promise<Profile>,
  { url, user = 'default', sslmode }: ClickhouseSettings,
  signal: AbortSignal,
): Promise<CheckReport> {
  const times = { scheduledAt: 0, now: 0, since: 0 }
  const { rows } = await query('SELECT version()', { signal, timeout: CHECK_TIMEOUT, maxRows: 1, times })
  const { protocol, hostname } = new URL(url)
  const known = await profile()
  const warnings = [
    known === 0
      ? `The profile of the user "${user}" has readonly=0. Queries are read-only all the same; a user whose profile sets readonly to 2 is safer.`
      : '',
    known === 1
      ? `The profile of the user "${user}" has readonly=1, so no limits can be set for its queries. With readonly=2 they can.`
      : '',
    protocol === 'http:' && !isThisMachine(hostname)
      ? 'The way to the server is not encrypted. Use https if it offers TLS.'
      : '',
    sslmode === 'no-verify'
      ? 'The server’s certificate is not checked. Leave sslmode out, with its authority in "ca" if need be.'
      : '',
  ]
  return { server: `ClickHouse ${String(rows[0]?.[0])}`, warnings: warnings.filter((text) => text !== '') }
}

const CHECK_TIMEOUT = 10_000
