import { expect, test } from 'bun:test'
import { channelQueries, type NewChannel } from '../../src/store/channels.ts'
import { tempDatabase } from '../support/temp-database.ts'

const row: NewChannel = {
  id: 'chn_1',
  project: 'default',
  name: 'Ops',
  kind: 'webhook',
  settings: { url: 'https://example.test/hook' },
  sealed: 'sealed',
  destination: 'webhook:https://example.test',
  fallback: false,
  createdAt: 1,
}
const { id: _, project: __, createdAt: ___, ...changes } = row

test('what was created is found by id and name until it is removed', async () => {
  using database = tempDatabase()
  const channels = channelQueries(database)
  const created = await channels.create(row)
  expect(created).toMatchObject({ ...row, version: 1, disabledReason: null })
  expect(await channels.byName('default', 'Ops')).toEqual(created)
  expect(await channels.byName('other', 'Ops')).toBeUndefined()
  await expect(channels.create({ ...row, id: 'chn_2' })).rejects.toMatchObject({ code: 'conflict' })
  await channels.remove('chn_1')
  expect(await channels.get('chn_1')).toBeUndefined()
})

test('an edit of an older version fails with the stored row', async () => {
  using database = tempDatabase()
  const channels = channelQueries(database)
  await channels.create(row)
  await channels.update('chn_1', 1, { ...changes, name: 'Operations' })
  await expect(channels.update('chn_1', 1, changes)).rejects.toMatchObject({
    code: 'conflict',
    current: { name: 'Operations', version: 2 },
  })
  await expect(channels.update('chn_9', 1, changes)).rejects.toMatchObject({ code: 'not-found' })
})

test('a channel is disabled once and enabled by hand or by an edit', async () => {
  using database = tempDatabase()
  const channels = channelQueries(database)
  await channels.create(row)
  expect(await channels.disable('chn_1', 'the address is gone')).toBe(true)
  expect(await channels.disable('chn_1', 'again')).toBe(false)
  expect((await channels.get('chn_1'))?.disabledReason).toBe('the address is gone')
  await channels.enable('chn_1')
  expect((await channels.get('chn_1'))?.disabledReason).toBeNull()
  await channels.disable('chn_1', 'gone')
  expect((await channels.update('chn_1', 1, changes)).disabledReason).toBeNull()
})

test('a project has one fallback channel at most', async () => {
  using database = tempDatabase()
  const channels = channelQueries(database)
  expect(await channels.fallback('default')).toBeUndefined()
  await channels.create({ ...row, fallback: true })
  await channels.create({ ...row, id: 'chn_2', name: 'Mail', fallback: true })
  await channels.create({ ...row, id: 'chn_3', project: 'other', fallback: true })
  expect((await channels.fallback('default'))?.id).toBe('chn_2')
  await channels.update('chn_1', 1, { ...changes, fallback: true })
  expect((await channels.fallback('default'))?.id).toBe('chn_1')
  expect((await channels.fallback('other'))?.id).toBe('chn_3')
})

test('pages go by name', async () => {
  using database = tempDatabase()
  const channels = channelQueries(database)
  for (const name of ['b', 'c', 'a']) await channels.create({ ...row, id: `chn_${name}`, name })
  const page = await channels.list({ project: 'default', limit: 2, after: 'a' })
  expect(page.map(({ name }) => name)).toEqual(['b', 'c'])
})
