/** A request, a connection or a name look-up that failed. */
export class NetError extends Error {
  override readonly name = 'NetError'
  /** `denied`: the egress policy; `dns`, `refused`, `tls`, `timeout`, `reset`, `aborted`, `protocol`. */
  readonly reason: NetFailure
  /** Whether the receiver may have got the request. */
  readonly written: boolean

  constructor(reason: NetFailure, message: string, written: boolean) {
    super(message)
    this.reason = reason
    this.written = written
  }
}

export type NetFailure = 'denied' | 'dns' | 'refused' | 'tls' | 'timeout' | 'reset' | 'aborted' | 'protocol'

/**
 * Names the failure behind an error of the runtime's sockets. `host` is told in the text; `written` is whether the
 * request may have reached the receiver; `encrypting` whether the TLS handshake was under way.
 */
export function netError(thrown: unknown, host: string, written: boolean, encrypting: boolean): NetError {
  if (thrown instanceof NetError) return thrown.written === written ? thrown : rewritten(thrown, written)
  const code = codeOf(thrown)
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const unreachable = unreachableCodes[code]
  if (unreachable !== undefined) return new NetError('refused', `${host} ${unreachable} (${code}).`, written)
  if (code.startsWith('HPE_')) {
    return new NetError('protocol', `${host} did not answer in HTTP: ${message}.`, written)
  }
  if (/CERT|ERR_SSL|ERR_TLS|EPROTO|UNABLE_TO_/.test(code) || encrypting) return tlsError(host, code, message, written)
  if (code === 'ETIMEDOUT') return new NetError('timeout', `${host} did not answer in time.`, written)
  return new NetError('reset', `${host} closed the connection without an answer (${code || message}).`, written)
}

const unreachableCodes: Record<string, string> = {
  ECONNREFUSED: 'refuses connections',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  EHOSTDOWN: 'cannot be reached',
  ENETDOWN: 'cannot be reached',
  EADDRNOTAVAIL: 'cannot be reached',
}

function tlsError(host: string, code: string, message: string, written: boolean): NetError {
  const remedy = /SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)
    ? ' Its certificate is not signed by a trusted authority; name its authority in tls.caFile, or in "authorities" of the channel.'
    : ''
  return new NetError(
    'tls',
    `The secure connection to ${host} failed: ${message} (${code || 'closed'}).${remedy}`,
    written,
  )
}

function rewritten(error: NetError, written: boolean): NetError {
  return new NetError(error.reason, error.message, written)
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return codeOf(thrown.errors[0])
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}
