import type { Cancel, Clock } from '../clock.ts'
import { type Connection, type ConnectionContext, QueryError, type QueryOptions } from '../connections/connection.ts'
import { connectionKinds, isConnectionKind } from '../connections/index.ts'
import { AppError, messageOf } from '../errors.ts'
import type { JsonObject } from '../model/json.ts'
import type { ReasonCode } from '../model/reason.ts'
import type { QueryResult } from '../model/result.ts'
import type { Secrets } from '../secrets.ts'
import type { ConnectionRow } from '../store/connections.ts'
import type { Store } from '../store/index.ts'

/** Why a query gave no result. `held` ones say nothing about the rule: its state stays as it is. */
export class NoResult extends Error {
  override readonly name = 'NoResult'
  readonly reason: ReasonCode
  readonly held: boolean

  constructor(reason: ReasonCode, held: boolean, message: string) {
    super(message)
    this.reason = reason
    this.held = held
  }
}

/** A connection's breaker opened (`error` says why) or closed. */
export type TroubleListener = (trouble: { connection: ConnectionRow; error: string | null; since: number }) => void

export interface Sources {
  /** Throws `NoResult`. */
  query(project: string, connection: string, sql: string, options: QueryOptions): Promise<QueryResult>
  /** The open connection of a row, shared by all that query it. */
  open(row: ConnectionRow): Connection
  /** Probes the connections that were failing when the daemon stopped. */
  start(): Promise<void>
  close(): Promise<void>
}

export interface SourcesDeps {
  store: Store
  secrets: Secrets
  clock: Clock
  context: ConnectionContext
  onTrouble: TroubleListener
}

/** ms that a driver may take longer than the timeout before it is left alone. */
const GRACE = 5000
/** ms between looks at queries that should have ended. */
const LOOK = 1000
/** Timeouts in a row after which it is asked whether a connection answers at all. */
const SUSPICIOUS = 3
/** ms that a probe may take. */
const LONGEST_PROBE = 10_000

