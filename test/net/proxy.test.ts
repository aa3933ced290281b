import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { type EgressPolicy, type HttpDoor, type HttpOptions, type HttpRequest, NetError } from '../../src/net.ts'
import { testHttp } from '../support/egress.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

let proxy: TestProxy
let guarded: TestProxy
let receiver: Receiver
let secure: Receiver
const doors: HttpDoor[] = []

beforeAll(async () => {
  proxy = await startProxy()
  guarded = await startProxy('user:secret')
  receiver = await startReceiver()
  secure = await startReceiver({ tls: 'wrong-host' })
})
afterEach(() => proxy.refuse(null))
afterAll(async () => {
  for (const door of doors) door.close()
  await Promise.all([proxy.close(), guarded.close(), receiver.close(), secure.close()])
})

/** Nothing is to be resolved but by the proxy. */
const resolve = async () => {
  throw new Error('was resolved')
}
const through = (changes: Partial<EgressPolicy> = {}, options: HttpOptions = {}) => {
  const door = testHttp({ proxy: proxy.url, ...changes }, { resolve, ...options })
  doors.push(door)
  return door
}
const ask = (door: HttpDoor, url: string, changes: Partial<HttpRequest> = {}) =>
  door.request({ method: 'POST', url, body: 'x', signal: new AbortController().signal, ...changes })
async function failure(attempt: Promise<unknown>): Promise<NetError> {
  const thrown = await attempt.then(
    () => null,
    (error: unknown) => error,
  )
  if (thrown instanceof NetError) return thrown
  throw thrown ?? new Error('It did not fail.')
}
const plain = () => `http://inside.example:${receiver.port}/a?b=c`
const encrypted = () => `https://elsewhere.example:${secure.port}/a`

describe('a request through the proxy', () => {
  test('by HTTP names the whole address', async () => {
    expect((await ask(through(), plain())).status).toBe(200)
    expect(proxy.asked.at(-1)).toBe(`POST ${plain()}`)
    expect(receiver.received.at(-1)).toMatchObject({ path: '/a?b=c', body: 'x' })
    expect(receiver.received.at(-1)?.headers['host']).toBe(`inside.example:${receiver.port}`)
  })

  test('by HTTPS goes through a tunnel, whose end is verified, and which is used again', async () => {
    const door = through()
    const before = proxy.asked.length
    for (let count = 0; count < 3; count += 1) expect((await ask(door, encrypted())).status).toBe(200)
    expect(proxy.asked.slice(before)).toEqual([`CONNECT elsewhere.example:${secure.port}`])
    expect(await failure(ask(door, encrypted().replace('elsewhere', 'other')))).toMatchObject({
      reason: 'tls',
      written: false,
    })
  })

  test('logs in', async () => {
    const door = through({ proxy: guarded.url })
    expect((await ask(door, plain())).status).toBe(200)
    expect((await ask(door, encrypted())).status).toBe(200)
    const stranger = through({ proxy: guarded.url.replace('secret', 'wrong') })
    expect((await ask(stranger, plain())).status).toBe(407)
    expect(await failure(ask(stranger, encrypted()))).toMatchObject({ reason: 'refused', written: false })
    expect(secure.received.at(-1)?.headers['proxy-authorization']).toBeUndefined()
  })

  test('that the proxy refuses or leaves hanging fails unwritten', async () => {
    proxy.refuse(403)
    const refused = await failure(ask(through(), encrypted()))
    expect(refused).toMatchObject({ reason: 'refused', written: false })
    expect(refused.message).toBe(`The proxy 127.0.0.1 does not lead to elsewhere.example:${secure.port} (403).`)
    proxy.refuse('hang')
    const door = through({}, { connectTimeout: 100 })
    expect(await failure(ask(door, encrypted()))).toMatchObject({ reason: 'timeout', written: false })
  })

  test('to a metadata address is denied, and to an unlisted name where only listed ones are allowed', async () => {
    expect(await failure(ask(through(), 'http://169.254.169.254/'))).toMatchObject({ reason: 'denied' })
    const strict = through({ policy: 'allow-list', allow: ['127.0.0.0/8', '*.listed.example'] })
    const denied = await failure(ask(strict, plain()))
    expect(denied).toMatchObject({ reason: 'denied', written: false })
    expect(denied.message).toEndWith('set egress.allow: inside.example')
    expect((await ask(strict, plain().replace('inside', 'a.listed'))).status).toBe(200)
  })

  test('is denied where the proxy itself is', async () => {
    for (const url of [plain(), encrypted()]) {
      const denied = await failure(ask(through({ allow: [] }), url))
      expect(denied).toMatchObject({ reason: 'denied', written: false })
      expect(denied.message).toStartWith('127.0.0.1 is a loopback address')
    }
  })
})

describe('around the proxy', () => {
  test.each([['127.0.0.0/8'], ['127.0.0.1']])('go requests to hosts listed as %s', async (entry) => {
    const before = proxy.asked.length
    expect((await ask(through({ noProxy: [entry] }), receiver.url)).status).toBe(200)
    expect(proxy.asked.length).toBe(before)
  })

  test('go requests to listed names, which are resolved then', async () => {
    const door = through({ noProxy: ['*.example'] }, { resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
    const before = proxy.asked.length
    expect((await ask(door, plain())).status).toBe(200)
    expect(proxy.asked.length).toBe(before)
  })

  test('goes a request that says so', async () => {
    const door = through()
    const before = proxy.asked.length
    expect((await ask(door, receiver.url, { proxy: false })).status).toBe(200)
    expect(proxy.asked.length).toBe(before)
    expect((await ask(door, receiver.url)).status).toBe(200)
    expect(proxy.asked.length).toBe(before + 1)
  })
})

test.each([
  [{ proxy: 'proxy.example:3128' }, 'egress.proxy'],
  [{ proxy: 'socks5://proxy.example' }, 'egress.proxy'],
  [{ noProxy: ['a b'] }, 'egress.noProxy.0'],
])('the settings %j are refused at %s', (changes, path) => {
  expect(() => testHttp(changes)).toThrow(path)
})
