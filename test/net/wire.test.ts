import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { netError } from '../../src/net/error.ts'
import { type HttpRequest, NetError } from '../../src/net.ts'
import { testHttp } from '../support/egress.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { listening } from '../support/servers.ts'

let receiver: Receiver
const http = testHttp()

beforeAll(async () => {
  receiver = await startReceiver()
})
beforeEach(() => receiver.reply({ status: 200, body: 'ok' }))
afterAll(async () => {
  http.close()
  await receiver.close()
})

const ask = (changes: Partial<HttpRequest>, door = http) =>
  door.request({ method: 'POST', url: receiver.url, signal: new AbortController().signal, ...changes })

async function failure(attempt: Promise<unknown>): Promise<NetError> {
  const thrown = await attempt.then(
    () => 'It did not fail.',
    (reason: unknown) => reason,
  )
  if (thrown instanceof NetError) return thrown
  throw thrown
}

describe('headers', () => {
  const bad: [string, string, string][] = [
    ['a line break in a value', 'x-a', 'b\r\nx-evil: 1'],
    ['a bare line feed', 'x-a', 'b\nx-evil: 1'],
    ['a bare carriage return', 'x-a', 'b\rx-evil: 1'],
    ['a zero character', 'x-a', 'b\0c'],
    ['a delete character', 'x-a', 'b\x7fc'],
    ['letters beyond ASCII', 'x-a', 'grüße'],
    ['an emoji', 'x-a', '🚨'],
    ['a line break in a name', 'x-a\r\nx-evil', '1'],
    ['a colon in a name', 'x:a', '1'],
    ['a blank in a name', 'x a', '1'],
    ['an empty name', '', '1'],
    ['a name beyond ASCII', 'x-ä', '1'],
  ]
  for (const [title, name, value] of bad)
    test(`with ${title} are refused before anything is opened`, async () => {
      const [before, requests] = [receiver.connections(), receiver.received.length]
      const failed = await failure(ask({ headers: { [name]: value } }))
      expect(failed).toMatchObject({ reason: 'protocol', written: false })
      expect(failed.message).toContain('is not plain ASCII on one line')
      expect(failed.message).not.toContain('evil: 1')
      expect([receiver.connections(), receiver.received.length]).toEqual([before, requests])
    })

  test('may hold every other character', async () => {
    const value = `\t ${Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('')}`
    await ask({ headers: { "x-!#$%&'*+.^_`|~9": value } })
    expect(receiver.received.at(-1)?.headers["x-!#$%&'*+.^_`|~9"]).toBe(value.trim())
  })

  test('of a request take the place of those the address makes, whatever their case', async () => {
    const url = receiver.url.replace('//', '//user:word@')
    await ask({ url, headers: { Authorization: 'Bearer x', 'USER-AGENT': 'mine' } })
    expect(receiver.received.at(-1)?.headers).toMatchObject({ authorization: 'Bearer x', 'user-agent': 'mine' })
  })

  test('say the length of the body in bytes, and none where there is none', async () => {
    await ask({ body: '🚨' })
    expect(receiver.received.at(-1)?.headers['content-length']).toBe('4')
    await ask({ body: new Uint8Array([0, 255, 10]) })
    expect(receiver.received.at(-1)?.headers['content-length']).toBe('3')
    await ask({ method: 'GET' })
    expect(receiver.received.at(-1)?.headers['content-length']).toBeUndefined()
  })
})

describe('addresses', () => {
  for (const url of [
    '',
    'x',
    '//host/',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'javascript:1',
    'http://',
    'http://[::1',
  ])
    test(`${JSON.stringify(url)} is none to send to`, async () => {
      expect(await failure(ask({ url }))).toMatchObject({
        reason: 'protocol',
        written: false,
        message: 'The address is not a URL that begins with http:// or https://.',
      })
    })

  test('with line breaks lose them, and break out of nothing', async () => {
    await ask({ url: `${receiver.url}/a?b=c\r\nx-evil: 1` })
    const got = receiver.received.at(-1)
    expect(got?.headers['x-evil']).toBeUndefined()
    expect(got?.path).toBe('/a?b=cx-evil:%201')
  })

  test('with a password do not show it in an error', async () => {
    const url = 'http://user:hunter2@127.0.0.1:1/'
    expect((await failure(ask({ url }))).message).not.toContain('hunter2')
    const denied = testHttp({ allow: [] })
    expect((await failure(ask({ url }, denied))).message).not.toContain('hunter2')
  })
})

