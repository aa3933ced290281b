import { serveSqlite } from '../connections/sqlite/serve.ts'

/** The hidden verb behind SQLite connections: answers queries on standard input until it closes. */
export async function sqliteQuery(): Promise<number> {
  await serveSqlite(process.stdin, process.stdout)
  return 0
}
