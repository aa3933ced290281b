import { describe, expect, test } from 'bun:test'
import { manageChannels } from '../../src/manage/channels.ts'
import { manageConnections } from '../../src/manage/connections.ts'
import { editable, inUse, notFound } from '../../src/manage/context.ts'
import { manageRules } from '../../src/manage/rules.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { caller, type TestManage, testManage } from '../support/manage-context.ts'

interface View {
  id: string
  name: string
  kind: string
  settings: JsonObject
  secrets: string[]
  version: number
}

/** What connections and channels have in common, so that both are held to it. */
interface Entity {
  entity: 'connection' | 'channel'
  manage(context: TestManage): {
    create(by: typeof caller, input: unknown): Promise<View>
    update(by: typeof caller, idOrName: string, input: unknown, force?: boolean): Promise<View>
    remove(by: typeof caller, idOrName: string, force?: boolean): Promise<void>
    get(project: string, idOrName: string): Promise<View>
    list(filter: { project: string; after?: string; limit: number }): Promise<View[]>
  }
  kind: string
  settings: JsonObject
  /** Its secret settings by name. */
  secret: JsonObject
  otherKind: string
  otherSettings: JsonObject
}

const entities: Entity[] = [
  {
    entity: 'connection',
    manage: manageConnections,
    kind: 'clickhouse',
    settings: { url: 'https://db.example.test:8443', user: 'reader' },
    secret: { password: 'hunter2-secret' },
    otherKind: 'sqlite',
    otherSettings: { path: '/data/shop.db' },
  },
  {
    entity: 'channel',
    manage: manageChannels,
    kind: 'mail',
    settings: { host: 'mail.example.test', sender: 'a@example.test', user: 'me' },
    secret: { password: 'hunter2-secret' },
    otherKind: 'console',
    otherSettings: {},
  },
]

