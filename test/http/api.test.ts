import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { routes } from '../../src/http/openapi.ts'
import { type TestApi, testApi } from '../support/api.ts'

/** One request to a daemon that has the connection, channel and rule below, and what its answer must and must not hold. */
interface Scenario {
  title: string
  method?: string
  path: string
  body?: unknown
  status: number
  /** Texts the answer holds. */
  holds: string[]
  /** Texts it does not. */
  lacks?: string[]
}

const hook = 'https://hooks.example.test/secret-path'
const rule = {
  name: 'Drift over the limit',
  connection: 'Models',
  query: 'SELECT model, score FROM drift',
  schedule: { every: '30s' },
  fingerprint: ['model'],
  condition: { text: 'row["score"] > 0.5' },
  message: { title: 'Drift of {{ rule }}' },
  tags: ['models'],
  routes: [{ channel: 'Ops' }],
}

async function daemon(): Promise<TestApi> {
  const api = await testApi()
  const file = join(api.sources, 'models.db')
  const database = new Sqlite(file)
  database.exec("CREATE TABLE drift (model TEXT, score REAL); INSERT INTO drift VALUES ('churn', 0.7), ('fraud', 0.1)")
  database.close()
  const connection = { name: 'Models', kind: 'sqlite', settings: { path: file } }
  expect((await api.call('POST', '/api/v1/connections', connection)).status).toBe(201)
  const channel = { name: 'Ops', kind: 'webhook', settings: { url: hook, headers: { Authorization: 'hunter2' } } }
  expect((await api.call('POST', '/api/v1/channels', channel)).status).toBe(201)
  const made = await api.call('POST', '/api/v1/rules', rule)
  expect([made.status, made.text]).toEqual([201, made.text])
  return api
}

const scenarios: Scenario[] = [
  {
    title: 'lists connections',
    path: '/api/v1/connections',
    status: 200,
    holds: ['"Models"', '"next":null', '"status":"ok"'],
    lacks: ['sealed'],
  },
  {
    title: 'reads a connection by name',
    path: '/api/v1/connections/Models',
    status: 200,
    holds: ['"kind":"sqlite"', '"version":1'],
  },
  {
    title: 'checks a connection',
    method: 'POST',
    path: '/api/v1/connections/Models/check',
    status: 200,
    holds: ['"ok":true', 'SQLite'],
  },
  {
    title: 'lists channels without secrets',
    path: '/api/v1/channels',
    status: 200,
    holds: ['"secrets":["url","headers"]'],
    lacks: ['secret-path', 'hunter2', 'sealed'],
  },
  {
    title: 'reads a channel without secrets',
    path: '/api/v1/channels/Ops',
    status: 200,
    holds: ['"disabled":null'],
    lacks: ['secret-path', 'hunter2'],
  },
  {
    title: 'queues a test',
    method: 'POST',
    path: '/api/v1/channels/Ops/test',
    status: 202,
    holds: ['{"deliveries":["msg_'],
  },
  {
    title: 'queues a message',
    method: 'POST',
    path: '/api/v1/channels/Ops/send',
    body: { message: { title: 'Hello' } },
    status: 202,
    holds: ['{"deliveries":["msg_'],
  },
  {
    title: 'lists rules',
    path: '/api/v1/rules?tag=models&limit=1',
    status: 200,
    holds: ['"Drift over the limit"', '"next":"1"'],
  },
  {
    title: 'finds no rule by another tag',
    path: '/api/v1/rules?tag=orders',
    status: 200,
    holds: ['{"items":[],"next":null}'],
  },
  {
    title: 'finds a rule by a part of its name',
    path: '/api/v1/rules?search=drift',
    status: 200,
    holds: ['"Drift over the limit"'],
  },
  {
    title: 'reads a rule by its name',
    path: '/api/v1/rules/Drift%20over%20the%20limit',
    status: 200,
    holds: ['"warnings":[]', '"severity":"warning"', '"version":1'],
    lacks: ['inline', 'sealed'],
  },
  {
    title: 'previews a stored rule',
    method: 'POST',
    path: '/api/v1/rules/Drift%20over%20the%20limit/preview',
    status: 200,
    holds: ['"verdict":"true"', '["churn",0.7]', '"title":"Drift of Drift over the limit"', '"rendered":{"body":"{'],
    lacks: ['secret-path', 'hunter2'],
  },
  {
    title: 'previews a rule that is not stored',
    method: 'POST',
    path: '/api/v1/rules/preview',
    body: { ...rule, name: 'trial' },
    status: 200,
    holds: ['"title":"Drift of trial"', '"count":2'],
  },
  { title: 'lists no alerts yet', path: '/api/v1/alerts', status: 200, holds: ['{"items":[],"next":null}'] },
  {
    title: 'explains a rule in words',
    path: '/api/v1/explain/Drift%20over%20the%20limit',
    status: 200,
    holds: ['"about":"rule"', 'It has not been evaluated yet.'],
  },
  {
    title: 'tells what can be connected to',
    path: '/api/v1/kinds',
    status: 200,
    holds: ['"kind":"sqlite"', '"kind":"webhook"', '"title":"URL"', '"secret":true'],
  },
  {
    title: 'describes itself',
    path: '/api/v1/openapi.json',
    status: 200,
    holds: ['"openapi":"3.1.0"', '/api/v1/projects/{project}/rules/{id}/run'],
  },
  {
    title: 'keeps projects apart',
    path: '/api/v1/projects/other/rules',
    status: 200,
    holds: ['{"items":[],"next":null}'],
  },
  {
    title: 'names the default project',
    path: '/api/v1/projects/default/rules',
    status: 200,
    holds: ['"Drift over the limit"'],
  },
]

