import { expect, test } from 'bun:test'
import { keyQueries } from '../../src/store/keys.ts'
import { tempDatabase } from '../support/temp-database.ts'

test('the first start alone sets the check value and the first data key', async () => {
  using database = tempDatabase()
  const keys = keyQueries(database)
  expect(await keys.check()).toBeUndefined()
  const starts = await Promise.all([
    keys.initialise('check-1', { id: 'key_1', wrapped: 'w1' }),
    keys.initialise('check-2', { id: 'key_2', wrapped: 'w2' }),
  ])
  expect(starts).toEqual([true, false])
  expect(await keys.check()).toBe('check-1')
  expect(await keys.list()).toEqual([{ id: 'key_1', wrapped: 'w1' }])
})

test('another master key replaces every wrapped key and the check value together', async () => {
  using database = tempDatabase()
  const keys = keyQueries(database)
  await keys.initialise('old', { id: 'key_1', wrapped: 'old-1' })
  await keys.add({ id: 'key_2', wrapped: 'old-2' })
  await keys.replaceWrapped('new', [
    { id: 'key_1', wrapped: 'new-1' },
    { id: 'key_2', wrapped: 'new-2' },
  ])
  expect(await keys.check()).toBe('new')
  expect((await keys.list()).map(({ wrapped }) => wrapped)).toEqual(['new-1', 'new-2'])
})
