/** A bounded set of things that are dear to open and serve one user at a time. */
export interface Pool<T> {
  /** An idle one, if there is one. */
  idle(): T | undefined
  /** An idle one, or a new one, or the next that comes free. Rejects with the signal's reason, or as `open` does. */
  acquire(signal: AbortSignal): Promise<T>
  /** Gives one back for others. */
  release(item: T): void
  /** Ends one, in use or idle, that is not to be used again. Does nothing when it has ended already. */
  discard(item: T): void
  /** Ends the idle ones now, and the others as they come back. */
  close(): void
}

export interface PoolOptions<T> {
  size: number
  /** ms after which an idle one is ended. */
  idle: number
  open(signal: AbortSignal): Promise<T>
  end(item: T): void
}

export function createPool<T>({ size, idle, open, end }: PoolOptions<T>): Pool<T> {
  const members = new Set<T>()
  const resting: { item: T; since: number }[] = []
  const waiting: { signal: AbortSignal; take(item: T | Promise<T>): void }[] = []
  let opening = 0
  let closed = false
  let sweep: ReturnType<typeof setTimeout> | undefined

  async function openOne(signal: AbortSignal): Promise<T> {
    opening += 1
    try {
      const item = await open(signal)
      members.add(item)
      return item
    } finally {
      opening -= 1
      openForNext()
    }
  }

  function openForNext() {
    if (members.size + opening >= size) return
    const next = waiting.shift()
    next?.take(openOne(next.signal))
  }

  function wait(signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        waiting.splice(waiting.indexOf(waiter), 1)
        reject(signal.reason)
      }
      const waiter = {
        signal,
        take(item: T | Promise<T>) {
          signal.removeEventListener('abort', abort)
          resolve(item)
        },
      }
      signal.addEventListener('abort', abort)
      waiting.push(waiter)
    })
  }

  function finish(item: T) {
    if (!members.delete(item)) return
    const index = resting.findIndex((entry) => entry.item === item)
    if (index >= 0) resting.splice(index, 1)
    end(item)
    openForNext()
  }

  function planSweep() {
    if (sweep !== undefined || resting.length === 0) return
    sweep = setTimeout(() => {
      sweep = undefined
      const until = performance.now() - idle
      for (const { item } of resting.filter(({ since }) => since <= until)) finish(item)
      planSweep()
    }, idle)
    sweep.unref?.()
  }

  function release(item: T) {
    const next = waiting.shift()
    if (next !== undefined) return next.take(item)
    if (closed) return finish(item)
    resting.push({ item, since: performance.now() })
    planSweep()
  }

  const idleOne = () => resting.pop()?.item

  function take(signal: AbortSignal): T | Promise<T> {
    const rested = idleOne()
    if (rested !== undefined) return rested
    return members.size + opening < size ? openOne(signal) : wait(signal)
  }

  return {
    idle: idleOne,
    acquire: async (signal) => {
      signal.throwIfAborted()
      const item = await take(signal)
      if (signal.aborted) release(item)
      signal.throwIfAborted()
      return item
    },
    release,
    discard: finish,
    close() {
      closed = true
      clearTimeout(sweep)
      for (const { item } of [...resting]) finish(item)
    },
  }
}
