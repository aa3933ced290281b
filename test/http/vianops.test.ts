import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Notification } from '../../src/importers/vianops/notification.ts'
import type { ImportReport } from '../../src/manage/import.ts'
import type { Trace } from '../../src/model/evaluation.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { type Answer, type InProcess, startInProcess } from '../support/in-process.ts'
import { documentObject, exampleObject, plainObject } from '../support/notifications.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'

interface Failure {
  code: string
  message: string
  issues: { path: string; message: string }[]
}

interface TestRun {
  fired: boolean
  verdict: string
  value: string
  deliveries: string[]
  trace: Trace
  error: string | null
}

let daemon: InProcess
let receiver: Receiver
let number = 0

beforeAll(async () => {
  daemon = await startInProcess()
  receiver = await startReceiver()
  const path = daemon.sqlite(
    'risk.db',
    "CREATE TABLE drift (model TEXT, score REAL, n INTEGER); INSERT INTO drift VALUES ('churn', 0.7, 3), ('fraud', 0.1, 5)",
  )
  await daemon.call('POST', '/api/v1/connections', { name: 'Drift DB', kind: 'sqlite', settings: path })
})
afterAll(async () => {
  await daemon.stop()
  await receiver.close()
})

const warningsOf = ({ headers }: Answer<unknown>) => JSON.parse(headers.get('X-Tocsin-Warnings') ?? '[]') as string[]

/** A notification of its own name that goes to the receiver and never comes due by itself. */
const object = (changes: JsonObject = {}): JsonObject => {
  number += 1
  return plainObject({
    name: `notification ${number}`,
    connection: 'Drift DB',
    query: "SELECT score, n FROM drift WHERE model = 'churn'",
    condition: 'query_result["score"] > 0.5',
    runschedule: '0 0 29 2 *',
    restendpoint: `${receiver.url}/${number}`,
    restbodytemplate: '{"score": {{ query_result["score"] }}, "by": "{{ createdby }}", "tags": {{ tags | tojson }}}',
    alertsuppressiontime: 0,
    ...changes,
  })
}

async function create(given: JsonObject): Promise<Notification> {
  const answer = await daemon.call<Notification>('POST', '/v1/notifications', given)
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 201 })
  return answer.body
}

const arrived = (given: JsonObject) =>
  receiver.received.filter(({ path }) => path === new URL(String(given['restendpoint'])).pathname)

