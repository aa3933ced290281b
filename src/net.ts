import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import { canonical } from './net/address.ts'
import { NetError } from './net/error.ts'
import { exchange, type HttpRequest, type HttpResponse, type Target, type TlsOptions } from './net/exchange.ts'
import { type Egress, type EgressPolicy, prepareEgress } from './net/policy.ts'
import { CONNECT_TIMEOUT, dial, localAddresses, pinnedLookup, type Resolve, systemResolve } from './net/resolve.ts'
import { trusted } from './net/trust.ts'

export { NetError } from './net/error.ts'
export type { HttpRequest, HttpResponse, TlsOptions } from './net/exchange.ts'
export type { EgressPolicy } from './net/policy.ts'
export { type Resolve, type ResolvedAddress, resolveAllowed } from './net/resolve.ts'

/** The only door to the outside for channels. Everything throws `NetError`. */
export interface Http {
  /** Redirects are not followed; every status is an answer. */
  request(request: HttpRequest): Promise<HttpResponse>
  /** Opens a TCP connection to a checked address of the host. */
  connect(host: string, port: number, signal: AbortSignal): Promise<Socket>
  /** PEM of every authority to trust: built in, the system's, and the operator's. */
  authorities(): readonly string[]
}

/** The door of one process. `close` ends the connections it keeps open. */
export interface HttpDoor extends Http {
  close(): void
}

export interface HttpOptions {
  resolve?: Resolve
  /** ms until a connection must stand. */
  connectTimeout?: number
}

/**
 * Opens the door under a policy. Connections are kept open and used again. Throws `invalid` at `egress.allow` for an
 * entry that cannot be understood.
 */
export function createHttp(policy: EgressPolicy, options: HttpOptions = {}): HttpDoor {
  const { resolve = systemResolve, connectTimeout = CONNECT_TIMEOUT } = options
  const egress = prepareEgress(policy, localAddresses)
  const targets = new Map<string, Target>()
  const agents = createAgents(() => authorities())
  let known: string[] | undefined
  const authorities = () => {
    known ??= trusted(policy.authorities)
    return known
  }
  const targetOf = (url: string) => {
    const cached = targets.get(url)
    if (cached !== undefined) return cached
    if (targets.size >= MOST_TARGETS) targets.clear()
    const target = parseTarget(url, egress, resolve)
    targets.set(url, target)
    return target
  }
  return {
    async request(request) {
      const target = targetOf(request.url)
      if (target.literal && target.checkedAgainst !== policy.own.length) {
        const refusal = egress.refusal(target.host, target.host, target.port)
        if (refusal !== null) throw new NetError('denied', refusal, false)
        target.checkedAgainst = policy.own.length
      }
      if (request.signal.aborted) throw new NetError('aborted', 'The send was stopped.', false)
      return exchange(request, target, agents.of(target.secure, request.tls), connectTimeout)
    },
    connect: (host, port, signal) => dial(egress, { host, port, signal }, resolve, connectTimeout),
    authorities,
    close: agents.close,
  }
}

const MOST_TARGETS = 1000
const MOST_AGENTS = 100
const LONGEST_HEADERS = 16 * 1024
/** Below the 5 s after which many servers close an idle connection, so that no request meets its end. */
const IDLE_TIMEOUT = 4000

function parseTarget(text: string, egress: Egress, resolve: Resolve): Target {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new NetError('protocol', 'The address is not a URL that begins with http:// or https://.', false)
  }
  const secure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
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

function createAgents(authorities: () => readonly string[]) {
  const plain = new http.Agent({ keepAlive: true, timeout: IDLE_TIMEOUT, scheduling: 'lifo' })
  const secure = new Map<string, https.Agent>()
  const end = () => {
    for (const agent of secure.values()) agent.destroy()
    secure.clear()
  }
  return {
    of(encrypted: boolean, tls: TlsOptions | undefined): http.Agent {
      if (!encrypted) return plain
      const key = tls === undefined ? '' : JSON.stringify(tls)
      const cached = secure.get(key)
      if (cached !== undefined) return cached
      if (secure.size >= MOST_AGENTS) end()
      const agent = new https.Agent({
        keepAlive: true,
        timeout: IDLE_TIMEOUT,
        scheduling: 'lifo',
        rejectUnauthorized: tls?.verify ?? true,
        secureContext: secureContext(authorities(), tls),
      })
      secure.set(key, agent)
      return agent
    },
    close() {
      plain.destroy()
      end()
    },
  }
}

function secureContext(authorities: readonly string[], tls: TlsOptions | undefined): SecureContext {
  try {
    return createSecureContext({
      ca: [...authorities, ...(tls?.authorities ?? [])],
      ...(tls?.certificate === undefined ? {} : { cert: tls.certificate }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
    })
  } catch (thrown) {
    throw new NetError('tls', `The TLS certificates cannot be used: ${String(thrown)}`, false)
  }
}
