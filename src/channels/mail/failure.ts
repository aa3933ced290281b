import { NetError } from '../../net.ts'
import { DeliveryError } from '../failure.ts'
import { netFailure } from '../http.ts'

/** What the mail library's errors tell; all of it may be missing. */
interface SmtpError {
  message: string
  code?: string
  /** The code of the system's own error. */
  originalCode?: string
  responseCode?: number
  response?: string
  rejectedErrors?: readonly SmtpError[]
}

/**
 * The failure behind an error of the mail library. `complete` is whether the whole message had been handed over: then a
 * connection that ends without a reply says nothing about its fate. A certificate that does not verify is retryable,
 * since certificates are renewed and nothing was sent.
 */
export function mailFailure(thrown: unknown, complete: boolean): DeliveryError {
  if (thrown instanceof DeliveryError) return thrown
  if (thrown instanceof NetError) return netFailure(thrown)
  if (!(thrown instanceof Error)) return new DeliveryError('rejected', 'mail', String(thrown))
  const error: SmtpError = thrown
  const { message } = error
  if (isTls(error)) return new DeliveryError('retryable', 'tls', tlsText(message))
  const code = replyCode(error)
  if (code !== undefined) return replied(error, code)
  switch (error.code) {
    case 'EAUTH':
    case 'ENOAUTH':
      return new DeliveryError(
        'rejected',
        'smtp-auth',
        `The mail server and this channel agree on no log-in: ${message}.`,
      )
    case 'ETIMEDOUT':
    case 'ECONNECTION':
    case 'ESOCKET':
    case 'EPROTOCOL':
    case 'EABORT':
      return broken(error, complete)
    default:
      return new DeliveryError('rejected', 'mail', `The mail could not be made or sent: ${message}.`)
  }
}

function replied(error: SmtpError, code: number): DeliveryError {
  const response = error.response ?? error.message
  const login = error.code === 'EAUTH' || code === 530 || code === 535
  const text = login
    ? `The mail server does not accept the user name and password (${code}).`
    : `The mail server ${code < 500 ? 'does not take the mail for now' : 'refuses the mail'} (${code}).`
  return new DeliveryError(code < 500 ? 'retryable' : 'rejected', `smtp-${code}`, text, { response })
}

/** With several recipients refused, the one that may be taken later decides. */
function replyCode({ responseCode, rejectedErrors }: SmtpError): number | undefined {
  const codes = (rejectedErrors ?? []).flatMap((error) => error.responseCode ?? [])
  const code = codes.find((each) => each >= 400 && each < 500) ?? responseCode
  return code !== undefined && code >= 400 ? code : undefined
}

function isTls({ code, originalCode }: SmtpError): boolean {
  return code === 'ETLS' || /CERT|ERR_SSL|ERR_TLS|EPROTO|UNABLE_TO_/.test(originalCode ?? '')
}

function tlsText(message: string): string {
  const remedy = /self[ -]signed|unable to (get|verify)/i.test(message)
    ? ' Its certificate is not signed by a trusted authority; give the authority in "ca" or in tls.caFile.'
    : /STARTTLS/.test(message)
      ? ' It may not offer STARTTLS; nothing is sent without it unless "tls" is "none".'
      : ''
  return `The secure connection to the mail server failed: ${message}.${remedy}`
}

function broken({ code, message }: SmtpError, complete: boolean): DeliveryError {
  const reason = code === 'ETIMEDOUT' ? 'timeout' : code === 'EABORT' ? 'aborted' : 'reset'
  return complete
    ? new DeliveryError(
        'unknown',
        reason,
        `The connection ended before the mail server confirmed the mail: ${message}.`,
      )
    : new DeliveryError('retryable', reason, `The connection to the mail server failed: ${message}.`)
}
