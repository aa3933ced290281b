import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { certificate } from './certificates.ts'
import { listening } from './servers.ts'

/** A request as it arrived. */
interface Received {
  method: string
  /** Path and query. */
  path: string
  headers: Record<string, string>
  body: string
  /** ms since 1970. */
  at: number
}

/**
 * What is done with a request:
 * - an answer; `retryAfter` is seconds or a date
 * - `hang`: no answer; `reset`: the connection is torn down; `close`: it is closed
 * - `drip`: the head, then a byte a second without end; `slow-head`: the head itself a byte a second
 * - `endless`: a body without end; `half`: less than was promised; `garbage`: no HTTP at all; `long-headers`: 64 kB
 */
export type Reply =
  | { status: number; headers?: Record<string, string>; body?: string; retryAfter?: number | string }
  | 'hang'
  | 'reset'
  | 'close'
  | 'drip'
  | 'slow-head'
  | 'endless'
  | 'half'
  | 'garbage'
  | 'long-headers'

/** An HTTP server that does what the test says and keeps what it got. */
export interface Receiver {
  /** Without a final slash. */
  url: string
  port: number
  /** Every request so far, in order. */
  received: Received[]
  /** Connections so far. */
  connections(): number
  /** How to answer from now on; 200 with `ok` in the beginning. */
  reply(how: Reply | ((request: Received, count: number) => Reply)): void
  /** Resolves when so many requests have arrived in all. */
  until(count: number): Promise<Received[]>
  close(): Promise<void>
}

/** Starts a receiver on a free loopback port; with `tls`, under that certificate's host name. */
export async function startReceiver(options: { tls?: 'localhost' | 'wrong-host' } = {}): Promise<Receiver> {
  const { tls } = options
  const received: Received[] = []
  const waiting = new Set<() => void>()
  const sockets = new Set<Socket>()
  const timers = new Set<ReturnType<typeof setInterval>>()
  let connections = 0
  let plan: (request: Received, count: number) => Reply = () => ({ status: 200, body: 'ok' })

  const onRequest: RequestListener = async (request, response) => {
    const item = await readRequest(request)
    received.push(item)
    for (const check of waiting) check()
    act(plan(item, received.length), response, timers)
  }
  const server =
    tls === undefined
      ? createServer(onRequest)
      : createSecureServer({ cert: certificate(`${tls}.pem`), key: certificate(`${tls}.key`) }, onRequest)
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  const port = await listening(server)
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${tls === undefined ? '127.0.0.1' : 'localhost'}:${port}`,
    port,
    received,
    connections: () => connections,
    reply(how) {
      plan = typeof how === 'function' ? how : () => how
    },
    until(count) {
      return new Promise((resolve) => {
        const check = () => {
          if (received.length < count) return
          waiting.delete(check)
          resolve(received)
        }
        waiting.add(check)
        check()
      })
    },
    close() {
      for (const timer of timers) clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

async function readRequest(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const body = Buffer.concat(chunks).toString()
  return { method: request.method ?? '', path: request.url ?? '', headers, body, at: Date.now() }
}

function act(reply: Reply, response: ServerResponse, timers: Set<ReturnType<typeof setInterval>>): void {
  const socket = response.socket
  if (socket === null || reply === 'hang') return
  if (typeof reply === 'object') {
    const { status, headers = {}, body = '', retryAfter } = reply
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
    response.writeHead(status, headers).end(body)
    return
  }
  const repeat = (ms: number, text: string) =>
    timers.add(setInterval(() => !socket.destroyed && socket.write(text), ms))
  switch (reply) {
    case 'reset':
      socket.resetAndDestroy()
      return
    case 'close':
      socket.destroy()
      return
    case 'drip':
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n')
      repeat(1000, '.')
      return
    case 'slow-head':
      socket.write('HTTP/1.1 200 OK\r\nx-slow: ')
      repeat(1000, '.')
      return
    case 'endless':
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n')
      repeat(1, '.'.repeat(16_384))
      return
    case 'half':
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of')
      return
    case 'garbage':
      socket.end('This is not HTTP.\r\n\r\n')
      return
    case 'long-headers':
      socket.end(`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(65_536)}\r\ncontent-length: 0\r\n\r\n`)
  }
}
