import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { type HttpRequest, NetError } from '../../src/net.ts'
import { build } from '../../src/version.ts'
import { certificate } from '../support/certificates.ts'
import { testHttp } from '../support/egress.ts'
import { type Receiver, type Reply, startReceiver } from '../support/receiver.ts'
import { freePort, listening } from '../support/servers.ts'

let receiver: Receiver
let secure: Receiver
let elsewhere: Receiver
const http = testHttp()

beforeAll(async () => {
  receiver = await startReceiver()
  secure = await startReceiver({ tls: 'localhost' })
  elsewhere = await startReceiver({ tls: 'wrong-host' })
})
beforeEach(() => receiver.reply({ status: 200, body: 'ok' }))
afterAll(async () => {
  http.close()
  await Promise.all([receiver.close(), secure.close(), elsewhere.close()])
})

const ask = (changes: Partial<HttpRequest> = {}, door = http) =>
  door.request({ method: 'GET', url: receiver.url, signal: new AbortController().signal, ...changes })

async function failure(attempt: Promise<unknown>): Promise<Pick<NetError, 'reason' | 'written' | 'message'>> {
  try {
    await attempt
  } catch (thrown) {
    if (thrown instanceof NetError) return thrown
    throw thrown
  }
  throw new Error('It did not fail.')
}

describe('a request', () => {
  test('arrives as it was given, under our name', async () => {
    const headers = { 'X-One': 'a', 'Content-Type': 'text/plain; charset=utf-8' }
    const url = `${receiver.url}/a%2Fb/c?d=%20e&f#g`
    const answer = await ask({ method: 'PATCH', url, headers, body: 'grüße' })
    expect(answer).toMatchObject({ status: 200, body: 'ok' })
    expect(answer.cut).toBeUndefined()
    const got = receiver.received.at(-1)
    expect(got).toMatchObject({ method: 'PATCH', path: '/a%2Fb/c?d=%20e&f', body: 'grüße' })
    expect(got?.headers).toMatchObject({
      'user-agent': `Tocsin/${build.version}`,
      'x-one': 'a',
      'content-length': '7',
      'content-type': 'text/plain; charset=utf-8',
      host: `127.0.0.1:${receiver.port}`,
    })
  })

  test('takes user and password of the URL as basic authentication', async () => {
    await ask({ url: `http://us%40er:pa%3Ass@127.0.0.1:${receiver.port}/` })
    expect(receiver.received.at(-1)?.headers['authorization']).toBe(`Basic ${btoa('us@er:pa:ss')}`)
  })

  test('takes a user that is not encoded as it is', async () => {
    await ask({ url: `http://50%:x@127.0.0.1:${receiver.port}/` })
    expect(receiver.received.at(-1)?.headers['authorization']).toBe(`Basic ${btoa('50%:x')}`)
  })

  test('uses its connections again', async () => {
    await ask()
    const before = receiver.connections()
    for (let count = 0; count < 20; count += 1) await ask()
    expect(receiver.connections()).toBe(before)
  })

  test.each([301, 302, 303, 307, 308])('does not follow a %d', async (status) => {
    receiver.reply({ status, headers: { location: `${receiver.url}/other` } })
    const before = receiver.received.length
    expect((await ask()).status).toBe(status)
    expect(receiver.received.length).toBe(before + 1)
  })

  test.each([
    { 'x-a': 'b\r\nx-injected: c' },
    { 'x-a': 'b\nc' },
    { 'x-a': 'ü' },
    { 'x-a': 'b\u0000' },
    { 'x a': 'b' },
    { 'x-a:': 'b' },
  ])('with the header %j is not sent', async (headers) => {
    const before = receiver.received.length
    expect(await failure(ask({ headers }))).toMatchObject({ reason: 'protocol', written: false })
    expect(receiver.received.length).toBe(before)
  })

  test.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'no address', '//127.0.0.1', 'http://[fe80::1%25eth0]/', ''])(
    'to %p is refused',
    async (url) => {
      expect(await failure(ask({ url }))).toMatchObject({ reason: 'protocol', written: false })
    },
  )
})

