import { describe, expect, test } from 'bun:test'
import { type Config, loadConfig } from '../../src/config.ts'
import { createInstanceMail } from '../../src/manage/instance-mail.ts'

const configOf = (flags: Record<string, string>): Config['smtp'] => loadConfig(flags, {}, () => '').config.smtp
const defaultsOf = (flags: Record<string, string>, files: Record<string, string> = {}) =>
  createInstanceMail(
    () => configOf(flags),
    (path) => files[path] ?? expect.unreachable(),
  ).defaults()

describe('the mail of the configuration', () => {
  test('is nothing unless it is given', () => {
    expect(defaultsOf({})).toEqual({ tls: 'starttls', verify: true })
  })

  test('is read with the password from its file', () => {
    const flags = {
      'smtp.host': 'relay.example.com',
      'smtp.port': '2525',
      'smtp.verify': 'false',
      'smtp.user': 'tocsin',
      'smtp.passwordFile': '/run/secrets/smtp',
      'smtp.to': 'a@example.com,b@example.com',
    }
    expect(defaultsOf(flags, { '/run/secrets/smtp': 'se cret\n' })).toMatchObject({
      host: 'relay.example.com',
      port: 2525,
      verify: false,
      user: 'tocsin',
      password: 'se cret',
      to: ['a@example.com', 'b@example.com'],
    })
  })

  test.each([
    [{ 'smtp.host': 'x', 'smtp.port': '587', 'smtp.tls': 'implicit' }, 'smtp.port: port 587 speaks STARTTLS'],
    [{ 'smtp.host': 'x', 'smtp.user': 'u' }, 'smtp.password: is missing; a user needs a password'],
    [{ 'smtp.user': 'u', 'smtp.password': 'p' }, 'smtp.host: is missing'],
    [{ 'smtp.sender': 'nobody' }, 'smtp.sender: "nobody" is not a mail address'],
    [{ 'smtp.passwordFile': '/nowhere' }, 'smtp.passwordFile'],
    [{ 'smtp.verify': 'perhaps' }, 'smtp.verify: must be true or false'],
  ] as [Record<string, string>, string][])('%j is refused', (flags, text) => {
    expect(() => defaultsOf(flags, {})).toThrow(text)
  })

  test('stays as it was when it cannot be read again', () => {
    let sender = 'a@example.com'
    const instance = createInstanceMail(
      () => configOf({ 'smtp.sender': sender }),
      () => '',
    )
    const before = instance.defaults()
    sender = 'nobody'
    expect(() => instance.refresh()).toThrow('smtp.sender')
    expect(instance.defaults()).toBe(before)
  })
})
