import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { channels } from '../../src/channels/index.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { certificate, certificatePath } from '../support/certificates.ts'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { ways, working } from './ways.ts'

/** Kinds that reach nobody over HTTP. */
const withoutHttp = ['mail', 'shell', 'console', 'inbox']

interface Result {
  state: string
  attempt: { outcome: string; reason: string; response: string }
}

/** Without a proxy or authorities, and with both. */
let bare: InProcess
let equipped: InProcess
let proxy: TestProxy
beforeAll(async () => {
  proxy = await startProxy()
  bare = await startInProcess()
  equipped = await startInProcess({ 'tls.caFile': certificatePath('ca.pem'), 'egress.proxy': proxy.url })
})
afterAll(async () => {
  await bare.stop()
  await equipped.stop()
  await proxy.close()
})

test('every channel that sends over HTTP is tried here', () => {
  const tried = new Set(Object.values(ways).map(({ kind }) => kind))
  expect([...tried, ...withoutHttp].sort()).toEqual(Object.keys(channels).sort())
})

describe.each(Object.entries(ways))('%s', (name, { kind, settings, names = 1 }) => {
  let receiver: Receiver
  let number = 0
  beforeAll(async () => {
    receiver = await startReceiver({ tls: 'localhost' })
    receiver.reply(working)
  })
  afterAll(() => receiver.close())

  /** Creates a channel and sends through it; what came of it, and what arrived meanwhile at the receiver and the proxy. */
  async function sent(through: InProcess, more: JsonObject = {}) {
    const before = [receiver.received.length, proxy.asked.length] as const
    number += 1
    // Nothing waits for the pace of its destination.
    through.clock.advance(60_000)
    const body = {
      name: `${name} ${number}`,
      kind,
      settings: { ...settings(receiver.url, receiver.url.replace('localhost', '127.0.0.1')), ...more },
    }
    const created = await through.call<{ id: string }>('POST', '/api/v1/channels', body)
    expect([created.status, created.body]).toMatchObject([201, {}])
    const { body: answer } = await through.call<{ results: Result[] }>(
      'POST',
      `/api/v1/channels/${created.body.id}/test?wait=true`,
    )
    const [result] = answer.results
    return {
      result: result ?? expect.unreachable(),
      received: receiver.received.length - before[0],
      asked: proxy.asked.slice(before[1]),
    }
  }

  const arrived = { result: { state: 'delivered' }, received: names }

  test.each([{}, { authorities: certificate('other-ca.pem') }])(
    'does not get a message where its authority is unknown, given %#',
    async (more) => {
      const { result, received } = await sent(bare, more)
      expect(result.attempt).toMatchObject({ outcome: 'retryable', reason: 'tls' })
      expect(result.attempt.response).toMatch(/^The secure connection to (localhost|127\.0\.0\.1) failed: /)
      expect(result.attempt.response).toEndWith('name its authority in tls.caFile, or in "authorities" of the channel.')
      expect(received).toBe(0)
    },
  )

  test("gets it where the channel's settings name its authority, or check nothing", async () => {
    expect(await sent(bare, { authorities: certificate('ca.pem') })).toMatchObject(arrived)
    expect(await sent(bare, { verifyCertificate: false })).toMatchObject(arrived)
  })

  test("gets it through the proxy, and by the operator's authority", async () => {
    const { asked, ...rest } = await sent(equipped)
    expect(rest).toMatchObject(arrived)
    const called = [`CONNECT localhost:${receiver.port}`, `CONNECT 127.0.0.1:${receiver.port}`].slice(0, names)
    expect(asked.sort()).toEqual(called.sort())
  })

  test('does not get it where the proxy refuses, and the attempt says so', async () => {
    proxy.refuse(403)
    // Trust of its own takes a connection of its own.
    const { result, received } = await sent(equipped, { authorities: certificate('ca.pem') })
    proxy.refuse(null)
    expect(result.attempt).toMatchObject({ outcome: 'retryable', reason: 'refused' })
    expect(result.attempt.response).toStartWith('The proxy 127.0.0.1 does not lead to ')
    expect(received).toBe(0)
  })

  test('gets it around the proxy where its settings say so', async () => {
    expect(await sent(equipped, { useProxy: false })).toMatchObject({ ...arrived, asked: [] })
  })
})
