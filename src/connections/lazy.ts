import type { Connection } from './connection.ts'

/**
 * A connection whose driver is loaded when it is first asked, so that a daemon holds in memory only the drivers it uses.
 */
export function lazily(load: () => Promise<Connection>): Connection {
  let loading: Promise<Connection> | undefined
  const loaded = () => {
    loading ??= load()
    return loading
  }
  return {
    check: async (signal) => (await loaded()).check(signal),
    query: async (sql, options) => (await loaded()).query(sql, options),
    close: async () => (await loading)?.close(),
  }
}
