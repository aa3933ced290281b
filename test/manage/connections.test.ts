import { describe, expect, test } from 'bun:test'
import { QueryError } from '../../src/connections/connection.ts'
import { manageConnections } from '../../src/manage/connections.ts'
import { caller, testManage } from '../support/manage-context.ts'

const settings = { host: 'db.example.test', database: 'shop', user: 'reader', password: 'hunter2-secret' }
const input = { name: 'Warehouse', kind: 'postgres', settings }

describe('secrets', () => {
  test('are sealed in the database and only named in answers', async () => {
    using context = testManage()
    const connections = manageConnections(context)
    const made = await connections.create(caller, input)
    expect(made).toMatchObject({ name: 'Warehouse', kind: 'postgres', secrets: ['password'], version: 1, status: 'ok' })
    expect(made.settings).toMatchObject({ host: 'db.example.test' })
    const [listed] = await connections.list({ project: 'default', limit: 10 })
    for (const shown of [made, listed, await connections.get('default', 'Warehouse')])
      expect(JSON.stringify(shown)).not.toContain('hunter2')
    const rows = JSON.stringify(context.database.database.raw.prepare('SELECT * FROM connections').all())
    expect(rows).not.toContain('hunter2')
  })

  test('are kept by an edit that leads to the same place', async () => {
    using context = testManage()
    const connections = manageConnections(context)
    const made = await connections.create(caller, input)
    const { password: _, ...open } = settings
    const edited = await connections.update(caller, made.id, {
      settings: { ...open, sslmode: 'verify-full' },
      version: 1,
    })
    expect(edited).toMatchObject({ secrets: ['password'], version: 2, settings: { sslmode: 'verify-full' } })
    const row = (await context.store.connections.get(made.id))!
    expect(context.secrets.open(row.sealed!, `connections|${made.id}`)).toBe('{"password":"hunter2-secret"}')
  })

  test('must be given again when the host changes', async () => {
    using context = testManage()
    const connections = manageConnections(context)
    const made = await connections.create(caller, input)
    const { password: _, ...open } = settings
    const elsewhere = { ...open, host: 'evil.example.test' }
    await expect(connections.update(caller, made.id, { settings: elsewhere, version: 1 })).rejects.toMatchObject({
      code: 'invalid',
      issues: [{ path: 'settings.password', message: expect.stringContaining('must be given again') }],
    })
    const again = { ...elsewhere, password: 'another-one' }
    expect((await connections.update(caller, made.id, { settings: again, version: 1 })).version).toBe(2)
  })

  test('are dropped by null and by another kind of connection', async () => {
    using context = testManage()
    const connections = manageConnections(context)
    const made = await connections.create(caller, input)
    const edited = await connections.update(caller, made.id, { settings: { ...settings, password: null }, version: 1 })
    expect(edited.secrets).toEqual([])
  })

  test('do not show in the error of a check', async () => {
    using context = testManage()
    const connections = manageConnections(context)
    await connections.create(caller, input)
    context.answer.check = new QueryError('unavailable', 'password "hunter2-secret" was refused')
    expect(await connections.check(caller, 'Warehouse')).toEqual({
      ok: false,
      error: 'password "***" was refused',
    })
  })
})

test('a check tells the server and its warnings', async () => {
  using context = testManage()
  const connections = manageConnections(context)
  await connections.create(caller, input)
  context.answer.check = { server: 'PostgreSQL 18.1', warnings: ['The role could write.'] }
  expect(await connections.check(caller, 'Warehouse')).toEqual({
    ok: true,
    server: 'PostgreSQL 18.1',
    warnings: ['The role could write.'],
  })
})

test('what was read can be sent back as an edit', async () => {
  using context = testManage()
  const connections = manageConnections(context)
  const made = await connections.create(caller, input)
  expect(await connections.update(caller, made.id, made)).toMatchObject({ version: 2, secrets: ['password'] })
})

test('an edit of an older version answers with what is there now, without secrets', async () => {
  using context = testManage()
  const connections = manageConnections(context)
  const made = await connections.create(caller, input)
  await connections.update(caller, made.id, { name: 'Lake', version: 1 })
  const late = connections.update(caller, made.id, { name: 'Pond', version: 1 })
  const failure = await late.catch((thrown: unknown) => thrown)
  expect(failure).toMatchObject({ code: 'conflict', current: { name: 'Lake', version: 2, secrets: ['password'] } })
  expect(JSON.stringify((failure as { current: unknown }).current)).not.toContain('sealed')
})

test('things of other projects are not there', async () => {
  using context = testManage()
  const connections = manageConnections(context)
  const made = await connections.create(caller, input)
  const other = { project: 'other', actor: 'guest' }
  await expect(connections.get('other', made.id)).rejects.toMatchObject({ code: 'not-found' })
  await expect(connections.update(other, made.id, { version: 1 })).rejects.toMatchObject({ code: 'not-found' })
  await expect(connections.remove(other, 'Warehouse')).rejects.toMatchObject({ code: 'not-found' })
})

test('a misspelt name gets the nearest one', async () => {
  using context = testManage()
  const connections = manageConnections(context)
  await connections.create(caller, input)
  await expect(connections.get('default', 'Warehose')).rejects.toThrow(
    'There is no connection "Warehose". Did you mean "Warehouse"?',
  )
})

test('every change is in the audit trail, without settings', async () => {
  using context = testManage()
  const connections = manageConnections(context)
  const { id } = await connections.create(caller, input)
  await connections.update(caller, id, { name: 'Lake', version: 1 })
  await connections.remove(caller, 'Lake')
  const entries = await context.store.audit.list({ entityId: id, limit: 10 })
  expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
    ['remove', 'ann'],
    ['update', 'ann'],
    ['create', 'ann'],
  ])
  expect(JSON.stringify(entries)).not.toContain('hunter2')
})
