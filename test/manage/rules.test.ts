import { describe, expect, test } from 'bun:test'
import { QueryError } from '../../src/connections/connection.ts'
import { manageChannels } from '../../src/manage/channels.ts'
import { manageConnections } from '../../src/manage/connections.ts'
import { losesState, manageRules, versionOf } from '../../src/manage/rules.ts'
import type { Alert } from '../../src/model/alert.ts'
import type { QueryResult } from '../../src/model/result.ts'
import { queryRule, routeKeys } from '../../src/model/rule.ts'
import { validate } from '../../src/model/validate.ts'
import { caller, type TestManage, testManage } from '../support/manage-context.ts'

const input = {
  name: 'orders are stuck',
  connection: 'shop',
  query: 'select host, stuck from orders',
  schedule: { every: '30s' },
  condition: { text: 'query_result["stuck"] > 10' },
  routes: [{ channel: 'Ops' }],
}
const result: QueryResult = {
  columns: [
    { name: 'host', type: 'text' },
    { name: 'stuck', type: 'integer' },
  ],
  rows: [['web-1', 3]],
  truncated: false,
  elapsed: 1,
}

async function ready() {
  const context = testManage()
  const settings = { host: 'db', database: 'shop', user: 'reader' }
  const connections = manageConnections(context)
  await connections.create(caller, { name: 'shop', kind: 'postgres', settings })
  const hook = { url: 'https://hooks.example.test/x' }
  await manageChannels(context).create(caller, { name: 'Ops', kind: 'webhook', settings: hook })
  context.answer.query = result
  return Object.assign(context, { rules: manageRules(context), connections })
}

describe('a trial of the query at save', () => {
  const cases: [string, QueryResult | Error, object, string | null][] = [
    ['says nothing when all is well', result, {}, null],
    [
      'names a column of recipients that is not there',
      result,
      {
        routes: [
          {
            channel: { kind: 'mail', settings: { host: 'h', sender: 'a@x.example' } },
            settings: { to: { fromColumn: 'hots' } },
          },
        ],
      },
      'The setting "to" of a route names the column "hots", which the query does not return. Did you mean "host"?',
    ],
    [
      'names a fingerprint column that is not there',
      result,
      { fingerprint: ['hots'] },
      'The fingerprint names the column "hots", which the query does not return. Did you mean "host"?',
    ],
    [
      'names a column of a trigger that is not there',
      result,
      { condition: { trigger: 'threshold', column: 'stock', operator: '>', value: 1 } },
      'The condition names the column "stock"',
    ],
    [
      'names a column of an expression that is not there',
      result,
      { condition: { text: 'query_result["stick"] > 1' } },
      'stick',
    ],
    [
      'tells of a condition that is no truth value',
      result,
      { condition: { text: 'query_result["stuck"]' } },
      'does not give true or false',
    ],
    [
      'tells of a query that fails',
      new QueryError('query', 'relation "orders" does not exist'),
      {},
      'The query failed when it was tried: relation "orders" does not exist',
    ],
    [
      'tells of a connection that does not answer',
      new QueryError('unavailable', 'refused'),
      {},
      'The query could not be tried: refused',
    ],
  ]
  for (const [title, answer, changes, expected] of cases)
    test(title, async () => {
      using context = await ready()
      context.answer.query = answer
      const { warnings } = await context.rules.create(caller, { ...input, ...changes })
      if (expected === null) expect(warnings).toEqual([])
      else expect(warnings.join('\n')).toContain(expected)
    })

  test('a query that can never run is refused', async () => {
    using context = await ready()
    context.answer.query = new QueryError('refused', 'must be one statement')
    await expect(context.rules.create(caller, input)).rejects.toMatchObject({
      code: 'invalid',
      issues: [{ path: 'query', message: 'must be one statement' }],
    })
  })
})

