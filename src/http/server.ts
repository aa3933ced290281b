import type { AddressInfo } from 'node:net'
import { AppError, messageOf } from '../errors.ts'

export type Fetch = (request: Request) => Response | Promise<Response>

export interface HttpServer {
  port: number
  /** Takes no more requests, waits up to `grace` ms for those under way, then cuts them off. */
  stop(grace?: number): Promise<void>
}

export interface ListenOptions {
  host: string
  /** 0 takes any free one. */
  port: number
}

/** Larger than any body a route takes: routes refuse bodies by their own limits, in words. */
const BODY_CEILING = 32 * 1024 * 1024
/** Seconds without a byte after which a connection is closed. */
const IDLE = 120

/** Serves HTTP with the runtime's own server. Throws `unavailable` when it cannot listen. */
export async function listen(fetch: Fetch, { host, port }: ListenOptions): Promise<HttpServer> {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`
  try {
    if (process.versions['bun'] !== undefined) return listenBun(fetch, host, port)
    if (process.versions['deno'] !== undefined) return listenDeno(fetch, host, port)
    return await listenNode(fetch, host, port)
  } catch (thrown) {
    throw new AppError(
      'unavailable',
      `Cannot listen on ${where} (${messageOf(thrown)}). Choose another one with --listen.`,
    )
  }
}

function listenBun(fetch: Fetch, hostname: string, port: number): HttpServer {
  const server = Bun.serve({ fetch, hostname, port, idleTimeout: IDLE, maxRequestBodySize: BODY_CEILING })
  return { port: server.port ?? port, stop: (grace) => endWithin(grace, server.stop(), () => server.stop(true)) }
}

/** What is used of Deno. */
interface DenoServer {
  serve(
    options: { hostname: string; port: number; onListen(): void },
    handler: Fetch,
  ): { addr: { port: number }; shutdown(): Promise<void> }
}

function listenDeno(fetch: Fetch, hostname: string, port: number): HttpServer {
  const { Deno } = globalThis as unknown as { Deno: DenoServer }
  const server = Deno.serve({ hostname, port, onListen() {} }, fetch)
  return { port: server.addr.port, stop: (grace) => endWithin(grace, server.shutdown(), () => {}) }
}

async function listenNode(fetch: Fetch, hostname: string, port: number): Promise<HttpServer> {
  const { serve } = await import('@hono/node-server')
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const starting = serve({ fetch, hostname, port }, () => resolve(starting))
    starting.once('error', reject)
  })
  const closed = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return {
    port: (server.address() as AddressInfo).port,
    stop: (grace) => endWithin(grace, closed(), () => 'closeAllConnections' in server && server.closeAllConnections()),
  }
}

async function endWithin(grace = 5000, ended: Promise<unknown>, force: () => unknown): Promise<void> {
  const isEnded = await Promise.race([
    ended.then(() => true),
    new Promise<false>((resolve) => void setTimeout(resolve, grace, false).unref()),
  ])
  if (!isEnded) await force()
}
