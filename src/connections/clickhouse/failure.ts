import { ClickHouseError } from '@clickhouse/client'
import { QueryError, type QueryFailure } from '../connection.ts'
import { explainTransport } from '../transport.ts'

/** What went wrong with a query or a connection, in words that hold no secret. */
export function explainClickhouse(thrown: unknown): QueryError {
  if (thrown instanceof QueryError) return thrown
  if (!(thrown instanceof ClickHouseError)) return new QueryError('unavailable', explainTransport(thrown))
  const { code, message } = thrown
  if (message.includes('Multi-statements are not allowed'))
    return new QueryError('refused', 'The text holds several statements; a query is exactly one.')
  const failure = failures[code] ?? 'query'
  if (failure === 'timeout') return new QueryError('timeout', 'The query took longer than its timeout and was stopped.')
  const text = shorten(message)
  return new QueryError(failure, failure === 'refused' ? `${text}: queries are read-only.` : text)
}

/** Whether the server refused because of its read-only mode. */
export function isReadOnlyRefusal(thrown: unknown): boolean {
  return thrown instanceof ClickHouseError && thrown.code === '164'
}

/** Without the format that was added to the query, and the list of all that might have come instead. */
function shorten(message: string): string {
  const text = message.replace(/\s*FORMAT JSONCompact\w+/, '').replace(/\.? Expected one of[\s\S]*/, '')
  return text
    .trim()
    .replace(/[.: ]+$/, '')
    .slice(0, 1000)
}

/** Codes of ClickHouse that tell of something else than the query. */
const failures: Record<string, QueryFailure> = {
  // READONLY
  164: 'refused',
  // TIMEOUT_EXCEEDED, TOO_SLOW, QUERY_WAS_CANCELLED, QUERY_WAS_CANCELLED_BY_CLIENT
  159: 'timeout',
  160: 'timeout',
  394: 'timeout',
  735: 'timeout',
  // UNKNOWN_DATABASE, UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, IP_ADDRESS_NOT_ALLOWED
  81: 'unavailable',
  192: 'unavailable',
  193: 'unavailable',
  194: 'unavailable',
  195: 'unavailable',
  // TOO_MANY_SIMULTANEOUS_QUERIES, SOCKET_TIMEOUT, NETWORK_ERROR, QUOTA_EXCEEDED, AUTHENTICATION_FAILED, ABORTED
  202: 'unavailable',
  209: 'unavailable',
  210: 'unavailable',
  201: 'unavailable',
  516: 'unavailable',
  236: 'unavailable',
}