describe('a notification', () => {
  test('is created, read, replaced and deleted in its own form', async () => {
    const given = object({ extra: { kept: [1, 2] }, edit_mode: 'wizard' })
    const made = await daemon.call<Notification>('POST', '/v1/notifications', given)
    const { index } = made.body
    expect(made.status).toBe(201)
    expect(made.headers.get('Location')).toBe(`/v1/notifications/${index}`)
    expect(made.body).toEqual({
      ...given,
      index,
      lastrun: null,
      lastalert: null,
      createdby: 'operator',
      createddate: expect.any(Number),
    } as unknown as Notification)
    const read = await daemon.call<Notification>('GET', `/v1/notifications/${index}`)
    expect(read.body).toEqual(made.body)

    const changed = { ...read.body, description: 'new', tags: ['other'], extra: 5 }
    const put = await daemon.call<Notification>('PUT', `/v1/notifications/${index}`, changed)
    expect(put.status).toBe(200)
    expect(put.body).toEqual(changed)
    expect(warningsOf(put)).toContain('createdby: is read-only and was ignored')

    expect((await daemon.call('DELETE', `/v1/notifications/${index}`)).status).toBe(204)
    expect((await daemon.call('GET', `/v1/notifications/${index}`)).status).toBe(404)
  })

  test('written back as it was read changes nothing', async () => {
    for (const given of [object(), object({ restbodytemplate: '' }), { ...documentObject(), name: 'round trip' }]) {
      const made = await create(given)
      const put = await daemon.call<Notification>('PUT', `/v1/notifications/${made.index}`, made)
      expect(put.body).toEqual(made)
    }
  })

  test('read-only fields are ignored, with a warning', async () => {
    const answer = await daemon.call<Notification>(
      'POST',
      '/v1/notifications',
      object({ lastalert: 5, createdby: 'stranger', index: 4000 }),
    )
    expect(answer.body).toMatchObject({ lastalert: null, createdby: 'operator' })
    expect(answer.body.index).not.toBe(4000)
    expect(warningsOf(answer)).toEqual([
      'index: is read-only and was ignored',
      'lastalert: is read-only and was ignored',
      'createdby: is read-only and was ignored',
    ])
  })

  test('asks for a token, and for more than a viewer’s to be changed', async () => {
    expect((await daemon.call('GET', '/v1/notifications', undefined, 'wrong')).status).toBe(401)
    const viewer = await daemon.token('viewer', 'viewer')
    expect((await daemon.call('GET', '/v1/notifications', undefined, viewer)).status).toBe(200)
    expect((await daemon.call('POST', '/v1/notifications', object(), viewer)).status).toBe(403)
  })

  test('is shown to a viewer without the path of its address', async () => {
    const viewer = await daemon.token('reader', 'viewer')
    const { index } = await create(object())
    const { body } = await daemon.call<Notification>('GET', `/v1/notifications/${index}`, undefined, viewer)
    expect(body.restendpoint).toBe(`${receiver.url}/…`)
  })

  test('belongs to the project of the token', async () => {
    const other = await daemon.token('other', 'editor', 'other')
    const made = await daemon.call<Notification>('POST', '/v1/notifications', object({ connection: 'X' }), other)
    expect(made.status).toBe(201)
    const listed = await daemon.call<Notification[]>('GET', '/v1/notifications', undefined, other)
    expect(listed.body.map(({ name }) => name)).toEqual([made.body.name])
  })

  test('a name is given once', async () => {
    const given = object()
    await create(given)
    const again = await daemon.call<Failure>('POST', '/v1/notifications', given)
    expect(again.status).toBe(409)
    expect(again.body.issues[0]?.path).toBe('name')
  })
})

describe('the list', () => {
  test('is filtered by tags: repeated ones are and, commas or', async () => {
    for (const tags of [['t-a'], ['t-b'], ['t-a', 't-b', 't-c']]) await create(object({ tags }))
    const count = async (query: string) =>
      (await daemon.call<Notification[]>('GET', `/v1/notifications?${query}`)).body.length
    expect(await count('tag=t-a')).toBe(2)
    expect(await count('tag=t-a&tag=t-b')).toBe(1)
    expect(await count('tag=t-a,t-b')).toBe(3)
    expect(await count('tag=t-a,t-b&tag=t-c')).toBe(1)
    expect(await count('tag=nothing')).toBe(0)
  })

  test('comes in pages', async () => {
    const page = await daemon.call<Notification[]>('GET', '/v1/notifications?limit=1')
    const [first] = page.body
    const next = /^<(.*)>; rel="next"$/.exec(page.headers.get('Link') ?? '')?.[1] ?? ''
    const [second] = (await daemon.call<Notification[]>('GET', next)).body
    expect(second?.index).toBeGreaterThan(first?.index ?? 0)
    expect((await daemon.call('GET', '/v1/notifications?limit=0')).status).toBe(400)
    expect((await daemon.call('GET', '/v1/notifications?colour=red')).status).toBe(400)
  })

  test('shows rules that were made here, as far as they fit', async () => {
    await daemon.call('POST', '/api/v1/rules', {
      name: 'native',
      connection: 'Drift DB',
      query: 'SELECT * FROM drift',
      schedule: { every: '10m' },
      condition: { trigger: 'rows' },
      fingerprint: ['model'],
      routes: [{ channel: { kind: 'webhook', settings: { url: `${receiver.url}/native`, method: 'PUT' } } }],
      tags: ['native'],
    })
    const [shown] = (await daemon.call<Notification[]>('GET', '/v1/notifications?tag=native')).body
    expect(shown).toMatchObject({
      name: 'native',
      condition: 'len(query_result) > 0',
      runschedule: '*/10 * * * *',
      restendpoint: `${receiver.url}/native`,
      restrequestmethod: 'PUT',
      restbodytemplate: '',
    })
    await daemon.call('PUT', `/v1/notifications/${shown?.index}`, { ...shown, description: 'changed there' })
    const { body } = await daemon.call<JsonObject>('GET', '/api/v1/rules/native')
    expect(body).toMatchObject({
      description: 'changed there',
      fingerprint: ['model'],
      schedule: { every: '10m' },
      condition: { trigger: 'rows' },
      importedFrom: null,
    })
  })
})

