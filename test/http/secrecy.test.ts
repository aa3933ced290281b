import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { routes } from '../../src/http/openapi.ts'
import { type TestApi, testApi } from '../support/api.ts'

/** Marks every secret that is handed over; it must come to light nowhere. */
const MARK = 'k3pt-s3cr3t'
const encoded = [MARK, encodeURIComponent(MARK), Buffer.from(MARK).toString('base64').slice(0, 12)]

const connections = [
  {
    name: 'By parts',
    kind: 'postgres',
    settings: { host: '127.0.0.1', port: 1, database: 'd', user: 'u', password: MARK },
  },
  { name: 'By URL', kind: 'postgres', settings: { url: `postgres://u:${MARK}@127.0.0.1:1/d` } },
  { name: 'Clicks', kind: 'clickhouse', settings: { url: 'http://127.0.0.1:1', user: 'u', password: MARK } },
]
const channels = [
  {
    name: 'Hook',
    kind: 'webhook',
    settings: { url: `https://hooks.example.test/${MARK}`, headers: { Authorization: MARK } },
  },
  {
    name: 'Mail',
    kind: 'mail',
    settings: {
      host: '127.0.0.1',
      port: 25,
      tls: 'none',
      user: 'u',
      password: MARK,
      sender: 'a@example.test',
      to: 'b@example.test',
    },
  },
]
const rule = (name: string, connection: string) => ({
  name,
  connection,
  query: 'select 1 as a',
  schedule: { every: '30s' },
  condition: { text: 'query_result["a"] > 0' },
  routes: [
    { channel: { kind: 'webhook', settings: { url: `https://hooks.example.test/${MARK}` } } },
    { channel: 'Mail' },
  ],
})

let api: TestApi
const ids: string[] = []

beforeAll(async () => {
  api = await testApi()
  const make = async (path: string, body: object) => {
    const { status, json, text } = await api.call('POST', `/api/v1/${path}`, body)
    expect([status, text]).toEqual([201, text])
    ids.push(json.id)
    expectClean(text)
  }
  for (const connection of connections) await make('connections', connection)
  for (const channel of channels) await make('channels', channel)
  for (const { name } of connections) await make('rules', rule(`Rule of ${name}`, name))
  const sent = await api.call('POST', '/api/v1/channels/Hook/test')
  ids.push(...sent.json.deliveries)
}, 30_000)
afterAll(() => api[Symbol.asyncDispose]())

function expectClean(text: string) {
  for (const form of encoded) expect(text).not.toContain(form)
}

test('no answer to anything holds a secret', async () => {
  for (const [method, path] of routes) {
    if (method === 'delete') continue
    const places = path.includes('{id}') ? ids.map((id) => path.replace('{id}', id)) : [path]
    for (const place of places) {
      const { text } = await api.call(method.toUpperCase(), `/api/v1${place}`, method === 'get' ? undefined : {})
      expectClean(text)
    }
  }
}, 60_000)

test('an edit in conflict shows what is there without its secrets', async () => {
  for (const [collection, things] of [
    ['connections', connections],
    ['channels', channels],
  ] as const)
    for (const { name, settings } of things) {
      const late = { settings, version: 99 }
      const { status, text } = await api.call('PUT', `/api/v1/${collection}/${encodeURIComponent(name)}`, late)
      expect(status).toBe(409)
      expectClean(text)
    }
})

test('a secret that is refused is not repeated', async () => {
  const wrong = { name: 'x', kind: 'webhook', settings: { url: 'https://x.test', secret: MARK } }
  const { status, text } = await api.call('POST', '/api/v1/channels', wrong)
  expect(status).toBe(400)
  expectClean(text)
  const url = { name: 'x', kind: 'postgres', settings: { url: `mysql://u:${MARK}@h/d` } }
  const refused = await api.call('POST', '/api/v1/connections', url)
  expect(refused.status).toBe(400)
  expectClean(refused.text)
})

test('no file of the data directory and no line of the log holds one', () => {
  const folder = join(api.sources, '..')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  const contents = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, 'latin1'))
  expect(contents.join('').length).toBeGreaterThan(100_000)
  for (const text of [...contents, ...api.log]) expectClean(text)
})