describe('requests', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await daemon()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  for (const { title, method = 'GET', path, body, status, holds, lacks = [] } of scenarios)
    test(title, async () => {
      const answer = await api.call(method, path, body)
      expect([answer.status, answer.text]).toEqual([status, answer.text])
      for (const text of holds) expect(answer.text).toContain(text)
      for (const text of lacks) expect(answer.text).not.toContain(text)
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('cache-control')).toBe('no-store')
    })

  test('previews store and send nothing', async () => {
    const { json } = await api.call('GET', '/api/v1/evaluations')
    expect(json.items).toEqual([])
    const { json: deliveries } = await api.call('GET', '/api/v1/deliveries')
    expect(deliveries.items.map(({ route }: { route: string }) => route).toSorted()).toEqual(['send', 'test'])
  })

  test('no secret is in the log', () => {
    expect(api.log.length).toBeGreaterThan(0)
    expect(api.log.join('\n')).not.toMatch(/secret-path|hunter2|tcs_/)
  })
})

describe('the way of an alert', () => {
  test('from a run to its delivery and back, each in words', async () => {
    await using api = await daemon()
    const path = '/api/v1/rules/Drift%20over%20the%20limit'
    const run = await api.call('POST', `${path}/run`)
    expect(run.json).toMatchObject({ verdict: 'true', error: null })
    expect(run.json.deliveries).toHaveLength(1)

    const { json: alerts } = await api.call('GET', '/api/v1/alerts?state=firing')
    expect(alerts.items).toMatchObject([{ rule: rule.name, labels: { model: 'churn' }, state: 'firing' }])

    const { json: delivery } = await api.call('GET', `/api/v1/deliveries/${run.json.deliveries[0]}`)
    expect(delivery).toMatchObject({ state: 'pending', evaluationId: run.json.evaluation, attempts: [] })
    expect(delivery.message.title).toBe('Drift of Drift over the limit')

    const { json: evaluation } = await api.call('GET', `/api/v1/evaluations/${delivery.evaluationId}`)
    expect(evaluation.trace.transitions).toMatchObject([
      { labels: { model: 'churn' }, before: 'normal', after: 'firing' },
    ])
    expect(evaluation.trace.routes[0]).toMatchObject({
      route: 'Ops',
      deliveryId: delivery.id,
      text: 'A delivery was queued.',
    })
    expect(evaluation.words.join('\n')).toContain('The query took')

    const again = await api.call('POST', `${path}/run`)
    expect(again.json.deliveries).toEqual([])
    const { json: list } = await api.call('GET', `${path}/evaluations?limit=1`)
    expect(list.items).toHaveLength(1)
    const { json: older } = await api.call('GET', `${path}/evaluations?limit=1&after=${list.next}`)
    expect(older.items[0].id).toBe(run.json.evaluation)

    const { json: why } = await api.call('GET', '/api/v1/explain/Drift%20over%20the%20limit')
    expect(why.lines.join('\n')).toMatch(
      /Route "Ops" to Ops for .*: An earlier message of this alert is still being delivered/,
    )
    const { json: explained } = await api.call('GET', `/api/v1/explain/${delivery.id}`)
    expect(explained.lines[0]).toContain(`Delivery ${delivery.id} of "Drift of Drift over the limit" by webhook`)
  })

  test('a delivery is given up, sent again and changed in bulk', async () => {
    await using api = await daemon()
    const { json: run } = await api.call('POST', '/api/v1/rules/Drift%20over%20the%20limit/run')
    const [id] = run.deliveries
    const discarded = await api.call('POST', `/api/v1/deliveries/${id}/discard`)
    expect(discarded.json.channel).toBe('Ops')
    expect([discarded.status, discarded.json.state, discarded.json.reason?.code]).toEqual([
      200,
      'discarded',
      'discarded',
    ])
    const twice = await api.call('POST', `/api/v1/deliveries/${id}/discard`)
    expect([twice.status, twice.json.code]).toEqual([409, 'conflict'])
    const retried = await api.call('POST', `/api/v1/deliveries/${id}/retry`)
    expect([retried.status, retried.json.state]).toEqual([202, 'pending'])
    const bulk = await api.call('POST', '/api/v1/deliveries/bulk', { action: 'discard', ids: [id, 'msg_none'] })
    expect(bulk.json).toEqual({
      changed: 1,
      refused: [{ id: 'msg_none', message: 'There is no delivery "msg_none".' }],
    })
    const all = await api.call('POST', '/api/v1/deliveries/bulk', {
      action: 'retry',
      filter: { states: ['discarded'] },
    })
    expect(all.json).toEqual({ changed: 1, refused: [] })
  })

  test('a paused rule can be run by hand, a removed one is gone', async () => {
    await using api = await daemon()
    const path = '/api/v1/rules/Drift%20over%20the%20limit'
    expect((await api.call('POST', `${path}/pause`)).json).toMatchObject({ paused: true, nextDueAt: null })
    expect((await api.call('POST', `${path}/run`)).status).toBe(200)
    expect((await api.call('POST', `${path}/resume`)).json.nextDueAt).toBeGreaterThan(0)
    const { json: current } = await api.call('GET', path)
    const patched = await api.call('PATCH', path, { severity: 'critical', version: current.version })
    expect([patched.status, patched.json.severity]).toEqual([200, 'critical'])
    const late = await api.call('PUT', path, { ...current, severity: 'error' })
    expect([late.status, late.json.code, late.json.current.severity]).toEqual([409, 'conflict', 'critical'])
    expect((await api.call('DELETE', path)).status).toBe(204)
    expect((await api.call('GET', path)).status).toBe(404)
  })
})

