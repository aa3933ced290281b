import { expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testApi } from '../support/api.ts'
import { startInProcess } from '../support/in-process.ts'
import { eventually } from '../support/servers.ts'

const SAMPLE = '/api/v1/sample'

test('one request gives a database, a channel and rules; another one takes all of it away', async () => {
  await using api = await testApi()
  expect((await api.call('GET', SAMPLE)).json).toEqual({ sample: null })
  const made = await api.call('POST', SAMPLE)
  expect(made.status).toBe(201)
  expect(made.json.sample).toMatchObject({
    connection: 'sample models',
    rules: [{ name: 'Model drift' }, { name: 'Failing predictions' }],
  })
  expect((await api.call('GET', SAMPLE)).json).toEqual(made.json)
  const check = await api.call('POST', '/api/v1/connections/sample%20models/check')
  expect(check.json).toMatchObject({ ok: true })
  const { json: rules } = await api.call('GET', '/api/v1/rules')
  expect(rules.items.map(({ warnings }: { warnings: string[] }) => warnings)).toEqual([[], []])
  const again = await api.call('POST', SAMPLE)
  expect([again.status, again.json.message]).toEqual([409, 'The sample is there already.'])

  const folder = join(api.sources, '../data-sample')
  expect(existsSync(folder)).toBe(true)
  expect((await api.call('DELETE', SAMPLE)).status).toBe(204)
  for (const path of ['rules', 'channels', 'connections'])
    expect((await api.call('GET', `/api/v1/${path}`)).json.items).toEqual([])
  expect(existsSync(folder)).toBe(false)
  expect((await api.call('DELETE', SAMPLE)).status).toBe(204)
})

test('its messages can go to a channel that there is', async () => {
  await using api = await testApi()
  const unknown = await api.call('POST', SAMPLE, { channel: 'Ops' })
  expect([unknown.status, unknown.json.code]).toEqual([404, 'not-found'])
  await api.call('POST', '/api/v1/channels', { name: 'Ops', kind: 'console' })
  const { json } = await api.call('POST', SAMPLE, { channel: 'Ops' })
  expect(json.sample.channel).toBe('Ops')
  await api.call('DELETE', SAMPLE)
  expect((await api.call('GET', '/api/v1/channels')).json.items).toHaveLength(1)
})

test('what cannot be made whole is not made at all', async () => {
  await using api = await testApi()
  await api.call('POST', '/api/v1/channels', { name: 'sample inbox', kind: 'console' })
  const { status, json } = await api.call('POST', SAMPLE)
  expect([status, json.code]).toEqual([409, 'conflict'])
  expect((await api.call('GET', '/api/v1/connections')).json.items).toEqual([])
  expect((await api.call('GET', SAMPLE)).json).toEqual({ sample: null })
})

test('a folder that cannot be written is named with the remedy', async () => {
  await using api = await testApi()
  writeFileSync(join(api.sources, '../data-sample'), 'in the way')
  const { status, json } = await api.call('POST', SAMPLE)
  expect([status, json.code]).toEqual([503, 'unavailable'])
  expect(json.message).toContain('--sample-dir')
})

test('only admins make and remove it', async () => {
  await using api = await testApi()
  const token = await api.token('editor')
  for (const method of ['POST', 'DELETE']) {
    const { status, json } = await api.call(method, SAMPLE, undefined, { token })
    expect([status, json.code]).toEqual([403, 'forbidden'])
  }
  expect((await api.call('GET', SAMPLE, undefined, { token })).status).toBe(200)
})

test('it fires within a minute, and its figures go on changing after a restart', async () => {
  const daemon = await startInProcess()
  try {
    expect((await daemon.call('POST', SAMPLE, {})).status).toBe(201)
    const fires = async () => {
      daemon.clock.advance(1000)
      const { body } = await daemon.call<{ alerts: { counts: { firing?: number } } }>('GET', '/api/v1/overview')
      expect(body.alerts.counts.firing ?? 0).toBeGreaterThan(1)
    }
    const began = daemon.clock.now()
    await eventually(fires)
    expect(daemon.clock.now() - began).toBeLessThan(60_000)
    await daemon.restart()
    const score = async () => {
      const query = { query: "SELECT measured_at FROM drift WHERE model = 'churn'" }
      type Rows = { rows: string[][] }
      return (await daemon.call<Rows>('POST', '/api/v1/connections/sample%20models/query', query)).body.rows[0]?.[0]
    }
    const before = await score()
    await eventually(async () => {
      daemon.clock.advance(1000)
      expect(await score()).not.toBe(before)
    })
  } finally {
    await daemon.stop()
  }
})