for (const { entity, manage, kind, settings, secret, otherKind, otherSettings } of entities) {
  const given = { name: 'Main', kind, settings: { ...settings, ...secret } }

  describe(`a ${entity}`, () => {
    test('is found by name and by id, in its own project alone', async () => {
      using context = testManage()
      const things = manage(context)
      const made = await things.create(caller, given)
      expect(made).toMatchObject({ name: 'Main', kind, version: 1, secrets: ['password'] })
      for (const key of ['Main', made.id]) expect(await things.get('default', key)).toEqual(made)
      for (const key of ['Main', made.id])
        await expect(things.get('other', key)).rejects.toThrow(`There is no ${entity} "${key}".`)
      await expect(things.get('default', 'Mian')).rejects.toThrow('Did you mean "Main"?')
    })

    test('has a name of its own within the project, whatever blanks are around it', async () => {
      using context = testManage()
      const things = manage(context)
      await things.create(caller, given)
      await expect(things.create(caller, { ...given, name: ' Main ' })).rejects.toMatchObject({
        code: 'conflict',
        issues: [{ path: 'name', message: expect.stringContaining('is taken') }],
      })
      await things.create({ ...caller, project: 'other' }, given)
      const second = await things.create(caller, { ...given, name: 'Second' })
      await expect(things.update(caller, 'Second', { name: 'Main', version: 1 })).rejects.toMatchObject({
        code: 'conflict',
      })
      expect((await things.get('default', second.id)).name).toBe('Second')
    })

    test('is listed by name, page by page', async () => {
      using context = testManage()
      const things = manage(context)
      for (const name of ['c', 'a', 'b']) await things.create(caller, { ...given, name })
      await things.create({ ...caller, project: 'other' }, { ...given, name: 'd' })
      const names = async (filter: { after?: string; limit: number }) =>
        (await things.list({ project: 'default', ...filter })).map(({ name }) => name)
      expect(await names({ limit: 10 })).toEqual(['a', 'b', 'c'])
      expect(await names({ limit: 1, after: 'a' })).toEqual(['b'])
    })

    const refused: [string, unknown, string][] = [
      ['nothing', null, 'must be an object'],
      ['a list', [], 'must be an object, not a list'],
      ['no name', { kind }, 'name: is missing'],
      ['no kind', { name: 'x' }, 'kind: is missing'],
      ['another kind', { name: 'x', kind: `${kind}x` }, `Did you mean "${kind}"?`],
      ['a kind by nature of objects', { name: 'x', kind: 'constructor' }, '"constructor" is not a kind'],
      ['settings that are a list', { name: 'x', kind, settings: [] }, 'settings: must be an object of settings'],
      ['an unknown key', { ...given, nmae: 'x' }, 'nmae: unknown key. Did you mean "name"?'],
      ['an unknown setting', { ...given, settings: { ...settings, passwrd: 'x' } }, 'settings.passwrd: unknown key'],
    ]
    for (const [title, input, message] of refused)
      test(`is not made of ${title}`, async () => {
        using context = testManage()
        const things = manage(context)
        await expect(things.create(caller, input)).rejects.toThrow(message)
        expect(await things.list({ project: 'default', limit: 10 })).toEqual([])
        expect(await context.store.audit.list({ limit: 10 })).toEqual([])
      })

    test('keeps what an edit leaves out', async () => {
      using context = testManage()
      const things = manage(context)
      const made = await things.create(caller, given)
      const edited = await things.update(caller, 'Main', { name: 'Chief', version: 1 })
      expect(edited).toMatchObject({ ...made, name: 'Chief', version: 2, updatedAt: expect.any(Number) })
      expect(await openedSecrets(context, made.id)).toEqual(secret)
    })

    test('needs the version that was read', async () => {
      using context = testManage()
      const things = manage(context)
      await things.create(caller, given)
      await expect(things.update(caller, 'Main', { name: 'x' })).rejects.toThrow('version: is missing')
      for (const version of [0, 2, 1.5])
        await expect(things.update(caller, 'Main', { name: 'x', version })).rejects.toMatchObject({ code: 'conflict' })
      await expect(things.update(caller, 'Main', { name: 'x', version: '1' })).rejects.toMatchObject({
        code: 'invalid',
      })
    })

    test('takes one of two edits that come at once, and the other is told what is there', async () => {
      using context = testManage()
      const things = manage(context)
      const { id } = await things.create(caller, given)
      const edits = ['One', 'Two'].map((name) => things.update(caller, id, { name, version: 1 }))
      const settled = await Promise.allSettled(edits)
      const lost = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
      expect(lost).toMatchObject([{ code: 'conflict', current: { version: 2, secrets: ['password'] } }])
      expect(JSON.stringify(lost)).not.toContain('hunter2')
      const changes = (await context.store.audit.list({ entityId: id, limit: 10 })).map(({ action }) => action)
      expect(changes).toEqual(['update', 'create'])
    })

    test('can be sent back as it was read', async () => {
      using context = testManage()
      const things = manage(context)
      const made = await things.create(caller, given)
      const again = await things.update(caller, 'Main', await things.get('default', 'Main'))
      expect(again).toMatchObject({ settings: made.settings, secrets: made.secrets, version: 2 })
      expect(await openedSecrets(context, made.id)).toEqual(secret)
    })

    test('of another kind keeps no setting and no secret', async () => {
      using context = testManage()
      const things = manage(context)
      const { id } = await things.create(caller, given)
      const other = { kind: otherKind, settings: otherSettings, version: 1 }
      expect(await things.update(caller, id, other)).toMatchObject({ kind: otherKind, secrets: [] })
      expect(await openedSecrets(context, id)).toEqual({})
      // Back again it does not remember what it was given before.
      const back = things.update(caller, id, { kind, settings, version: 2 })
      await back.then(
        ({ secrets }) => expect(secrets).toEqual([]),
        (thrown) => expect(thrown).toMatchObject({ code: 'invalid' }),
      )
    })

    test('in use is removed and renamed by force alone, and the users are named', async () => {
      using context = testManage()
      const things = manage(context)
      await things.create(caller, given)
      for (const name of ['d', 'c', 'b', 'a']) await makeUser(context, entity, name)
      const users =
        'is used by "a", "b", "c" and 1 more. Change these rules first, or repeat the request with ?force=true.'
      await expect(things.remove(caller, 'Main')).rejects.toThrow(`The ${entity} "Main" ${users}`)
      await expect(things.update(caller, 'Main', { name: 'Other', version: 1 })).rejects.toThrow(users)
      expect(await things.update(caller, 'Main', { name: 'Main', version: 1 })).toMatchObject({ version: 2 })
      expect(await things.update(caller, 'Main', { name: 'Other', version: 2 }, true)).toMatchObject({ name: 'Other' })
      await things.remove(caller, 'Other')
      await things.create(caller, given)
      await things.remove(caller, 'Main', true)
      await expect(things.get('default', 'Main')).rejects.toMatchObject({ code: 'not-found' })
    })

    test('of another project is used by nobody here', async () => {
      using context = testManage()
      const things = manage(context)
      const other = { project: 'other', actor: 'guest' }
      await things.create(caller, given)
      await things.create(other, given)
      await makeUser(context, entity, 'a')
      await things.remove(other, 'Main')
      await expect(things.remove(caller, 'Main')).rejects.toMatchObject({ code: 'conflict' })
    })

    test('leaves a trail of who did what, without settings', async () => {
      using context = testManage()
      const things = manage(context)
      const { id } = await things.create(caller, given)
      await things.update({ ...caller, actor: 'guest' }, id, { name: 'Next', version: 1 })
      await things.remove({ ...caller, actor: 'stranger' }, 'Next')
      const entries = await context.store.audit.list({ entityId: id, limit: 10 })
      expect(
        entries.map(({ project, actor, action, entity: what, detail }) => [project, actor, action, what, detail]),
      ).toEqual([
        ['default', 'stranger', 'remove', entity, { name: 'Next' }],
        ['default', 'guest', 'update', entity, { name: 'Next' }],
        ['default', 'ann', 'create', entity, { name: 'Main' }],
      ])
    })

    async function openedSecrets({ store, secrets }: TestManage, id: string): Promise<unknown> {
      const row = entity === 'channel' ? await store.channels.get(id) : await store.connections.get(id)
      const sealed = row?.sealed ?? null
      return sealed === null ? {} : JSON.parse(secrets.open(sealed, `${entity}s|${id}`))
    }
  })
}

