import { createPrivateKey, X509Certificate } from 'node:crypto'
import * as v from 'valibot'
import { field } from '../../model/settings.ts'

const ascii = v.pipe(
  v.string('must be text'),
  v.nonEmpty('must not be empty'),
  v.maxLength(5000, 'must be at most 5000 characters'),
  v.regex(/^[\x20-\x7e]*$/, 'must be plain ASCII on one line'),
)
const words = v.pipe(v.string('must be text'), v.maxLength(1000, 'must be at most 1000 characters'))
const pem = (what: RegExp, message: string) =>
  v.pipe(v.string('must be text'), v.maxLength(50_000, 'must be at most 50000 characters'), v.regex(what, message))

/** By what a receiver knows who sends: entries for the settings. */
export const authorizationEntries = {
  user: v.pipe(
    v.optional(words),
    field({ title: 'User', hint: 'For basic authentication, together with a password.' }),
  ),
  password: v.pipe(v.optional(words), field({ title: 'Password', hint: 'For basic authentication.', secret: true })),
  bearerToken: v.pipe(
    v.optional(ascii),
    field({ title: 'Bearer token', hint: 'Instead of user and password.', secret: true }),
  ),
  authorization: v.pipe(
    v.optional(ascii),
    field({
      title: 'Authorization',
      hint: 'The whole header, for any other scheme, such as "GenieKey …".',
      secret: true,
    }),
  ),
  clientCertificate: v.pipe(
    v.optional(pem(/-----BEGIN CERTIFICATE-----/, 'must hold a certificate in PEM form')),
    field({
      title: 'Client certificate',
      hint: 'In PEM form, with those between it and its authority.',
      multiline: true,
    }),
  ),
  clientKey: v.pipe(
    v.optional(pem(/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'must hold a private key in PEM form')),
    field({
      title: 'Client key',
      hint: 'Of the client certificate, in PEM form without a pass phrase.',
      secret: true,
      multiline: true,
    }),
  ),
} as const

interface Authorization {
  user?: string | undefined
  password?: string | undefined
  bearerToken?: string | undefined
  authorization?: string | undefined
  clientCertificate?: string | undefined
  clientKey?: string | undefined
  headers?: Record<string, string> | undefined
}

/** What is wrong with the settings together: the setting and the reason; null when nothing is. */
export function authorizationProblem(given: Authorization): [keyof Authorization, string] | null {
  const { user, password, bearerToken, authorization, clientCertificate, clientKey, headers = {} } = given
  if (user !== undefined && password === undefined) return ['password', 'is missing: it goes together with the user']
  if (user === undefined && password !== undefined) return ['user', 'is missing: it goes together with the password']
  if (user?.includes(':')) return ['user', 'must not hold a colon']
  const inHeaders = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
  const ways = [user, bearerToken, authorization].filter((way) => way !== undefined).length + (inHeaders ? 1 : 0)
  if (ways > 1) return ['authorization', 'give one way: user and password, a bearer token, or an authorization']
  if (clientCertificate !== undefined && clientKey === undefined)
    return ['clientKey', 'is missing: it goes together with the client certificate']
  if (clientKey === undefined) return null
  if (clientCertificate === undefined) return ['clientCertificate', 'is missing: it goes together with the client key']
  return isPair(clientCertificate, clientKey)
    ? null
    : ['clientKey', 'is not the key of the client certificate, or has a pass phrase; give the one without']
}

/** The header by which a request is authorized; undefined without one. */
export function authorizationHeader({
  user,
  password = '',
  bearerToken,
  authorization,
}: Authorization): string | undefined {
  if (user !== undefined) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return bearerToken === undefined ? authorization : `Bearer ${bearerToken}`
}

function isPair(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
