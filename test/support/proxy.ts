import { createServer, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { listening } from './servers.ts'

/** An HTTP proxy that takes every host name for this machine. */
export interface TestProxy {
  url: string
  port: number
  /** What it was asked for: `CONNECT host:port` or `POST http://…`. */
  asked: string[]
  /** Answers every CONNECT with this status, or never; null: it connects. */
  refuse(how: number | 'hang' | null): void
  close(): Promise<void>
}

/** Starts one on a free loopback port; with a `login` (`user:password`) it asks for that. */
export async function startProxy(login?: string): Promise<TestProxy> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  let refusal: number | 'hang' | null = null
  const wanted = login === undefined ? undefined : `Basic ${btoa(login)}`
  const server = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    if (incoming.headers['proxy-authorization'] !== wanted) {
      response.writeHead(407).end()
      return
    }
    const { port, pathname, search } = new URL(incoming.url ?? '')
    const { 'proxy-authorization': _, ...headers } = incoming.headers
    const onward = request(
      { host: '127.0.0.1', port, path: pathname + search, method: incoming.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.writeHead(502).end())
    incoming.pipe(onward)
  })
  server.on('connect', (incoming, socket: Socket) => {
    asked.push(`CONNECT ${incoming.url}`)
    if (refusal === 'hang') return
    const status = incoming.headers['proxy-authorization'] === wanted ? refusal : 407
    if (status !== null) {
      socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
      return
    }
    const onward = connect(Number(incoming.url?.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  const port = await listening(server)
  return {
    url: `http://${login === undefined ? '' : `${login}@`}127.0.0.1:${port}`,
    port,
    asked,
    refuse(how) {
      refusal = how
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