/** A rule that uses the thing called Main. */
async function makeUser(context: TestManage, entity: 'connection' | 'channel', name: string): Promise<void> {
  await manageRules(context).create(
    caller,
    {
      name,
      connection: entity === 'connection' ? 'Main' : 'elsewhere',
      query: 'select 1',
      schedule: { every: '1m' },
      condition: { trigger: 'rows' },
      routes: entity === 'channel' ? [{ channel: 'Main' }] : [],
    },
    { allowUnbound: true },
  )
}

describe('rules that wait for a connection', () => {
  const waiting = (name: string, more: object = {}) => ({
    name,
    connection: 'Lake',
    query: 'select 1',
    schedule: { every: '1m' },
    condition: { trigger: 'rows' },
    ...more,
  })
  const lake = { name: 'Lake', kind: 'sqlite', settings: { path: '/data/lake.db' } }

  test('run once it is made, those that are paused aside', async () => {
    using context = testManage()
    const rules = manageRules(context)
    await rules.create(caller, waiting('a'), { allowUnbound: true })
    await rules.create(caller, waiting('b', { paused: true }), { allowUnbound: true })
    await rules.create(caller, waiting('c', { connection: 'Pond' }), { allowUnbound: true })
    const told = context.changes
    await manageConnections(context).create(caller, lake)
    expect(context.changes).toBe(told + 1)
    expect(await rules.get('default', 'a')).toMatchObject({ blocked: null, nextDueAt: context.clock.now() + 60_000 })
    expect(await rules.get('default', 'b')).toMatchObject({ blocked: null, nextDueAt: null })
    expect(await rules.get('default', 'c')).toMatchObject({ blocked: expect.any(String), nextDueAt: null })
  })

  test('run once another one is given its name', async () => {
    using context = testManage()
    const [rules, connections] = [manageRules(context), manageConnections(context)]
    await rules.create(caller, waiting('a'), { allowUnbound: true })
    await connections.create(caller, { ...lake, name: 'Pond' })
    expect((await rules.get('default', 'a')).blocked).not.toBeNull()
    await connections.update(caller, 'Pond', { name: 'Lake', version: 1 })
    expect(await rules.get('default', 'a')).toMatchObject({ blocked: null })
  })

  test('do not run for one of another project', async () => {
    using context = testManage()
    const rules = manageRules(context)
    await rules.create(caller, waiting('a'), { allowUnbound: true })
    await manageConnections(context).create({ project: 'other', actor: 'guest' }, lake)
    expect((await rules.get('default', 'a')).blocked).not.toBeNull()
  })

  test('run once they name one that is there', async () => {
    using context = testManage()
    const rules = manageRules(context)
    await rules.create(caller, waiting('a'), { allowUnbound: true })
    await manageConnections(context).create(caller, { ...lake, name: 'Pond' })
    const edited = await rules.update(caller, 'a', waiting('a', { connection: 'Pond' }), 1)
    expect(edited).toMatchObject({ blocked: null, nextDueAt: context.clock.now() + 60_000 })
  })

  test('may be edited while they wait, and resumed without running', async () => {
    using context = testManage()
    const rules = manageRules(context)
    await rules.create(caller, waiting('a'), { allowUnbound: true })
    expect(await rules.update(caller, 'a', waiting('a', { severity: 'error' }), 1)).toMatchObject({
      blocked: expect.stringContaining('"Lake"'),
      severity: 'error',
    })
    await rules.pause(caller, 'a')
    expect(await rules.resume(caller, 'a')).toMatchObject({ paused: false, nextDueAt: null })
  })

  test('are all released, however many they are', async () => {
    using context = testManage()
    const rules = manageRules(context)
    await Promise.all(
      Array.from({ length: 30 }, (_, index) => rules.create(caller, waiting(`r${index}`), { allowUnbound: true })),
    )
    await manageConnections(context).create(caller, lake)
    const all = await rules.list({ project: 'default', limit: 100 })
    expect(all).toHaveLength(30)
    expect(all.every(({ rule }) => rule.blocked === null)).toBe(true)
  })
})

describe('the frame of every manager', () => {
  test('names what is not there, and the nearest that is', () => {
    expect(notFound('channel', 'Opps', ['Ops', 'Dev'])).toMatchObject({
      code: 'not-found',
      message: 'There is no channel "Opps". Did you mean "Ops"?',
    })
    expect(notFound('rule', 'x', []).message).toBe('There is no rule "x".')
  })

  test('names three users and counts the others', () => {
    const message = (...users: string[]) => inUse('channel', 'Ops', users).message
    expect(message('a')).toStartWith('The channel "Ops" is used by "a". Change')
    expect(message('a', 'b', 'c')).toStartWith('The channel "Ops" is used by "a", "b", "c". Change')
    expect(message('a', 'b', 'c', 'd', 'e')).toStartWith(
      'The channel "Ops" is used by "a", "b", "c" and 2 more. Change',
    )
  })

  test('takes from an edit what nobody sets, and leaves what is no object to be refused', () => {
    expect(editable({ id: 1, name: 'x', version: 2 }, ['id', 'version'])).toEqual({ name: 'x' })
    for (const input of [null, 'x', 5, undefined]) expect(editable(input, ['id'])).toBe(input)
    expect(editable([1], ['0'])).toEqual([1])
  })
})
