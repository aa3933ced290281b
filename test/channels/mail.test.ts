import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { closeCache } from '../../src/channels/cache.ts'
import type { SendContext } from '../../src/channels/channel.ts'
import { parseMailboxes } from '../../src/channels/mail/recipients.ts'
import { mail } from '../../src/channels/mail.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Message } from '../../src/model/message.ts'
import { certificate } from '../support/certificates.ts'
import { testHttp } from '../support/egress.ts'
import { serverPackages, skipUnless } from '../support/requirements.ts'
import { freePort, listening } from '../support/servers.ts'
import { type Mail, type SmtpOptions, type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { channelContract, contextOf, failureOf, settingsOf } from './contract.ts'
import { firing, messages } from './messages.ts'

const host = 'mail.example.com'
const sender = 'Tocsin <alerts@example.com>'
const login = { user: 'tocsin', password: 'canary' }

channelContract(mail, {
  accepted: [
    { host, sender, to: 'Ops Team <ops@example.com>; dev@example.com', cc: ['boss@example.com'], ...login },
    { host, sender, tls: 'implicit', port: 465, verify: false, bcc: 'audit@example.com' },
    { host: '10.0.0.25', sender, tls: 'none', port: 2525, replyTo: 'a@example.com', subject: 'Drift' },
    { host, sender, port: 587, ca: certificate('ca.pem') },
    { to: 'ops@example.com' },
  ],
  rejected: [
    [{ sender, port: 25 }, 'host', 'settings of a connection need the mail server'],
    [{ host, sender: '' }, 'sender', 'must hold a mail address'],
    [{ host, sender: 'a@example.com; b@example.com' }, 'sender', 'at most 1 mail address'],
    [{ host, sender: 'nobody' }, 'sender', '"nobody" is not a mail address'],
    [{ host: 'mail.example.com/x', sender }, 'host', 'without a path'],
    [{ host: 'a\r\nb', sender }, 'host', 'one line'],
    [{ host, sender, to: 'a@example.com\r\nBcc: b@example.com' }, 'to', 'not a mail address'],
    [{ host, sender, to: ['"x\r\nBcc: y" <a@example.com>'] }, 'to', 'must not hold control characters'],
    [{ host, sender, to: 'nobody', authorizedDomain: 'example.com' }, 'to', '"nobody" is not a mail address'],
    [{ host, sender, to: 7 }, 'to', 'parted by semicolons'],
    [{ host, sender, port: 0 }, 'port', '1 to 65535'],
    [{ host, sender, port: 587, tls: 'implicit' }, 'port', 'set "tls" to "starttls"'],
    [{ host, sender, port: 465 }, 'port', 'set "tls" to "implicit"'],
    [{ host, sender, tls: 'ssl' }, 'tls', 'starttls, implicit, none'],
    [{ host, sender, user: 'u' }, 'password', 'a user needs a password'],
    [{ host, sender, password: 'p' }, 'user', 'a password needs a user'],
    [{ host, sender, ca: 'nonsense' }, 'ca', 'PEM'],
  ],
  secrets: ['password'],
})

describe('recipients', () => {
  const addresses = (text: string) => parseMailboxes(text).map(({ name, address }) => `${name}|${address}`)

  test.each([
    ['a@x.example', ['|a@x.example']],
    ['a@x.example; b@y.example, c@z.example;', ['|a@x.example', '|b@y.example', '|c@z.example']],
    ['Ops <a@x.example>;"Night, two; \\"B\\"" <b@y.example>', ['Ops|a@x.example', 'Night, two; "B"|b@y.example']],
    ['a@x.example\nb@y.example; a@x.example', ['|a@x.example', '|b@y.example']],
    ['Jürgen <j@bücher.example>', ['Jürgen|j@bücher.example']],
    [' ; , ', []],
  ])('%j are %j', (text, expected) => {
    expect(addresses(text)).toEqual(expected)
  })

  test.each([
    'a',
    'a@',
    '@b',
    'a@b@c',
    'a b@c.example',
    '<a@b.example',
    'a@-b.example',
    'x <a@b.example> y',
    'a@b\u0000.example',
  ])('%j is none', (text) => {
    expect(() => parseMailboxes(text)).toThrow('is not a mail address')
  })
})

describe('hostile rows', () => {
  const payload = mail.render(messages['hostile'] ?? firing, settingsOf(mail, { host, sender }))

  test('are text in the HTML', () => {
    const html = payload.html ?? ''
    expect(html).not.toContain('<script')
    expect(html).not.toMatch(/href="(?!https:\/\/)/)
    expect(html).not.toMatch(/\son\w+="/)
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&lt;/td&gt;&lt;/b&gt;')
    expect(html).toContain('&amp;lt;already&amp;gt;')
    expect(html).toContain('\u202egnp.exe')
    expect(html.replace(/[\n\t]/g, '')).not.toMatch(/\p{Cc}/u)
  })

  test('keep the subject on one line', () => {
    expect(payload.subject).not.toMatch(/\p{Cc}/u)
  })
})

const here = await skipUnless(serverPackages)

here('mail through a real server', () => {
  const http = testHttp()
  const servers: SmtpTestServer[] = []
  const contexts: SendContext[] = []
  let plain: SmtpTestServer

  const start = async (options: SmtpOptions = {}) => {
    const server = await startSmtp(options)
    servers.push(server)
    return server
  }
  const context = (changes: Partial<SendContext> = {}) => {
    const made = contextOf({ http, ...changes })
    contexts.push(made)
    return made
  }
  const send = (server: SmtpTestServer, given: JsonObject = {}, message: Message = firing, where = context()) => {
    const to = { host: 'localhost', port: server.port, tls: 'none', sender, to: 'ops@example.com' }
    const settings = settingsOf(mail, { ...to, ...given })
    return mail.send(mail.render(message, settings), settings, where)
  }
  const last = (server: SmtpTestServer): Mail => server.mails.at(-1) ?? expect.unreachable()

  beforeAll(async () => {
    plain = await start()
  })
  afterEach(() => plain.behave({}))
  afterAll(async () => {
    for (const { cache } of contexts) closeCache(cache)
    await Promise.all(servers.map((server) => server.close()))
    http.close()
  })

  test('has HTML and text, both to be read back', async () => {
    const receipt = await send(plain, {
      cc: 'Boss <boss@example.com>',
      bcc: 'audit@example.com',
      replyTo: 'r@example.com',
    })
    expect(receipt.response).toStartWith('250')
    const got = last(plain)
    expect(got.envelope).toEqual({
      from: 'alerts@example.com',
      to: ['ops@example.com', 'boss@example.com', 'audit@example.com'],
    })
    expect(got.subject).toBe(firing.title)
    expect(got.from.text).toBe('"Tocsin" <alerts@example.com>')
    expect([got.cc.text, got.replyTo.text]).toEqual(['"Boss" <boss@example.com>', 'r@example.com'])
    expect(got.source).not.toContain('audit@example.com')
    expect(got.text).toContain('churn_v3  0.41')
    expect(got.html).toContain('<h1')
    expect(got.headers.get('auto-submitted')).toBe('auto-generated')
    expect(got.headers.get('x-auto-response-suppress')).toBe('All')
    expect(got.headers.get('date')).toEqual(new Date(context().now))
    expect(got.source.indexOf('text/plain')).toBeLessThan(got.source.indexOf('text/html'))
  })

  test.each(Object.keys(messages))('arrives for the message "%s", with nothing injected', async (name) => {
    const message = messages[name] ?? firing
    await send(plain, {}, message)
    const got = last(plain)
    expect(got.envelope.to).toEqual(['ops@example.com'])
    expect(got.headers.has('bcc')).toBe(false)
    expect(got.to.text).toBe('ops@example.com')
    for (const { value } of message.facts.slice(0, 1)) expect(got.text.includes(value.slice(0, 40))).toBe(true)
  })

  test('has an identity that stays the same when it is repeated, and answers the first of its alert', async () => {
    const first = await send(plain)
    await send(plain)
    expect(plain.mails.slice(-2).map(({ messageId }) => messageId)).toEqual([
      '<msg_000000001abcdefgh@example.com>',
      '<msg_000000001abcdefgh@example.com>',
    ])
    expect(last(plain).inReplyTo).toBeUndefined()
    const previous = first.reference ?? expect.unreachable()
    await send(plain, {}, messages['resolved'], context({ deliveryId: 'msg_2', previous }))
    const { messageId, inReplyTo } = last(plain)
    expect([messageId, inReplyTo]).toEqual(['<msg_2@example.com>', '<msg_000000001abcdefgh@example.com>'])
  })

  test("carries a route's own subject and body, as text or as HTML", async () => {
    const text = 'Dear all,\n\n{"psi": 0.41} <b>'
    await send(
      plain,
      { subject: 'Own\r\nBcc: x@example.com' },
      { ...firing, body: { text, contentType: 'text/plain' } },
    )
    expect(last(plain)).toMatchObject({ subject: 'Own Bcc: x@example.com', html: false })
    expect(last(plain).text.trim()).toBe(text)
    const html = '<style>p{}</style><p>Dear <b>all</b> &amp; more</p>'
    await send(plain, {}, { ...firing, body: { text: html, contentType: 'text/html' } })
    expect(last(plain).html).toBe(html)
    expect(last(plain).text.trim()).toBe('Dear all & more')
  })

  test('carries files', async () => {
    const content = Buffer.from('a,b\n1,2\n').toString('base64')
    const attachments = [{ name: 'rows\r\nX: y.csv', contentType: 'text/csv', content }]
    await send(plain, {}, { ...firing, attachments })
    expect(last(plain).attachments).toMatchObject([{ filename: 'rows X: y.csv', contentType: 'text/csv' }])
    expect(last(plain).attachments[0]?.content.toString()).toBe('a,b\n1,2\n')
  })

  test('reuses a connection, and ends it when the settings change', async () => {
    const where = context()
    const before = plain.connections()
    await send(plain, {}, firing, where)
    await send(plain, {}, firing, where)
    expect(plain.connections()).toBe(before + 1)
    await send(plain, { host: '127.0.0.1' }, firing, where)
    expect(plain.connections()).toBe(before + 2)
    expect(where.cache.size).toBe(1)
  })

  test.each(['starttls', 'implicit'] as const)('goes by %s, logged in', async (tls) => {
    const server = await start({ tls, login })
    await send(server, { tls, ...login })
    expect(last(server).subject).toBe(firing.title)
  })

  test('refuses to go without STARTTLS when the server does not offer it', async () => {
    const failure = await failureOf(send(plain, { tls: 'starttls' }))
    expect(failure).toMatchObject({ outcome: 'retryable', reason: 'tls' })
    expect(failure.message).toContain('STARTTLS')
  })

  test.each([
    ['wrong-host', 'starttls', /altnames/],
    ['wrong-host', 'implicit', /altnames/],
    ['expired', 'starttls', /expired/],
    ['expired', 'implicit', /expired/],
  ] as const)('a certificate that is %s fails %s with the reason, retryable', async (name, tls, text) => {
    const server = await start({ tls, certificate: name })
    const ca = name === 'expired' ? { ca: certificate('expired.pem') } : {}
    const failure = await failureOf(send(server, { tls, ...ca }))
    expect(failure).toMatchObject({ outcome: 'retryable', reason: 'tls' })
    expect(failure.message).toMatch(text)
    expect(server.mails).toEqual([])
    await send(server, { tls, verify: false })
    expect(server.mails).toHaveLength(1)
  })

  test('an authority nobody trusts fails with the remedy, until the settings name it', async () => {
    const server = await start({ tls: 'starttls' })
    const stranger = testHttp({ authorities: [] })
    const failure = await failureOf(send(server, { tls: 'starttls' }, firing, context({ http: stranger })))
    expect(failure).toMatchObject({ outcome: 'retryable', reason: 'tls' })
    expect(failure.message).toContain('tls.caFile')
    const own = { tls: 'starttls', ca: certificate('ca.pem') }
    await send(server, own, firing, context({ http: stranger }))
    expect(server.mails).toHaveLength(1)
  })

  test('a wrong password is final and said clearly, without the password', async () => {
    const server = await start({ tls: 'starttls', login })
    const failure = await failureOf(send(server, { tls: 'starttls', user: 'tocsin', password: 'canary-wrong' }))
    expect(failure).toMatchObject({ outcome: 'rejected', reason: 'smtp-535' })
    expect(failure.message).toContain('user name and password')
    expect(JSON.stringify([failure.message, failure.response])).not.toContain('canary')
  })

  test.each([
    ['the sender, for now', { sender: [451, 'greylisted'] }, 'retryable', 'smtp-451'],
    ['the sender, for good', { sender: [550, 'unknown'] }, 'rejected', 'smtp-550'],
    ['everybody, for now', { recipient: () => [450, 'mailbox busy'] }, 'retryable', 'smtp-450'],
    ['everybody, for good', { recipient: () => [550, 'no such user'] }, 'rejected', 'smtp-550'],
    ['the mail, for now', { data: [452, 'no space'] }, 'retryable', 'smtp-452'],
    ['the mail, for good', { data: [552, 'too big'] }, 'rejected', 'smtp-552'],
    ['all, closing', { sender: [421, 'shutting down'] }, 'retryable', 'smtp-421'],
  ] as const)('a server that refuses %s', async (_name, behaviour, outcome, reason) => {
    plain.behave(behaviour as never)
    const failure = await failureOf(send(plain))
    expect(failure).toMatchObject({ outcome, reason })
    expect(failure.response).toContain(reason.slice('smtp-'.length))
  })

  test('is delivered when some recipients take it; the others are named', async () => {
    plain.behave({ recipient: (address) => (address.startsWith('gone') ? [550, 'no such user'] : undefined) })
    const receipt = await send(plain, { to: 'ops@example.com; gone@example.com' })
    expect(receipt.response).toMatch(/^250 .*; gone@example\.com was refused \(550 .*no such user/)
    expect(last(plain).envelope.to).toEqual(['ops@example.com'])
  })

  test('may be taken later when one of the refusals is for now', async () => {
    plain.behave({ recipient: (address) => (address.startsWith('gone') ? [550, 'no such user'] : [450, 'busy']) })
    const failure = await failureOf(send(plain, { to: 'gone@example.com; busy@example.com' }))
    expect(failure).toMatchObject({ outcome: 'retryable', reason: 'smtp-450' })
  })

  test('is of unknown fate when the connection ends after the final dot', async () => {
    plain.behave({ data: 'cut' })
    expect(await failureOf(send(plain))).toMatchObject({ outcome: 'unknown', reason: 'reset' })
  })

  test('is of unknown fate when it is stopped after the final dot, and unsent when stopped before', async () => {
    let arrived = () => {}
    const body = new Promise<void>((resolve) => {
      arrived = resolve
    })
    plain.behave({
      get data() {
        arrived()
        return 'hang' as const
      },
    })
    const stop = new AbortController()
    const failed = failureOf(send(plain, {}, firing, context({ signal: stop.signal })))
    await body
    stop.abort()
    expect(await failed).toMatchObject({ outcome: 'unknown', reason: 'aborted' })
    const late = failureOf(send(plain, {}, firing, context({ signal: stop.signal })))
    expect(await late).toMatchObject({ outcome: 'retryable', reason: 'aborted' })
  })

  test('survives that the server closed an idle connection', async () => {
    const where = context()
    const server = await start()
    await send(server, {}, firing, where)
    server.disconnect()
    await send(server, {}, firing, where)
    expect(server.mails).toHaveLength(2)
  })

  test('to nobody is rejected before anything is opened', async () => {
    const before = plain.connections()
    const failure = await failureOf(send(plain, { to: '' }))
    expect(failure).toMatchObject({ outcome: 'rejected', reason: 'no-recipients' })
    expect(plain.connections()).toBe(before)
  })

  test('to a server that refuses connections, or is denied, or has no address', async () => {
    const where = { port: await freePort() } as SmtpTestServer
    expect(await failureOf(send(where))).toMatchObject({ outcome: 'retryable', reason: 'refused' })
    const denied = await failureOf(send(plain, {}, firing, context({ http: testHttp({ allow: [] }) })))
    expect(denied).toMatchObject({ outcome: 'rejected', reason: 'denied' })
    expect(denied.message).toContain('egress.allow')
    expect(await failureOf(send(plain, { host: 'nobody.invalid' }))).toMatchObject({
      outcome: 'retryable',
      reason: 'dns',
    })
  })

  test('to a server that closes before its greeting, or is none', async () => {
    for (const greeting of ['', 'HTTP/1.1 400 Bad Request\r\n\r\n']) {
      const server = createServer((socket) => socket.on('error', () => {}).end(greeting))
      const port = await listening(server)
      expect(await failureOf(send({ port } as SmtpTestServer))).toMatchObject({ outcome: 'retryable', reason: 'reset' })
      server.close()
    }
  })
})

test('destinations name server and user', () => {
  const at = (given: JsonObject) => mail.destination(settingsOf(mail, { host, sender, ...given }))
  expect(at({})).toBe('smtp://mail.example.com:587')
  expect(at({ tls: 'implicit', ...login })).toBe('smtp://tocsin@mail.example.com:465')
  expect(at({ tls: 'none' })).toBe('smtp://mail.example.com:25')
})

describe("MLRun's message_body_override", () => {
  const given = { host, sender, messageBodyOverride: '<p>Dear all</p>{{runs}}<p>{{ runs }}</p>{{  runs  }}' }
  const { html = '', text } = mail.render(firing, settingsOf(mail, given))

  test('stands around the usual content, in the two spellings MLRun knows', () => {
    expect(html.match(/<h1/g)).toHaveLength(2)
    expect(html).toContain('<p>Dear all</p><table role="presentation"')
    expect(html).toContain('{{  runs  }}')
    expect(text).toStartWith('Dear all\n')
  })

  test("gives way to a route's own body", () => {
    const own = { ...firing, body: { text: 'own', contentType: 'text/plain' as const } }
    expect(mail.render(own, settingsOf(mail, given)).text).toBe('own')
  })
})
