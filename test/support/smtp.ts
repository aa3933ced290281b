import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { certificate } from './certificates.ts'
import { serversFolder } from './requirements.ts'
import { listening } from './servers.ts'

/** A mail as another library reads it. */
export interface Mail {
  envelope: { from: string; to: string[] }
  subject: string
  text: string
  html: string | false
  messageId: string
  inReplyTo: string
  headers: Map<string, unknown>
  from: { text: string }
  to: { text: string }
  cc: { text: string }
  replyTo: { text: string }
  attachments: { filename: string; contentType: string; content: Buffer }[]
  /** As it came over the wire. */
  source: string
}

/** A reply that refuses, as code and text. */
export type Refusal = [code: number, text: string]

/** What the server does; everything is taken when nothing is given. */
export interface SmtpBehaviour {
  sender?: Refusal
  recipient?: (address: string) => Refusal | undefined
  /** After the final dot: a refusal, the connection cut, or silence. */
  data?: Refusal | 'cut' | 'hang'
}

export interface SmtpOptions {
  tls?: 'none' | 'starttls' | 'implicit'
  certificate?: 'localhost' | 'wrong-host' | 'expired'
  /** Without it nobody has to log in. */
  login?: { user: string; password: string }
}

/** A real SMTP server with a mailbox. */
export interface SmtpTestServer {
  port: number
  mails: Mail[]
  /** Connections so far. */
  connections(): number
  behave(how: SmtpBehaviour): void
  /** Ends every open connection. */
  disconnect(): void
  close(): Promise<void>
}

/** Starts one on a free loopback port. Needs the packages of the test servers. */
export async function startSmtp(options: SmtpOptions = {}): Promise<SmtpTestServer> {
  const { tls = 'none', certificate: name = 'localhost', login } = options
  const { SMTPServer } = (await import(
    join(serversFolder, 'node_modules/smtp-server/dist/esm/smtp-server.js')
  )) as SmtpModule
  const { simpleParser } = (await import(
    join(serversFolder, 'node_modules/mailparser/dist/esm/index.js')
  )) as ParserModule
  const mails: Mail[] = []
  let behaviour: SmtpBehaviour = {}
  let connections = 0
  const server = new SMTPServer({
    secure: tls === 'implicit',
    cert: certificate(`${name}.pem`),
    key: certificate(`${name}.key`),
    disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(login === undefined ? ['AUTH'] : [])],
    allowInsecureAuth: tls === 'none',
    authOptional: login === undefined,
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    onConnect(_session, done) {
      connections += 1
      done()
    },
    onAuth(given, _session, done) {
      if (given.username === login?.user && given.password === login?.password) done(null, { user: given.username })
      else done(refusal([535, 'Authentication credentials invalid']))
    },
    onMailFrom: (_address, _session, done) => done(behaviour.sender && refusal(behaviour.sender)),
    onRcptTo({ address }, _session, done) {
      const refused = behaviour.recipient?.(address)
      done(refused && refusal(refused))
    },
    async onData(stream, session, done) {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      const { data } = behaviour
      if (data === 'hang') return
      if (data === 'cut') {
        for (const connection of server.connections)
          if (connection.session.id === session.id) connection._socket.destroy()
        return
      }
      if (data !== undefined) return done(refusal(data))
      const source = Buffer.concat(chunks)
      const { mailFrom, rcptTo } = session.envelope
      const envelope = { from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address) }
      mails.push({ ...(await simpleParser(source)), envelope, source: source.toString() })
      done()
    },
  })
  server.on('error', () => {})
  const port = await listening(server.server)
  return {
    port,
    mails,
    connections: () => connections,
    behave(how) {
      behaviour = how
    },
    disconnect() {
      for (const connection of server.connections) connection._socket.destroy()
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function refusal([code, text]: Refusal): Error {
  return Object.assign(new Error(text), { responseCode: code })
}

type Done = (error?: Error | null, result?: { user: string }) => void
interface Session {
  id: string
  envelope: { mailFrom: { address: string } | false; rcptTo: { address: string }[] }
}
interface SmtpModule {
  SMTPServer: new (options: {
    [option: string]: unknown
    onConnect(session: Session, done: Done): void
    onAuth(given: { username: string; password: string }, session: Session, done: Done): void
    onMailFrom(address: { address: string }, session: Session, done: Done): void
    onRcptTo(address: { address: string }, session: Session, done: Done): void
    onData(stream: Readable, session: Session, done: Done): void
  }) => {
    server: import('node:net').Server
    connections: Set<{ session: Session; _socket: { destroy(): void } }>
    on(event: 'error', listener: () => void): void
    close(done: () => void): void
  }
}
interface ParserModule {
  simpleParser(source: Buffer): Promise<Omit<Mail, 'envelope' | 'source'>>
}
