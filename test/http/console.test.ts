import { beforeAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { buildConsole, SCRIPT_BUDGET } from '../../scripts/console.ts'
import { testApi } from '../support/api.ts'

const built = join(import.meta.dirname, '../../dist/public/index.html')
beforeAll(async () => {
  if (!existsSync(built)) await buildConsole()
})

const page = { token: null, headers: { accept: 'text/html,application/xhtml+xml' } }

describe('the page', () => {
  test.each(['/', '/rules', '/evaluations/evl_1', '/deliveries/msg_1', '/new', '/anything'])(
    'is answered at %s to browsers, with its policy and without a token',
    async (path) => {
      await using api = await testApi()
      const { status, headers, text } = await api.call('GET', path, undefined, page)
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      expect(text).toContain('<div id="console">')
      const policy = headers.get('content-security-policy') ?? ''
      for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"])
        expect(policy).toContain(rule)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    },
  )

  test.each(['/api/v1/nothing', '/v1/nothing', '/healthz', '/readyz', '/metrics', '/assets/none.js'])(
    'is never answered at %s',
    async (path) => {
      await using api = await testApi()
      const { text } = await api.call('GET', path, undefined, page)
      expect(text).not.toContain('<div id="console">')
    },
  )

  test('programs get the one shape of errors instead', async () => {
    await using api = await testApi()
    const { status, json } = await api.call('GET', '/rules')
    expect([status, json.code]).toEqual([404, 'not-found'])
    expect((await api.call('POST', '/', {}, page)).json.code).toBe('not-found')
  })
})

describe('its files', () => {
  test('are kept for ever, compressed for those who can, and of their type', async () => {
    await using api = await testApi()
    const { text } = await api.call('GET', '/', undefined, page)
    const names = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, name]) => name!)
    expect(names).toHaveLength(3)
    const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' }
    for (const name of names) {
      const { status, headers } = await api.call('GET', name, undefined, { token: null })
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
      expect(headers.get('content-type')).toBe(types[name.split('.').at(-1) as keyof typeof types])
      const request = new Request(`http://tocsin.test${name}`, { headers: { 'accept-encoding': 'gzip, br' } })
      const packed = await api.app.fetch(request)
      expect(packed.headers.get('content-encoding')).toBe('gzip')
      const bytes = new Uint8Array(await packed.arrayBuffer())
      const plain = await api.app.fetch(new Request(`http://tocsin.test${name}`))
      expect(gunzipSync(bytes).equals(Buffer.from(await plain.arrayBuffer()))).toBe(true)
      if (name.endsWith('.js')) expect(bytes.length).toBeLessThanOrEqual(SCRIPT_BUDGET)
    }
  })

  test('no other file can be had', async () => {
    await using api = await testApi()
    for (const path of [
      '/assets/..%2findex.html',
      '/assets/../index.html',
      '/assets/main.js',
      '/assets/%2e%2e/drizzle',
    ])
      expect((await api.call('GET', path, undefined, { token: null })).status).toBe(404)
  })
})
