import type { HttpResponse } from '../../net.ts'
import { DeliveryError } from '../failure.ts'
import { answerText, statusFailure } from '../http.ts'

/** What an error in the answer of a flow means, besides its status. */
interface FlowError {
  /** For people: what is wrong and what helps. */
  text: string
  /** Proof that the channel will never work again. */
  disables?: true
}

/** Errors of Power Automate's trigger, by the code in the answer. */
export const flowErrors: Readonly<Record<string, FlowError>> = {
  WorkflowNotFound: { text: 'The flow was deleted; make a new one and give the channel its address.', disables: true },
  DirectApiAuthorizationRequired: {
    text: 'The flow takes requests of signed-in people only; let its trigger be used by anyone.',
  },
  AuthorizationFailed: {
    text: 'The signature in the address is not the one of the flow; copy the whole address again.',
  },
  RequestEntityTooLarge: { text: 'The message is larger than Teams takes.' },
}

/**
 * The failure an answer of Teams means; null when the message was accepted. A connector of the old kind answers 200 with
 * the error of Teams in words.
 */
export function teamsFailure(response: HttpResponse, now: number): DeliveryError | null {
  const rules = { idempotent: false, now }
  const inner = /webhook message delivery failed/i.test(response.body)
    ? (/HTTP error (\d{3})/i.exec(response.body)?.[1] ?? '400')
    : null
  if (response.status < 300 && inner !== null) return statusFailure({ ...response, status: Number(inner) }, rules)
  const base = statusFailure(response, rules)
  if (base === null) return null
  const more = {
    response: answerText(response),
    ...(base.retryAfter === undefined ? {} : { retryAfter: base.retryAfter }),
  }
  // Teams asks its senders to try again after this one, too.
  if (response.status === 412) return new DeliveryError('retryable', base.reason, base.message, more)
  const code = /"code"\s*:\s*"(\w+)"/.exec(response.body)?.[1] ?? ''
  const known = Object.hasOwn(flowErrors, code) ? flowErrors[code] : undefined
  if (known === undefined || response.status >= 500) return base
  const disableChannel = base.disableChannel || known.disables === true
  return new DeliveryError('rejected', `teams-${code}`, `${known.text} (${code})`.replace(/\. \((\w+)\)$/, ' ($1).'), {
    ...more,
    disableChannel,
  })
}