describe('who may do what', () => {
  test('no route but health answers without a token', async () => {
    await using api = await testApi()
    for (const [method, path] of routes)
      for (const prefix of ['/api/v1', '/api/v1/projects/default']) {
        const body = method === 'get' || method === 'delete' ? undefined : {}
        const answer = await api.call(method.toUpperCase(), prefix + path.replace('{id}', 'x'), body, { token: null })
        expect([method, path, answer.status]).toEqual([method, path, 401])
        // What is MLRun's path too says the message a second time.
        const { detail: _, ...failure } = answer.json
        expect(failure).toEqual({
          code: 'unauthenticated',
          message: expect.stringContaining('tocsin token create'),
          issues: [],
        })
      }
    for (const path of ['/api/v1/openapi.json', '/api/v1/kinds', '/v1/notifications', '/api/v1/nothing'])
      expect((await api.call('GET', path, undefined, { token: null })).status).toBe(401)
    const health = await api.call('GET', '/healthz', undefined, { token: null })
    expect([health.status, health.json.status]).toEqual([200, 'ok'])
    const ready = await api.call('GET', '/readyz', undefined, { token: null })
    expect([ready.status, ready.json.code, ready.json.message]).toEqual([503, 'unavailable', 'It is starting.'])
  })

  test('a token that is none, or was revoked, is refused', async () => {
    await using api = await testApi()
    const token = await api.token('editor')
    expect((await api.call('GET', '/api/v1/rules', undefined, { token })).status).toBe(200)
    const headers = { authorization: `Basic ${token}` }
    expect((await api.call('GET', '/api/v1/rules', undefined, { token: null, headers })).status).toBe(401)
    await api.app.store.tokens.revoke((await api.app.store.tokens.list()).at(-1)!.id)
    const refused = await api.call('GET', '/api/v1/rules', undefined, { token })
    expect([refused.status, refused.json.message]).toEqual([401, 'This token is unknown or was revoked.'])
    expect(refused.headers.get('www-authenticate')).toContain('Bearer')
  })

  test('a viewer reads and changes nothing', async () => {
    await using api = await testApi()
    const token = await api.token('viewer')
    for (const [method, path] of routes) {
      const answer = await api.call(
        method.toUpperCase(),
        `/api/v1${path.replace('{id}', 'x')}`,
        method === 'get' || method === 'delete' ? undefined : {},
        { token },
      )
      if (method === 'get') expect([200, 404]).toContain(answer.status)
      else expect([method, path, answer.status]).toEqual([method, path, 403])
    }
  })

  test('a token of one project is refused in another', async () => {
    await using api = await testApi()
    const token = await api.token('admin', 'blue')
    expect((await api.call('GET', '/api/v1/projects/blue/rules', undefined, { token })).status).toBe(200)
    for (const path of ['/api/v1/rules', '/api/v1/projects/red/rules'])
      expect((await api.call('GET', path, undefined, { token })).json).toMatchObject({
        code: 'forbidden',
        message: 'This token is for the project "blue" only.',
      })
  })
})

