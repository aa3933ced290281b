/** A receiver in a process of its own that takes everything and counts it. */
export interface Receiver {
  url: string
  /** Requests since it started. */
  count(): Promise<number>
  stop(): void
}

const PROGRAM = `
let count = 0
const server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
  if (request.method === 'GET') return new Response(String(count))
  await request.arrayBuffer()
  count += 1
  return new Response('ok')
} })
console.log(server.port)`

export async function startReceiver(): Promise<Receiver> {
  const child = Bun.spawn([process.execPath, '-e', PROGRAM], { stdout: 'pipe' })
  const first = await child.stdout.getReader().read()
  const url = `http://127.0.0.1:${new TextDecoder().decode(first.value).trim()}/`
  return {
    url,
    count: async () => Number(await (await fetch(url)).text()),
    stop: () => child.kill(),
  }
}
