import pg from 'pg'
import { messageOf } from '../../errors.ts'
import { QueryError, type QueryFailure } from '../connection.ts'
import { explainTransport } from '../transport.ts'

/** What went wrong with a statement or a connection, in words that hold no secret. `sql` is what was sent. */
export function explainPostgres(thrown: unknown, sql = ''): QueryError {
  if (thrown instanceof QueryError) return thrown
  if (!(thrown instanceof pg.DatabaseError)) return new QueryError('unavailable', connectMessage(thrown))
  const { code = '', position, hint } = thrown
  if (code === '42601' && thrown.message.includes('multiple commands'))
    return new QueryError('refused', 'The text holds several statements; a query is exactly one.')
  if (code === '25006') return new QueryError('refused', `${thrown.message}: queries are read-only.`)
  if (code === '57014') return new QueryError('timeout', 'The query took longer than its timeout and was stopped.')
  const at = position === undefined ? '' : ` (${placeOf(sql, Number(position))})`
  return new QueryError(failureOf(code), `${thrown.message}${at}${hint === undefined ? '' : `. ${hint}`}`)
}

/** Whether the connection broke, rather than that the server answered with an error. */
export function isLost(thrown: unknown): boolean {
  return !(thrown instanceof pg.DatabaseError) && !(thrown instanceof QueryError)
}

/** Whether a plan that the server kept no longer fits the tables. */
export function isStalePlan(thrown: unknown): boolean {
  return thrown instanceof pg.DatabaseError && thrown.code === '0A000' && thrown.message.includes('cached plan')
}

/**
 * Classes and codes of SQLSTATE that tell of the server or the login, not of the query. Want of memory or disk (other
 * codes of class 53), failing I/O (58) and internal errors (XX) may come from what one query touches while all others
 * work, so they are the query's.
 */
function failureOf(code: string): QueryFailure {
  if (code === '55P03') return 'timeout'
  const unavailable = ['08', '28', '53300', '57P', '3D', 'F0'].some((prefix) => code.startsWith(prefix))
  return unavailable ? 'unavailable' : 'query'
}

function placeOf(sql: string, position: number): string {
  // Postgres counts characters where JavaScript counts UTF-16 units.
  const lines = [...sql]
    .slice(0, position - 1)
    .join('')
    .split('\n')
  return `line ${lines.length}, column ${[...(lines.at(-1) ?? '')].length + 1}`
}

function connectMessage(thrown: unknown): string {
  const text = messageOf(thrown)
  if (text === 'timeout expired') return 'The server did not answer the login in time.'
  if (text.includes('does not support SSL'))
    return 'The server does not offer TLS. If the way to it is safe without, set sslmode to "disable".'
  return explainTransport(thrown)
}