describe('a refused notification names the field', () => {
  test.each<[string, string, JsonObject]>([
    ['condition', 'line 1, column', { condition: 'query_result["a"] >' }],
    ['condition', 'line', { condition: '__import__("os")' }],
    ['restbodytemplate', 'line', { restbodytemplate: '{"a": "{{ query_result. }}"}' }],
    ['runschedule', 'has 6 fields', { runschedule: '0 0 8 * * *' }],
    ['runschedule', '', { runschedule: '0 0 31 2 *' }],
    ['runschedule', '', { runschedule: '61 * * * *' }],
    ['restendpoint', 'http', { restendpoint: 'file:///etc/passwd' }],
    ['restrequestmethod', 'GET, POST', { restrequestmethod: 'TRACE' }],
    ['alertsuppressiontime', 'whole number', { alertsuppressiontime: 0.5 }],
    ['query', 'SELECT', { query: 'DROP TABLE drift' }],
    ['query', 'one statement', { query: 'SELECT 1; SELECT 2' }],
    ['name', 'missing', { name: null }],
  ])('%s: %s %p', async (path, message, changes) => {
    const { status, body } = await daemon.call<Failure>('POST', '/v1/notifications', object(changes))
    expect({ status, code: body.code, path: body.issues[0]?.path }).toEqual({ status: 400, code: 'invalid', path })
    expect(body.issues[0]?.message).toContain(message)
    expect(body.message).toContain(path)
  })

  test('and so does a body that is no notification', async () => {
    expect((await daemon.call('POST', '/v1/notifications', [])).status).toBe(400)
    expect((await daemon.call('GET', '/v1/notifications/abc')).status).toBe(400)
    expect((await daemon.call('PUT', '/v1/notifications/99999', object())).status).toBe(404)
  })
})

describe('a connection that does not exist yet', () => {
  test('is accepted, holds the rule back visibly, and lets it go when it is made', async () => {
    const given = object({ connection: 'model store db', runschedule: '*/1 * * * *' })
    const made = await daemon.call<Notification>('POST', '/v1/notifications', given)
    expect(made.body.connection).toBe('Model Store DB')
    expect(warningsOf(made).join()).toContain('there is no connection "Model Store DB"')
    const rule = async () =>
      (await daemon.call<JsonObject>('GET', `/api/v1/rules/${made.body.name.replace(' ', '%20')}`)).body
    expect(await rule()).toMatchObject({ nextDueAt: null, blocked: expect.stringContaining('Model Store DB') as never })
    const settings = { path: `${daemon.folder}/risk.db` }
    await daemon.call('POST', '/api/v1/connections', { name: 'Model Store DB', kind: 'sqlite', settings })
    expect(await rule()).toMatchObject({ blocked: null })
    expect(warningsOf(await daemon.call('GET', `/v1/notifications/${made.body.index}`))).toEqual([])
    daemon.clock.advance(60_000)
    await eventually(() => expect(arrived(given)).not.toBeEmpty())
    await daemon.call('POST', `/v1/notifications/${made.body.index}/pause`)
  })
})

