import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { microsoftGraphMail } from '../../src/channels/microsoft-graph-mail.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Attachment, Message } from '../../src/model/message.ts'
import { testHttp } from '../support/egress.ts'
import { graphError, loginError, startGraph, token } from '../support/fake-graph.ts'
import { channelContract, contextOf, failureOf, now, settingsOf } from './contract.ts'
import { firing, messages } from './messages.ts'

const application = {
  tenantId: '11111111-2222-3333-4444-555555555555',
  clientId: '66666666-7777-8888-9999-000000000000',
  clientSecret: 'canary',
}
const sender = 'Alerts <alerts@example.com>'
const plain = { ...application, sender, to: 'Ops <ops@example.com>; b@example.com' }
const graph = await startGraph()
const http = testHttp()

channelContract(microsoftGraphMail, {
  accepted: [
    { ...plain, cc: 'c@example.com', bcc: ['d@example.com'], replyTo: 'r@example.com' },
    { ...plain, graphUrl: 'https://graph.microsoft.us/', loginUrl: 'https://login.microsoftonline.us' },
    { ...plain, tenantId: 'example.onmicrosoft.com', saveToSentItems: true, authorizedDomain: 'example.com' },
    { ...application, sender, to: { fromColumn: 'email', each: true }, attachments: [{ type: 'result' }] },
  ],
  rejected: [
    [{ ...plain, tenantId: '../../common' }, 'tenantId', 'must be an id such as'],
    [{ ...plain, tenantId: undefined } as unknown as JsonObject, 'tenantId', ''],
    [{ ...plain, clientId: 'a b' }, 'clientId', 'must be an id such as'],
    [{ ...plain, clientSecret: '' }, 'clientSecret', 'must not be empty'],
    [{ ...plain, sender: 'nobody' }, 'sender', '"nobody" is not a mail address'],
    [{ ...plain, to: 'a@b.example\r\nBcc: x@y.example' }, 'to', 'not a mail address'],
    [{ ...plain, authorizedDomain: 'example.org' }, 'to', 'only mail to example.org'],
    [{ ...plain, graphUrl: 'graph.microsoft.com' }, 'graphUrl', 'begins with https://'],
    [{ ...plain, loginUrl: 'https://login.example.com/?x=1' }, 'loginUrl', 'without ? and #'],
    [{ ...plain, timeoutSeconds: 0 }, 'timeoutSeconds', '1 second at least'],
    [{ ...plain, attachments: [{ type: 'result', format: 'doc' }] }, 'attachments.0.format', 'csv, xlsx, json, html'],
  ],
  secrets: ['clientSecret'],
  http: (url) => ({ ...plain, graphUrl: url, loginUrl: graph.receiver.url }),
})

const send = (given: JsonObject = {}, message: Message = firing, changes: Parameters<typeof contextOf>[0] = {}) => {
  const settings = settingsOf(microsoftGraphMail, { ...plain, ...graph.settings, ...given })
  return microsoftGraphMail.send(
    microsoftGraphMail.render(message, settings),
    settings,
    contextOf({ http, ...changes }),
  )
}
const last = () => graph.mails().at(-1) ?? expect.unreachable()
const file = (name: string, size: number): Attachment => ({
  name,
  contentType: 'text/csv',
  content: Buffer.alloc(size, 'x').toString('base64'),
})

afterEach(() => {
  graph.login(null)
  graph.mail(null)
})
afterAll(async () => {
  http.close()
  await graph.close()
})

