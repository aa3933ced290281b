import { describe, expect, test } from 'bun:test'
import { mail } from '../../src/channels/mail.ts'
import { readMlrunChannel } from '../../src/importers/mlrun/channel.ts'
import { readMailParams } from '../../src/importers/mlrun/mail.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { settingsOf } from '../channels/contract.ts'

const full = {
  server_host: 'smtp.example.com',
  server_port: 587,
  sender_address: 'sender@example.com',
  username: 'user',
  password: 'secret',
  email_addresses: 'a@b.com',
  use_tls: true,
  start_tls: false,
  validate_certs: true,
}

describe("§8.10 MLRun's parameters of mail", () => {
  test('become settings that a mail channel takes', () => {
    const { settings, issues } = readMailParams(full)
    expect(issues).toEqual([])
    expect(settings).toEqual({
      host: 'smtp.example.com',
      port: 587,
      tls: 'starttls',
      verify: true,
      user: 'user',
      password: 'secret',
      sender: 'sender@example.com',
      to: ['a@b.com'],
    })
    expect(settingsOf(mail, settings).to).toEqual(['a@b.com'])
  })

  const tls: [JsonObject, string, number][] = [
    [{}, 'starttls', 587],
    [{ use_tls: true }, 'starttls', 587],
    [{ server_port: 465 }, 'implicit', 465],
    [{ server_port: 2465, use_tls: true }, 'implicit', 2465],
    [{ start_tls: true, use_tls: false }, 'starttls', 587],
    [{ start_tls: true, use_tls: true }, 'starttls', 587],
    [{ start_tls: true, server_port: 465 }, 'implicit', 465],
    [{ use_tls: false, server_port: 25 }, 'none', 25],
    [{ server_port: '589', use_tls: false }, 'none', 589],
  ]
  test.each(tls)('%j are %s at %d', (given, expected, port) => {
    const { settings } = readMailParams({ server_host: 'h', sender_address: 'a@b.com', ...given })
    expect([settings['tls'], settings['port']]).toEqual([expected, port])
    expect(() => settingsOf(mail, settings)).not.toThrow()
  })

  test('say where they fit no server, and what is used', () => {
    expect(readMailParams(full).warnings).toEqual([
      'use_tls: port 587 speaks STARTTLS, so that is used; MLRun would fail there',
    ])
    expect(readMailParams({ ...full, use_tls: false, start_tls: true }).warnings).toEqual([])
  })

  const checks: [JsonObject, string[]][] = [
    [{ email_addresses: ['a@b.com', 'c@d.com'] }, []],
    [{ email_addresses: 'a,b' }, ["Invalid email address 'a'", "Invalid email address 'b'"]],
    [{ email_addresses: ['a@b.com', 1] }, ["Email address '1' must be a string"]],
    [{ email_addresses: { a: 1 } }, ["Parameter 'email_addresses' must be a string or a list of strings"]],
    [{ sender_address: 'aaa' }, ["Invalid email address 'aaa'"]],
    [{ use_tls: 'True' }, ["Parameter 'use_tls' must be a boolean for MailNotification"]],
    [{ username: '', password: '' }, []],
    [{ username: null, password: null }, []],
    [{ password: '' }, []],
    [{ username: '' }, ["Parameter 'username' is required when 'password' is provided for MailNotification"]],
    [{ server_port: 'x' }, ["Parameter 'server_port' must be a port number"]],
  ]
  test.each(checks)('with %j have the problems %j', (changes, expected) => {
    expect(readMailParams({ ...full, ...changes }).issues.map(({ message }) => message)).toEqual(expected)
  })

  test('take blanks around addresses, which MLRun does not', () => {
    expect(readMailParams({ ...full, email_addresses: 'a@x.com, b@x.com,a@x.com' }).settings['to']).toEqual([
      'a@x.com',
      'b@x.com',
    ])
  })

  test('are laid over the defaults, whose addresses come last', () => {
    const defaults = { ...full, email_addresses: undefined as never, default_email_addresses: 'a@example.com' }
    expect(readMailParams({}, defaults).settings).toMatchObject({ host: 'smtp.example.com', to: ['a@example.com'] })
    const own = { email_addresses: ['a@b.com', 'b@b.com', 'c@c.com'] }
    expect(readMailParams(own, defaults).settings['to']).toEqual(['a@b.com', 'b@b.com', 'c@c.com', 'a@example.com'])
    expect(
      readMailParams({ server_host: 'other', server_port: 589, email_addresses: ['a@b.com', 'c@c.com'] }, defaults)
        .settings,
    ).toMatchObject({ host: 'other', port: 589, user: 'user', to: ['a@b.com', 'c@c.com', 'a@example.com'] })
  })

  test('without a server leave it to the instance', () => {
    const { settings, warnings } = readMailParams({ email_addresses: 'a@b.com', use_tls: true })
    expect(settings).toEqual({ to: ['a@b.com'] })
    expect(warnings).toEqual(['use_tls: without server_host the server of the instance (smtp.host) is used as it is'])
    expect(settingsOf(mail, settings).host).toBeUndefined()
  })

  test('are read as every kind of MLRun is, and those that are none are named', () => {
    const params = { ...full, start_tls: true, message_body_override: 'runs: {{ runs }}', subject: 's', colour: 1 }
    const { channel, warnings } = readMlrunChannel('mail', params)
    expect(channel).toMatchObject({
      kind: 'mail',
      settings: { host: full.server_host, messageBodyOverride: 'runs: {{ runs }}' },
    })
    expect(warnings).toEqual(['colour: is no parameter of the kind mail and is ignored'])
    expect(readMlrunChannel('mail', { ...full, sender_address: 'aaa' })).toMatchObject({
      channel: null,
      issues: [{ path: 'sender_address', message: "Invalid email address 'aaa'" }],
    })
  })
})