describe('pause, resume and status', () => {
  test.each<[JsonObject, boolean]>([
    [{}, true],
    [{ paused: true }, false],
    [{ status: 'Inactive' }, false],
    [{ paused: true, status: 'Inactive' }, false],
  ])('%p is scheduled: %p', async (switches, scheduled) => {
    const { name } = await create(object(switches))
    const { body } = await daemon.call<JsonObject>('GET', `/api/v1/rules/${encodeURIComponent(name)}`)
    expect(body['nextDueAt'] !== null).toBe(scheduled)
  })

  test('pause and resume leave the status alone', async () => {
    const { index } = await create(object({ status: 'Inactive' }))
    const paused = await daemon.call<Notification>('POST', `/v1/notifications/${index}/pause`)
    expect(paused.body).toMatchObject({ paused: true, status: 'Inactive' })
    const resumed = await daemon.call<Notification>('POST', `/v1/notifications/${index}/resume`)
    expect(resumed.body).toMatchObject({ paused: false, status: 'Inactive' })
    expect(warningsOf(resumed).join()).toContain('it still does not run')
    const active = await daemon.call<Notification>('PUT', `/v1/notifications/${index}`, {
      ...resumed.body,
      status: 'Active',
    })
    expect(active.body).toMatchObject({ paused: false, status: 'Active' })
  })
})

describe('a test run', () => {
  test('ignores pause and suppression, sends, and leaves lastalert alone', async () => {
    const given = object({ paused: true, alertsuppressiontime: 60, tags: ['a', 'b'] })
    const { index } = await create(given)
    for (const count of [1, 2]) {
      const { status, body } = await daemon.call<TestRun>('POST', `/v1/notifications/${index}/test`)
      expect(status).toBe(200)
      expect(body).toMatchObject({ index, fired: true, verdict: 'true', value: '0.7', error: null })
      expect(body.deliveries).toHaveLength(1)
      await eventually(() => expect(arrived(given)).toHaveLength(count))
    }
    const [request] = arrived(given)
    expect(JSON.parse(request?.body ?? '')).toEqual({ score: 0.7, by: 'operator', tags: ['a', 'b'] })
    expect(request).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } })
    const { body } = await daemon.call<Notification>('GET', `/v1/notifications/${index}`)
    expect(body.lastalert).toBeNull()
  })

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    'sends by %s, with the event where a body belongs',
    async (method) => {
      const given = object({ restrequestmethod: method, restbodytemplate: '' })
      const { index } = await create(given)
      await daemon.call('POST', `/v1/notifications/${index}/test`)
      await eventually(() => expect(arrived(given)).toHaveLength(1))
      const [request] = arrived(given)
      expect(request?.method).toBe(method)
      if (method === 'GET' || method === 'DELETE') expect(request?.body).toBe('')
      else expect(JSON.parse(request?.body ?? '')).toMatchObject({ v: 1, data: { rule: given['name'] } })
    },
  )

  test('tells of a condition that is false, and of one that fails', async () => {
    const quiet = await create(object({ condition: 'query_result["score"] > 0.9' }))
    const answer = await daemon.call<TestRun>('POST', `/v1/notifications/${quiet.index}/test`)
    expect(answer.body).toMatchObject({ fired: false, verdict: 'false', value: '0.7', deliveries: [] })
    const failing = await create(object({ condition: 'query_result["scor"] > 0.9' }))
    const failed = await daemon.call<TestRun>('POST', `/v1/notifications/${failing.index}/test`)
    expect(failed.body).toMatchObject({ fired: false, verdict: 'error' })
    expect(failed.body.error).toContain('score')
  })

  test('of a rule whose connection is missing says so', async () => {
    const { index } = await create(object({ connection: 'Nowhere' }))
    const { body } = await daemon.call<TestRun>('POST', `/v1/notifications/${index}/test`)
    expect(body).toMatchObject({ fired: false, verdict: 'skipped', deliveries: [] })
    expect(body.error).toContain('Nowhere')
  })

  test.each<[string, string, boolean]>([
    ['zero rows', "query_result['score'] > 0", false],
    ['zero rows by length', 'len(query_result) == 0', true],
  ])('%s: %s', async (_, condition, fired) => {
    const { index } = await create(
      object({ query: "SELECT score FROM drift WHERE model = 'none'", condition, restbodytemplate: '' }),
    )
    const { body } = await daemon.call<TestRun>('POST', `/v1/notifications/${index}/test`)
    expect(body.fired).toBe(fired)
    expect(body.trace.reasons.map(({ code }) => code)).toContain('no-rows')
  })

  test('many rows are seen by any()', async () => {
    const given = object({ query: 'SELECT * FROM drift', condition: 'any(r["score"] > 0.5 for r in query_result)' })
    const { index } = await create(given)
    expect((await daemon.call<TestRun>('POST', `/v1/notifications/${index}/test`)).body.fired).toBe(true)
  })

  test('hostile values in rows keep the body JSON', async () => {
    const hostile = `"}], {{ 7 * 7 }} \\ ' <b>`
    const query = `SELECT '${hostile.replaceAll("'", "''")}' AS evil, 1 AS score`
    const given = object({
      query,
      restbodytemplate: '{"text": "saw {{ query_result["evil"] }}", "all": {{ rows | tojson }}}',
    })
    const { index } = await create(given)
    await daemon.call('POST', `/v1/notifications/${index}/test`)
    await eventually(() => expect(arrived(given)).toHaveLength(1))
    expect(JSON.parse(arrived(given)[0]?.body ?? '')).toEqual({
      text: `saw ${hostile}`,
      all: [{ evil: hostile, score: 1 }],
    })
  })
})