describe('a mail', () => {
  test('goes to sendMail of the mailbox, with a token of the login', async () => {
    const receipt = await send({ sender: 'Alerts <alerts+x@example.com>', bcc: 'audit@example.com' })
    expect(receipt).toEqual({
      response: '202 accepted by Microsoft 365, not yet delivered',
      reference: { messageId: '<msg_000000001abcdefgh@example.com>' },
    })
    expect(graph.logins().at(-1)).toEqual({
      grant_type: 'client_credentials',
      client_id: application.clientId,
      client_secret: 'canary-secret',
      scope: `${graph.receiver.url}/.default`,
    })
    const { path, authorization, body } = last()
    expect(path).toBe('/v1.0/users/alerts%2Bx%40example.com/sendMail')
    expect(authorization).toBe(`Bearer canary-token-${graph.logins().length}`)
    expect(body.saveToSentItems).toBe(false)
    expect(body.message).toMatchObject({
      subject: firing.title,
      importance: 'high',
      body: { contentType: 'HTML' },
      toRecipients: [
        { emailAddress: { address: 'ops@example.com', name: 'Ops' } },
        { emailAddress: { address: 'b@example.com' } },
      ],
      ccRecipients: [],
      bccRecipients: [{ emailAddress: { address: 'audit@example.com' } }],
      internetMessageId: '<msg_000000001abcdefgh@example.com>',
      internetMessageHeaders: [{ name: 'X-Auto-Response-Suppress', value: 'All' }],
    })
    expect(body.message.singleValueExtendedProperties).toBeUndefined()
  })

  test('answers the first mail of its alert', async () => {
    const { reference = {} } = await send()
    await send({}, messages['resolved'], { deliveryId: 'msg_2', previous: reference })
    const { internetMessageId, singleValueExtendedProperties } = last().body.message
    expect(internetMessageId).toBe('<msg_2@example.com>')
    expect(singleValueExtendedProperties).toEqual([
      { id: 'String 0x1042', value: '<msg_000000001abcdefgh@example.com>' },
      { id: 'String 0x1039', value: '<msg_000000001abcdefgh@example.com>' },
    ])
  })

  test("is the route's own text or HTML where there is one", async () => {
    await send({ subject: 'Own' }, { ...firing, body: { text: 'Dear <all>', contentType: 'text/plain' } })
    expect(last().body.message).toMatchObject({ subject: 'Own', body: { contentType: 'Text', content: 'Dear <all>' } })
    await send({}, { ...firing, body: { text: '<p>Dear all</p>', contentType: 'text/html' } })
    expect(last().body.message.body).toEqual({ contentType: 'HTML', content: '<p>Dear all</p>' })
  })

  test('carries files, and says which do not fit into one request', async () => {
    const attachments = [file('a.csv', 2_000_000), file('b.csv', 1_000_000), file('c.csv', 500_000)]
    await send({}, { ...firing, attachments })
    const { message } = last().body
    expect(message.attachments.map(({ name }) => name)).toEqual(['a.csv', 'c.csv'])
    expect(message.attachments[1]).toMatchObject({ '@odata.type': '#microsoft.graph.fileAttachment' })
    expect(message.body.content).toContain('b.csv was left out: files of a mail through Microsoft 365 may have 2.6 MB')
    expect(JSON.stringify(last().body).length).toBeLessThan(4_000_000)
    for (const contentType of ['text/plain', 'text/html'] as const) {
      await send({}, { ...firing, attachments, body: { text: '<p>own</p>', contentType } })
      expect(last().body.message.body.content).toContain('b.csv was left out')
    }
  })

  test('stays within one request whatever its length', async () => {
    const long = { ...firing, summary: 'ü'.repeat(600_000), attachments: [file('a.csv', 2_600_000)] }
    await send({}, long)
    expect(Buffer.byteLength(JSON.stringify(last().body))).toBeLessThan(4_000_000)
    expect(last().body.message.body.contentType).toBe('Text')
    await send({}, { ...long, body: { text: '漢'.repeat(600_000), contentType: 'text/plain' } })
    expect(Buffer.byteLength(JSON.stringify(last().body))).toBeLessThan(4_000_000)
    expect(last().body.message.body.content.includes('The rest of this mail was too long.')).toBe(true)
  })

  test('to nobody is rejected before a token is asked for', async () => {
    const before = graph.receiver.received.length
    expect(await failureOf(send({ to: '' }))).toMatchObject({ outcome: 'rejected', reason: 'no-recipients' })
    expect(graph.receiver.received).toHaveLength(before)
  })
})

describe('the token', () => {
  test('is kept until five minutes before its end', async () => {
    const cache = new Map<string, unknown>()
    const before = graph.logins().length
    const minutes = (count: number) => ({ cache, now: now + count * 60_000 })
    await send({}, firing, minutes(0))
    await send({}, firing, minutes(54))
    expect(graph.logins()).toHaveLength(before + 1)
    await send({}, firing, minutes(55))
    expect(graph.logins()).toHaveLength(before + 2)
    await send({ clientSecret: 'canary-other' }, firing, minutes(55))
    expect(graph.logins()).toHaveLength(before + 3)
  })

  test.each([['600'], [undefined], ['soon'], [null]])(
    'that lives for %j is used at once all the same',
    async (life) => {
      graph.login((count) => token(count, life))
      expect((await send()).response).toStartWith('202')
    },
  )

  test('that is refused is renewed once', async () => {
    const cache = new Map<string, unknown>()
    await send({}, firing, { cache })
    const [logins, mails] = [graph.logins().length, graph.mails().length]
    graph.mail((count) => (count === mails + 1 ? graphError(401, 'InvalidAuthenticationToken') : { status: 202 }))
    await send({}, firing, { cache })
    expect([graph.logins().length - logins, graph.mails().length - mails]).toEqual([1, 2])
    graph.mail(graphError(401, 'InvalidAuthenticationToken'))
    const failure = await failureOf(send({}, firing, { cache }))
    expect(failure).toMatchObject({ outcome: 'rejected', reason: 'http-401' })
    expect(failure.message).toContain('may belong to another cloud')
    expect(graph.mails()).toHaveLength(mails + 4)
  })

  test('is not shown when an answer repeats it', async () => {
    graph.login(token(7))
    graph.mail({ status: 400, body: '{"error":{"code":"X","message":"Bearer canary-token-7 is bad"}}' })
    const failure = await failureOf(send())
    expect(failure.response).toContain('Bearer … is bad')
    expect(JSON.stringify([failure.message, failure.response])).not.toContain('canary')
  })
})

