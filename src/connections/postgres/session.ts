import { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import { guardedLookup, literalRefusal } from '../address.ts'
import { QueryError } from '../connection.ts'
import { certificateChecks } from '../transport.ts'
import { createPreparedTexts, type PreparedTexts } from './prepared.ts'
import type { Target } from './settings.ts'

/** One login at the server, used by one query at a time. */
export interface Session {
  client: pg.Client
  /** ms after which the server stops a statement of its own accord. */
  timeout: number
  /** The server says that transactions are read-only, and would say when that changes. */
  readOnly: boolean
  prepared: PreparedTexts
  /** Has served a query before. */
  used: boolean
  /** Tells the server to stop the running statement; resolves when it has been told. */
  cancel(): Promise<void>
  /** Drops the connection at once. */
  destroy(): void
}

export interface SessionOptions {
  target: Target
  authorities: readonly string[]
  /** ms, for every statement. */
  timeout: number
  signal: AbortSignal
  /** The session ended by itself, or lost its read-only default. */
  onBroken(session: Session): void
}

/** ms to log in. */
const LOGIN_TIMEOUT = 10_000

/** Logs in with everything that makes queries safe set at once, so that a query costs one round trip. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { target, timeout, signal, onBroken } = options
  const refusal = literalRefusal(target.host)
  if (refusal !== null) throw new QueryError('unavailable', refusal)
  signal.throwIfAborted()
  const { sslmode, ca } = target
  const ssl = sslmode === 'disable' ? false : certificateChecks(sslmode, ca, options.authorities)
  const client = new pg.Client({
    ...target,
    // A function, since an empty text would make the driver look into the environment and the home folder.
    password: () => target.password,
    ssl,
    sslnegotiation: 'postgres',
    keepAlive: true,
    connectionTimeoutMillis: LOGIN_TIMEOUT,
    application_name: 'tocsin',
    options: startupOptions(timeout),
    stream: () => guardedSocket(target.port),
  })
  const session: Session = {
    client,
    timeout,
    readOnly: false,
    prepared: createPreparedTexts(),
    used: false,
    cancel: () => cancel(client, target, ssl),
    destroy: () => client.connection.stream.destroy(),
  }
  client.connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
    if (parameterName === 'default_transaction_read_only') session.readOnly = parameterValue === 'on'
  })
  client.on('error', () => onBroken(session))
  client.on('end', () => onBroken(session))
  signal.addEventListener('abort', session.destroy)
  try {
    await client.connect()
  } finally {
    signal.removeEventListener('abort', session.destroy)
  }
  return session
}

interface ParameterStatus {
  parameterName: string
  parameterValue: string
}

/** Parts of the driver that its type declarations leave out. */
interface RawConnection {
  connect(port: number, host: string): void
  requestSsl(): void
  cancel(processId: number, secret: number): void
}

function startupOptions(timeout: number): string {
  const settings = {
    default_transaction_read_only: 'on',
    statement_timeout: timeout,
    // A query that waits for a lock would hold its place as long as one that works.
    lock_timeout: timeout,
    idle_in_transaction_session_timeout: 60_000,
    DateStyle: 'ISO',
    IntervalStyle: 'iso_8601',
    extra_float_digits: 1,
  }
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
}

/** A socket whose host name is resolved and checked before it is dialled. */
function guardedSocket(port: number): Socket {
  const socket = new Socket()
  const connect = socket.connect.bind(socket)
  const lookup = guardedLookup(port)
  const dial = (to: number | string, host?: string) =>
    typeof to === 'string' || host === undefined
      ? connect({ path: String(to) })
      : connect({ port: to, host, lookup, autoSelectFamily: true })
  return Object.assign(socket, { connect: dial })
}

function cancel(client: pg.Client, target: Target, ssl: ConnectionOptions | false): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
  const connection = new pg.Connection({ ssl, stream: () => guardedSocket(target.port) })
  const raw = connection as unknown as RawConnection
  const send = () => raw.cancel(processID, secretKey)
  return new Promise((resolve) => {
    connection.on('connect', () => (ssl === false ? send() : raw.requestSsl()))
    connection.on('sslconnect', send)
    connection.on('error', () => resolve())
    connection.on('end', () => resolve())
    raw.connect(target.port, target.host)
  })
}
