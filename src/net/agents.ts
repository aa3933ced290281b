import http from 'node:http'
import https from 'node:https'
import { createSecureContext, type SecureContext } from 'node:tls'
import { NetError } from './error.ts'
import type { TlsOptions } from './exchange.ts'
import { tunnel } from './proxy.ts'
import type { Target } from './target.ts'

/** Connections kept open: one pool for HTTP and one for each way of checking certificates, so that none is mixed up. */
export function createAgents(authorities: () => readonly string[], connectTimeout: number) {
  const plain = new http.Agent({ keepAlive: true, timeout: IDLE_TIMEOUT, scheduling: 'lifo' })
  const secure = new Map<string, https.Agent>()
  const end = () => {
    for (const agent of secure.values()) agent.destroy()
    secure.clear()
  }
  return {
    of(target: Target, tls: TlsOptions | undefined): http.Agent {
      if (!target.secure) return plain
      const proxy = target.tunnel
      const key = `${proxy === null ? '' : 'proxy'}${tls === undefined ? '' : JSON.stringify(tls)}`
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
      if (proxy !== null) tunnel(agent, proxy, connectTimeout)
      secure.set(key, agent)
      return agent
    },
    close() {
      plain.destroy()
      end()
    },
  }
}

const MOST_AGENTS = 100
/** Below the 5 s after which many servers close an idle connection, so that no request meets its end. */
const IDLE_TIMEOUT = 4000

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
