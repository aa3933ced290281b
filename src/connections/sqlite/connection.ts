import type { QueryResult } from '../../model/result.ts'
import {
  type CheckReport,
  type Connection,
  type ConnectionContext,
  QueryError,
  type QueryOptions,
} from '../connection.ts'
import { createDeadline } from '../deadline.ts'
import { bindParameters, parameterValue } from '../parameters.ts'
import { createPool } from '../pool.ts'
import { requireQuery } from '../verbs.ts'
import { type Child, startChild } from './child.ts'
import { allowedPath } from './path.ts'

/** Queries one SQLite file in processes of their own: a query cannot be interrupted, but a process can be killed. */
export function openSqlite({ path }: { path: string }, context: ConnectionContext): Connection {
  let closed = false
  const pool = createPool<Child>({
    size: context.poolSize,
    idle: IDLE,
    open: async () => startChild(context.self, (child) => pool.discard(child)),
    end: (child) => child.kill(),
  })

  async function query(sql: string, options: QueryOptions): Promise<QueryResult> {
    const { names, verb } = bindParameters(sql, 'sqlite', (name) => `:${name}`)
    requireQuery(verb, QUERIES)
    if (closed) throw new QueryError('aborted', 'The connection was closed.')
    const real = await allowedPath(path, context)
    const values = names.map((name) => [name, new Date(parameterValue(name, options.times)).toISOString()])
    const request = { path: real, sql, parameters: Object.fromEntries(values), maxRows: options.maxRows }
    const deadline = createDeadline(options.signal, options.timeout)
    try {
      const child = await pool.acquire(deadline.signal)
      const started = performance.now()
      const answer = await ask(child, request, deadline.signal)
      if ('failure' in answer) throw new QueryError(answer.failure, answer.message)
      return { ...answer, elapsed: performance.now() - started }
    } catch (thrown) {
      throw deadline.cause() ?? thrown
    } finally {
      deadline.clear()
    }
  }

  async function ask(child: Child, request: Parameters<Child['ask']>[0], signal: AbortSignal) {
    const kill = () => pool.discard(child)
    signal.addEventListener('abort', kill)
    try {
      const answer = await child.ask(request)
      pool.release(child)
      return answer
    } finally {
      signal.removeEventListener('abort', kill)
    }
  }

  return {
    query,
    async check(signal): Promise<CheckReport> {
      const times = { scheduledAt: 0, now: 0, since: 0 }
      // Counting its tables proves that the file is a database.
      const sql = 'select sqlite_version() as version, count(*) as tables from sqlite_schema'
      const { rows } = await query(sql, { signal, timeout: CHECK_TIMEOUT, maxRows: 1, times })
      return { server: `SQLite ${String(rows[0]?.[0])}`, warnings: [] }
    },
    async close() {
      closed = true
      pool.close()
    },
  }
}

/** ms after which an unused process is ended. */
const IDLE = 30_000
const CHECK_TIMEOUT = 10_000

/** First words of queries; a PRAGMA could change how the file is read. */
const QUERIES = new Set(['select', 'with', 'values', 'explain'])
