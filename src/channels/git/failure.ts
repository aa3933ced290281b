import type { HttpResponse } from '../../net.ts'
import { DeliveryError } from '../failure.ts'
import { answerText, statusFailure } from '../http.ts'

/** ms to wait when the platform wants fewer requests and does not say for how long. */
const OVERLOADED = 60_000

/**
 * The failure an answer means; null for 2xx. A limit on the rate of requests comes as 403 or 429, and says when it ends in
 * one of several headers or, for GitHub's secondary limits, only in words:
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
 */
export function gitFailure(response: HttpResponse, now: number): DeliveryError | null {
  const failure = statusFailure(response, { idempotent: false, now })
  if (failure === null) return null
  const { status } = response
  if (status === 403 || status === 429) {
    const wait = failure.retryAfter ?? untilReset(response, now)
    if (wait !== undefined) return limited(response, wait)
    if (/rate limit|abuse/i.test(response.body)) return limited(response, OVERLOADED)
  }
  const text = texts[status]
  if (text === undefined) return failure
  const { outcome, reason, disableChannel } = failure
  return new DeliveryError(outcome, reason, text, { disableChannel, response: failure.response })
}

function limited(response: HttpResponse, retryAfter: number): DeliveryError {
  const text = `The platform asks to send less often (${response.status}).`
  return new DeliveryError('retryable', `http-${response.status}`, text, { retryAfter, response: answerText(response) })
}

/** ms until the limit begins anew, where nothing is left of it. */
function untilReset({ headers }: HttpResponse, now: number): number | undefined {
  if ((headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining']) !== '0') return undefined
  const seconds = Number(headers['x-ratelimit-reset'] ?? headers['ratelimit-reset'] ?? Number.NaN)
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000 - now) : undefined
}

const texts: Record<number, string> = {
  400: 'The platform does not take the comment (400).',
  401: 'The platform does not accept the token: it is wrong, has expired or was revoked (401).',
  403: 'The token may not comment there (403). GitHub: it needs Issues and Pull requests: write. GitLab: the scope api and the role Reporter.',
  404: 'There is no such repository, issue, merge request or pull request, or the token may not see it (404).',
  410: 'The repository has its issues switched off (410).',
  422: 'The platform refuses the comment (422): it is too long, or the conversation is locked.',
}
