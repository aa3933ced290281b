import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { secretProblem, signWebhook } from '../../src/channels/webhook/signature.ts'
import { webhook } from '../../src/channels/webhook.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Message } from '../../src/model/message.ts'
import { certificate } from '../support/certificates.ts'
import { testHttp } from '../support/egress.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { serverPackages, serversFolder } from '../support/requirements.ts'
import { listening } from '../support/servers.ts'
import { channelContract, contextOf, failureOf, now, settingsOf } from './contract.ts'
import { firing } from './messages.ts'

const secret = `whsec_${Buffer.from('canary-canary-canary-canary-canary').toString('base64')}`
const old = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const url = 'https://hooks.example.com/canary?token=canary'
const clientCertificate = certificate('localhost.pem')
const clientKey = certificate('localhost.key')

channelContract(webhook, {
  accepted: [
    { url },
    { url: 'http://10.0.0.7:8080/x', method: 'PUT', headers: { 'X-Api-Key': 'canary' }, secret, timeoutSeconds: 5 },
    { url: 'HTTPS://[2001:db8::1]/', method: 'GET', secret, previousSecret: old },
    { url, preset: 'discord', user: 'tocsin', password: 'canary' },
    { url, overrideBody: { runs: ['{{ runs }}'] }, bearerToken: 'canary' },
    { url, authorization: 'GenieKey canary', clientCertificate, clientKey },
  ],
  rejected: [
    [{}, 'url', 'url'],
    [{ url: 'hooks.example.com' }, 'url', 'begins with https://'],
    [{ url: 'ftp://hooks.example.com' }, 'url', 'begins with https://'],
    [{ url: 'https://' }, 'url', 'must be a URL'],
    [{ url: 7 }, 'url', 'must be text'],
    [{ url, method: 'TRACE' }, 'method', 'POST, GET, PUT, PATCH, DELETE'],
    [{ url, method: 'post' }, 'method', 'must be one of'],
    [{ url, headers: 'X: y' }, 'headers', 'must be an object'],
    [{ url, headers: { 'x-a': 'b\r\nx-b: c' } }, 'headers.x-a', 'one line'],
    [{ url, headers: { 'x-a': 'ü' } }, 'headers.x-a', 'ASCII'],
    [{ url, headers: { 'x a': 'b' } }, 'headers.x a', 'letters, digits and dashes'],
    [{ url, headers: { 'Webhook-Id': 'b' } }, 'headers.Webhook-Id', 'set by Tocsin'],
    [{ url, headers: { 'content-length': '1' } }, 'headers.content-length', 'set by Tocsin'],
    [
      { url, secret: 'whsec_plJ3nmyCDGBKInavdOK15jsl' },
      'secret',
      '24 to 64 random bytes after "whsec_"; this one holds 18',
    ],
    [{ url, secret: 'hunter2' }, 'secret', 'must be "whsec_"'],
    [{ url, preset: 'teams' }, 'preset', 'must be one of tocsin, form, alertmanager'],
    [{ url, overrideBody: null }, 'overrideBody', 'an object, a list or text'],
    [{ url, overrideBody: 'x'.repeat(100_001) }, 'overrideBody', '100000 characters'],
    [{ url, user: 'a' }, 'password', 'goes together with the user'],
    [{ url, password: 'a' }, 'user', 'goes together with the password'],
    [{ url, user: 'a:b', password: 'c' }, 'user', 'must not hold a colon'],
    [{ url, bearerToken: 'ü' }, 'bearerToken', 'plain ASCII'],
    [{ url, bearerToken: 'a\nb' }, 'bearerToken', 'one line'],
    [{ url, bearerToken: 'a', authorization: 'b' }, 'authorization', 'give one way'],
    [{ url, user: 'a', password: 'b', headers: { Authorization: 'c' } }, 'authorization', 'give one way'],
    [{ url, clientCertificate }, 'clientKey', 'goes together with the client certificate'],
    [{ url, clientKey }, 'clientCertificate', 'goes together with the client key'],
    [{ url, clientCertificate, clientKey: 'canary' }, 'clientKey', 'PEM'],
    [{ url, clientCertificate: clientKey, clientKey }, 'clientCertificate', 'PEM'],
    [{ url, clientCertificate, clientKey: certificate('wrong-host.key') }, 'clientKey', 'is not the key of'],
    [{ url, timeoutSeconds: 0 }, 'timeoutSeconds', '1 second at least'],
    [{ url, timeoutSeconds: 1000 }, 'timeoutSeconds', '120 seconds at most'],
  ],
  secrets: ['url', 'headers', 'secret', 'previousSecret', 'password', 'bearerToken', 'authorization', 'clientKey'],
  http: (to) => ({ url: `${to}/canary?token=canary`, headers: { authorization: 'Bearer canary' }, secret }),
})

