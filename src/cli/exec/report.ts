import type { News, Spool, Spooled } from './spool.ts'

/** An event of a run. */
export interface RunNews {
  id: string
  uid: string
  time: number
  [key: string]: unknown
}

export interface Reporter {
  /** Keeps an event on disk and sends it, and whatever is kept besides, in the background. Never fails. */
  tell(event: RunNews): void
  /** Keeps a delivery that was made here on disk, to be sent at the next chance. Never fails. */
  record(delivery: Spooled['item'], time: number): void
  /** Sends an event that is not worth keeping. Never fails. */
  mention(event: RunNews): void
  /** Sends what is kept, for so many ms at the most. True when nothing is left. */
  flush(within: number): Promise<boolean>
}

export interface ReporterOptions {
  url: string
  /** undefined: events are kept until one is given. */
  token: string | undefined
  project: string
  spool: Spool
}

/** What is told in one request, and where. */
const ways: Record<News, { path: string; most: number }> = {
  events: { path: 'runs/events', most: 100 },
  deliveries: { path: 'deliveries/local', most: 20 },
}
/** ms that one request may take. */
const TIMEOUT = 10_000

interface Batch {
  project: string
  news: News
  items: readonly object[]
  /** Those it is kept in. */
  files: readonly string[]
}

/** Tells the daemon of a run. What cannot be sent now stays on disk for the next time. */
export function createReporter({ url, token, project, spool }: ReporterOptions): Reporter {
  let sending: Promise<boolean> = Promise.resolve(true)
  const unkept: Spooled[] = []

  /** One request; false when the daemon cannot be reached or does not take it now. */
  async function send({ project, news, items }: Batch, signal: AbortSignal): Promise<boolean> {
    if (token === undefined) return false
    const address = new URL(`/api/v1/projects/${encodeURIComponent(project)}/${ways[news].path}`, url)
    try {
      const response = await fetch(address, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ [news]: items }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
      })
      await response.arrayBuffer()
      // What is refused as such would be refused for ever.
      return response.ok || response.status === 400
    } catch {
      return false
    }
  }

  async function sendKept(signal: AbortSignal): Promise<boolean> {
    const kept = spool.of(url)
    const loose = unkept.splice(0).map((spooled) => ({ file: null, spooled }))
    for (const batch of batchesOf([...kept, ...loose])) {
      if (!(await send(batch, signal))) return false
      for (const file of batch.files) spool.drop(file)
    }
    return true
  }

  function sendAll(signal: AbortSignal): Promise<boolean> {
    sending = sending.then(() => sendKept(signal)).catch(() => false)
    return sending
  }

  function keep(news: News, item: Spooled['item'], time: number) {
    const spooled = { url, project, news, time, item }
    try {
      spool.put(spooled)
    } catch {
      // Without a place on disk it is sent while there is time.
      unkept.push(spooled)
    }
  }

  return {
    tell(event) {
      keep('events', event, event.time)
      void sendAll(AbortSignal.timeout(TIMEOUT))
    },
    record: (delivery, time) => keep('deliveries', delivery, time),
    mention(event) {
      void send({ project, news: 'events', items: [event], files: [] }, AbortSignal.timeout(TIMEOUT))
    },
    flush: (within) => sendAll(AbortSignal.timeout(within)),
  }
}

/** Requests, each of one project and one sort of news; events go first, since they make the project. */
function batchesOf(kept: readonly { file: string | null; spooled: Spooled }[]): Batch[] {
  const projects = [...new Set(kept.map(({ spooled }) => spooled.project))]
  return projects.flatMap((project) =>
    (Object.keys(ways) as News[]).flatMap((news) => {
      const own = kept.filter(({ spooled }) => spooled.project === project && spooled.news === news)
      const { most } = ways[news]
      const starts = Array.from({ length: Math.ceil(own.length / most) }, (_, index) => index * most)
      return starts.map((start) => {
        const some = own.slice(start, start + most)
        const files = some.flatMap(({ file }) => file ?? [])
        return { project, news, items: some.map(({ spooled }) => spooled.item), files }
      })
    }),
  )
}
