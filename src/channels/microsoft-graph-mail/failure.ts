import type { HttpResponse } from '../../net.ts'
import { DeliveryError } from '../failure.ts'
import { statusFailure } from '../http.ts'
import { jsonOf } from './token.ts'

/** The failure an answer of Graph means; null when it took the mail. Its own code is in the text. */
export function graphFailure(response: HttpResponse, answer: string, now: number): DeliveryError | null {
  const failure = statusFailure(response, { idempotent: true, now })
  if (failure === null) return null
  const { outcome, reason, retryAfter, disableChannel } = failure
  const { error } = jsonOf(response.body)
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code).slice(0, 60) : ''
  const text = words[code] ?? words[String(response.status)]
  const message = text === undefined ? failure.message : `${text} (${code === '' ? response.status : code}).`
  return new DeliveryError(busy.has(code) ? 'retryable' : outcome, reason, message, {
    response: answer,
    disableChannel,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  })
}

/** Codes that mean "later", whatever their status. */
const busy = new Set(['ApplicationThrottled', 'MailboxConcurrency', 'ErrorServerBusy', 'ErrorMailboxStoreUnavailable'])

const noMailbox = 'Microsoft 365 knows no mailbox of the sender: it must be the address of a user with a licence'
const words: Record<string, string> = {
  ApplicationThrottled: 'Microsoft 365 asks to send less often',
  ErrorAccessDenied:
    'The application may not send as this mailbox: it needs Mail.Send as an application permission with admin consent, and no access policy that leaves the mailbox out',
  ErrorInvalidRecipients: 'Microsoft 365 refuses a recipient',
  ErrorInvalidUser: noMailbox,
  ErrorMessageSizeExceeded: 'The mail is larger than the mailbox may send',
  ErrorQuotaExceeded: 'The mailbox of the sender is full',
  ErrorSendAsDenied: 'The application may not send as this mailbox',
  InvalidAuthenticationToken: 'Graph does not accept the token of the login, which may belong to another cloud',
  MailboxConcurrency: 'Microsoft 365 asks for fewer mails at a time from this mailbox',
  MailboxNotEnabledForRESTAPI: noMailbox,
  ResourceNotFound: noMailbox,
  413: 'The mail is larger than one request to Graph may be',
}
