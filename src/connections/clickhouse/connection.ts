import { randomUUID } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { guardedLookup, literalRefusal } from '../address.ts'
import { type Connection, type ConnectionContext, QueryError, type QueryOptions } from '../connection.ts'
import { createDeadline } from '../deadline.ts'
import { bindParameters, parameterValue } from '../parameters.ts'
import { certificateChecks } from '../transport.ts'
import { requireQuery } from '../verbs.ts'
import { checkClickhouse } from './check.ts'
import { explainClickhouse, isReadOnlyRefusal } from './failure.ts'
import { askProfile, limits, type Profile } from './profile.ts'
import { readResult } from './rows.ts'
import type { ClickhouseSettings } from './settings.ts'

/** Queries one ClickHouse over HTTP, read-only and within limits that the server keeps. */
export function openClickhouse(settings: ClickhouseSettings, context: ConnectionContext): Connection {
  const client = makeClient(settings, context)
  const refusal = literalRefusal(new URL(settings.url).hostname)
  let profile: Promise<Profile> | undefined
  let closed = false

  async function profileOf(signal: AbortSignal): Promise<Profile> {
    profile ??= askProfile(client, signal)
    try {
      return await profile
    } catch (thrown) {
      profile = undefined
      throw thrown
    }
  }

  async function query(sql: string, options: QueryOptions) {
    if (closed) throw new QueryError('aborted', 'The connection was closed.')
    if (refusal !== null) throw new QueryError('unavailable', refusal)
    const bound = bindParameters(sql, 'clickhouse', (name) => `{${name}:DateTime64(3, 'UTC')}`)
    requireQuery(bound.verb, QUERIES)
    const parameters = bound.names.map((name) => [name, instant(parameterValue(name, options.times))])
    const deadline = createDeadline(options.signal, options.timeout + GRACE)
    let running: string | undefined
    try {
      deadline.signal.throwIfAborted()
      const known = await profileOf(deadline.signal)
      const started = performance.now()
      running = randomUUID()
      const answer = await client.query({
        query: bound.sql,
        query_id: running,
        query_params: Object.fromEntries(parameters),
        clickhouse_settings: limits(known, options),
        abort_signal: deadline.signal,
        format: 'JSONCompactEachRowWithNamesAndTypes',
      })
      const rows = await readResult(answer.stream(), options.maxRows)
      return { ...rows, elapsed: performance.now() - started }
    } catch (thrown) {
      // The profile may have been changed.
      if (isReadOnlyRefusal(thrown)) profile = undefined
      const cause = deadline.cause()
      // The server notices a closed connection only where the profile lets us ask for that.
      if (cause !== null && running !== undefined) kill(running)
      throw cause ?? explainClickhouse(thrown)
    } finally {
      deadline.clear()
    }
  }

  function kill(id: string) {
    const parts = { query: 'KILL QUERY WHERE query_id = {id:String} ASYNC', query_params: { id } }
    client.command(parts).catch(() => {})
  }

  return {
    query,
    check: (signal) => checkClickhouse(query, () => profileOf(signal), settings, signal),
    close() {
      closed = true
      return client.close()
    },
  }
}

/** ms that the client waits longer than the server. */
const GRACE = 1500
/** ms, longer than any query: the deadline ends requests. */
const NEVER = 2 ** 31 - 1

/**
 * First words of queries. The server's read-only mode holds back every write; of the others it lets KILL pass, which
 * ends queries of other people.
 */
const QUERIES = new Set(['select', 'with', 'from', 'show', 'describe', 'desc', 'explain', 'exists'])

/** As ClickHouse reads it: `2026-01-01 00:00:00.000`. */
function instant(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', '')
}

function makeClient(settings: ClickhouseSettings, context: ConnectionContext): ClickHouseClient {
  const { url, user = 'default', password = '', database = 'default', sslmode = 'verify-full', ca } = settings
  const { protocol, port } = new URL(url)
  const secure = protocol === 'https:'
  const agentOptions = {
    keepAlive: true,
    maxSockets: context.poolSize,
    lookup: guardedLookup(Number(port === '' ? (secure ? 443 : 80) : port)),
  }
  const tls = certificateChecks(sslmode, ca, context.authorities)
  return createClient({
    url,
    username: user,
    password,
    database,
    application: 'tocsin',
    request_timeout: NEVER,
    http_agent: secure ? new HttpsAgent({ ...agentOptions, ...tls }) : new HttpAgent(agentOptions),
    log: { level: 127 },
  })
}
