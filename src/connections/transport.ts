import { messageOf } from '../errors.ts'

/** What is wrong with the way to a server, in words for people. */
export function explainTransport(thrown: unknown): string {
  const text = messageOf(thrown)
  if (/certificate|self.signed|altnames|unable to (get|verify)/i.test(text))
    return `The server's certificate is not trusted: ${text}. Give its authority in "ca", or set sslmode to "no-verify" to go without the check.`
  return text === '' ? 'The connection failed.' : text
}

/** Whether a host is this machine, so that nobody listens on the way to it. */
export function isThisMachine(host: string): boolean {
  return /^(localhost|127\.[\d.]+|\[?::1\]?|\/.*)$/.test(host)
}
