import { expect, test } from 'bun:test'
import { tokenQueries } from '../../src/store/tokens.ts'
import { tempDatabase } from '../support/temp-database.ts'

const token = { id: 'tok_1', name: 'ci', role: 'editor' as const, project: null, hash: 'h1', createdAt: 1 }

test('a token is found by its hash until it is revoked, by id or name', async () => {
  using database = tempDatabase()
  const tokens = tokenQueries(database)
  await tokens.create(token)
  await tokens.create({ ...token, id: 'tok_2', name: 'console', hash: 'h2', createdAt: 2 })
  expect(await tokens.byHash('h1')).toEqual({ id: 'tok_1', name: 'ci', role: 'editor', project: null })
  expect(await tokens.byHash('h3')).toBeUndefined()
  expect(await tokens.revoke('ci')).toBe('tok_1')
  expect(await tokens.revoke('ci')).toBeUndefined()
  expect(await tokens.byHash('h1')).toBeUndefined()
  expect(await tokens.revoke('tok_2')).toBe('tok_2')
  expect(await tokens.byHash('h2')).toBeUndefined()
})

test('the list shows revoked ones too and no hash', async () => {
  using database = tempDatabase()
  const tokens = tokenQueries(database)
  await tokens.create(token)
  await tokens.revoke('ci')
  const { hash: _, ...rest } = token
  expect(await tokens.list()).toEqual([{ ...rest, revokedAt: database.clock.now() }])
})

test('a name is taken only while its token works', async () => {
  using database = tempDatabase()
  const tokens = tokenQueries(database)
  await tokens.create(token)
  const again = { ...token, id: 'tok_2', hash: 'h2' }
  await expect(tokens.create(again)).rejects.toThrow('There is a token named "ci" already')
  await tokens.revoke('ci')
  await tokens.create(again)
  expect(await tokens.byHash('h2')).toBeDefined()
})
