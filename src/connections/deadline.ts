import { QueryError } from './connection.ts'

/** Until when one query may take: until the caller gives up or the time is over. */
export interface Deadline {
  readonly isOver: boolean
  /** Fires when it is over. Made when first asked for: a query that is answered at once needs none. */
  readonly signal: AbortSignal
  /** What to do when it is over; at once if it is. Replaces what was named before. */
  onOver(run: () => void): void
  /** Why it is over, for what was thrown because of it; null when it is not. */
  cause(): QueryError | null
  clear(): void
}

/**
 * Joins the caller's signal with a limit of `ms`. All deadlines share one timer, and one listener for each caller's
 * signal: with its own, each query would cost several µs more.
 */
export function createDeadline(caller: AbortSignal, ms: number): Deadline {
  const until = performance.now() + ms
  let controller: AbortController | undefined
  let isOver = caller.aborted
  let run = () => {}
  const entry: Entry = {
    caller,
    until,
    end() {
      isOver = true
      running.delete(entry)
      controller?.abort()
      run()
    },
  }
  if (!isOver) watch(entry)
  return {
    get isOver() {
      return isOver
    },
    get signal() {
      controller ??= new AbortController()
      if (isOver) controller.abort()
      return controller.signal
    },
    onOver(wanted) {
      run = wanted
      if (isOver) run()
    },
    cause() {
      if (caller.aborted) return new QueryError('aborted', 'The query was given up.')
      if (!isOver) return null
      return new QueryError('timeout', 'The query took longer than its timeout and was stopped.')
    },
    clear: () => void running.delete(entry),
  }
}

interface Entry {
  caller: AbortSignal
  until: number
  end(): void
}

const running = new Set<Entry>()
const heard = new WeakSet<AbortSignal>()
let timer: { at: number; handle: ReturnType<typeof setTimeout> } | undefined

function watch(entry: Entry) {
  const { caller, until } = entry
  running.add(entry)
  if (timer === undefined || until < timer.at) arm(until)
  if (heard.has(caller)) return
  heard.add(caller)
  caller.addEventListener('abort', () => {
    for (const one of running) if (one.caller === caller) one.end()
  })
}

function arm(at: number) {
  clearTimeout(timer?.handle)
  const handle = setTimeout(look, Math.max(0, at - performance.now()))
  handle.unref?.()
  timer = { at, handle }
}

function look() {
  timer = undefined
  const now = performance.now()
  let next = Number.POSITIVE_INFINITY
  for (const entry of running)
    if (entry.until <= now) entry.end()
    else next = Math.min(next, entry.until)
  if (next < Number.POSITIVE_INFINITY) arm(next)
}
