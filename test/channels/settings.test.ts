import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseMailboxes } from '../../src/channels/mail/recipients.ts'
import { mail } from '../../src/channels/mail.ts'
import { secretProblem, signWebhook } from '../../src/channels/webhook/signature.ts'
import { webhook } from '../../src/channels/webhook.ts'
import { AppError } from '../../src/errors.ts'
import { validate } from '../../src/model/validate.ts'

const url = 'https://hooks.example.test/x'
const post = { host: 'mail.example.test', sender: 'a@example.test' }

function faults(schema: Parameters<typeof validate>[0], settings: object): string[] {
  try {
    validate(schema, settings)
    return []
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return thrown.issues.map(({ path, message }) => `${path}: ${message}`)
  }
}

function refuses(schema: Parameters<typeof validate>[0], cases: [string, object, string][]): void {
  for (const [title, settings, expected] of cases)
    test(`refuses ${title}`, () => {
      const found = faults(schema, settings)
      expect(found).toHaveLength(1)
      expect(found[0]).toStartWith(expected)
    })
}

function takes(schema: Parameters<typeof validate>[0], cases: [string, object][]): void {
  for (const [title, settings] of cases) test(`takes ${title}`, () => expect(faults(schema, settings)).toEqual([]))
}

describe('a webhook', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

  refuses(webhook.settings, [
    ['no address', {}, 'url: is missing'],
    ['an address of another kind', { url: 'ftp://x/' }, 'url: must be a URL that begins with https:// or http://'],
    ['an address without a host', { url: 'http://' }, 'url: must be a URL'],
    ['an address too long', { url: `${url}?${'x'.repeat(5000)}` }, 'url: must be at most 5000 characters'],
    ['another method', { url, method: 'HEAD' }, 'method: must be one of POST, GET, PUT, PATCH, DELETE'],
    ['a header of its own', { url, headers: { 'Webhook-Id': 'x' } }, 'headers.Webhook-Id: is set by Tocsin itself'],
    ['the length', { url, headers: { 'content-length': '5' } }, 'headers.content-length: is set by Tocsin itself'],
    ['another host', { url, headers: { HOST: 'evil' } }, 'headers.HOST: is set by Tocsin itself'],
    ['a header with a blank', { url, headers: { 'a b': 'x' } }, 'headers.a b: must be named by letters'],
    ['a header of two lines', { url, headers: { a: 'x\r\nb: y' } }, 'headers.a: must be plain ASCII on one line'],
    ['a header beyond ASCII', { url, headers: { a: 'ü' } }, 'headers.a: must be plain ASCII on one line'],
    ['a header that is no text', { url, headers: { a: 1 } }, 'headers.a: must be text'],
    ['a secret without its mark', { url, secret: 'hunter2' }, 'secret: must be "whsec_" and the base64 of 24 to 64'],
    ['a secret too short', { url, secret: 'whsec_aGk=' }, 'secret: must hold 24 to 64 random bytes after "whsec_"'],
    ['no time', { url, timeoutSeconds: 0 }, 'timeoutSeconds: must be 1 second at least'],
    ['too much time', { url, timeoutSeconds: 121 }, 'timeoutSeconds: must be 120 seconds at most'],
  ])

  takes(webhook.settings, [
    ['an address alone', { url }],
    ['an address in capitals', { url: 'HTTPS://HOOKS.EXAMPLE.TEST/' }],
    ['a user in the address', { url: 'https://me:word@hooks.example.test/' }],
    ['any other header', { url, headers: { Authorization: 'Bearer x', 'content-type': 'text/plain', 'X_a.b': '' } }],
    ['two secrets', { url, secret, previousSecret: secret }],
  ])

  test('does not repeat a secret in what it says of it', () => {
    const bad = `whsec_${Buffer.alloc(10, 7).toString('base64')}`
    expect(secretProblem(bad)).toContain('this one holds 10')
    expect(secretProblem(bad)).not.toContain(bad.slice(6))
  })

  test('signs so that any change shows', () => {
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(text, text, fc.nat(), (one, other, seconds) => {
        fc.pre(one !== other)
        const signed = signWebhook([secret], 'msg_1', seconds, one)
        expect(signed).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/)
        expect(signWebhook([secret], 'msg_1', seconds, other)).not.toBe(signed)
        expect(signWebhook([secret], 'msg_2', seconds, one)).not.toBe(signed)
        expect(signWebhook([secret], 'msg_1', seconds + 1, one)).not.toBe(signed)
        expect(signWebhook([secret, secret], 'msg_1', seconds, one)).toBe(`${signed} ${signed}`)
      }),
    )
  })
})

