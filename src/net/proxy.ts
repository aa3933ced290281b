import http, { type RequestOptions } from 'node:http'
import type { Agent, AgentOptions } from 'node:https'
import type { Socket } from 'node:net'
import { connect } from 'node:tls'
import { invalid } from '../errors.ts'
import { canonical } from './address.ts'
import { NetError, netError } from './error.ts'
import { parseHostList } from './host-list.ts'
import type { Egress, EgressPolicy } from './policy.ts'
import { pinnedLookup, type Resolve } from './resolve.ts'

/** The HTTP proxy that requests go through. */
export interface HttpProxy {
  host: string
  port: number
  /** For node:http: whom to dial. The proxy's own address is checked and pinned like any other. */
  dial: RequestOptions
  /** Headers the proxy asks for. */
  headers: Record<string, string>
  /** Whether requests to this host go around it. */
  bypasses(host: string): boolean
  /** Why the proxy itself must not be contacted; null when it may be, or has a name, which is checked when resolved. */
  refusal(): string | null
}

/** Reads `egress.proxy` and `egress.noProxy`; null when there is no proxy. Throws `invalid` naming the field. */
export function prepareProxy(policy: EgressPolicy, egress: Egress, resolve: Resolve): HttpProxy | null {
  const bypass = parseHostList(policy.noProxy ?? [], 'egress.noProxy')
  const text = policy.proxy ?? null
  if (text === null) return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol !== 'http:') throw invalid('egress.proxy', 'must be a URL such as http://proxy.example.com:3128.')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? 80 : Number(url.port)
  const literal = canonical(host) !== null
  return {
    host,
    port,
    dial: { host, port, lookup: pinnedLookup(egress, port, resolve) },
    headers: basicAuthorization('proxy-authorization', url),
    bypasses: (target) => bypass.includes(target, canonical(target)),
    refusal: () => (literal ? egress.refusal(host, host, port) : null),
  }
}

/** Makes an agent dial through the proxy: CONNECT first, then TLS with the host itself. */
export function tunnel(agent: Agent, proxy: HttpProxy, timeout: number): void {
  agent.createConnection = (options: AgentOptions & RequestOptions, callback) => {
    const done = callback as (error: Error | null, socket?: Socket) => void
    const authority = `${options.host}:${options.port}`
    const request = http.request({
      ...proxy.dial,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxy.headers },
      agent: false,
    })
    const fail = (error: NetError) => {
      clearTimeout(timer)
      request.destroy()
      done(error)
    }
    const late = () =>
      fail(new NetError('timeout', `The proxy ${proxy.host} did not lead to ${authority} in time.`, false))
    const timer = setTimeout(late, timeout)
    request.once('error', (thrown) => fail(netError(thrown, proxy.host, false, false)))
    request.once('connect', (response, socket) => {
      const { statusCode = 0 } = response
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy()
        return fail(
          new NetError('refused', `The proxy ${proxy.host} does not lead to ${authority} (${statusCode}).`, false),
        )
      }
      clearTimeout(timer)
      done(null, connect({ ...options, lookup: undefined, socket } as Parameters<typeof connect>[0]))
    })
    request.end()
    return undefined
  }
}

/** The header that carries a URL's user and password; nothing when it has none. */
export function basicAuthorization(header: string, { username, password }: URL): Record<string, string> {
  const user = `${decoded(username)}:${decoded(password)}`
  return user === ':' ? {} : { [header]: `Basic ${Buffer.from(user).toString('base64')}` }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
