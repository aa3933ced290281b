/** A webhook that takes a few ms and notes what it got under which id. */
export interface Hook {
  url: string
  /** What arrived under each id, as often as it did. */
  bodies: Map<string, string[]>
  stop(): Promise<void>
}

export function startHook(): Hook {
  const bodies = new Map<string, string[]>()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const id = request.headers.get('webhook-id') ?? ''
      const body = await request.text()
      bodies.set(id, [...(bodies.get(id) ?? []), body])
      await Bun.sleep(Math.random() * 20)
      return new Response('ok')
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, bodies, stop: () => server.stop(true) }
}

/** Posts to the API of a daemon that may be gone; adds the ids it gave to `accepted`. False when it took nothing. */
export async function post(
  { url, token }: { url: string; token: string },
  accepted: Set<string>,
  path: string,
  body?: unknown,
): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const { deliveries } = (await response.json()) as { deliveries: string[] }
    for (const id of deliveries) accepted.add(id)
    return true
  } catch {
    return false
  }
}

/** Sends messages through a channel, one after another, until the daemon takes no more. */
export async function keepSending(daemon: { url: string; token: string }, accepted: Set<string>, channel: string) {
  for (let alive = true; alive; ) {
    alive = await post(daemon, accepted, `/channels/${channel}/send`, { message: { title: crypto.randomUUID() } })
    await Bun.sleep(5)
  }
}
