import type { AddressInfo } from 'node:net'
import type { Http2Bindings, HttpBindings } from '@hono/node-server'
import { AppError, messageOf } from '../errors.ts'

/** What the server knows of who asks, besides the request. */
export interface Client {
  /** Where the connection comes from; a proxy's address where one stands in between. */
  address?: string
}

export type Fetch = (request: Request, client?: Client) => Response | Promise<Response>

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
export async function listen(handle: Fetch, { host, port }: ListenOptions): Promise<HttpServer> {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`
  try {
    if (process.versions['bun'] !== undefined) return listenBun(handle, host, port)
    if (process.versions['deno'] !== undefined) return listenDeno(handle, host, port)
    return await listenNode(handle, host, port)
  } catch (thrown) {
    throw new AppError(
      'unavailable',
      `Cannot listen on ${where} (${messageOf(thrown)}). Choose another one with --listen.`,
    )
  }
}

function listenBun(handle: Fetch, hostname: string, port: number): HttpServer {
  const server = Bun.serve({
    fetch: (request, server) => handle(request, clientOf(server.requestIP(request)?.address)),
    hostname,
    port,
    idleTimeout: IDLE,
    maxRequestBodySize: BODY_CEILING,
  })
  return { port: server.port ?? port, stop: (grace) => endWithin(grace, server.stop(), () => server.stop(true)) }
}

/** What is used of Deno. */
interface DenoServer {
  serve(
    options: { hostname: string; port: number; onListen(): void },
    handler: (request: Request, info: { remoteAddr: { hostname?: string } }) => Response | Promise<Response>,
  ): { addr: { port: number }; shutdown(): Promise<void> }
}

function listenDeno(handle: Fetch, hostname: string, port: number): HttpServer {
  const { Deno } = globalThis as unknown as { Deno: DenoServer }
  const server = Deno.serve({ hostname, port, onListen() {} }, (request, { remoteAddr }) =>
    handle(request, clientOf(remoteAddr.hostname)),
  )
  return { port: server.addr.port, stop: (grace) => endWithin(grace, server.shutdown(), () => {}) }
}

async function listenNode(handle: Fetch, hostname: string, port: number): Promise<HttpServer> {
  const { serve } = await import('@hono/node-server')
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const answer = (request: Request, { incoming }: HttpBindings | Http2Bindings) =>
      handle(request, clientOf(incoming.socket.remoteAddress))
    const starting = serve({ fetch: answer, hostname, port }, () => resolve(starting))
    starting.once('error', reject)
  })
  const closed = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return {
    port: (server.address() as AddressInfo).port,
    stop: (grace) => endWithin(grace, closed(), () => 'closeAllConnections' in server && server.closeAllConnections()),
  }
}

function clientOf(address: string | undefined): Client {
  return address === undefined ? {} : { address }
}

async function endWithin(grace = 5000, ended: Promise<unknown>, force: () => unknown): Promise<void> {
  const isEnded = await Promise.race([
    ended.then(() => true),
    new Promise<false>((resolve) => void setTimeout(resolve, grace, false).unref()),
  ])
  if (!isEnded) await force()
}
