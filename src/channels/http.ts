import { type Http, type HttpRequest, type HttpResponse, NetError } from '../net.ts'
import { DeliveryError } from './failure.ts'

/** How one kind of channel judges answers. */
export interface HttpRules {
  /** Whether a repeat does no harm: then a 5xx is retryable, else nobody knows whether it was taken. */
  idempotent: boolean
  /** For Retry-After dates, ms since 1970. */
  now: number
}

/** Sends a request and gives the answer of any status. Throws `DeliveryError` when there is none. */
export async function requestOnce(http: Http, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await http.request(request)
  } catch (thrown) {
    if (thrown instanceof NetError) throw netFailure(thrown)
    throw thrown
  }
}

/**
 * The failure an answer means, by its status alone; null for 2xx. A redirect is a failure, since following it could lead
 * anywhere: for good when the address has moved for good, else to be tried again.
 */
export function statusFailure(response: HttpResponse, { idempotent, now }: HttpRules): DeliveryError | null {
  const { status } = response
  if (status >= 200 && status < 300) return null
  const retryAfter = retryAfterOf(response, now)
  const more = {
    response: answerText(response),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(status === 410 ? { disableChannel: true } : {}),
  }
  const text = statusTexts[status] ?? `The receiver answered ${status}.`
  return new DeliveryError(outcomeOf(status, idempotent), `http-${status}`, text, more)
}

/** The failure behind a request that got no answer. */
export function netFailure({ reason, written, message }: NetError): DeliveryError {
  if (reason === 'denied') return new DeliveryError('rejected', reason, message)
  if (written) return new DeliveryError('unknown', reason, message)
  return new DeliveryError(reason === 'protocol' ? 'rejected' : 'retryable', reason, message)
}

/** Status and the beginning of the answer, for people. */
export function answerText({ status, body }: HttpResponse): string {
  return body === '' ? String(status) : `${status} ${body.slice(0, LONGEST_ANSWER)}`
}

/** ms to wait by a Retry-After header, in seconds or as a date; undefined when there is none that makes sense. */
export function retryAfterOf({ headers }: HttpResponse, now: number): number | undefined {
  const text = headers['retry-after']?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER)
  // A date is told by its weekday; Date.parse alone would take much that is none.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) || time <= now ? undefined : time - now
}

const LONGEST_ANSWER = 8000

const retryable = new Set([300, 302, 303, 304, 305, 307, 408, 425, 429, 503])
const final = new Set([501, 505])

function outcomeOf(status: number, idempotent: boolean): DeliveryError['outcome'] {
  if (retryable.has(status)) return 'retryable'
  if (status < 500 || final.has(status)) return 'rejected'
  return idempotent ? 'retryable' : 'unknown'
}

const moved = 'The receiver redirects to another address, which is not followed. Set the new address in the channel.'
const statusTexts: Record<number, string> = {
  301: moved,
  302: moved,
  303: moved,
  307: moved,
  308: moved,
  401: 'The receiver asks for credentials or does not accept those it got (401).',
  403: 'The receiver does not permit this (403).',
  404: 'The receiver does not know this address (404).',
  410: 'The receiver says that this address is gone for good (410).',
  429: 'The receiver asks to send less often (429).',
}