describe('edits', () => {
  const alert: Alert = {
    fingerprint: '',
    labels: {},
    state: 'firing',
    since: 1,
    firingSince: 1,
    history: '1',
    missing: 0,
    errors: 0,
    value: '12',
    sequence: 1,
  }
  const base = validate(queryRule, input)
  const edits: [string, object, boolean][] = [
    ['another connection', { connection: 'lake' }, true],
    ['another query', { query: 'select 1 as stuck' }, true],
    ['another condition', { condition: { text: 'query_result["stuck"] > 11' } }, true],
    ['another fingerprint', { fingerprint: ['host'] }, true],
    ['another name', { name: 'orders wait' }, false],
    ['another description and tags', { description: 'x', tags: ['a'] }, false],
    ['another schedule', { schedule: { every: '5m' } }, false],
    ['another severity', { severity: 'critical' }, false],
    ['another hold', { for: '5m', keepFiringFor: '5m' }, false],
    ['another message', { message: { title: 'x' } }, false],
    ['other routes', { routes: [] }, false],
    ['another suppression and reminder', { suppressionMinutes: 5, remindEvery: '1h' }, false],
    ['other policies', { onNoRows: 'fire', onQueryError: 'keep', onConditionError: 'keep' }, false],
    ['a pause', { paused: true }, false],
  ]
  for (const [title, changes, loses] of edits)
    test(`${title} ${loses ? 'forgets' : 'keeps'} the alerts`, async () => {
      expect(losesState(base, validate(queryRule, { ...input, ...changes }))).toBe(loses)
      using context = await ready()
      await context.connections.create(caller, {
        name: 'lake',
        kind: 'postgres',
        settings: { host: 'db', database: 'lake', user: 'reader' },
      })
      const { id } = await context.rules.create(caller, input)
      insertAlert(context, id, alert)
      await context.rules.update(caller, id, { ...input, ...changes }, 1)
      expect((await context.store.evaluations.state(id)).alerts).toHaveLength(loses ? 0 : 1)
    })

  test('what was read can be sent back', async () => {
    using context = await ready()
    const made = await context.rules.create(caller, input)
    const sent = { ...made, severity: 'error' }
    expect(await context.rules.update(caller, made.id, sent, versionOf(sent))).toMatchObject({
      version: 2,
      severity: 'error',
    })
  })

  test('an edit of an older version answers with the rule as it is now', async () => {
    using context = await ready()
    const { id } = await context.rules.create(caller, input)
    await context.rules.update(caller, id, { ...input, severity: 'error' }, 1)
    await expect(context.rules.update(caller, id, input, 1)).rejects.toMatchObject({
      code: 'conflict',
      current: { id, severity: 'error', version: 2, name: input.name },
    })
  })

  test('a rule is due when it is made or resumed, and not while it is paused', async () => {
    using context = await ready()
    const { id, nextDueAt } = await context.rules.create(caller, input)
    expect(nextDueAt).toBe(context.clock.now() + 30_000)
    expect(await context.rules.pause(caller, id)).toMatchObject({ paused: true, nextDueAt: null })
    context.clock.advance(100_000)
    expect(await context.rules.resume(caller, id)).toMatchObject({ paused: false, nextDueAt: nextDueAt! + 90_000 })
    expect(context.changes).toBe(3)
  })

  test('an edit that leaves the schedule alone leaves the next time alone', async () => {
    using context = await ready()
    const { id, nextDueAt } = await context.rules.create(caller, input)
    context.clock.advance(20_000)
    expect((await context.rules.update(caller, id, { ...input, severity: 'error' }, 1)).nextDueAt).toBe(nextDueAt)
    const slower = { ...input, schedule: { every: '1m' } }
    expect((await context.rules.update(caller, id, slower, 2)).nextDueAt).toBe(nextDueAt! + 30_000)
  })
})

describe('a channel written into a route', () => {
  const url = 'https://hooks.example.test/secret-path'
  const inline = (settings: object) => ({ ...input, routes: [{ channel: { kind: 'webhook', settings } }] })

  test('is sealed like a stored one and never shown', async () => {
    using context = await ready()
    const made = await context.rules.create(caller, inline({ url, method: 'PUT' }))
    expect(made.routes[0]!.channel).toMatchObject({ kind: 'webhook', settings: { method: 'PUT' } })
    expect(made.secrets).toEqual({ webhook: ['url'] })
    expect(JSON.stringify(made)).not.toContain('secret-path')
    const rows = JSON.stringify(context.database.database.raw.prepare('SELECT * FROM rules').all())
    expect(rows).not.toContain('secret-path')
    const kept = (await context.store.rules.get(made.id))!.inline['webhook']!
    expect(context.secrets.open(kept.sealed!, `rules|${made.id}|webhook`)).toContain('secret-path')
  })

  test('keeps its secrets through an edit that leaves them out, and asks for them when it leads elsewhere', async () => {
    using context = await ready()
    const made = await context.rules.create(caller, inline({ url, headers: { Authorization: 'hunter2' } }))
    const edited = await context.rules.update(caller, made.id, { ...made, severity: 'error' }, 1)
    expect(edited.secrets).toEqual({ webhook: ['url', 'headers'] })
    const moved = inline({ url: 'https://evil.example.test/' })
    await expect(context.rules.update(caller, made.id, moved, 2)).rejects.toMatchObject({
      issues: [{ path: 'routes.0.channel.settings.headers', message: expect.stringContaining('must be given again') }],
    })
  })
})

