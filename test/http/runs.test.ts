import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type TestApi, testApi } from '../support/api.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
})
afterAll(() => api[Symbol.asyncDispose]())

test('PUT tells of a run and gives it back, however often', async () => {
  const body = { name: 'load', state: 'running', startedAt: '2026-01-01T00:00:00Z', labels: { env: 'prod' } }
  const first = await api.call('PUT', '/api/v1/runs/r1', body)
  expect(first.status).toBe(200)
  expect(first.json).toMatchObject({
    project: 'default',
    uid: 'r1',
    name: 'load',
    kind: 'job',
    state: 'running',
    reports: [],
  })
  const end = { state: 'completed', endedAt: '2026-01-01T00:01:30Z' }
  expect((await api.call('PUT', '/api/v1/runs/r1', end)).json).toMatchObject({ state: 'completed', duration: 90_000 })
  expect((await api.call('PUT', '/api/v1/runs/r1', end)).json).toMatchObject({
    state: 'completed',
    labels: { env: 'prod' },
  })
})

test('names of runs may hold what paths must escape', async () => {
  const uid = 'a/b c?d#é'
  expect((await api.call('PUT', `/api/v1/runs/${encodeURIComponent(uid)}`, { state: 'running' })).json.uid).toBe(uid)
  expect((await api.call('GET', `/api/v1/runs/${encodeURIComponent(uid)}`)).json.name).toBe(uid)
})

test('one event is answered alone, several each for itself; what is wrong with one keeps back no other', async () => {
  const path = '/api/v1/runs/r2/events'
  expect((await api.call('POST', path, { id: 'a', state: 'running' })).json).toEqual({ status: 'applied' })
  expect((await api.call('POST', path, { id: 'a', state: 'running' })).json).toEqual({ status: 'duplicate' })
  const several = await api.call('POST', path, [
    { id: 'b', results: { n: 1 } },
    { id: 'c', state: 'over' },
    { id: 'a' },
  ])
  expect(several.status).toBe(200)
  expect(several.json).toMatchObject({
    applied: 1,
    duplicates: 1,
    invalid: 1,
    results: [
      { uid: 'r2', id: 'b', status: 'applied' },
      { id: 'c', status: 'invalid', issues: [{ path: 'state' }] },
      { id: 'a', status: 'duplicate' },
    ],
  })
  const wrong = await api.call('POST', path, { state: 'over' })
  expect(wrong.status).toBe(400)
  expect(wrong.json.issues[0]).toMatchObject({
    path: 'state',
    message: expect.stringContaining('must be one of created'),
  })
})

test('events of many runs come in one request, and make a project that was not there', async () => {
  const events = Array.from({ length: 1000 }, (_, number) => ({ uid: `m${number}`, state: 'completed', name: 'many' }))
  const taken = await api.call('POST', '/api/v1/projects/fresh/runs/events', { events })
  expect(taken.json).toMatchObject({ applied: 1000, invalid: 0 })
  const page = await api.call('GET', '/api/v1/projects/fresh/runs?limit=2&name=many&state=completed,error')
  expect(page.json.items.map(({ uid }: { uid: string }) => uid)).toEqual(['m999', 'm998'])
  const next = await api.call('GET', `/api/v1/projects/fresh/runs?limit=2&after=${page.json.next}`)
  expect(next.json.items.map(({ uid }: { uid: string }) => uid)).toEqual(['m997', 'm996'])
  const events1001 = [...events, { uid: 'one more' }]
  expect((await api.call('POST', '/api/v1/runs/events', { events: events1001 })).status).toBe(413)
})

test('runs are found by part of their name', async () => {
  const events = ['Night load', 'day load', 'train'].map((name) => ({ uid: name, name, state: 'completed' }))
  await api.call('POST', '/api/v1/projects/found/runs/events', { events })
  const { json } = await api.call('GET', '/api/v1/projects/found/runs?search=LOAD&state=completed')
  expect(json.items.map(({ name }: { name: string }) => name)).toEqual(['day load', 'Night load'])
})

test('a run is explained though a rule has the name of its uid', async () => {
  await api.call('POST', '/api/v1/projects/twins/rules', { name: 'twin', runs: { name: 'x' }, when: ['error'] })
  await api.call('PUT', '/api/v1/projects/twins/runs/twin', { name: 'y', state: 'error' })
  const explain = (query: string) => api.call('GET', `/api/v1/projects/twins/explain/${query}`)
  expect((await explain('twin')).json.about).toBe('rule')
  const { json } = await explain('twin?about=run')
  expect(json).toMatchObject({ about: 'run', id: 'twin' })
  expect(json.lines.join()).toContain('Rule "twin" has not decided on it: ')
  const missing = await explain('twyn?about=run')
  expect([missing.status, missing.json.message]).toEqual([404, 'There is no run "twyn". Did you mean "twin"?'])
  expect((await explain('twin?about=rule')).json.issues[0]).toMatchObject({ path: 'about' })
})

test('only those who may change a project may tell of its runs', async () => {
  const body = { state: 'running' }
  const put = (project: string, token: string | null) =>
    api.call('PUT', `/api/v1/projects/${project}/runs/x`, body, { token })
  expect((await put('mine', await api.token('editor', 'mine'))).status).toBe(200)
  expect((await put('mine', await api.token('editor'))).status).toBe(200)
  expect((await put('mine', await api.token('editor', 'other'))).status).toBe(403)
  expect((await put('mine', await api.token('viewer'))).status).toBe(403)
  expect((await put('mine', null)).status).toBe(401)
})

test('a body that is none is told, by field', async () => {
  const bulk = '/api/v1/runs/events'
  expect((await api.call('POST', bulk, { event: [] })).json.message).toContain('unknown key')
  expect((await api.call('POST', bulk, { events: {} })).json.issues[0].path).toBe('events')
  expect((await api.call('POST', bulk, { events: [{ state: 'running' }, 7, null] })).json).toMatchObject({
    invalid: 3,
    results: [{ issues: [{ path: 'uid' }] }, { status: 'invalid' }, { status: 'invalid' }],
  })
  expect((await api.call('GET', '/api/v1/runs?state=odd')).status).toBe(400)
  expect((await api.call('GET', '/api/v1/runs?label=env')).json.message).toContain('name=value')
  expect((await api.call('GET', '/api/v1/runs/r22')).json.message).toContain('Did you mean "r2"?')
  const ahead = { state: 'running', time: Date.now() + 10 * 86_400_000 }
  expect((await api.call('PUT', '/api/v1/runs/r3', ahead)).json.issues[0]).toMatchObject({
    path: 'time',
    message: expect.stringContaining('a day ahead'),
  })
})

test('the log holds no key of a ping', async () => {
  const { json } = await api.call('POST', '/api/v1/pings', { name: 'quiet' })
  expect((await api.call('GET', json.path, undefined, { token: null })).status).toBe(200)
  expect((await api.call('GET', `${json.path}/odd`, undefined, { token: null })).status).toBe(400)
  expect(api.log.join('\n')).toContain('/p/…')
  expect(api.log.join('\n')).not.toContain(json.key)
})