describe('the schedule', () => {
  test('lastrun moves with every run, lastalert with delivered ones, and suppression outlives a restart', async () => {
    const given = object({ runschedule: '*/1 * * * *', alertsuppressiontime: 60 })
    const { index } = await create(given)
    const read = async () => (await daemon.call<Notification>('GET', `/v1/notifications/${index}`)).body
    const runs = async () => {
      const before = (await read()).lastrun ?? 0
      daemon.clock.advance(60_000)
      return eventually(async () => {
        const { lastrun, lastalert } = await read()
        expect(lastrun).toBeGreaterThan(before)
        return { lastrun, lastalert }
      })
    }
    const first = await runs()
    await eventually(async () => {
      expect(arrived(given)).toHaveLength(1)
      expect((await read()).lastalert).not.toBeNull()
    })
    const { lastalert } = await read()
    await runs()
    await daemon.restart()
    const later = await runs()
    expect(later.lastrun).toBeGreaterThan(first.lastrun ?? 0)
    expect((await read()).lastalert).toBe(lastalert)
    expect(arrived(given)).toHaveLength(1)
    daemon.clock.advance(60 * 60_000)
    await eventually(() => expect(arrived(given)).toHaveLength(2))
    await daemon.call('POST', `/v1/notifications/${index}/pause`)
  })
})

