/** A thing in a channel's cache that holds something open. */
interface Closable {
  close(): void
}

/** Ends what a channel's cache holds open: to be called when the channel is changed or removed, and at the end. */
export function closeCache(cache: Map<string, unknown>): void {
  for (const value of cache.values()) {
    if (typeof value === 'object' && value !== null && 'close' in value) (value as Closable).close()
  }
  cache.clear()
}
