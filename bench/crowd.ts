/** Many receivers in a process of their own: all well but `slow`, which takes its time, and `dead`, where nobody listens. */
export interface Crowd {
  urlOf(place: string): string
  /** Messages that came before one ahead of them of the same alert; a repeat is none. */
  disorder(): Promise<number>
  stop(): void
}

const PROGRAM = `
const latest = new Map()
let disorder = 0
const server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
  if (request.method === 'GET') return new Response(String(disorder))
  const [, turn, alert] = /"title":"(\\d+) of ([^"]+)"/.exec(await request.text())
  if (Number(turn) < (latest.get(alert) ?? -1)) disorder += 1
  latest.set(alert, Number(turn))
  if (request.url.endsWith('/slow')) await Bun.sleep(2000)
  return new Response('ok')
} })
console.log(server.port)
// It ends with whoever started it.
for await (const _ of Bun.stdin.stream()) {}
process.exit(0)`

export async function startCrowd(): Promise<Crowd> {
  const child = Bun.spawn([process.execPath, '-e', PROGRAM], { stdin: 'pipe', stdout: 'pipe' })
  const first = await child.stdout.getReader().read()
  const base = `http://127.0.0.1:${new TextDecoder().decode(first.value).trim()}`
  // A port that was free a moment ago and is given back: nobody listens there.
  const empty = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const dead = `http://127.0.0.1:${empty.port}`
  await empty.stop(true)
  return {
    urlOf: (place) => (place === 'dead' ? `${dead}/${place}` : `${base}/${place}`),
    disorder: async () => Number(await (await fetch(base)).text()),
    stop: () => child.kill(),
  }
}
