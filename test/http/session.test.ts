import { describe, expect, test } from 'bun:test'
import { type ApiAnswer, type RequestOptions, type TestApi, testApi } from '../support/api.ts'

const CONSOLE = { 'x-tocsin-console': '1' }
const SESSION = '/api/v1/session'

const signIn = (api: TestApi, token: string, headers: Record<string, string> = CONSOLE) =>
  api.call('POST', SESSION, { token }, { token: null, headers })

/** The cookie of an answer as a browser sends it back. */
const cookieOf = ({ headers }: ApiAnswer) => headers.getSetCookie().at(-1)!.split(';')[0]!

/** Calls with the cookie alone. */
const withCookie = (cookie: string, headers: Record<string, string> = CONSOLE): RequestOptions => ({
  token: null,
  headers: { cookie, ...headers },
})

describe('signing in', () => {
  test('a token becomes a cookie that no script and no other site gets, and that tells who one is', async () => {
    await using api = await testApi()
    const token = await api.token('editor', 'blue')
    const answer = await signIn(api, token)
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({ role: 'editor', project: 'blue' })
    const [cookie] = answer.headers.getSetCookie()
    expect(cookie).toMatch(/^tocsin=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(answer.text).not.toContain(cookieOf(answer).slice(7))
    const me = await api.call('GET', SESSION, undefined, withCookie(cookieOf(answer)))
    expect([me.status, me.json]).toEqual([200, answer.json])
    const rules = await api.call('GET', '/api/v1/projects/blue/rules', undefined, withCookie(cookieOf(answer)))
    expect(rules.status).toBe(200)
    expect((await api.call('GET', '/api/v1/rules', undefined, withCookie(cookieOf(answer)))).status).toBe(403)
  })

  test('where people come by HTTPS the cookie is bound to it', async () => {
    await using api = await testApi({ baseUrl: 'https://tocsin.example.com' })
    const answer = await signIn(api, await api.token('viewer'))
    expect(answer.headers.getSetCookie().at(-1)).toMatch(
      /^__Host-tocsin=.*; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    expect((await api.call('GET', SESSION, undefined, withCookie(cookieOf(answer)))).status).toBe(200)
  })

  test('only the hash of the session is stored', async () => {
    await using api = await testApi()
    const secret = cookieOf(await signIn(api, await api.token('viewer'))).split('=')[1]!
    expect(await api.app.store.sessions.byHash(secret)).toBeUndefined()
    expect(api.log.join('\n')).not.toContain(secret)
  })

  test('a wrong token is refused at its field, and too many of them close the door to their address', async () => {
    await using api = await testApi()
    for (let count = 0; count < 10; count += 1) {
      const { status, json } = await signIn(api, 'tcs_wrong')
      expect([status, json.code, json.issues[0].path]).toEqual([401, 'unauthenticated', 'token'])
    }
    const right = await api.token('admin')
    const closed = await signIn(api, right)
    expect([closed.status, closed.json.code]).toEqual([429, 'too-many'])
    const elsewhere = new Request(`http://tocsin.test${SESSION}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...CONSOLE },
      body: JSON.stringify({ token: right }),
    })
    expect((await api.app.fetch(elsewhere, { address: '192.0.2.7' })).status).toBe(201)
  })

  test.each([
    ['nothing', {}, 'token'],
    ['a blank token', { token: '  ' }, 'token'],
    ['something else', { token: 'tcs_a', user: 'me' }, 'user'],
  ])('%s is refused by name', async (_, body, path) => {
    await using api = await testApi()
    const { status, json } = await api.call('POST', SESSION, body, { token: null, headers: CONSOLE })
    expect([status, json.issues[0].path]).toEqual([400, path])
  })
})

describe('a session ends', () => {
  test('when one signs out', async () => {
    await using api = await testApi()
    const session = withCookie(cookieOf(await signIn(api, await api.token('viewer'))))
    const out = await api.call('DELETE', SESSION, undefined, session)
    expect(out.status).toBe(204)
    expect(out.headers.getSetCookie()).toContainEqual(expect.stringMatching(/^tocsin=; Max-Age=0; Path=\//))
    const after = await api.call('GET', SESSION, undefined, session)
    expect([after.status, after.json.message]).toEqual([401, 'The session has ended. Sign in again.'])
    expect((await api.call('DELETE', SESSION, undefined, session)).status).toBe(204)
  })

  test('when its token is revoked', async () => {
    await using api = await testApi()
    const answer = await signIn(api, await api.token('admin'))
    await api.app.store.tokens.revoke(answer.json.id)
    expect((await api.call('GET', SESSION, undefined, withCookie(cookieOf(answer)))).status).toBe(401)
  })
})

describe('what another site makes a browser send', () => {
  test.each([
    ['a reading one', 'GET', { 'sec-fetch-site': 'cross-site' }],
    ['one from a sibling site', 'GET', { 'sec-fetch-site': 'same-site' }],
    ['a writing one without the header', 'POST', { 'sec-fetch-site': 'same-origin' }],
    ['a writing one from elsewhere', 'POST', { ...CONSOLE, 'sec-fetch-site': 'cross-site' }],
    ['a writing one that was typed', 'POST', { ...CONSOLE, 'sec-fetch-site': 'none' }],
  ] as [string, string, Record<string, string>][])('%s is refused', async (_, method, headers) => {
    await using api = await testApi()
    const cookie = cookieOf(await signIn(api, await api.token('admin')))
    const body = method === 'GET' ? undefined : {}
    const { status, json } = await api.call(method, '/api/v1/rules', body, withCookie(cookie, headers))
    expect([status, json.code]).toEqual([403, 'forbidden'])
  })

  test('it cannot sign anybody in or out either', async () => {
    await using api = await testApi()
    const token = await api.token('admin')
    expect((await signIn(api, token, {})).status).toBe(403)
    expect((await signIn(api, token, { ...CONSOLE, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    const cookie = cookieOf(await signIn(api, token))
    expect((await api.call('DELETE', SESSION, undefined, withCookie(cookie, {}))).status).toBe(403)
    expect((await api.call('GET', SESSION, undefined, withCookie(cookie))).status).toBe(200)
  })

  test('a program with a token is not asked where it comes from', async () => {
    await using api = await testApi()
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect((await api.call('GET', '/api/v1/rules', undefined, { headers })).status).toBe(200)
  })
})

test('a session does what its token may do and no more', async () => {
  await using api = await testApi()
  const session = withCookie(cookieOf(await signIn(api, await api.token('viewer'))))
  expect((await api.call('GET', '/api/v1/rules', undefined, session)).status).toBe(200)
  expect((await api.call('POST', '/api/v1/rules', {}, session)).status).toBe(403)
  expect((await api.call('DELETE', SESSION, undefined, session)).status).toBe(204)
})

test('the projects one may see are those that something is in, or that of the token', async () => {
  await using api = await testApi()
  await api.call('POST', '/api/v1/projects/blue/channels', { name: 'Ops', kind: 'console' })
  expect((await api.call('GET', '/api/v1/projects')).json).toEqual({ items: ['default', 'blue'] })
  const token = await api.token('viewer', 'red')
  expect((await api.call('GET', '/api/v1/projects', undefined, { token })).json).toEqual({ items: ['red'] })
  expect((await api.call('GET', '/api/v1/projects', undefined, { token: null })).status).toBe(401)
})
