import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type TestApi, testApi } from '../support/api.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
})
afterAll(() => api[Symbol.asyncDispose]())

describe('/metrics', () => {
  test('is for holders of a token of the whole instance', async () => {
    const status = async (token: string | null) => (await api.call('GET', '/metrics', undefined, { token })).status
    expect(await status(null)).toBe(401)
    expect(await status('tcs_wrong')).toBe(401)
    expect(await status(await api.token('viewer'))).toBe(200)
    expect(await status(await api.token('admin', 'blue'))).toBe(403)
  })

  test('speaks the text format, and counts what happens', async () => {
    await api.call('POST', '/api/v1/channels', { name: 'out', kind: 'console', settings: {} })
    const { headers, text } = await api.call('GET', '/metrics')
    expect(headers.get('content-type')).toStartWith('text/plain; version=0.0.4')
    expect(text).toContain('# TYPE tocsin_evaluations_total counter')
    expect(text).toContain('\ntocsin_channels 1\n')
    expect(text).toContain('tocsin_http_requests_total{method="POST",status="201"} 1')
    // Nothing that people chose is told.
    expect(text).not.toContain('"out"')
  })

  test('is for everybody where that was configured', async () => {
    await using open = await testApi({ 'metrics.open': 'true' })
    expect((await open.call('GET', '/metrics', undefined, { token: null })).status).toBe(200)
  })
})

describe('/api/v1/status', () => {
  test('tells how the instance stands', async () => {
    const { status, json } = await api.call('GET', '/api/v1/status')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      pid: process.pid,
      rules: { active: 0, paused: 0, blocked: 0 },
      channels: 1,
      oldestOpen: null,
      lastBackupAt: null,
      trouble: { firing: [], connections: [], channels: [] },
    })
  })

  test('is not for tokens of one project', async () => {
    const token = await api.token('admin', 'blue')
    expect(await api.call('GET', '/api/v1/status', undefined, { token })).toMatchObject({ status: 403 })
    expect((await api.call('GET', '/api/v1/status', undefined, { token: null })).status).toBe(401)
  })
})
