import { isIP, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { createTransport, type SendMailOptions } from 'nodemailer'
import type { Http } from '../../net.ts'
import { MOST_CONNECTIONS } from './settings.ts'

/** What decides which connections may be used. */
export interface ServerSettings {
  host: string
  port: number
  tls: 'none' | 'starttls' | 'implicit'
  verify: boolean
  ca?: string | undefined
  user?: string | undefined
  password?: string | undefined
}

export interface SentMail {
  response: string
  accepted: string[]
  rejected: { address: string; response: string }[]
}

/** Connections to one mail server. */
export interface MailTransport {
  /** `onComplete` is called when the server was handed the last byte. Throws the mail library's errors. */
  send(mail: SendMailOptions, onComplete: () => void): Promise<SentMail>
  close(): void
}

/** The transport for these settings: the one in the cache, unless its settings were others; then that one is ended. */
export function transportFor(settings: ServerSettings, http: Http, cache: Map<string, unknown>): MailTransport {
  const key = JSON.stringify(settings)
  const cached = cache.get(CACHE_KEY) as (MailTransport & { key: string }) | undefined
  if (cached?.key === key) return cached
  cached?.close()
  const transport = { ...openTransport(settings, http), key }
  cache.set(CACHE_KEY, transport)
  return transport
}

const CACHE_KEY = 'mail-transport'
const SILENCE_TIMEOUT = 30_000
const IDLE_TIMEOUT = 20_000

function openTransport(settings: ServerSettings, http: Http): MailTransport {
  const { host, port, tls, verify, ca, user, password } = settings
  const ended = new AbortController()
  const pool = createTransport({
    pool: true,
    maxConnections: MOST_CONNECTIONS,
    maxMessages: 100,
    maxRequeues: 1,
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    tls: {
      ...(isIP(host) === 0 ? { servername: host } : {}),
      rejectUnauthorized: verify,
      ca: [...http.authorities(), ...(ca === undefined ? [] : [ca])],
    },
    connectionTimeout: SILENCE_TIMEOUT,
    greetingTimeout: SILENCE_TIMEOUT,
    socketTimeout: SILENCE_TIMEOUT,
    idleTimeout: IDLE_TIMEOUT,
    disableFileAccess: true,
    disableUrlAccess: true,
    // Each connection is dialled through the door, which checks and pins the address.
    getSocket(_options: unknown, done: SocketTaker) {
      http.connect(host, port, ended.signal).then(
        (connection) => done(null, { connection }),
        (thrown: Error) => done(thrown, false),
      )
    },
  })
  pool.use('stream', (mail, next) => {
    const { onComplete } = mail.data as Tracked
    mail.message.transform(
      () =>
        new PassThrough({
          flush(done) {
            onComplete?.()
            done()
          },
        }),
    )
    next()
  })
  return {
    async send(mail, onComplete) {
      const tracked: Tracked = { ...mail, onComplete }
      const { response, accepted, rejected, rejectedErrors } = await pool.sendMail(tracked)
      return {
        response,
        accepted: accepted.map(addressOf),
        rejected: rejected.map((item, index) => ({
          address: addressOf(item),
          response: rejectedErrors?.[index]?.response ?? 'refused',
        })),
      }
    },
    close() {
      ended.abort()
      pool.close()
    },
  }
}

type SocketTaker = (error: Error | null, socket: { connection: Socket } | false) => void

interface Tracked extends SendMailOptions {
  onComplete?: () => void
}

function addressOf(item: string | { address: string }): string {
  return typeof item === 'string' ? item : item.address
}
