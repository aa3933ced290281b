import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { field } from '../model/settings.ts'
import type { HttpRequest, TlsOptions } from '../net.ts'

/** The longest PEM text of authorities a channel may carry. */
const LONGEST_PEM = 200_000

/** An address to send to. */
export const httpUrl = v.pipe(
  v.string('must be text'),
  v.maxLength(5000, 'must be at most 5000 characters'),
  v.check(
    (text) => /^https?:\/\//i.test(text) && URL.canParse(text),
    'must be a URL that begins with https:// or http://',
  ),
)

/** How a channel reaches its receiver over HTTP: entries for the settings of every channel that does. */
export const httpEntries = {
  timeoutSeconds: v.pipe(
    v.optional(
      v.pipe(
        v.number('must be a number of seconds'),
        v.minValue(1, 'must be 1 second at least'),
        v.maxValue(120, 'must be 120 seconds at most'),
      ),
      30,
    ),
    field({ title: 'Timeout', hint: 'Seconds for the whole exchange.' }),
  ),
  useProxy: v.pipe(
    v.optional(v.boolean('must be true or false'), true),
    field({ title: 'Use the proxy', hint: 'Go through the proxy of the configuration, where there is one.' }),
  ),
  verifyCertificate: v.pipe(
    v.optional(v.boolean('must be true or false'), true),
    field({ title: 'Check the certificate', hint: 'Without it anybody on the way can read and change what is sent.' }),
  ),
  authorities: v.pipe(
    v.optional(
      v.pipe(
        v.string('must be text'),
        v.maxLength(LONGEST_PEM, `must be at most ${LONGEST_PEM} characters`),
        v.includes('-----BEGIN CERTIFICATE-----', 'must hold certificates in PEM form'),
      ),
    ),
    field({
      title: 'Own authorities',
      hint: 'Certificates in PEM form to trust besides the usual ones.',
      multiline: true,
    }),
  ),
} as const

/** For chats that would show a repeated message twice, which harms less than one that is missing. */
export const repeatUnknown = v.pipe(
  v.optional(v.boolean('must be true or false'), true),
  field({
    title: 'Repeat what may have arrived',
    hint: 'When the answer is lost: with it the message may come twice, without it not at all.',
  }),
)

export interface HttpSettings {
  timeoutSeconds: number
  useProxy: boolean
  verifyCertificate: boolean
  authorities?: string | undefined
  clientCertificate?: string | undefined
  clientKey?: string | undefined
}

/** What these settings mean for a request. */
export function reaching(settings: HttpSettings): Pick<HttpRequest, 'timeout' | 'proxy' | 'tls'> {
  const { timeoutSeconds, useProxy, verifyCertificate, authorities, clientCertificate } = settings
  const reach = { timeout: timeoutSeconds * 1000, proxy: useProxy }
  const isUsual = verifyCertificate && authorities === undefined && clientCertificate === undefined
  return isUsual ? reach : { ...reach, tls: tlsOf(settings) }
}

function tlsOf({ verifyCertificate, authorities, clientCertificate, clientKey }: HttpSettings): TlsOptions {
  return {
    verify: verifyCertificate,
    authorities: authorities === undefined ? [] : [authorities],
    ...(clientCertificate === undefined ? {} : { certificate: clientCertificate }),
    ...(clientKey === undefined ? {} : { key: clientKey }),
  }
}

/** A destination's key for an address that is a secret: its origin, and a hash that tells it from others there. */
export function hiddenAddress(url: string): string {
  return `${URL.canParse(url) ? new URL(url).origin : 'invalid'}#${shortHash(url)}`
}

/** Tells one secret from another without showing either. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
