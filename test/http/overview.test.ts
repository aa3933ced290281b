import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type TestApi, testApi } from '../support/api.ts'

let api: TestApi
let ruleId: string

beforeAll(async () => {
  api = await testApi()
  mkdirSync(api.sources, { recursive: true })
  const file = join(api.sources, 'scores.db')
  const database = new Sqlite(file)
  database.exec(
    "CREATE TABLE scores (model TEXT, score REAL); INSERT INTO scores VALUES ('churn', 0.9), ('calm', -0.2)",
  )
  database.close()
  const make = async (path: string, body: object) => {
    const { status, text, json } = await api.call('POST', `/api/v1/${path}`, body)
    expect([status, text]).toEqual([201, text])
    return json
  }
  await make('connections', { name: 'scores', kind: 'sqlite', settings: { path: file } })
  await make('channels', { name: 'Ops', kind: 'console' })
  const rule = await make('rules', {
    name: 'Drift',
    connection: 'scores',
    query: 'SELECT model, score FROM scores',
    schedule: { cron: '0 9 1 1 *' },
    condition: { text: 'row["score"] > 0.5' },
    fingerprint: ['model'],
    severity: 'critical',
    routes: [{ channel: 'Ops' }],
  })
  ruleId = rule.id
})
afterAll(() => api[Symbol.asyncDispose]())

test('a rule that never ran is new', async () => {
  const { json } = await api.call('GET', '/api/v1/rules')
  expect(json.items[0].status).toEqual({ latest: null, alerts: {}, state: 'new' })
  const one = await api.call('GET', `/api/v1/rules/${ruleId}`)
  expect(one.json.scheduleWords).toBe('At 09:00, on day 1 of the month, only in January (UTC)')
  const { json: onRuns } = await api.call('POST', '/api/v1/rules', { name: 'ends', runs: { name: 'x' }, when: ['end'] })
  expect((await api.call('GET', `/api/v1/rules/${onRuns.id}`)).json.scheduleWords).toBe(
    'It tells of runs named "x" when: end.',
  )
  await api.call('DELETE', `/api/v1/rules/${onRuns.id}`)
})

test('what fires is told with since when, why and for whom', async () => {
  const { json: run } = await api.call('POST', `/api/v1/rules/${ruleId}/run`)
  const { json } = await api.call('GET', '/api/v1/overview')
  expect(json).toMatchObject({
    alerts: {
      counts: { firing: 1 },
      items: [
        {
          rule: { id: ruleId, name: 'Drift' },
          severity: 'critical',
          labels: { model: 'churn' },
          state: 'firing',
          since: expect.any(Number),
          value: '0.9',
          condition: 'row["score"] > 0.5',
          why: 'the condition is true',
          evaluation: run.evaluation,
          told: [{ route: 'Ops', channel: 'Ops', delivery: run.deliveries[0], state: 'waiting', at: null }],
        },
      ],
    },
    connections: { count: 1, failing: [] },
    channels: { count: 1, disabled: [] },
    rules: { count: 1, paused: 0, blocked: [] },
    outbox: { pending: 1, sending: 0, dead: 0 },
  })
  expect(json.outbox.oldest).toBeGreaterThan(0)
  const { json: list } = await api.call('GET', '/api/v1/rules')
  expect(list.items[0].status).toMatchObject({
    state: 'firing',
    alerts: { firing: 1 },
    latest: { id: run.evaluation, verdict: 'true', value: '1 of 2 alerts' },
  })
})

test('what it measured is told against the numbers of its condition', async () => {
  const { json } = await api.call('GET', `/api/v1/rules/${ruleId}/values`)
  expect(json.thresholds).toEqual([0.5])
  expect(json.points).toMatchObject([{ minimum: -0.2, maximum: 0.9, verdict: 'true' }])
  const later = await api.call('GET', `/api/v1/rules/${ruleId}/values?from=${Date.now() + 60_000}`)
  expect(later.json.points).toEqual([])
  const wrong = await api.call('GET', `/api/v1/rules/${ruleId}/values?from=soon`)
  expect([wrong.status, wrong.json.issues[0].path]).toEqual([400, 'from'])
})

test('what is in trouble is told with its reason, and stays in its project', async () => {
  await api.call('POST', '/api/v1/channels/Ops/disable')
  const row = (await api.app.store.connections.byName('default', 'scores'))!
  for (let count = 0; count < 3; count += 1) await api.app.store.connections.recordFailure(row.id, 'refused', 7)
  await api.call('POST', `/api/v1/rules/${ruleId}/pause`)
  const { json } = await api.call('GET', '/api/v1/overview')
  expect(json.connections.failing).toEqual([{ id: row.id, name: 'scores', since: 7, error: 'refused' }])
  expect(json.channels.disabled).toMatchObject([{ name: 'Ops', reason: expect.stringContaining('disabled by') }])
  expect(json.rules.paused).toBe(1)
  expect((await api.call('GET', `/api/v1/rules/${ruleId}`)).json.status.state).toBe('paused')
  const elsewhere = await api.call('GET', '/api/v1/projects/blue/overview')
  expect(elsewhere.json).toMatchObject({
    alerts: { counts: {}, items: [] },
    rules: { count: 0, paused: 0 },
    outbox: { pending: 0, oldest: null },
  })
})

test('a rule as it is shown can be sent back', async () => {
  const { json } = await api.call('GET', `/api/v1/rules/${ruleId}`)
  const { status, json: saved } = await api.call('PUT', `/api/v1/rules/${ruleId}`, { ...json, severity: 'info' })
  expect([status, saved.severity]).toEqual([200, 'info'])
})
