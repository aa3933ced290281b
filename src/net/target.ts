import type { RequestOptions } from 'node:http'
import { canonical } from './address.ts'
import { NetError } from './error.ts'
import type { Egress } from './policy.ts'
import { pinnedLookup, type Resolve } from './resolve.ts'

/** A URL, taken apart once. */
export interface Target {
  secure: boolean
  host: string
  port: number
  /** Whether the host is an address, for which no look-up is made. */
  literal: boolean
  /** How many own listeners there were when the literal was last found good. */
  checkedAgainst: number
  /** Whom to call and what for, as node:http wants it. */
  options: RequestOptions
  /** Made from the URL's user and password. */
  authorization: string | undefined
}

/** Takes URLs apart and remembers the latest. Throws `NetError` for what is none. */
export function createTargets(egress: Egress, resolve: Resolve): (url: string) => Target {
  const targets = new Map<string, Target>()
  return (url) => {
    const known = targets.get(url)
    if (known !== undefined) return known
    if (targets.size >= MOST_TARGETS) targets.clear()
    const target = parseTarget(url, egress, resolve)
    targets.set(url, target)
    return target
  }
}

const MOST_TARGETS = 1000
const LONGEST_HEADERS = 16 * 1024

function parseTarget(text: string, egress: Egress, resolve: Resolve): Target {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new NetError('protocol', 'The address is not a URL that begins with http:// or https://.', false)
  }
  const secure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  const user = `${decoded(url.username)}:${decoded(url.password)}`
  return {
    secure,
    host,
    port,
    literal: canonical(host) !== null,
    checkedAgainst: -1,
    authorization: user === ':' ? undefined : `Basic ${Buffer.from(user).toString('base64')}`,
    options: {
      host,
      port,
      path: `${url.pathname}${url.search}`,
      lookup: pinnedLookup(egress, port, resolve),
      maxHeaderSize: LONGEST_HEADERS,
    },
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