describe('a login that', () => {
  test.each([
    [
      'has an expired secret',
      loginError(401, 'invalid_client', 7000222),
      'rejected',
      'login',
      /expired: make a new one/,
    ],
    ['has a wrong secret', loginError(401, 'invalid_client', 7000215), 'rejected', 'login', /the value of the secret/],
    ['knows no such application', loginError(400, 'unauthorized_client', 700016), 'rejected', 'login', /client\) ID/],
    ['knows no such tenant', loginError(400, 'invalid_request', 90002), 'rejected', 'login', /tenant\) ID/],
    ['says something new', loginError(400, 'brand_new', 1), 'rejected', 'login', /\(brand_new\)\. Check the tenant/],
    ['has no time', loginError(400, 'temporarily_unavailable', 90033), 'retryable', 'http-400', /has no time/],
    ['asks to wait', { status: 429, retryAfter: 9 }, 'retryable', 'http-429', /less often/],
    ['is broken', { status: 500, body: 'oops' }, 'retryable', 'http-500', /500/],
    ['gives no token', { status: 200, body: '{}' }, 'retryable', 'login', /gave no token/],
    ['gives no JSON', { status: 200, body: '<html>' }, 'retryable', 'login', /gave no token/],
    [
      'gives a token that is a header',
      { status: 200, body: '{"access_token":"a\\r\\nX: y"}' },
      'retryable',
      'login',
      /no token/,
    ],
    [
      'is gone to elsewhere',
      { status: 302, headers: { location: 'http://evil.example' } },
      'retryable',
      'http-302',
      /redirects/,
    ],
    ['resets', 'reset', 'retryable', 'reset', /./],
    ['answers with garbage', 'garbage', 'retryable', 'protocol', /./],
  ] as const)('%s', async (_name, reply, outcome, reason, text) => {
    const before = graph.mails().length
    graph.login(reply)
    const failure = await failureOf(send())
    expect(failure).toMatchObject({ outcome, reason })
    expect(failure.message).toMatch(text)
    expect(JSON.stringify([failure.message, failure.response])).not.toContain('canary')
    expect(graph.mails()).toHaveLength(before)
  })

  test('says that the secret has expired disables the channel; nothing else of it does', async () => {
    graph.login(loginError(401, 'invalid_client', 7000222))
    expect((await failureOf(send())).disableChannel).toBe(true)
    graph.login(loginError(401, 'invalid_client', 7000215))
    expect((await failureOf(send())).disableChannel).toBe(false)
  })
})

describe('Graph that', () => {
  test.each([
    ['refuses a recipient', graphError(400, 'ErrorInvalidRecipients'), 'rejected', 'http-400', /refuses a recipient/],
    ['lacks the permission', graphError(403, 'ErrorAccessDenied'), 'rejected', 'http-403', /needs Mail\.Send/],
    ['may not send as it', graphError(403, 'ErrorSendAsDenied'), 'rejected', 'http-403', /may not send as/],
    ['knows no such user', graphError(404, 'ErrorInvalidUser'), 'rejected', 'http-404', /no mailbox of the sender/],
    ['has no mailbox', graphError(404, 'MailboxNotEnabledForRESTAPI'), 'rejected', 'http-404', /with a licence/],
    ['finds it too large', { status: 413, body: '' }, 'rejected', 'http-413', /larger than one request/],
    [
      'throttles the application',
      graphError(429, 'ApplicationThrottled', { retryAfter: 120 }),
      'retryable',
      'http-429',
      /less often/,
    ],
    ['throttles the mailbox', graphError(429, 'MailboxConcurrency'), 'retryable', 'http-429', /fewer mails at a time/],
    ['is busy under another status', graphError(400, 'ErrorServerBusy'), 'retryable', 'http-400', /400/],
    ['is down', graphError(503, 'ServiceUnavailable', { retryAfter: 3 }), 'retryable', 'http-503', /503/],
    ['is too slow', graphError(504, 'GatewayTimeout'), 'retryable', 'http-504', /504/],
    ['is broken', { status: 500, body: 'oops' }, 'retryable', 'http-500', /500/],
    ['answers nonsense', { status: 400, body: '[1]' }, 'rejected', 'http-400', /400/],
  ] as const)('%s', async (_name, reply, outcome, reason, text) => {
    graph.mail(reply)
    const failure = await failureOf(send())
    expect(failure).toMatchObject({ outcome, reason, disableChannel: false })
    expect(failure.message).toMatch(text)
    const seconds = typeof reply === 'object' && 'retryAfter' in reply ? Number(reply.retryAfter) * 1000 : undefined
    expect(failure.retryAfter).toBe(seconds as number)
  })

  test('takes the mail with any 2xx, also when the answer breaks off', async () => {
    graph.mail('half')
    expect((await send()).response).toStartWith('200')
  })
})

test('destinations name cloud, tenant, mailbox and login, and no secret', () => {
  const of = (given: JsonObject) =>
    microsoftGraphMail.destination(settingsOf(microsoftGraphMail, { ...plain, ...given }))
  expect(of({})).toBe(
    `https://graph.microsoft.com/${application.tenantId}/alerts@example.com?login=login.microsoftonline.com`,
  )
  expect(of({ loginUrl: 'https://evil.example' })).not.toBe(of({}))
  expect(of({ graphUrl: 'https://graph.microsoft.com/' })).toBe(of({}))
})
