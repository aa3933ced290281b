import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

let daemon: InProcess
let receiver: Receiver
beforeAll(async () => {
  daemon = await startInProcess()
  receiver = await startReceiver()
  const settings = { url: `${receiver.url}/hook`, headers: { Authorization: 'Bearer canary' } }
  await daemon.call('POST', '/api/v1/channels', { name: 'hook', kind: 'webhook', settings })
})
afterAll(async () => {
  await daemon.stop()
  await receiver.close()
})

interface Answer {
  deliveries: string[]
  results: { state: string; reason: string; attempt: { outcome: string; reason: string; response: string } | null }[]
}

const post = (path: string, body?: unknown) => daemon.call<Answer>('POST', `/api/v1/channels/${path}`, body)
const last = () => receiver.received.at(-1)!

describe('a test that is waited for', () => {
  test("answers with the receiver's own words, and is marked as a test", async () => {
    receiver.reply({ status: 200, body: 'thanks, Bearer canary' })
    const { status, body } = await post('hook/test?wait=true')
    expect(status).toBe(200)
    expect(body.results).toMatchObject([
      { state: 'delivered', attempt: { outcome: 'delivered', response: '200 thanks, ***' } },
    ])
    expect(JSON.parse(last().body)).toMatchObject({ type: 'test', data: { title: 'Test of the channel "hook"' } })
    expect(last().headers['webhook-id']).toBe(body.deliveries[0])
  })

  test.each([
    ['a refusal', { status: 403, body: 'no_permission' }, 'http-403', '403 no_permission'],
    ['an outage, once only', { status: 503, body: 'later' }, 'http-503', '503 later'],
  ] as const)('tells of %s', async (_name, reply, reason, response) => {
    receiver.reply(reply)
    const before = receiver.received.length
    const { body } = await post('hook/test?wait=true')
    expect(body.results).toMatchObject([{ state: 'rejected', attempt: { reason, response } }])
    daemon.clock.advance(60_000)
    receiver.reply({ status: 200 })
    await post('hook/test?wait=true')
    expect(receiver.received.length - before).toBe(2)
  })

  test('of a destination that asked for a pause waits for its end like every message', async () => {
    receiver.reply({ status: 429, retryAfter: 30, body: 'slow down' })
    await post('hook/test?wait=true')
    receiver.reply({ status: 200 })
    const waiting = post('hook/test?wait=true')
    daemon.clock.advance(10_000)
    const before = receiver.received.length
    daemon.clock.advance(30_000)
    expect((await waiting).body.results).toMatchObject([{ state: 'delivered' }])
    expect(receiver.received.length).toBe(before + 1)
  })

  test('of other settings is sent with them, and nothing is saved', async () => {
    const { body } = await post('hook/test?wait=true', { settings: { url: `${receiver.url}/hook`, method: 'PUT' } })
    expect(body.results).toMatchObject([{ state: 'delivered' }])
    expect(last()).toMatchObject({ method: 'PUT', headers: { authorization: 'Bearer canary' } })
    const { body: stored } = await daemon.call<{ settings: object }>('GET', '/api/v1/channels/hook')
    expect(stored.settings).toMatchObject({ method: 'POST' })
  })

  test('of a flow of Teams says that the message was accepted, not posted', async () => {
    receiver.reply({ status: 202 })
    const { body } = await post('test?wait=true', { kind: 'teams', settings: { webhookUrl: `${receiver.url}/flow` } })
    const response = expect.stringMatching(/^202 \(accepted, not posted: .* history of its runs tells /)
    expect(body.results).toMatchObject([{ state: 'delivered', attempt: { response } }])
    receiver.reply({ status: 200 })
  })

  test('of a channel that is not stored needs nothing but its settings', async () => {
    const { body } = await post('test?wait=true', { kind: 'webhook', settings: { url: `${receiver.url}/new` } })
    expect(body.results).toMatchObject([{ state: 'delivered' }])
    expect(last().path).toBe('/new')
    const refused = await post('test', { kind: 'webhook', settings: {} })
    expect(refused).toMatchObject({ status: 400, body: { issues: [{ path: 'settings.url', message: 'is missing' }] } })
  })
})

test('without waiting it answers the ids at once', async () => {
  const { status, body } = await post('hook/test')
  expect(status).toBe(202)
  expect(Object.keys(body)).toEqual(['deliveries'])
})

test('a message of a caller is no alert', async () => {
  receiver.reply({ status: 200 })
  const message = { title: 'Deployed', severity: 'debug', facts: [{ name: 'version', value: '7' }] }
  const { body } = await post('hook/send?wait=true', { message })
  expect(body.results).toMatchObject([{ state: 'delivered' }])
  expect(JSON.parse(last().body)).toMatchObject({ type: 'message', data: { ...message, alerts: [], rule: '' } })
})
