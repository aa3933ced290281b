import type { QueryResult } from '../../model/result.ts'
import type { Connection, ConnectionContext, QueryOptions } from '../connection.ts'
import { QueryError } from '../connection.ts'
import { createDeadline, type Deadline } from '../deadline.ts'
import { parameterValue } from '../parameters.ts'
import { createPool } from '../pool.ts'
import { checkPostgres } from './check.ts'
import { explainPostgres, isLost, isStalePlan } from './failure.ts'
import { createPlanner, type Plan, planQuery } from './plan.ts'
import type { Naming } from './prepared.ts'
import { openSession, type Session } from './session.ts'
import { type PostgresSettings, targetOf } from './settings.ts'
import { createStatement, type Rows } from './statement.ts'

/**
 * Queries one Postgres database. Statements run in sessions whose transactions are read-only by default; a session in
 * which that changed is never used again.
 */
export function openPostgres(settings: PostgresSettings, context: ConnectionContext): Connection {
  const target = targetOf(settings)
  const planOf = createPlanner()
  const closing = new AbortController()
  let sessionTimeout = 0
  const pool = createPool<Session>({
    size: context.poolSize,
    idle: IDLE,
    open: (signal) =>
      openSession({
        target,
        authorities: context.authorities,
        timeout: sessionTimeout,
        signal,
        onBroken: (session) => pool.discard(session),
      }),
    end: (session) => void session.client.end().catch(() => {}),
  })

  async function ask(plan: Plan, options: QueryOptions): Promise<QueryResult> {
    if (closing.signal.aborted) throw new QueryError('aborted', 'The connection was closed.')
    sessionTimeout = Math.ceil(options.timeout)
    const deadline = createDeadline(options.signal, options.timeout + GRACE)
    try {
      if (deadline.isOver) throw deadline.cause()
      return await attempt(plan, options, deadline)
    } catch (thrown) {
      throw deadline.cause() ?? explainPostgres(thrown, plan.bound.sql)
    } finally {
      deadline.clear()
    }
  }

  async function attempt(plan: Plan, options: QueryOptions, deadline: Deadline): Promise<QueryResult> {
    const session = pool.idle() ?? (await pool.acquire(deadline.signal))
    const { used } = session
    session.used = true
    const started = performance.now()
    try {
      return { ...(await run(session, plan, options, deadline)), elapsed: performance.now() - started }
    } catch (thrown) {
      // Firewalls cut idle connections, which shows at the next use only; a kept plan may be out of date.
      if (deadline.isOver || !used || !(isLost(thrown) || isStalePlan(thrown))) throw thrown
      return await attempt({ ...plan, wrapped: true }, options, deadline)
    }
  }

  async function run(session: Session, plan: Plan, options: QueryOptions, deadline: Deadline): Promise<Rows> {
    const { readOnly } = session
    const timeout = Math.ceil(options.timeout)
    const own = timeout === session.timeout ? null : timeout
    const wrapped = plan.wrapped || !readOnly || own !== null
    let reusable = false
    let stopped: ReturnType<typeof setTimeout> | undefined
    const stop = () => {
      if (stopped !== undefined) return
      stopped = setTimeout(session.destroy, GRACE)
      void session.cancel()
    }
    const values = plan.bound.names.map((name) => new Date(parameterValue(name, options.times)).toISOString())
    const { sql } = plan.bound
    const naming = wrapped ? UNNAMED : session.prepared.use(sql)
    const statement = { sql, values, maxRows: options.maxRows, wrapped, timeout: own, naming }
    const running = createStatement(statement, stop)
    try {
      session.client.query(running)
      deadline.onOver(stop)
      const rows = await running.done
      reusable = !plan.sticky
      return rows
    } catch (thrown) {
      reusable = !wrapped
      session.prepared.forget(sql)
      throw thrown
    } finally {
      deadline.onOver(() => {})
      clearTimeout(stopped)
      // After a request to stop, another statement might be hit by it.
      const untouched = stopped === undefined && session.readOnly === readOnly
      if (reusable && untouched) pool.release(session)
      else pool.discard(session)
    }
  }

  return {
    query: async (sql, options) => ask(planOf(sql), options),
    // Its session has a timeout of its own, so no rule gets it.
    check: (signal) =>
      checkPostgres((sql, options) => ask({ ...planQuery(sql), sticky: true }, options), target, signal),
    async close() {
      closing.abort()
      pool.close()
    },
  }
}

/** ms that the client waits longer than the server. */
const GRACE = 1500
const UNNAMED: Naming = { name: '', parse: true, close: [] }
/** ms after which an unused session is ended. */
const IDLE = 60_000
