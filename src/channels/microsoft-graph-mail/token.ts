import type { Http, HttpRequest, HttpResponse } from '../../net.ts'
import type { SendContext } from '../channel.ts'
import { DeliveryError } from '../failure.ts'
import { answerText, requestOnce, statusFailure } from '../http.ts'
import type { GraphMailSettings } from './settings.ts'

interface Token {
  value: string
  /** ms since 1970. */
  until: number
  /** Of whom it is, and where it is good. */
  of: string
}

const CACHE_KEY = 'graph-token'
/** A token is renewed so long before its end, in ms. */
const MARGIN = 300_000
/** Seconds a token lives that does not say how long. */
const SHORTEST_LIFE = 600

/**
 * An access token for the application by the client credentials grant, from the channel's cache while it is good. Throws
 * `DeliveryError` when the login gives none.
 */
export async function accessToken(
  settings: GraphMailSettings,
  reach: Pick<HttpRequest, 'timeout' | 'proxy' | 'tls'>,
  { cache, http, signal, now }: SendContext,
): Promise<string> {
  const { loginUrl, graphUrl, tenantId, clientId, clientSecret } = settings
  const of = JSON.stringify([loginUrl, graphUrl, tenantId, clientId, clientSecret])
  const known = cache.get(CACHE_KEY) as Token | undefined
  if (known !== undefined && known.of === of && known.until > now) return known.value
  const scope = `${trimmed(graphUrl)}/.default`
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope }
  const response = await beforeSending(http, {
    method: 'POST',
    url: `${trimmed(loginUrl)}/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    signal,
    ...reach,
  })
  const token = readToken(response, now, of)
  cache.set(CACHE_KEY, token)
  return token.value
}

/** A request before the mail: whatever becomes of it, the mail was not sent. */
async function beforeSending(http: Http, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await requestOnce(http, request)
  } catch (thrown) {
    if (!(thrown instanceof DeliveryError) || thrown.outcome !== 'unknown') throw thrown
    throw new DeliveryError('retryable', thrown.reason, thrown.message)
  }
}

/** Gives up a token that was refused. */
export function forgetToken(cache: Map<string, unknown>): void {
  cache.delete(CACHE_KEY)
}

/** An address without its last slash. */
export function trimmed(url: string): string {
  return url.replace(/\/+$/, '')
}

function readToken(response: HttpResponse, now: number, of: string): Token {
  const failure = statusFailure(response, { idempotent: true, now })
  const body = jsonOf(response.body)
  if (failure !== null) throw refused(failure, body)
  const { access_token: value, expires_in: life } = body
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
    throw new DeliveryError('retryable', 'login', 'The login of Microsoft 365 gave no token.', { response: '200' })
  const seconds = Number.isFinite(Number(life)) && life !== undefined ? Number(life) : SHORTEST_LIFE
  return { value, until: now + seconds * 1000 - MARGIN, of }
}

/**
 * Why the login gives no token. The class of the OAuth error decides; the numbers of the vendor's errors, which may change,
 * only lead to plainer words.
 */
function refused(failure: DeliveryError, { error, error_description: description }: Record<string, unknown>) {
  const { outcome, reason, retryAfter, response } = failure
  const number = /AADSTS(\d+)/.exec(String(description))?.[1] ?? ''
  const more = { response, ...(retryAfter === undefined ? {} : { retryAfter }) }
  if (error === 'temporarily_unavailable')
    return new DeliveryError('retryable', reason, `The login of Microsoft 365 has no time (${error}).`, more)
  if (outcome !== 'rejected') return failure
  const what = typeof error === 'string' ? error.slice(0, 60) : reason
  const text = words[number] ?? 'Check the tenant, the application and its secret.'
  return new DeliveryError(
    'rejected',
    'login',
    `The login of Microsoft 365 refuses the application (${what}). ${text}`,
    {
      ...more,
      disableChannel: number === SECRET_EXPIRED,
    },
  )
}

const SECRET_EXPIRED = '7000222'
const words: Record<string, string> = {
  [SECRET_EXPIRED]: 'The client secret has expired: make a new one in the app registration and set it here.',
  7000215: 'The client secret is wrong: it must be the value of the secret, not its ID.',
  7000112: 'The application is disabled in the tenant.',
  700016: 'The tenant does not know this application: check the application (client) ID.',
  90002: 'There is no such tenant: check the directory (tenant) ID.',
  900023: 'There is no such tenant: check the directory (tenant) ID.',
}

/** A JSON object, or an empty one for anything else. */
export function jsonOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** The answer for people, without the token should the answer repeat it. */
export function answerWithout(token: string, response: HttpResponse): string {
  return answerText({ ...response, body: response.body.replaceAll(token, '…') })
}
