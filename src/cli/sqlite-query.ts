import { serveSqlite } from '../connections/sqlite/serve.ts'

/**
 * The hidden verb behind SQLite connections: answers queries on standard input until it closes, and ends when the process
 * that started it has gone.
 */
export async function sqliteQuery(parent: string): Promise<number> {
  await serveSqlite(process.stdin, process.stdout, Number(parent))
  return 0
}
