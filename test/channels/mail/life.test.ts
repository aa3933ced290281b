import { afterAll, beforeAll, test } from 'bun:test'
import { createServer, type Server, type Socket } from 'node:net'
import { mail } from '../../../src/channels/mail.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { testHttp } from '../../support/egress.ts'
import { serverPackages, skipUnless } from '../../support/requirements.ts'
import { freePort, listening } from '../../support/servers.ts'
import { type SmtpBehaviour, type SmtpTestServer, startSmtp } from '../../support/smtp.ts'
import { type Fate, meetsFate } from '../vendor-life.ts'

const SOON = 5000
const here = await skipUnless(serverPackages)

const later = (cause: string): Fate => ({ state: 'pending', cause, wait: SOON })
const refused = (cause: string): Fate => ({ state: 'rejected', cause })
const settings = (port: number, more: JsonObject = {}) => ({
  ...{ host: '127.0.0.1', port, tls: 'none', sender: 'Tocsin <t@example.com>', to: 'ops@example.com' },
  ...more,
})

here('a mail server, through the worker', () => {
  let server: SmtpTestServer
  let guarded: SmtpTestServer
  beforeAll(async () => {
    server = await startSmtp()
    guarded = await startSmtp({ tls: 'starttls', login: { user: 'tocsin', password: 'right' } })
  })
  afterAll(async () => {
    await server.close()
    await guarded.close()
  })

  test.each([
    ['takes the mail', {}, { state: 'delivered', cause: 'delivered' }],
    ['has the sender wait', { sender: [451, 'greylisted'] }, later('smtp-451')],
    ['refuses the sender', { sender: [550, 'unknown'] }, refused('smtp-550')],
    [
      'takes no user names and passwords any more',
      { sender: [550, '5.7.30 Basic authentication is not supported for Client Submission'] },
      refused('smtp-550'),
    ],
    ['is shutting down', { sender: [421, 'closing'] }, later('smtp-421')],
    ['has a recipient wait', { recipient: () => [450, 'mailbox busy'] }, later('smtp-450')],
    ['knows no recipient', { recipient: () => [550, 'no such user'] }, refused('smtp-550')],
    ['refuses a recipient by policy', { recipient: () => [554, 'blocked'] }, refused('smtp-554')],
    ['fails while it works on the mail', { data: [451, 'local error'] }, later('smtp-451')],
    ['has no space', { data: [452, 'no space'] }, later('smtp-452')],
    ['finds the mail too large', { data: [552, 'too big'] }, refused('smtp-552')],
    // The mail has the same Message-ID again.
    ['cuts the connection after the final dot', { data: 'cut' }, later('reset')],
  ] as [string, SmtpBehaviour, Fate][])('that %s', async (_name, behaviour, expected) => {
    server.behave(behaviour)
    await meetsFate(mail, settings(server.port), expected)
  })

  test('that does not accept the password', async () => {
    const login = { tls: 'starttls', verify: false, user: 'tocsin', password: 'canary' }
    await meetsFate(mail, settings(guarded.port, login), refused('smtp-535'))
  })

  test('whose certificate is signed by nobody known, or which has none', async () => {
    const http = testHttp({ authorities: [] })
    await meetsFate(mail, settings(guarded.port, { tls: 'starttls', host: 'localhost' }), later('tls'), { http })
    http.close()
    await meetsFate(mail, settings(server.port, { tls: 'starttls' }), later('tls'))
  })
})

test('where no mail server is', async () => {
  await meetsFate(mail, settings(await freePort()), later('refused'))
})

test.each([
  ['closes at once', (socket: Socket) => socket.end()],
  ['resets at once', (socket: Socket) => socket.resetAndDestroy()],
  ['speaks HTTP', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['breaks off within its greeting', (socket: Socket) => socket.end('220 hal')],
] as const)('a server that %s', async (_name, act) => {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    act(socket)
  })
  try {
    await meetsFate(mail, settings(await listening(server)), later('reset'))
  } finally {
    server.close()
  }
})