describe('mail', () => {
  refuses(mail.settings, [
    ['a port without a server', { sender: 'a@example.test', port: 25 }, 'host: is missing'],
    ['a server with a path', { ...post, host: 'mail/x' }, 'host: must be a host name or an address'],
    ['two senders', { ...post, sender: 'a@x.test, b@x.test' }, 'sender: must hold at most 1 mail address'],
    ['an empty sender', { ...post, sender: ' ' }, 'sender: must hold a mail address'],
    ['a sender that is none', { ...post, sender: 'alerts' }, 'sender: "alerts" is not a mail address; write'],
    ['one bad recipient of many', { ...post, to: ['a@x.test', 'b'] }, 'to: "b" is not a mail address'],
    ['a line in a name', { ...post, to: 'A\u0007 <a@x.test>' }, 'to: names of recipients must not hold control'],
    ['a port of 0', { ...post, port: 0 }, 'port: must be from 1 to 65535'],
    ['a server with a blank', { ...post, host: 'mail x' }, 'host: must be a host name or an address'],
    ['half a port', { ...post, port: 25.5 }, 'port: must be whole'],
    ['implicit TLS at 587', { ...post, port: 587, tls: 'implicit' }, 'port: port 587 speaks STARTTLS'],
    ['STARTTLS at 465', { ...post, port: 465 }, 'port: port 465 speaks TLS from the first byte'],
    ['a user without a password', { ...post, user: 'me' }, 'password: is missing; a user needs a password'],
    ['a password without a user', { ...post, password: 'x' }, 'user: is missing; a password needs a user'],
    ['an authority that is none', { ...post, ca: 'x' }, 'ca: must be a certificate in PEM'],
  ])

  takes(mail.settings, [
    ['server and sender alone', post],
    ['an IPv6 address', { ...post, host: '::1' }],
    ['names with commas in quotes', { ...post, to: '"Desk, Night" <night@x.test>; b@x.test' }],
    ['lists, texts and lines', { ...post, to: ['a@x.test', 'b@x.test, c@x.test'], cc: 'd@x.test\ne@x.test' }],
    ['domains in other scripts', { ...post, to: 'a@пример.test' }],
    ['implicit TLS at 465', { ...post, port: 465, tls: 'implicit' }],
    ['nobody to write to, as routes may name them', { ...post, to: '' }],
  ])

  test('goes to each address once, whatever parts them', () => {
    const address = fc.constantFrom('a@x.test', 'b@x.test', 'C <c@x.test>', '"D, E" <d@x.test>')
    const parting = fc.constantFrom(',', ';', '\n', ' , ', ';;', '\r\n')
    fc.assert(
      fc.property(fc.array(address, { minLength: 1, maxLength: 8 }), parting, (addresses, between) => {
        const found = parseMailboxes(addresses.join(between))
        expect(found).toEqual(parseMailboxes([...new Set(addresses)]))
        expect(found).toHaveLength(new Set(addresses).size)
      }),
    )
  })

  test('never takes an address with what could end a command', () => {
    const part = fc.string({ unit: 'binary', maxLength: 10 })
    fc.assert(
      fc.property(part, part, (name, rest) => {
        let found: ReturnType<typeof parseMailboxes> = []
        try {
          found = parseMailboxes(`${name}<a${rest}@x.test>`)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RangeError)
        }
        for (const box of found) {
          expect(box.address).not.toMatch(/[\s<>\p{Cc}]/u)
          expect(box.name).not.toMatch(/\p{Cc}/u)
        }
      }),
    )
  })
})