describe('answers', () => {
  test('that redirect are answers like any other', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const before = receiver.received.length
      receiver.reply({ status, headers: { location: 'http://169.254.169.254/' } })
      expect(await ask({})).toMatchObject({ status, headers: { location: 'http://169.254.169.254/' } })
      expect(receiver.received.length).toBe(before + 1)
    }
  })

  test('of 64 kB are whole, of a byte more are cut', async () => {
    receiver.reply({ status: 200, body: 'x'.repeat(65_536) })
    expect((await ask({})).cut).toBeUndefined()
    receiver.reply({ status: 200, body: 'x'.repeat(65_537) })
    const { body, cut } = await ask({})
    expect([body.length, cut]).toEqual([65_536, 'size'])
  })

  test('that are cut within a letter stay text', async () => {
    receiver.reply({ status: 200, body: `x${'ü'.repeat(40_000)}` })
    expect((await ask({})).body).toMatch(/^xü+\ufffd?$/)
  })

  test('come together from pieces that arrive one by one', async () => {
    const pieces = ['HTT', 'P/1.1 20', '0 OK\r\nx-a: b\r', '\ncontent-length: 5\r\n\r\n', 'he', 'llo']
    const server = createServer(async (socket) => {
      await new Promise((arrived) => socket.once('data', arrived))
      for (const piece of pieces) await new Promise((written) => socket.write(piece, written))
    })
    const port = await listening(server)
    expect(await ask({ url: `http://127.0.0.1:${port}/` })).toMatchObject({
      status: 200,
      body: 'hello',
      headers: { 'x-a': 'b' },
    })
    server.close()
  })
})

describe('a connection for mail', () => {
  test('whose name is found only after the time is over is never opened', async () => {
    let opened = 0
    const server = createServer((socket) => {
      opened += 1
      socket.destroy()
    })
    const port = await listening(server)
    const found = Promise.withResolvers<{ address: string; family: number }[]>()
    const door = testHttp({}, { resolve: () => found.promise, connectTimeout: 20 })
    const failed = await failure(door.connect('slow.example', port, new AbortController().signal))
    expect(failed).toMatchObject({ reason: 'timeout', written: false })
    found.resolve([{ address: '127.0.0.1', family: 4 }])
    // A connection made after this one is accepted after it too.
    await new Promise((settled) => setImmediate(settled))
    const probe = await http.connect('127.0.0.1', port, new AbortController().signal)
    await new Promise((closed) => probe.once('close', closed).resume())
    expect(opened).toBe(1)
    server.close()
  })

  test('is not opened after a stop, and a stop while it is opened ends it', async () => {
    const stop = new AbortController()
    const door = testHttp({}, { resolve: () => new Promise(() => {}) })
    const waiting = failure(door.connect('slow.example', 25, stop.signal))
    stop.abort()
    expect(await waiting).toMatchObject({ reason: 'aborted', written: false })
    expect(await failure(door.connect('127.0.0.1', 25, stop.signal))).toMatchObject({ reason: 'aborted' })
  })

  test('goes to allowed addresses alone', async () => {
    const door = testHttp({ allow: [] }, { resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
    const failed = await failure(door.connect('mail.example', 25, new AbortController().signal))
    expect(failed).toMatchObject({ reason: 'denied' })
    expect(failed.message).toContain('mail.example (127.0.0.1)')
  })

  test('ends with the door', async () => {
    const server = createServer(() => {})
    const port = await listening(server)
    const door = testHttp()
    const socket = await door.connect('127.0.0.1', port, new AbortController().signal)
    const closed = new Promise((done) => socket.once('close', done))
    door.close()
    await closed
    server.close()
  })
})

describe('errors of sockets', () => {
  const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code })
  const cases: [string, unknown, boolean, string, string][] = [
    ['ECONNREFUSED', withCode('ECONNREFUSED'), false, 'refused', 'host.example refuses connections (ECONNREFUSED).'],
    ['EHOSTUNREACH', withCode('EHOSTUNREACH'), false, 'refused', 'host.example cannot be reached (EHOSTUNREACH).'],
    ['ETIMEDOUT', withCode('ETIMEDOUT'), false, 'timeout', 'host.example did not answer in time.'],
    ['ECONNRESET', withCode('ECONNRESET'), false, 'reset', 'closed the connection without an answer (ECONNRESET)'],
    [
      'a fault of HTTP',
      withCode('HPE_INVALID_CONSTANT', 'Expected HTTP/'),
      false,
      'protocol',
      'did not answer in HTTP',
    ],
    ['an unknown certificate', withCode('SELF_SIGNED_CERT_IN_CHAIN'), false, 'tls', 'name its authority in tls.caFile'],
    [
      'an expired certificate',
      withCode('CERT_HAS_EXPIRED'),
      false,
      'tls',
      'The secure connection to host.example failed',
    ],
    ['a reset while encrypting', withCode('ECONNRESET'), true, 'tls', 'The secure connection to host.example failed'],
    ['several at once', new AggregateError([withCode('ECONNREFUSED')]), false, 'refused', 'refuses connections'],
    ['anything thrown', 'bang', false, 'reset', 'closed the connection without an answer (bang)'],
  ]
  for (const [title, thrown, encrypting, reason, message] of cases)
    test(`${title} is told as ${reason}`, () => {
      const error = netError(thrown, 'host.example', true, encrypting)
      expect(error).toMatchObject({ reason, written: true })
      expect(error.message).toContain(message)
    })

  test('that are named already stay as they are, but for whether the request was written', () => {
    const denied = new NetError('denied', 'no', false)
    expect(netError(denied, 'h', false, false)).toBe(denied)
    expect(netError(denied, 'h', true, false)).toMatchObject({ reason: 'denied', message: 'no', written: true })
  })
})
