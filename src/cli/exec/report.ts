import type { Spool, Spooled } from './spool.ts'

export interface Reporter {
  /** Keeps an event on disk and sends it, and whatever is kept besides, in the background. Never fails. */
  tell(event: Spooled['event']): void
  /** Sends an event that is not worth keeping. Never fails. */
  mention(event: Spooled['event']): void
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

/** Events in one request, and ms that one may take. */
const AT_A_TIME = 100
const TIMEOUT = 10_000

/** Tells the daemon of a run. What cannot be sent now stays on disk for the next time. */
export function createReporter({ url, token, project, spool }: ReporterOptions): Reporter {
  let sending: Promise<boolean> = Promise.resolve(true)
  const unkept: Spooled[] = []

  /** One request; false when the daemon cannot be reached or does not take it now. */
  async function send(project: string, events: readonly object[], signal: AbortSignal): Promise<boolean> {
    if (token === undefined) return false
    const address = new URL(`/api/v1/projects/${encodeURIComponent(project)}/runs/events`, url)
    try {
      const response = await fetch(address, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ events }),
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
    const projects = new Set(kept.map(({ spooled }) => spooled.project))
    for (const one of projects) {
      const own = kept.filter(({ spooled }) => spooled.project === one)
      for (let at = 0; at < own.length; at += AT_A_TIME) {
        const some = own.slice(at, at + AT_A_TIME)
        const isSent = await send(
          one,
          some.map(({ spooled }) => spooled.event),
          signal,
        )
        if (!isSent) return false
        for (const { file } of some) spool.drop(file)
      }
    }
    const rest = unkept.splice(0)
    return (
      rest.length === 0 ||
      send(
        project,
        rest.map(({ event }) => event),
        signal,
      )
    )
  }

  function sendAll(signal: AbortSignal): Promise<boolean> {
    sending = sending.then(() => sendKept(signal)).catch(() => false)
    return sending
  }

  return {
    tell(event) {
      try {
        spool.put({ url, project, event })
      } catch {
        // Without a place on disk it is sent while there is time.
        unkept.push({ url, project, event })
      }
      void sendAll(AbortSignal.timeout(TIMEOUT))
    },
    mention(event) {
      void send(project, [event], AbortSignal.timeout(TIMEOUT))
    },
    flush: (within) => sendAll(AbortSignal.timeout(within)),
  }
}
