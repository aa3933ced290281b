import { expect, test } from 'bun:test'
import pg from 'pg'
import type { QueryFailure } from '../../src/connections/connection.ts'
import { explainPostgres, isLost, isStalePlan } from '../../src/connections/postgres/failure.ts'

function failure(code: string, message = 'it failed', more: Partial<pg.DatabaseError> = {}): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code, ...more })
}

test.each<[string, string, QueryFailure]>([
  ['08006', 'the connection failed', 'unavailable'],
  ['28P01', 'the password is wrong', 'unavailable'],
  ['3D000', 'there is no such database', 'unavailable'],
  ['53300', 'there are too many connections', 'unavailable'],
  ['57P01', 'the server shuts down', 'unavailable'],
  ['53100', 'the disk of the server is full for this query', 'query'],
  ['53200', 'the query wants too much memory', 'query'],
  ['58030', 'a file of one table cannot be read', 'query'],
  ['XX001', 'one table is damaged', 'query'],
  ['42P01', 'there is no such table', 'query'],
  ['42501', 'the role may not read it', 'query'],
  ['25006', 'it would write', 'refused'],
  ['57014', 'it took too long', 'timeout'],
  ['55P03', 'it waited too long for a lock', 'timeout'],
])('%s: %s', (code, _what, expected) => {
  expect(explainPostgres(failure(code)).failure).toBe(expected)
})

test('an error names its place in the text and the hint of the server', () => {
  const error = explainPostgres(
    failure('42703', 'no column "x"', { position: '12', hint: 'Perhaps "y"' }),
    'select\n  1, x',
  )
  expect(error.message).toBe('no column "x" (line 2, column 5). Perhaps "y"')
})

test('what is no answer of the server means that the connection is gone', () => {
  expect(isLost(new Error('Connection terminated'))).toBe(true)
  expect(isLost(failure('XX000'))).toBe(false)
})

test('a plan that no longer fits is told by its words', () => {
  expect(isStalePlan(failure('0A000', 'cached plan must not change result type'))).toBe(true)
  expect(isStalePlan(failure('0A000', 'not supported'))).toBe(false)
})
