import { describe, expect, test } from 'bun:test'
import { completed, missingOf } from '../../../src/channels/mail/defaults.ts'
import { mail } from '../../../src/channels/mail.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { contextOf, failureOf, settingsOf } from '../contract.ts'
import { firing } from '../messages.ts'

const instance = {
  host: 'relay.example.com',
  tls: 'starttls',
  verify: true,
  user: 'tocsin',
  password: 'canary',
  sender: 'Alerts <alerts@example.com>',
  to: ['all@example.com'],
}
const serverOf = (given: JsonObject, defaults: JsonObject = instance) =>
  completed(settingsOf(mail, given), defaults)?.server

describe('mail without a server of its own', () => {
  test('goes through that of the instance, logged in there', () => {
    expect(serverOf({})).toEqual({
      host: 'relay.example.com',
      port: 587,
      tls: 'starttls',
      verify: true,
      ca: undefined,
      user: 'tocsin',
      password: 'canary',
    })
    expect(completed(settingsOf(mail, {}), instance)?.from).toEqual({ name: 'Alerts', address: 'alerts@example.com' })
    expect(mail.destination(settingsOf(mail, {}))).toBe('smtp://the instance')
  })

  test.each([
    ['a port', { port: 2525 }],
    ['no TLS', { tls: 'none' }],
    ['no check of the certificate', { verify: false }],
    ['a log-in', { user: 'u', password: 'p' }],
  ])('cannot have %s of its own', (_name, given) => {
    expect(() => settingsOf(mail, given)).toThrow('settings of a connection need the mail server they are for')
  })
})

describe('the log-in of the instance', () => {
  test.each([
    ['another server', { host: 'evil.example.com' }],
    ['another port', { host: 'relay.example.com', port: 2525 }],
    ['no TLS', { host: 'relay.example.com', tls: 'none', port: 587 }],
    ['no check of the certificate', { host: 'relay.example.com', verify: false }],
    ['an authority of its own', { host: 'relay.example.com', ca: '-----BEGIN CERTIFICATE-----' }],
  ])('is not for a channel with %s', (_name, given) => {
    expect(serverOf(given)?.password).toBeUndefined()
  })

  test('is for a channel that names the same server, unless it brings its own', () => {
    expect(serverOf({ host: 'relay.example.com' })?.password).toBe('canary')
    expect(serverOf({ host: 'relay.example.com', user: 'u', password: 'p' })?.password).toBe('p')
  })
})

describe('what is missing', () => {
  const lacking = (given: JsonObject, defaults: JsonObject) =>
    missingOf(settingsOf(mail, given), defaults).map(({ path, message }) => `${path} ${message}`)

  test('is named with both places to give it', () => {
    expect(lacking({}, {})).toEqual([
      'host is missing: give the mail server here, or for the whole instance in the configuration (smtp.host)',
      'sender is missing: give an address here, or for the whole instance in the configuration (smtp.sender)',
    ])
    expect(lacking({ host: 'mail.example.com' }, { sender: 'a@example.com' })).toEqual([])
    expect(lacking({}, instance)).toEqual([])
  })

  test('fails a mail that was saved while it was there', async () => {
    const settings = settingsOf(mail, { to: 'ops@example.com' })
    const failure = await failureOf(mail.send(mail.render(firing, settings), settings, contextOf()))
    expect(failure).toMatchObject({ outcome: 'rejected', reason: 'settings' })
    expect(failure.message).toContain('host is missing: give the mail server here')
  })
})