describe('secrets of inline channels', () => {
  const address = (place: string) => `https://hooks.example.test/${place}`
  const hook = (place: string, more: object = {}) => ({
    channel: { kind: 'webhook', settings: { url: address(place), timeoutSeconds: place.length } },
    ...more,
  })
  const shown = (place: string, more: object = {}) => ({
    channel: { kind: 'webhook', settings: { timeoutSeconds: place.length } },
    ...more,
  })
  const [near, further] = ['near', 'further']
  const edits: [string, object[], string[] | string][] = [
    ['stay with their routes in another order', [shown(further), shown(near)], [further, near]],
    ['stay with the route that is left', [shown(further)], [further]],
    ['stay with a route that gets a name', [shown(near, { name: 'first' }), shown(further)], [near, further]],
    ['stay with a route that is edited in its place', [shown(near, { each: true }), shown(further)], [near, further]],
    ['stay with routes beside a new one', [hook('x'), shown(near), shown(further)], ['x', near, further]],
    ['must be given for a new route', [shown('x'), shown(near), shown(further)], 'routes.0.channel.settings.url'],
    ['must be given where it is not clear whose they were', [shown('x')], 'routes.0.channel.settings.url'],
  ]
  for (const [title, routes, expected] of edits)
    test(title, async () => {
      using context = await ready()
      const { id } = await context.rules.create(caller, { ...input, routes: [hook(near), hook(further)] })
      const edit = context.rules.update(caller, id, { ...input, routes }, 1)
      if (typeof expected === 'string')
        await expect(edit).rejects.toMatchObject({ issues: [{ path: expected, message: expect.any(String) }] })
      else {
        await edit
        expect(await addressesOf(context, id)).toEqual(expected.map(address))
      }
    })

  async function addressesOf({ store, secrets }: TestManage, id: string) {
    const { definition, inline } = (await store.rules.get(id))!
    return routeKeys(definition).map((key) => JSON.parse(secrets.open(inline[key]!.sealed!, `rules|${id}|${key}`)).url)
  }
})

describe('an edit that comes between', () => {
  test('is not undone by a pause', async () => {
    using context = await ready()
    const { id } = await context.rules.create(caller, input)
    const { byId } = context.store.rules
    let edited = false
    context.store.rules.byId = async (project, wanted) => {
      const rule = await byId(project, wanted)
      if (!edited) {
        edited = true
        await context.rules.update(caller, id, { ...input, severity: 'critical' }, 1)
      }
      return rule
    }
    expect(await context.rules.pause(caller, id)).toMatchObject({ paused: true, severity: 'critical', version: 3 })
  })

  test('to the same version lets only one of two through', async () => {
    using context = await ready()
    const { id } = await context.rules.create(caller, input)
    const edits = ['error', 'critical'].map((severity) => context.rules.update(caller, id, { ...input, severity }, 1))
    const [first, second] = await Promise.allSettled(edits)
    expect([first!.status, second!.status].sort()).toEqual(['fulfilled', 'rejected'])
    expect((await context.rules.get('default', id)).version).toBe(2)
  })
})

describe('a rule whose connection is missing', () => {
  test('is blocked when it was imported, and runs once the connection is made', async () => {
    using context = await ready()
    const waiting = { ...input, connection: 'Risk Store DB' }
    await expect(context.rules.create(caller, waiting)).rejects.toThrow('there is no connection "Risk Store DB"')
    const made = await context.rules.create(caller, waiting, { allowUnbound: true })
    expect(made).toMatchObject({ nextDueAt: null, blocked: expect.stringContaining('"Risk Store DB"') })
    const settings = { host: 'db', database: 'risk', user: 'reader' }
    await context.connections.create(caller, { name: 'Risk Store DB', kind: 'postgres', settings })
    const released = await context.rules.get('default', made.id)
    expect(released).toMatchObject({ blocked: null, nextDueAt: context.clock.now() + 30_000 })
  })

  test('is why a connection in use is removed or renamed by force alone', async () => {
    using context = await ready()
    await context.rules.create(caller, input)
    await expect(context.connections.remove(caller, 'shop')).rejects.toThrow(
      'The connection "shop" is used by "orders are stuck"',
    )
    await expect(context.connections.update(caller, 'shop', { name: 'lake', version: 1 })).rejects.toThrow('is used by')
    await context.connections.remove(caller, 'shop', true)
    const channels = manageChannels(context)
    await expect(channels.remove(caller, 'Ops')).rejects.toThrow('The channel "Ops" is used by "orders are stuck"')
    await channels.remove(caller, 'Ops', true)
  })
})

function insertAlert({ database }: TestManage, ruleId: string, alert: Alert) {
  const { fingerprint, labels, state, since, firingSince, history, missing, errors, value, sequence } = alert
  database.database.raw
    .prepare(
      'INSERT INTO alerts (rule_id, fingerprint, labels, state, since, firing_since, history, missing, errors, value, sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(
      ruleId,
      fingerprint,
      JSON.stringify(labels),
      state,
      since,
      firingSince,
      history,
      missing,
      errors,
      value,
      sequence,
    )
}