describe('an answer', () => {
  test('with a long body is cut at 64 kB', async () => {
    receiver.reply({ status: 200, body: 'x'.repeat(200_000) })
    const answer = await ask()
    expect(answer).toMatchObject({ status: 200, cut: 'size' })
    expect(answer.body.length).toBe(65_536)
  })

  test('is read further when more is asked for', async () => {
    receiver.reply({ status: 200, body: 'x'.repeat(200_000) })
    const { body, cut } = await ask({ mostBytes: 150_000 })
    expect([body.length, cut]).toEqual([150_000, 'size'])
    expect((await ask({ mostBytes: 200_000 })).body).toHaveLength(200_000)
  })
  test('without end is cut at 64 kB', async () => {
    receiver.reply('endless')
    expect(await ask()).toMatchObject({ status: 200, cut: 'size' })
  })

  test('that drips counts by its status when the time is over', async () => {
    receiver.reply('drip')
    expect(await ask({ timeout: 300 })).toMatchObject({ status: 200, cut: 'time' })
  })

  test('that breaks off counts by its status', async () => {
    receiver.reply('half')
    expect(await ask()).toMatchObject({ status: 200, body: 'half of', cut: 'reset' })
  })

  test.each<[Reply, NetError['reason']]>([
    ['hang', 'timeout'],
    ['slow-head', 'timeout'],
    ['reset', 'reset'],
    ['close', 'reset'],
    ['garbage', 'protocol'],
    ['long-headers', 'protocol'],
  ])('of the kind %p is %p, and the request may have arrived', async (reply, reason) => {
    receiver.reply(reply)
    expect(await failure(ask({ timeout: 300 }))).toMatchObject({ reason, written: true })
  })

  test('is not awaited after a stop', async () => {
    receiver.reply('hang')
    const stop = new AbortController()
    const waiting = failure(ask({ signal: stop.signal }))
    await receiver.until(receiver.received.length + 1)
    stop.abort()
    expect(await waiting).toMatchObject({ reason: 'aborted', written: true })
    expect(await failure(ask({ signal: stop.signal }))).toMatchObject({ reason: 'aborted', written: false })
  })
})

describe('a connection', () => {
  test('that is refused', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`
    expect(await failure(ask({ url }))).toMatchObject({ reason: 'refused', written: false })
  })

  test('to a name that nobody knows', async () => {
    const resolve = async () => {
      throw Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' })
    }
    const door = testHttp({}, { resolve })
    const failed = await failure(ask({ url: 'http://nobody.example/' }, door))
    expect(failed).toMatchObject({ reason: 'dns', written: false })
    expect(failed.message).toBe('The host name nobody.example cannot be resolved (ENOTFOUND).')
  })

  test('to a name whose look-up hangs is given up', async () => {
    const door = testHttp({}, { resolve: () => new Promise(() => {}), connectTimeout: 100 })
    expect(await failure(ask({ url: 'http://slow.example/' }, door))).toMatchObject({
      reason: 'timeout',
      written: false,
    })
  })

  test('whose handshake hangs is given up, unwritten', async () => {
    const silent = createServer(() => {})
    const port = await listening(silent)
    const door = testHttp({}, { connectTimeout: 100 })
    const failed = await failure(ask({ url: `https://localhost:${port}/` }, door))
    expect(failed).toMatchObject({ reason: 'timeout', written: false })
    silent.close()
  })

  test('goes to the address that was checked: a name is looked up once for each', async () => {
    const answers = ['127.0.0.1', '169.254.169.254', '10.0.0.1']
    const asked: string[] = []
    const door = testHttp(
      {},
      {
        resolve: async (host) => {
          asked.push(host)
          return [{ address: answers[asked.length - 1] ?? '', family: 4 }]
        },
      },
    )
    const answer = await ask({ url: `http://rebinding.example:${receiver.port}/` }, door)
    expect(answer.status).toBe(200)
    expect(asked).toEqual(['rebinding.example'])
    expect(receiver.received.at(-1)?.headers['host']).toBe(`rebinding.example:${receiver.port}`)
    door.close()
    const failed = await failure(ask({ url: `http://rebinding.example:${receiver.port}/` }, door))
    expect(failed).toMatchObject({ reason: 'denied', written: false })
    expect(failed.message).toContain('rebinding.example (169.254.169.254)')
  })

  test('is tried at each allowed address in turn', async () => {
    const resolve = async () => [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]
    const door = testHttp({}, { resolve })
    expect((await ask({ url: `http://twofold.example:${receiver.port}/` }, door)).status).toBe(200)
  })

  test.each(['127.0.0.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '[::ffff:127.0.0.1]', 'localhost'])(
    'to %s is denied where loopback is not allowed, saying what would allow it',
    async (host) => {
      const before = receiver.connections()
      const failed = await failure(ask({ url: `http://${host}:${receiver.port}/` }, testHttp({ allow: [] })))
      expect(failed).toMatchObject({ reason: 'denied', written: false })
      expect(failed.message).toContain('egress.allow: ')
      expect(receiver.connections()).toBe(before)
    },
  )

  test("to Tocsin's own listener is denied, added later or not", async () => {
    const own: { host: string; port: number }[] = []
    const door = testHttp({ own })
    expect((await ask({}, door)).status).toBe(200)
    own.push({ host: '0.0.0.0', port: receiver.port })
    expect((await failure(ask({}, door))).message).toContain('Tocsin itself')
    door.close()
  })
})

