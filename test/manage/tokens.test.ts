import { describe, expect, test } from 'bun:test'
import { manageTokens } from '../../src/manage/tokens.ts'
import { auditQueries } from '../../src/store/audit.ts'
import { tokenQueries } from '../../src/store/tokens.ts'
import { type TempDatabase, tempDatabase } from '../support/temp-database.ts'

function manager(database: TempDatabase) {
  const store = { tokens: tokenQueries(database), audit: auditQueries(database) }
  return { store, tokens: manageTokens({ store, clock: database.clock }) }
}

test('a token opens the door until it is revoked', async () => {
  using database = tempDatabase()
  const { tokens, store } = manager(database)
  const { id, token } = await tokens.create('ann', { name: 'ci', role: 'editor' })
  expect(token).toMatch(/^tcs_[a-z2-7]{52}$/)
  expect(await tokens.holderOf(token)).toMatchObject({ id, name: 'ci', role: 'editor', project: null })
  await tokens.revoke('ann', 'ci')
  expect(await tokens.holderOf(token)).toBeUndefined()
  const actions = (await store.audit.list({ entityId: id, limit: 10 })).map(({ action, actor }) => `${actor} ${action}`)
  expect(actions).toEqual(['ann revoke', 'ann create'])
})

test('every token is another one, and only its hash is in the database', async () => {
  using database = tempDatabase()
  const { tokens } = manager(database)
  const made = [
    await tokens.create('ann', { name: 'a', role: 'viewer' }),
    await tokens.create('ann', { name: 'b', role: 'viewer' }),
  ]
  expect(made[0]!.token).not.toBe(made[1]!.token)
  const stored = JSON.stringify(database.database.raw.prepare('SELECT * FROM tokens').all())
  for (const { token } of made) expect(stored).not.toContain(token.slice(4))
})

test('no other text opens the door', async () => {
  using database = tempDatabase()
  const { tokens } = manager(database)
  const { token } = await tokens.create('ann', { name: 'ci', role: 'admin' })
  for (const wrong of ['', 'tcs_', token.slice(0, -1), `${token}a`, token.toUpperCase(), token.slice(4)])
    expect(await tokens.holderOf(wrong)).toBeUndefined()
})

describe('bad input is named', () => {
  const cases: [string, unknown, string][] = [
    ['no name', { role: 'admin' }, 'name: is missing'],
    ['a blank name', { name: '  ', role: 'admin' }, 'name: must not be blank'],
    ['another role', { name: 'x', role: 'root' }, 'role: must be one of admin, editor, viewer'],
    ['an unknown key', { name: 'x', role: 'admin', rol: 1 }, 'rol: unknown key. Did you mean "role"?'],
  ]
  for (const [title, input, message] of cases)
    test(title, async () => {
      using database = tempDatabase()
      await expect(manager(database).tokens.create('ann', input)).rejects.toThrow(message)
    })

  test('a token to revoke that is not there', async () => {
    using database = tempDatabase()
    await expect(manager(database).tokens.revoke('ann', 'x')).rejects.toThrow('There is no token "x" that still works')
  })
})