describe('import and export', () => {
  const imports = async (objects: unknown, more: JsonObject = {}) =>
    (await daemon.call<ImportReport>('POST', '/api/v1/import/vianops', { objects, ...more } as never)).body

  test('both examples of the document: planned, taken, run through the fallback, given back', async () => {
    const other = await daemon.token('importer', 'admin', 'document')
    const call = <T>(method: string, path: string, body?: unknown) =>
      daemon.call<T>(method, `/api/v1/projects/document${path}`, body, other)
    const objects = { notifications: [documentObject(), exampleObject()] }
    const plan = (await call<ImportReport>('POST', '/import/vianops', { objects })).body
    expect(plan.applied).toBe(false)
    expect(plan.items.map(({ action, index }) => [action, index])).toEqual([
      ['create', null],
      ['create', null],
    ])
    expect((await call<{ notifications: unknown[] }>('GET', '/export/vianops')).body.notifications).toEqual([])

    const done = (await call<ImportReport>('POST', '/import/vianops', { objects, apply: true })).body
    const [first, second] = done.items
    expect(first?.warnings.join('\n')).toContain('its only column "count" is used instead')
    expect(first?.fixes).toMatchObject([{ field: 'condition', value: 'query_result["count"] > 0' }])
    expect(first?.blocked).toContain('Risk Store DB')
    expect(second?.warnings.join('\n')).toContain('its only column "cnt" is used instead')
    expect(second?.blocked).toContain('Model Store DB')
    const exported = (await call<{ notifications: JsonObject[] }>('GET', '/export/vianops')).body.notifications
    expect(exported).toMatchObject([documentObject(), { ...exampleObject(), paused: false, status: 'Active' }])

    const again = (await call<ImportReport>('POST', '/import/vianops', { objects, apply: true })).body
    expect(again.items.map(({ action }) => action)).toEqual(['unchanged', 'unchanged'])

    const risk = daemon.sqlite(
      'document.db',
      "CREATE TABLE myfeatures (setname TEXT); INSERT INTO myfeatures VALUES ('my_featureset')",
    )
    await call('POST', '/connections', { name: 'Risk Store DB', kind: 'sqlite', settings: risk })
    const { body } = await daemon.call<TestRun>('POST', `/v1/notifications/${first?.index}/test`, undefined, other)
    expect(body).toMatchObject({ fired: true, value: '1' })
    expect(body.trace.reasons.map(({ code }) => code)).toContain('single-column-fallback')
    await eventually(() => expect(daemon.printed.join('\n')).toContain('drift_notify_sample'))
  })

  test('offered fixes are made when asked for', async () => {
    const given = object({ query: 'SELECT n AS cnt FROM drift', condition: 'query_result["count"] > 0' })
    const { items } = await imports(given, { apply: true, fix: true })
    expect(items[0]).toMatchObject({ action: 'create', fixes: [] })
    const { body } = await daemon.call<Notification>('GET', `/v1/notifications/${items[0]?.index}`)
    expect(body.condition).toBe('query_result["cnt"] > 0')
  })

  test('index, author and times of an import are kept; unknown fields too', async () => {
    const given = object({
      index: 7001,
      createdby: 'author',
      createddate: 1.5e12,
      lastrun: 1.6e12,
      lastalert: null,
      team: 'risk',
    })
    const { items } = await imports([given], { apply: true })
    expect(items[0]?.index).toBe(7001)
    expect((await daemon.call<JsonObject>('GET', '/v1/notifications/7001')).body).toEqual(given)
    const { notifications } = (await daemon.call<{ notifications: JsonObject[] }>('GET', '/api/v1/export/vianops')).body
    expect(notifications.find(({ index }) => index === 7001)).toEqual(given)
  })

  test('what was edited here since is shown as it is now', async () => {
    const given = object()
    await imports([given], { apply: true })
    const path = `/api/v1/rules/${encodeURIComponent(String(given['name']))}`
    const { body: rule } = await daemon.call<JsonObject>('GET', path)
    await daemon.call('PUT', path, { ...rule, suppressionMinutes: 9, fingerprint: ['n'] })
    const exported = (await daemon.call<{ notifications: JsonObject[] }>('GET', '/api/v1/export/vianops')).body
    expect(exported.notifications.find(({ name }) => name === given['name'])).toMatchObject({
      ...given,
      alertsuppressiontime: 9,
    })
    const { items } = await imports([{ ...given, description: 'later' }], { apply: true })
    expect(items[0]?.action).toBe('replace')
    expect((await daemon.call<JsonObject>('GET', path)).body).toMatchObject({
      description: 'later',
      fingerprint: ['n'],
      suppressionMinutes: 0,
    })
  })

  test('one that is refused stops no other', async () => {
    const good = object()
    const { items } = await imports(
      [object({ runschedule: '@daily' }), 5, good, good, { ...object(), name: 'native' }],
      { apply: true },
    )
    expect(items.map(({ action, issues }) => [action, issues[0]?.path])).toEqual([
      ['refuse', 'runschedule'],
      ['refuse', ''],
      ['create', undefined],
      ['refuse', 'name'],
      ['refuse', 'name'],
    ])
  })

  test('what is no list of notifications is refused', async () => {
    const { status, body } = await daemon.call<Failure>('POST', '/api/v1/import/vianops', { objects: 5 })
    expect([status, body.issues[0]?.path]).toEqual([400, 'objects'])
  })

  test('a webhook’s address is stored sealed', async () => {
    const given = object({ restendpoint: `${receiver.url}/secret-token-of-the-hook` })
    const { items } = await imports([given], { apply: true })
    const stored = await daemon.store.rules.byIndex('default', items[0]?.index ?? 0)
    expect(JSON.stringify(stored)).not.toContain('secret-token-of-the-hook')
    const { body } = await daemon.call<JsonObject>('GET', `/v1/notifications/${items[0]?.index}`)
    expect(body['restendpoint']).toBe(given['restendpoint'] as string)
  })
})