describe('TLS', () => {
  test('verifies the certificate against the host name and names it to the server', async () => {
    const answer = await ask({ url: `${secure.url}/x`, method: 'POST', body: 'secret' })
    expect(answer.status).toBe(200)
    expect(secure.received.at(-1)?.headers['host']).toBe(`localhost:${secure.port}`)
  })

  test('refuses a certificate of another host, before the request is written', async () => {
    const before = elsewhere.received.length
    const failed = await failure(ask({ url: elsewhere.url, method: 'POST', body: 'secret' }))
    expect(failed).toMatchObject({ reason: 'tls', written: false })
    expect(failed.message).toContain('elsewhere.example')
    expect(elsewhere.received.length).toBe(before)
  })

  test('checks the name, not the pinned address', async () => {
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const door = testHttp({}, { resolve })
    const url = (host: string) => `https://${host}:${elsewhere.port}/`
    expect((await ask({ url: url('elsewhere.example') }, door)).status).toBe(200)
    expect(await failure(ask({ url: url('other.example') }, door))).toMatchObject({ reason: 'tls' })
    door.close()
  })

  test('refuses an authority nobody trusts, and says what to do', async () => {
    for (const authorities of [[], [certificate('other-ca.pem')]]) {
      const failed = await failure(ask({ url: secure.url }, testHttp({ authorities })))
      expect(failed).toMatchObject({ reason: 'tls', written: false })
      expect(failed.message).toContain('tls.caFile')
    }
  })

  test('trusts the authorities of a request for that request alone', async () => {
    const door = testHttp({ authorities: [] })
    const tls = { authorities: [certificate('ca.pem')] }
    expect((await ask({ url: secure.url, tls }, door)).status).toBe(200)
    expect(await failure(ask({ url: secure.url }, door))).toMatchObject({ reason: 'tls' })
    door.close()
  })

  test('verifies nothing when told so, and goes on verifying for others', async () => {
    const door = testHttp({ authorities: [] })
    expect((await ask({ url: elsewhere.url, tls: { verify: false } }, door)).status).toBe(200)
    expect(await failure(ask({ url: elsewhere.url }, door))).toMatchObject({ reason: 'tls' })
    door.close()
  })

  test('with a server that speaks none fails unwritten', async () => {
    const url = `https://localhost:${receiver.port}/`
    expect(await failure(ask({ url }))).toMatchObject({ reason: 'tls', written: false })
  })
})
