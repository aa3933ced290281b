import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type TestApi, testApi } from '../support/api.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
  const file = join(api.sources, 'scores.db')
  const database = new Sqlite(file)
  database.exec("CREATE TABLE scores (model TEXT, score REAL); INSERT INTO scores VALUES ('churn', 0.9), ('calm', 0.2)")
  database.close()
  await api.call('POST', '/api/v1/connections', { name: 'scores', kind: 'sqlite', settings: { path: file } })
  const gone = { name: 'gone', kind: 'postgres', settings: { host: '127.0.0.1', port: 1, database: 'd', user: 'u' } }
  await api.call('POST', '/api/v1/connections', gone)
})
afterAll(() => api[Symbol.asyncDispose]())

const query = (text: unknown, connection = 'scores', token?: string) =>
  api.call('POST', `/api/v1/connections/${connection}/query`, { query: text }, token === undefined ? {} : { token })

describe('a query', () => {
  test('gives its rows', async () => {
    const { status, json } = await query('SELECT model, score FROM scores')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      columns: [
        { name: 'model', type: 'text' },
        { name: 'score', type: 'float' },
      ],
      rows: [
        ['churn', 0.9],
        ['calm', 0.2],
      ],
      count: 2,
      truncated: false,
    })
  })

  test('gives a hundred rows at most', async () => {
    const many = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i FROM n'
    const { json } = await query(many)
    expect([json.count, json.truncated]).toEqual([100, true])
  })

  test.each([
    ['a fault in it', 'SELECT missing FROM scores', 'no such column'],
    ['one that writes', 'DELETE FROM scores', 'A query begins with'],
    ['an empty one', '', 'must not be empty'],
    ['none', undefined, 'is missing'],
  ])('%s is named at its field', async (_, text, says) => {
    const { status, json } = await query(text)
    expect([status, json.code, json.issues[0].path]).toEqual([400, 'invalid', 'query'])
    expect(json.issues[0].message).toContain(says)
  })

  test('a connection that does not answer is the connection at fault', async () => {
    const { status, json } = await query('SELECT 1', 'gone')
    expect([status, json.code, json.issues[0].path]).toEqual([503, 'unavailable', 'connection'])
  })

  test('is for those who may change rules, and is in the audit trail', async () => {
    expect((await query('SELECT 1', 'scores', await api.token('viewer'))).status).toBe(403)
    const [entry] = await api.app.store.audit.list({ project: 'default', limit: 1 })
    expect(entry).toMatchObject({ action: 'query', entity: 'connection' })
  })
})

describe('a condition', () => {
  const columns = [
    { name: 'model', type: 'text' },
    { name: 'score', type: 'float' },
  ]
  const rows = [
    ['churn', 0.9],
    ['calm', 0.2],
  ]
  const trial = (condition: unknown, more: object = {}) =>
    api.call('POST', '/api/v1/trials/condition', { condition, result: { columns, rows }, ...more })

  test('is decided for the whole of the rows, or for each alert', async () => {
    const whole = await trial({ text: 'query_result[0]["score"] > 0.5' })
    expect(whole.json).toEqual({
      verdict: 'true',
      value: '0.9',
      error: null,
      alerts: [{ labels: {}, fire: true, value: '0.9' }],
    })
    const each = await trial({ text: 'row["score"] > 0.5' }, { fingerprint: ['model'] })
    expect(each.json.alerts).toEqual([
      { labels: { model: 'churn' }, fire: true, value: '0.9' },
      { labels: { model: 'calm' }, fire: false, value: '0.2' },
    ])
    const guided = await trial({ trigger: 'threshold', column: 'score', operator: '>', value: 1 })
    expect(guided.json.verdict).toBe('false')
  })

  test('that cannot be decided says why', async () => {
    const { status, json } = await trial({ text: 'query_result["drift"] > 1' })
    expect([status, json.verdict]).toEqual([200, 'error'])
    expect(json.error).toContain('drift')
  })

  test.each([
    ['that does not parse', { text: '1 >' }, 'condition.text'],
    ['of no kind', { trigger: 'sometimes' }, 'condition.trigger'],
  ])('%s is refused at its field', async (_, condition, path) => {
    const { status, json } = await trial(condition)
    expect([status, json.issues[0].path]).toEqual([400, path])
  })
})

describe('a schedule', () => {
  const trial = (schedule: unknown) => api.call('POST', '/api/v1/trials/schedule', { schedule })

  test.each([
    [{ every: '90s' }, 'Every 1 minute 30 seconds', 90_000],
    [{ every: '1h' }, 'Every hour', 3_600_000],
    [{ cron: '*/5 * * * *' }, 'Every 5 minutes (UTC)', 300_000],
  ])('%j is told in words with its next times', async (schedule, words, apart) => {
    const { status, json } = await trial(schedule)
    expect([status, json.words]).toEqual([200, words])
    expect(json.next).toHaveLength(5)
    expect(json.next[0]).toBeGreaterThan(Date.now() - 1000)
    for (let index = 1; index < 5; index += 1) expect(json.next[index] - json.next[index - 1]).toBe(apart)
  })

  test.each([
    [{ cron: '* * *' }, 'schedule.cron'],
    [{ cron: '0 0 30 2 *' }, 'schedule.cron'],
    [{ cron: '0 9 * * *', timezone: 'Mars/Olympus' }, 'schedule.timezone'],
    [{ every: 'often' }, 'schedule.every'],
  ])('%j is refused at its field', async (schedule, path) => {
    const { status, json } = await trial(schedule)
    expect([status, json.issues[0].path]).toEqual([400, path])
  })
})