/** Opens connections as rules ask for them, and keeps a failing one from being asked by every rule. */
export function createSources(deps: SourcesDeps): Sources {
  const { store, secrets, clock, context, onTrouble } = deps
  const opened = new Map<string, { version: number; connection: Connection }>()
  const probes = new Map<string, Cancel>()
  /** Timeouts in a row, by connection. */
  const timeouts = new Map<string, number>()
  const ending = new AbortController()
  const guarded = createGuard(clock)

  function open(row: ConnectionRow): Connection {
    const known = opened.get(row.id)
    if (known?.version === row.version) return known.connection
    // An edited connection is opened anew; what still runs on the old one may finish.
    if (known !== undefined) void known.connection.close().catch(() => {})
    if (!isConnectionKind(row.kind))
      throw new NoResult('connection-missing', true, `there is no kind of connection named "${row.kind}"`)
    const hidden =
      row.sealed === null ? {} : (JSON.parse(secrets.open(row.sealed, `connections|${row.id}`)) as JsonObject)
    const kind = connectionKinds[row.kind]
    const connection = kind.open({ ...row.settings, ...hidden } as never, context)
    opened.set(row.id, { version: row.version, connection })
    return connection
  }

  function openOrFail(row: ConnectionRow): Connection {
    try {
      return open(row)
    } catch (thrown) {
      throw thrown instanceof NoResult ? thrown : new QueryError('unavailable', messageOf(thrown))
    }
  }

  /** A query that failed; one that was under way when the breaker opened, or before an edit, proves nothing new. */
  async function queryFailed(row: ConnectionRow, error: string) {
    const current = await store.connections.get(row.id)
    if (current?.version === row.version && current.openSince === null) await failed(row, error)
  }

  async function failed(row: ConnectionRow, error: string) {
    const { opened: isNew, probeAt } = await store.connections.recordFailure(row.id, error, clock.now())
    if (isNew) onTrouble({ connection: row, error, since: clock.now() })
    if (probeAt !== null) planProbe(row.id, probeAt)
  }

  async function worked(row: ConnectionRow) {
    const { closed } = await store.connections.recordSuccess(row.id)
    probes.get(row.id)?.()
    probes.delete(row.id)
    if (closed) onTrouble({ connection: row, error: null, since: row.openSince ?? clock.now() })
  }

  const check = (row: ConnectionRow) =>
    openOrFail(row).check(AbortSignal.any([ending.signal, AbortSignal.timeout(LONGEST_PROBE)]))

  /** A server that never answers looks like a slow query each time; whether it is one shows in a query of our own. */
  async function timedOut(row: ConnectionRow) {
    const count = (timeouts.get(row.id) ?? 0) + 1
    timeouts.set(row.id, count)
    if (count < SUSPICIOUS) return
    try {
      await check(row)
      timeouts.delete(row.id)
    } catch (thrown) {
      if (!ending.signal.aborted) await queryFailed(row, messageOf(thrown))
    }
  }

  function planProbe(id: string, at: number) {
    probes.get(id)?.()
    probes.set(
      id,
      clock.at(at, () => void probe(id).catch(() => planProbe(id, clock.now() + 60_000))),
    )
  }

  async function probe(id: string) {
    const row = await store.connections.get(id)
    if (row === undefined || row.openSince === null || ending.signal.aborted) return
    try {
      await check(row)
      await worked(row)
    } catch (thrown) {
      if (!ending.signal.aborted) await failed(row, messageOf(thrown))
    }
  }

  return {
    open,
    async query(project, name, sql, options) {
      const row = await store.connections.byName(project, name)
      if (row === undefined) throw new NoResult('connection-missing', true, `there is no connection named "${name}"`)
      if (row.openSince !== null)
        throw new NoResult(
          'breaker-open',
          true,
          `"${name}" has been failing since ${new Date(row.openSince).toISOString()}: ${row.lastError ?? 'unknown'}`,
        )
      try {
        const result = await guarded(openOrFail(row), sql, options)
        if (row.failures > 0) await worked(row)
        if (timeouts.size > 0) timeouts.delete(row.id)
        return result
      } catch (thrown) {
        if (thrown instanceof NoResult || thrown instanceof AppError) throw thrown
        const failure = thrown instanceof QueryError ? thrown.failure : 'query'
        if (failure === 'unavailable') await queryFailed(row, messageOf(thrown))
        // Nobody waits for what it finds; a full disk makes it find out later.
        if (failure === 'timeout') timedOut(row).catch(() => {})
        throw new NoResult(
          failure === 'timeout' ? 'query-timeout' : 'query-error',
          failure === 'unavailable' || failure === 'aborted',
          messageOf(thrown),
        )
      }
    },
    async start() {
      for (const row of await store.connections.failing()) planProbe(row.id, row.probeAt ?? clock.now())
    },
    async close() {
      ending.abort()
      for (const cancel of probes.values()) cancel()
      await Promise.allSettled([...opened.values()].map(({ connection }) => connection.close()))
    },
  }
}

interface Awaited {
  until: number
  signal: AbortSignal
  giveUp(reason: QueryError): void
}

/**
 * Waits for answers of drivers, but not for ever: one that neither answers nor gives up by itself is left alone. Drivers
 * keep their own time; this looks after them once a second, since a timer for each query costs more than it is worth.
 */
function createGuard(clock: Clock) {
  const waiting = new Set<Awaited>()
  let planned = false

  function look() {
    planned = false
    const now = clock.now()
    for (const { until, signal, giveUp } of waiting)
      if (signal.aborted) giveUp(new QueryError('aborted', 'The query was given up.'))
      else if (until <= now)
        giveUp(new QueryError('timeout', 'The query took longer than its timeout and was left alone.'))
    plan()
  }

  function plan() {
    if (planned || waiting.size === 0) return
    planned = true
    clock.at(clock.now() + LOOK, look)
  }

  return (connection: Connection, sql: string, options: QueryOptions): Promise<QueryResult> =>
    new Promise((resolve, reject) => {
      const until = clock.now() + options.timeout + GRACE
      const entry: Awaited = { until, signal: options.signal, giveUp: end(reject) }
      function end<T>(settle: (value: T) => void) {
        return (value: T) => {
          waiting.delete(entry)
          settle(value)
        }
      }
      waiting.add(entry)
      plan()
      connection.query(sql, options).then(end(resolve), end(reject))
    })
}