describe('the signature', () => {
  const body = '{"event_type":"ping","data":{"success":true}}'

  test('is the one of the published vector', () => {
    const published = 'whsec_plJ3nmyCDGBKInavdOK15jsl'
    const signature = signWebhook([published], 'msg_loFOjxBNrRLzqYUf', 1731705121, body)
    expect(signature).toBe('v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=')
  })

  test.each(['standardwebhooks/dist/index.js', 'svix/dist/index.mjs'])(
    'is good to another library: %s',
    async (path) => {
      if (!(await serverPackages.present())) return
      const { Webhook } = await import(join(serversFolder, 'node_modules', path))
      const seconds = Math.floor(Date.now() / 1000)
      const verify = (signature: string, text = body) =>
        new Webhook(secret).verify(text, {
          'webhook-id': 'msg_1',
          'webhook-timestamp': String(seconds),
          'webhook-signature': signature,
        })
      expect(() => verify(signWebhook([old, secret], 'msg_1', seconds, body))).not.toThrow()
      expect(() => verify(signWebhook([old], 'msg_1', seconds, body))).toThrow()
      expect(() => verify(signWebhook([secret], 'msg_1', seconds, body), `${body} `)).toThrow()
      expect(() => verify(signWebhook([secret], 'msg_2', seconds, body))).toThrow()
    },
  )

  test('comes twice while a secret is being changed', () => {
    const both = signWebhook([secret, old], 'msg_1', 1, body).split(' ')
    expect(both).toEqual([signWebhook([secret], 'msg_1', 1, body), signWebhook([old], 'msg_1', 1, body)])
  })

  test('is made with secrets of 24 to 64 bytes', () => {
    const sized = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`
    expect([24, 64].map((bytes) => secretProblem(sized(bytes)))).toEqual([null, null])
    expect([0, 23, 65].map((bytes) => secretProblem(sized(bytes)) === null)).toEqual([false, false, false])
  })
})

describe('a webhook on the wire', () => {
  let receiver: Receiver
  const http = testHttp()
  beforeAll(async () => {
    receiver = await startReceiver()
  })
  afterAll(async () => {
    http.close()
    await receiver.close()
  })

  async function sent(given: JsonObject, message: Message = firing, at = now) {
    const settings = settingsOf(webhook, { url: `${receiver.url}/hook`, ...given })
    await webhook.send(webhook.render(message, settings), settings, contextOf({ http, now: at }))
    return receiver.received.at(-1) ?? expect.unreachable()
  }

  test('is JSON with type, time and the message', async () => {
    const { method, headers, body } = await sent({})
    expect(method).toBe('POST')
    expect(headers['content-type']).toBe('application/json')
    const event = JSON.parse(body)
    expect(event).toMatchObject({ v: 1, type: 'alert.firing', timestamp: '2026-03-04T09:30:00.000Z' })
    expect(event.data).toMatchObject({
      title: firing.title,
      rule: firing.rule,
      table: firing.table,
      alerts: firing.alerts,
    })
    expect(event.data.body).toBeUndefined()
  })

  test('names the delivery and the time of the attempt always, and signs when there is a secret', async () => {
    const plain = await sent({})
    expect(plain.headers['webhook-id']).toBe('msg_000000001abcdefgh')
    expect(plain.headers['webhook-timestamp']).toBe(String(now / 1000))
    expect(plain.headers['webhook-signature']).toBeUndefined()
    const signed = await sent({ secret }, firing, now + 61_500)
    expect(signed.headers['webhook-id']).toBe(plain.headers['webhook-id'] ?? '')
    expect(signed.headers['webhook-timestamp']).toBe(String(now / 1000 + 61))
    const expected = signWebhook([secret], 'msg_000000001abcdefgh', now / 1000 + 61, signed.body)
    expect(signed.headers['webhook-signature']).toBe(expected)
  })

  test('names each kind of message', async () => {
    const kinds = ['firing', 'reminder', 'resolved', 'no-data', 'error', 'recovered', 'test'] as const
    const types: unknown[] = []
    for (const kind of kinds) types.push(JSON.parse((await sent({}, { ...firing, kind })).body).type)
    expect(types).toEqual([
      'alert.firing',
      'alert.reminder',
      'alert.resolved',
      'alert.no-data',
      'alert.error',
      'alert.recovered',
      'test',
    ])
  })

  test.each(['PUT', 'PATCH', 'POST'])('%s has the body', async (method) => {
    expect(await sent({ method })).toMatchObject({ method, body: expect.stringContaining('alert.firing') })
  })

  test.each(['GET', 'DELETE'])('%s has none, unless the route gives one', async (method) => {
    const bare = await sent({ method, secret })
    expect(bare).toMatchObject({ method, body: '' })
    expect(bare.headers['content-type']).toBeUndefined()
    expect(bare.headers['webhook-signature']).toBe(signWebhook([secret], 'msg_000000001abcdefgh', now / 1000, ''))
    const given = await sent({ method }, { ...firing, body: { text: '{"a":1}', contentType: 'application/json' } })
    expect(given).toMatchObject({ method, body: '{"a":1}' })
  })

  test("a route's own body goes as it is, with its type", async () => {
    const text = 'drift=0.41&über=1'
    for (const [contentType, header] of [
      ['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded'],
      ['text/plain', 'text/plain; charset=utf-8'],
    ] as const) {
      const given = await sent({}, { ...firing, body: { text, contentType } })
      expect([given.body, given.headers['content-type']]).toEqual([text, header])
    }
  })

  test.each([
    [{ user: 'tocsin', password: 'päss:word' }, `Basic ${Buffer.from('tocsin:päss:word').toString('base64')}`],
    [{ bearerToken: 'abc' }, 'Bearer abc'],
    [{ authorization: 'GenieKey abc' }, 'GenieKey abc'],
    [{ headers: { Authorization: 'Own abc' } }, 'Own abc'],
  ])('%j authorizes it', async (given, header) => {
    expect((await sent(given)).headers['authorization']).toBe(header)
  })

  test('what a receiver repeats of its credentials is not kept', async () => {
    const settings = settingsOf(webhook, { url: receiver.url, user: 'tocsin', password: 'canary' })
    receiver.reply(({ headers }) => ({ status: 200, body: `hello ${headers['authorization']}` }))
    const { response } = await webhook.send(webhook.render(firing, settings), settings, contextOf({ http }))
    receiver.reply({ status: 200 })
    expect(response).toBe('200 hello Basic ***')
  })

  test('headers of the settings go along and may name another content type', async () => {
    const given = { headers: { 'Content-Type': 'application/vnd.example+json', 'X-Api-Key': 'k' } }
    expect((await sent(given)).headers).toMatchObject({
      'content-type': 'application/vnd.example+json',
      'x-api-key': 'k',
    })
  })
})

test('receivers of a preset are sent to at their pace', () => {
  const at = (preset: string) => webhook.destination(settingsOf(webhook, { url, preset }))
  expect(at('discord')).toMatch(/^discord https:\/\/hooks\.example\.com#[0-9a-f]{8}$/)
  expect(webhook.limitsOf(at('discord'))).toEqual({
    inFlight: 1,
    retries: 'webhook',
    pace: { perSecond: 0.5, burst: 5 },
  })
  expect([at('tocsin'), at('form'), 'invalid#1', ''].map(webhook.limitsOf)).toEqual(Array(4).fill(webhook.limits))
})

test('destinations differ by the whole address and hide all but the origin', () => {
  const at = (to: string) => webhook.destination(settingsOf(webhook, { url: to }))
  expect(at('https://a.example/1?k=s3cr3t')).toMatch(/^https:\/\/a\.example#[0-9a-f]{8}$/)
  expect(at('https://a.example/1')).not.toBe(at('https://a.example/2'))
})

test('a client certificate is shown to a receiver that asks for one', async () => {
  const own = { key: certificate('localhost.key'), cert: certificate('localhost.pem') }
  const server = createServer({ ...own, requestCert: true, rejectUnauthorized: false }, (socket) => {
    const { subject } = socket.getPeerCertificate() ?? {}
    const status = subject === undefined ? '401 Unauthorized' : '200 OK'
    socket.on('error', () => {})
    socket.once('data', () => socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`))
  })
  const http = testHttp()
  const to = `https://localhost:${await listening(server)}/`
  const send = (given: JsonObject) => {
    const settings = settingsOf(webhook, { url: to, ...given })
    return webhook.send(webhook.render(firing, settings), settings, contextOf({ http }))
  }
  expect((await send({ clientCertificate, clientKey })).response).toBe('200')
  expect(await failureOf(send({}))).toMatchObject({ reason: 'http-401' })
  http.close()
  await new Promise((resolve) => server.close(resolve))
})
