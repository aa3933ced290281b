import type { Socket } from 'node:net'
import { createAgents } from './net/agents.ts'
import { NetError } from './net/error.ts'
import { exchange, type HttpRequest, type HttpResponse } from './net/exchange.ts'
import { type EgressPolicy, prepareEgress } from './net/policy.ts'
import { prepareProxy } from './net/proxy.ts'
import { CONNECT_TIMEOUT, dial, localAddresses, type Resolve, systemResolve } from './net/resolve.ts'
import { createTargets } from './net/target.ts'
import { trusted } from './net/trust.ts'

export { NetError } from './net/error.ts'
export type { HttpRequest, HttpResponse, TlsOptions } from './net/exchange.ts'
export type { EgressPolicy } from './net/policy.ts'

/** The only door to the outside for channels. Everything throws `NetError`. */
export interface Http {
  /** Redirects are not followed; every status is an answer. */
  request(request: HttpRequest): Promise<HttpResponse>
  /** Opens a TCP connection to a checked address of the host. */
  connect(host: string, port: number, signal: AbortSignal): Promise<Socket>
  /** PEM of every authority to trust: built in, the system's, and the operator's. */
  authorities(): readonly string[]
}

/** The door of one process. `close` ends every connection that was opened through it. */
export interface HttpDoor extends Http {
  close(): void
}

export interface HttpOptions {
  resolve?: Resolve
  /** ms until a connection must stand. */
  connectTimeout?: number
}

/**
 * Opens the door under a policy. Connections are kept open and used again. Throws `invalid` at `egress.allow`,
 * `egress.proxy` or `egress.noProxy` for what cannot be understood.
 */
export function createHttp(policy: EgressPolicy, options: HttpOptions = {}): HttpDoor {
  const { resolve = systemResolve, connectTimeout = CONNECT_TIMEOUT } = options
  const egress = prepareEgress(policy, localAddresses)
  const targetOf = createTargets(egress, resolve, prepareProxy(policy, egress, resolve))
  let known: string[] | undefined
  const authorities = () => {
    known ??= trusted(policy.authorities)
    return known
  }
  const agents = createAgents(authorities, connectTimeout)
  const sockets = new Set<Socket>()
  return {
    async request(request) {
      const target = targetOf(request.url, request.proxy ?? true)
      if (target.checkedAgainst !== policy.own.length) {
        const refusal = target.refusal()
        if (refusal !== null) throw new NetError('denied', refusal, false)
        target.checkedAgainst = policy.own.length
      }
      if (request.signal.aborted) throw new NetError('aborted', 'The send was stopped.', false)
      return exchange(request, target, agents.of(target, request.tls), connectTimeout)
    },
    async connect(host, port, signal) {
      const socket = await dial(egress, { host, port, signal }, resolve, connectTimeout)
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return socket
    },
    authorities,
    close() {
      agents.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
