import type { RequestOptions } from 'node:http'
import { canonical } from './address.ts'
import { NetError } from './error.ts'
import type { Egress } from './policy.ts'
import { basicAuthorization, type HttpProxy } from './proxy.ts'
import { pinnedLookup, type Resolve } from './resolve.ts'

/** A URL, taken apart once. */
export interface Target {
  secure: boolean
  host: string
  /** The proxy that TLS is tunnelled through. */
  tunnel: HttpProxy | null
  /** Why it must not be contacted, as far as that is known without a look-up. */
  refusal(): string | null
  /** How many own listeners there were when no reason was last found. */
  checkedAgainst: number
  /** Whom to call and what for, as node:http wants it. */
  options: RequestOptions
  /** Made from the URL's user and password, and what the proxy asks for. */
  headers: Record<string, string>
}

/** Takes URLs apart and remembers the latest. Throws `NetError` for what is none. */
export function createTargets(egress: Egress, resolve: Resolve, proxy: HttpProxy | null) {
  const targets = new Map<string, Target>()
  return (url: string, proxied: boolean): Target => {
    const key = proxied ? url : `direct ${url}`
    const known = targets.get(key)
    if (known !== undefined) return known
    if (targets.size >= MOST_TARGETS) targets.clear()
    const parsed = parseUrl(url)
    const around = proxy === null || !proxied || proxy.bypasses(parsed.host)
    const target = around ? direct(parsed, egress, resolve) : through(proxy, parsed, egress)
    targets.set(key, target)
    return target
  }
}

const MOST_TARGETS = 1000
const LONGEST_HEADERS = 16 * 1024

interface ParsedUrl {
  secure: boolean
  host: string
  port: number
  path: string
  /** Host and port as they stood. */
  authority: string
  headers: Record<string, string>
}

function parseUrl(text: string): ParsedUrl {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new NetError('protocol', 'The address is not a URL that begins with http:// or https://.', false)
  }
  const secure = url.protocol === 'https:'
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    authority: url.host,
    headers: basicAuthorization('authorization', url),
  }
}

function direct({ secure, host, port, path, headers }: ParsedUrl, egress: Egress, resolve: Resolve): Target {
  const literal = canonical(host) !== null
  return {
    secure,
    host,
    tunnel: null,
    checkedAgainst: -1,
    refusal: () => (literal ? egress.refusal(host, host, port) : null),
    headers,
    options: { host, port, path, lookup: pinnedLookup(egress, port, resolve), maxHeaderSize: LONGEST_HEADERS },
  }
}

function through(proxy: HttpProxy, parsed: ParsedUrl, egress: Egress): Target {
  const { secure, host, port, path, authority, headers } = parsed
  const literal = canonical(host) !== null
  const options = secure ? { host, port, path } : { ...proxy.dial, path: `http://${authority}${path}` }
  return {
    secure,
    host,
    tunnel: secure ? proxy : null,
    checkedAgainst: -1,
    refusal: () => proxy.refusal() ?? (literal ? egress.refusal(host, host, port) : egress.nameRefusal(host)),
    headers: secure ? headers : { ...headers, ...proxy.headers, host: authority },
    options: { ...options, maxHeaderSize: LONGEST_HEADERS },
  }
}
