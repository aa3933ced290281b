import http, { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import https from 'node:https'
import { build } from '../version.ts'
import { NetError, netError } from './error.ts'
import type { Target } from './target.ts'

/** A request to the outside. */
export interface HttpRequest {
  method: string
  url: string
  /** ASCII without control characters. */
  headers?: Record<string, string>
  body?: string | Uint8Array
  signal: AbortSignal
  /** ms for the whole exchange; 30 s when absent. */
  timeout?: number
  tls?: TlsOptions
  /** Bytes of the answer's body that are read; 64 kB when absent. */
  mostBytes?: number
  /** False goes around the operator's proxy. */
  proxy?: boolean
}

export interface TlsOptions {
  /** False takes any certificate. */
  verify?: boolean
  /** PEM of authorities to trust besides the usual ones. */
  authorities?: readonly string[]
  /** PEM of the client's certificate and its key. */
  certificate?: string
  key?: string
}

export interface HttpResponse {
  status: number
  /** Names in lower case; repeated ones joined by a comma. */
  headers: Record<string, string>
  /** At most as much of it as was asked for. */
  body: string
  /** Why the body is not whole: too long, too slow, or broken off. */
  cut?: 'size' | 'time' | 'reset'
}

/** One request and its answer over a connection of the agent. Throws `NetError`. */
export function exchange(
  request: HttpRequest,
  target: Target,
  agent: http.Agent,
  connectTimeout: number,
): Promise<HttpResponse> {
  return new Promise((done, fail) => {
    const { signal, timeout = LONGEST_EXCHANGE } = request
    const outgoing = open(request, target, agent)
    let written = false
    let answer: Answer | undefined
    let connecting: ReturnType<typeof setTimeout> | undefined
    const settle = () => {
      clearTimeout(total)
      clearTimeout(connecting)
      signal.removeEventListener('abort', aborted)
    }
    const finish = (cut?: HttpResponse['cut']) => {
      settle()
      if (answer !== undefined) done(answer.toResponse(cut))
      if (cut !== undefined) outgoing.destroy()
    }
    // Once the status is known it is the answer, whatever becomes of the body.
    const stop = (error: NetError, cut: HttpResponse['cut']) => {
      if (answer !== undefined) return finish(cut)
      settle()
      fail(error)
      outgoing.destroy()
    }
    const late = (ms: number) => () => stop(lateness(target.host, ms, written), 'time')
    const aborted = () => stop(new NetError('aborted', 'The send was stopped.', written), 'reset')
    const broken = (thrown: unknown) => stop(netError(thrown, target.host, written, target.secure && !written), 'reset')
    const total = setTimeout(late(timeout), timeout)
    signal.addEventListener('abort', aborted)
    outgoing.once('socket', (socket) => {
      if (outgoing.reusedSocket) {
        written = true
        return
      }
      connecting = setTimeout(late(connectTimeout), connectTimeout)
      socket.once(target.secure ? 'secureConnect' : 'connect', () => {
        written = true
        clearTimeout(connecting)
      })
    })
    outgoing.on('error', broken)
    outgoing.once('response', (incoming) => {
      answer = receive(incoming, request.mostBytes ?? LONGEST_BODY, finish)
    })
    outgoing.end(request.body)
  })
}

const LONGEST_EXCHANGE = 30_000
const LONGEST_BODY = 64 * 1024

interface Answer {
  toResponse(cut: HttpResponse['cut']): HttpResponse
}

function open(request: HttpRequest, target: Target, agent: http.Agent): ClientRequest {
  const headers: OutgoingHttpHeaders = { 'user-agent': `Tocsin/${build.version}`, ...target.headers }
  for (const name in request.headers) {
    const value = request.headers[name]
    if (value === undefined) continue
    if (!TOKEN.test(name) || !VISIBLE.test(value)) {
      throw new NetError('protocol', `The header ${JSON.stringify(name)} is not plain ASCII on one line.`, false)
    }
    headers[name.toLowerCase()] = value
  }
  if (request.body !== undefined) headers['content-length'] = Buffer.byteLength(request.body)
  const options = { ...target.options, method: request.method, headers, agent }
  return target.secure ? https.request(options) : http.request(options)
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const VISIBLE = /^[\t\x20-\x7e]*$/

function receive(incoming: IncomingMessage, most: number, finish: (cut?: HttpResponse['cut']) => void): Answer {
  const chunks: Buffer[] = []
  let size = 0
  incoming.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size > most) finish('size')
  })
  incoming.once('end', () => finish())
  incoming.once('error', () => finish('reset'))
  return {
    toResponse(cut) {
      const headers: Record<string, string> = {}
      for (const name in incoming.headers) headers[name] = String(incoming.headers[name])
      const [first, second] = chunks
      const whole = first !== undefined && second === undefined ? first : Buffer.concat(chunks)
      const body = whole.subarray(0, most).toString()
      return { status: incoming.statusCode ?? 0, headers, body, ...(cut === undefined ? {} : { cut }) }
    },
  }
}

function lateness(host: string, ms: number, written: boolean): NetError {
  const what = written ? 'answer' : 'take the connection'
  return new NetError('timeout', `${host} did not ${what} within ${ms / 1000} s.`, written)
}
