import type { Cancel, Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { ChangeKind, Changes } from '../store/changes.ts'

/** ids by what they are ids of; `*` among them stands for many. */
type Changed = Partial<Record<ChangeKind, string[]>>

export interface EventStreams {
  /**
   * A stream of server-sent events about a project: `ready`, then `change` with what changed since the one before.
   * `isAllowed` is asked at every heartbeat; once it says no, the stream ends. Throws `too-many`.
   */
  open(project: string, isAllowed: () => Promise<boolean>): ReadableStream<Uint8Array>
  /** Ends all streams. */
  close(): void
}

/** Streams open at a time. */
const MOST_STREAMS = 200
/** ms in which changes are gathered into one event. */
const GATHER = 250
/** ms between signs of life, which keep proxies from ending the connection. */
const HEARTBEAT = 15_000
/** Ids of one kind that an event names; more become `*`. */
const MOST_IDS = 100
/** Events that may wait for a slow reader before it is cut off. */
const MOST_WAITING = 64
/** ms after which a browser asks again when the connection is lost. */
const RETRY = 2000

/** Tells those who look on what changes, as server-sent events. `greeting` is the data of the first one. */
export function createEventStreams(changes: Changes, clock: Clock, greeting: object): EventStreams {
  const open = new Set<() => void>()

  function start(
    project: string,
    isAllowed: () => Promise<boolean>,
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): () => void {
    let gathered = new Map<ChangeKind, Set<string>>()
    let cancelFlush: Cancel | undefined
    let cancelBeat: Cancel = () => {}

    function end() {
      if (!open.delete(end)) return
      unwatch()
      cancelFlush?.()
      cancelBeat()
      try {
        controller.close()
      } catch {
        // The reader has closed it already.
      }
    }
    function send(text: string) {
      if ((controller.desiredSize ?? 0) < -MOST_WAITING) end()
      else controller.enqueue(encoder.encode(text))
    }
    function flush() {
      cancelFlush = undefined
      const changed: Changed = {}
      for (const [kind, ids] of gathered) changed[kind] = ids.size > MOST_IDS ? ['*'] : [...ids]
      gathered = new Map()
      send(`event: change\ndata: ${JSON.stringify(changed)}\n\n`)
    }
    function beat() {
      cancelBeat = clock.at(clock.now() + HEARTBEAT, () => {
        isAllowed().then(
          (allowed) => {
            if (!open.has(end)) return
            if (!allowed) return end()
            send(': alive\n\n')
            beat()
          },
          () => end(),
        )
      })
    }

    const unwatch = changes.watch((change) => {
      if (change.project !== project) return
      const ids = gathered.get(change.kind) ?? new Set()
      gathered.set(change.kind, ids)
      if (ids.size <= MOST_IDS) ids.add(change.id)
      cancelFlush ??= clock.at(clock.now() + GATHER, flush)
    })
    open.add(end)
    send(`retry: ${RETRY}\nevent: ready\ndata: ${JSON.stringify(greeting)}\n\n`)
    beat()
    return end
  }

  return {
    open(project, isAllowed) {
      if (open.size >= MOST_STREAMS)
        throw new AppError('too-many', `${MOST_STREAMS} streams of events are open already. Close some of them.`)
      let end = () => {}
      return new ReadableStream({
        start(controller) {
          end = start(project, isAllowed, controller)
        },
        cancel: () => end(),
      })
    },
    close() {
      for (const end of [...open]) end()
    },
  }
}

const encoder = new TextEncoder()
