import { expect, test } from 'bun:test'
import {
  type Connection,
  type ConnectionContext,
  QueryError,
  type QueryFailure,
} from '../../src/connections/connection.ts'
import type { Json } from '../../src/model/json.ts'
import { connectionContext, queryOptions } from '../support/connections.ts'
import { eventually } from '../support/servers.ts'

/** One kind of connection on a real server, with SQL of its own for what every kind must do. */
export interface Subject {
  open(context: ConnectionContext): Connection
  /** A pattern that the server's name in a check matches. */
  server: RegExp
  /** One row of all types: columns as `name:type`, and the cells. */
  types: { sql: string; columns: string[]; row: Json[] }
  /** Gives the column `n` with the numbers 1 to `count`. */
  series(count: number): string
  /** Runs for minutes. */
  slow: string
  /** How many slow queries the server is running. */
  running(): Promise<number>
  /** Tries to write, to change the session, or to leave the read-only mode. */
  attacks: string[]
  /** What the attacks are after; it must stay the same. */
  treasure(): Promise<string>
  several: string
  syntaxError: string
  unknownColumn: string
  bytes: string
  /** Gives the column `d` as `seconds since 1970` of the parameter `:now`, `:since` and `:scheduled_at` in three columns. */
  parameters: string
}

/** Declares the tests of one kind; call it inside of `describe`. */
export function connectionContract(prepare: () => Promise<Subject>) {
  const given = shared(prepare)

  test('a check names the server', async () => {
    const { subject, connection } = await given()
    expect((await connection.check(queryOptions().signal)).server).toMatch(subject.server)
  })

  test('every type is normalised', async () => {
    const { subject, connection } = await given()
    const { columns, rows, truncated, elapsed } = await connection.query(subject.types.sql, queryOptions())
    expect(columns.map(({ name, type }) => `${name}:${type}`)).toEqual(subject.types.columns)
    expect(rows).toEqual([subject.types.row])
    expect(truncated).toBe(false)
    expect(elapsed).toBeGreaterThan(0)
  })

  test('rows over the limit are cut, and the result says so', async () => {
    const { subject, connection } = await given()
    const cut = await connection.query(subject.series(5), queryOptions({ maxRows: 3 }))
    expect(cut).toMatchObject({ rows: [[1], [2], [3]], truncated: true })
    const whole = await connection.query(subject.series(3), queryOptions({ maxRows: 3 }))
    expect(whole).toMatchObject({ rows: [[1], [2], [3]], truncated: false })
    const huge = await connection.query(subject.series(3_000_000), queryOptions({ maxRows: 2 }))
    expect(huge).toMatchObject({ rows: [[1], [2]], truncated: true })
    expect((await connection.query(subject.series(0), queryOptions())).rows).toEqual([])
  })

  test('parameters are bound as instants', async () => {
    const { subject, connection } = await given()
    const times = { now: 1_700_000_000_250, since: 1_600_000_000_000, scheduledAt: -1000 }
    const { rows } = await connection.query(subject.parameters, queryOptions({ times }))
    expect(rows[0]?.map(Number)).toEqual([1_700_000_000.25, 1_600_000_000, -1])
  })

  test('a timeout stops the query at the server, and the connection goes on', async () => {
    const { subject, connection } = await given()
    const started = performance.now()
    await expectFailure(connection.query(subject.slow, queryOptions({ timeout: 400 })), 'timeout')
    expect(performance.now() - started).toBeLessThan(3000)
    await eventually(async () => expect(await subject.running()).toBe(0))
    expect((await connection.query(subject.series(1), queryOptions())).rows).toEqual([[1]])
  })

  test('an abort stops the query at the server, and the connection goes on', async () => {
    const { subject, connection } = await given()
    const controller = new AbortController()
    const asked = connection.query(subject.slow, queryOptions({ signal: controller.signal, timeout: 60_000 }))
    const failed = expectFailure(asked, 'aborted')
    await eventually(async () => expect(await subject.running()).toBe(1))
    controller.abort()
    await failed
    await eventually(async () => expect(await subject.running()).toBe(0))
    expect((await connection.query(subject.series(1), queryOptions())).rows).toEqual([[1]])
    await expectFailure(connection.query(subject.series(1), queryOptions({ signal: controller.signal })), 'aborted')
  })

  test('queries run side by side, and no more than the pool has places', async () => {
    const { subject } = await given()
    const connection = subject.open(connectionContext({ poolSize: 3 }))
    const controller = new AbortController()
    const options = queryOptions({ signal: controller.signal, timeout: 60_000 })
    const asked = Array.from({ length: 4 }, () => connection.query(subject.slow, options).catch((thrown) => thrown))
    await eventually(async () => expect(await subject.running()).toBe(3))
    controller.abort()
    for (const thrown of await Promise.all(asked)) expect(thrown).toMatchObject({ failure: 'aborted' })
    await connection.close()
    await eventually(async () => expect(await subject.running()).toBe(0))
  })

  test('nothing can be written, and no attempt changes what later queries may do', async () => {
    const { subject } = await given()
    // One place, so that every attack and every check meets the same session.
    const connection = subject.open(connectionContext({ poolSize: 1 }))
    const before = await subject.treasure()
    for (const attack of subject.attacks) {
      const failure = await connection.query(attack, queryOptions()).catch((thrown: QueryError) => thrown.failure)
      if (typeof failure === 'string') expect(['refused', 'query']).toContain(failure)
      for (const again of subject.attacks.slice(0, 3))
        await expectFailure(connection.query(again, queryOptions()), 'refused')
    }
    expect(await subject.treasure()).toBe(before)
    await connection.close()
  })

  test('what is wrong with a query is told apart from what is wrong with the connection', async () => {
    const { subject, connection } = await given()
    await expectFailure(connection.query(subject.several, queryOptions()), 'refused', /several statements/)
    await expectFailure(connection.query('', queryOptions()), 'refused', /holds none/)
    await expectFailure(connection.query(subject.syntaxError, queryOptions()), 'query', /syntax/i)
    await expectFailure(connection.query(subject.unknownColumn, queryOptions()), 'query', /nope/)
    await expectFailure(connection.query(subject.bytes, queryOptions()), 'query', /"secret_bytes" holds bytes/)
    await expectFailure(connection.query(`${subject.series(3)} where :typo = 1`, queryOptions()), 'query')
    expect((await connection.query(subject.series(1), queryOptions())).rows).toEqual([[1]])
  })

  test('a closed connection answers no more', async () => {
    const { subject } = await given()
    const connection = subject.open(connectionContext())
    await connection.query(subject.series(1), queryOptions())
    await connection.close()
    await expect(connection.query(subject.series(1), queryOptions())).rejects.toBeInstanceOf(QueryError)
  })
}

/** The query fails in the given way, with a text that is fit for people. */
export async function expectFailure(asked: Promise<unknown>, failure: QueryFailure, message: RegExp = /./) {
  const thrown = await asked.then(
    (value) => new Error(`It answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  expect(thrown).toBeInstanceOf(QueryError)
  expect((thrown as QueryError).message).toMatch(message)
  expect((thrown as QueryError).failure).toBe(failure)
  expect((thrown as QueryError).message).not.toMatch(/correct horse|correct%20horse|only looking|undefined|\[object/)
}

function shared(prepare: () => Promise<Subject>) {
  let made: Promise<{ subject: Subject; connection: Connection }> | undefined
  return () => {
    made ??= prepare().then((subject) => ({ subject, connection: subject.open(connectionContext()) }))
    return made
  }
}
