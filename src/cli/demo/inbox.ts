import { type HttpServer, listen } from '../../http/server.ts'

/** A receiver of webhooks on this machine. */
export interface Inbox {
  url: string
  stop(): Promise<void>
}

/** What the default body of a webhook tells, as far as the demonstration shows it. */
export interface Received {
  id: string
  kind: string
  title: string
  severity: string
}

/** Accepts every message and hands it on. */
export async function openInbox(onMessage: (received: Received) => void): Promise<Inbox> {
  const server: HttpServer = await listen(
    async (request) => {
      const { data } = (await request.json()) as { data: Omit<Received, 'id'> }
      onMessage({ ...data, id: request.headers.get('webhook-id') ?? '' })
      return new Response('ok')
    },
    { host: '127.0.0.1', port: 0 },
  )
  return { url: `http://127.0.0.1:${server.port}/inbox`, stop: () => server.stop(0) }
}