test('what the description lists is what is served', async () => {
  await using api = await testApi()
  for (const [method, path] of routes) {
    const answer = await api.call(
      method.toUpperCase(),
      `/api/v1${path.replace('{id}', 'x')}`,
      method === 'get' || method === 'delete' ? undefined : {},
    )
    expect(`${method} ${path}: ${answer.text}`).not.toContain('There is nothing at')
  }
})

test('who changed what is logged, and nothing of what it was changed to', async () => {
  await using api = await testApi()
  const settings = { url: 'https://hooks.example.com/services/T000-very-secret' }
  await api.call('POST', '/api/v1/channels', { name: 'hook', kind: 'webhook', settings })
  const changed = api.log.map((line) => JSON.parse(line)).filter(({ event }) => event === 'changed')
  expect(changed.at(-1)).toMatchObject({ project: 'default', actor: 'admin 1', action: 'create', entity: 'channel' })
  expect(api.log.join()).not.toContain('very-secret')
})

test('a defect is logged and not shown', async () => {
  await using api = await testApi()
  api.app.store.close()
  const answer = await api.call('GET', '/api/v1/rules', undefined, {})
  expect(answer.status).toBe(500)
  expect(answer.json).toEqual({
    code: 'internal',
    message: expect.stringContaining('Something went wrong'),
    issues: [],
  })
  expect(answer.text).not.toContain('database')
  expect(api.log.join('\n')).toContain('"event":"defect"')
})
