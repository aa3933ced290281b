import { fileURLToPath } from 'node:url'
import type { ConnectionContext, QueryOptions } from '../../src/connections/connection.ts'

const entry = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** A context as the daemon makes it, with a small pool. */
export function connectionContext(more: Partial<ConnectionContext> = {}): ConnectionContext {
  const self = [process.execPath, entry]
  return { poolSize: 4, sqlitePaths: [], deniedPaths: [], self, authorities: [], ...more }
}

/** Options of a query with generous limits. */
export function queryOptions(more: Partial<QueryOptions> = {}): QueryOptions {
  const times = { scheduledAt: Date.UTC(2026, 0, 1), now: Date.UTC(2026, 0, 1, 0, 0, 1, 500), since: 0 }
  return { signal: new AbortController().signal, timeout: 10_000, maxRows: 1000, times, ...more }
}
