import { describe, expect, test } from 'bun:test'
import { connectionQueries, type NewConnection } from '../../src/store/connections.ts'
import { tempDatabase } from '../support/temp-database.ts'

const row: NewConnection = {
  id: 'con_1',
  project: 'default',
  name: 'Warehouse',
  kind: 'postgres',
  settings: { host: 'db' },
  sealed: 'sealed',
  createdAt: 1,
}
const changes = { name: 'Warehouse', kind: 'postgres', settings: { host: 'db2' }, sealed: null }

describe('rows', () => {
  test('what was created is found by id and name, in its own project alone', async () => {
    using database = tempDatabase()
    const connections = connectionQueries(database)
    expect(await connections.byName('default', 'Warehouse')).toBeUndefined()
    const created = await connections.create(row)
    expect(created).toMatchObject({ ...row, version: 1, updatedAt: 1, failures: 0, openSince: null })
    expect(await connections.get('con_1')).toEqual(created)
    expect(await connections.byName('default', 'Warehouse')).toEqual(created)
    expect(await connections.byName('other', 'Warehouse')).toBeUndefined()
    await connections.remove('con_1')
    expect(await connections.get('con_1')).toBeUndefined()
  })

  test('a name is unique within its project', async () => {
    using database = tempDatabase()
    const connections = connectionQueries(database)
    await connections.create(row)
    await expect(connections.create({ ...row, id: 'con_2' })).rejects.toThrow('named "Warehouse" already')
    await connections.create({ ...row, id: 'con_2', project: 'other' })
    await connections.create({ ...row, id: 'con_3', name: 'Lake' })
    await expect(connections.update('con_3', 1, changes)).rejects.toThrow('named "Warehouse" already')
    expect(await connections.names('default')).toEqual(['Warehouse', 'Lake'])
  })

  test('an edit of an older version fails with the stored row', async () => {
    using database = tempDatabase()
    const connections = connectionQueries(database)
    await connections.create(row)
    expect(await connections.update('con_1', 1, changes)).toMatchObject({ version: 2, settings: { host: 'db2' } })
    await expect(connections.update('con_1', 1, changes)).rejects.toMatchObject({
      code: 'conflict',
      current: { version: 2 },
      issues: [{ path: 'version', message: 'must be 2' }],
    })
    await expect(connections.update('con_9', 1, changes)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('pages go by name', async () => {
    using database = tempDatabase()
    const connections = connectionQueries(database)
    for (const name of ['b', 'c', 'a']) await connections.create({ ...row, id: `con_${name}`, name })
    const first = await connections.list({ project: 'default', limit: 2 })
    expect(first.map(({ name }) => name)).toEqual(['a', 'b'])
    const second = await connections.list({ project: 'default', limit: 2, after: 'b' })
    expect(second.map(({ name }) => name)).toEqual(['c'])
  })
})

describe('the breaker', () => {
  test('opens at the third failure in a row, once, and probes at growing intervals up to five minutes', async () => {
    using database = tempDatabase()
    const connections = connectionQueries(database)
    await connections.create(row)
    const seen: [boolean, number | null][] = []
    for (let count = 0; count < 10; count += 1) {
      const { opened, probeAt } = await connections.recordFailure('con_1', 'refused', 1000)
      seen.push([opened, probeAt === null ? null : (probeAt - 1000) / 1000])
    }
    expect(seen.slice(0, 6)).toEqual([
      [false, null],
      [false, null],
      [true, 15],
      [false, 30],
      [false, 60],
      [false, 120],
    ])
    expect(seen.at(-1)).toEqual([false, 300])
    expect(await connections.get('con_1')).toMatchObject({ openSince: 1000, lastError: 'refused' })
    expect((await connections.failing()).map(({ name }) => name)).toEqual(['Warehouse'])
  })

  test('a success between failures starts the count anew', async () => {
    using database = tempDatabase()
    const connections = connectionQueries(database)
    await connections.create(row)
    await connections.recordFailure('con_1', 'refused', 1)
    await connections.recordFailure('con_1', 'refused', 2)
    expect(await connections.recordSuccess('con_1')).toEqual({ closed: false })
    expect(await connections.recordFailure('con_1', 'refused', 3)).toEqual({ opened: false, probeAt: null })
  })

  test('a success closes it and says so once', async () => {
    using database = tempDatabase()
    const connections = connectionQueries(database)
    await connections.create(row)
    for (const time of [1, 2, 3, 4]) await connections.recordFailure('con_1', 'refused', time)
    expect(await connections.recordSuccess('con_1')).toEqual({ closed: true })
    expect(await connections.recordSuccess('con_1')).toEqual({ closed: false })
    expect(await connections.get('con_1')).toMatchObject({
      failures: 0,
      openSince: null,
      probeAt: null,
      lastError: null,
    })
  })

  test('an edit closes it', async () => {
    using database = tempDatabase()
    const connections = connectionQueries(database)
    await connections.create(row)
    for (const time of [1, 2, 3]) await connections.recordFailure('con_1', 'refused', time)
    expect(await connections.update('con_1', 1, changes)).toMatchObject({ failures: 0, openSince: null })
  })

  test('of a connection that is gone says nothing', async () => {
    using database = tempDatabase()
    const connections = connectionQueries(database)
    expect(await connections.recordFailure('con_9', 'refused', 1)).toEqual({ opened: false, probeAt: null })
    expect(await connections.recordSuccess('con_9')).toEqual({ closed: false })
  })
})
