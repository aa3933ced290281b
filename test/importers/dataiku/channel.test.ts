import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readDataikuChannel } from '../../../src/importers/dataiku/channel.ts'
import type { JsonObject } from '../../../src/model/json.ts'

const read = (type: string, configuration: JsonObject, more: JsonObject = {}) =>
  readDataikuChannel({ id: 'c', type, configuration, ...more })

describe("Dataiku's channels", () => {
  const cases: [type: string, configuration: JsonObject, kind: string, settings: JsonObject][] = [
    [
      'smtp',
      {
        ...{ host: 'mail.test', port: 587, useSSL: false, useTLS: true, login: 'u', password: 'p' },
        ...{ sender: 'a@b.test', authorizedDomain: 'b.test, c.test', sessionProperties: [] },
      },
      'mail',
      {
        ...{ sender: 'a@b.test', authorizedDomain: 'b.test, c.test' },
        ...{ host: 'mail.test', user: 'u', password: 'p', port: 587, tls: 'starttls' },
      },
    ],
    ['smtp', { host: 'm.test', port: 465, useSSL: true }, 'mail', { host: 'm.test', port: 465, tls: 'implicit' }],
    ['smtp', { host: 'm.test', port: 25 }, 'mail', { host: 'm.test', port: 25, tls: 'none' }],
    [
      'microsoft-graph-mail',
      { clientId: 'i', tenantId: 't', clientSecret: 's', sender: 'a@b.test' },
      'microsoft-graph-mail',
      { clientId: 'i', tenantId: 't', clientSecret: 's', sender: 'a@b.test' },
    ],
    [
      'slack',
      { useProxy: true, mode: 'WEBHOOK', webhookUrl: 'https://hooks.test/x', authorizationToken: 'unused' },
      'slack',
      { mode: 'webhook', webhookUrl: 'https://hooks.test/x', useProxy: true },
    ],
    [
      'slack',
      { mode: 'API', authorizationToken: 'xoxb-1', channel: 'C1' },
      'slack',
      { mode: 'bot', token: 'xoxb-1', channel: 'C1' },
    ],
    [
      'msft-teams',
      { webhookUrl: 'https://flow.test/x', webhookType: 'WORKFLOWS' },
      'teams',
      { webhookUrl: 'https://flow.test/x' },
    ],
    [
      'twilio',
      { accountSid: 'AC1', authToken: 't', fromNumber: '+15551234567' },
      'twilio',
      { accountSid: 'AC1', authToken: 't', fromNumber: '+15551234567' },
    ],
    ['shell', { type: 'COMMAND', command: 'logger x' }, 'shell', { command: ['/bin/sh', '-c', 'logger x'] }],
    [
      'shell',
      { type: 'FILE', command: '/bin/bash', script: 'echo 1' },
      'shell',
      { command: ['/bin/bash', '-c', 'echo 1'] },
    ],
  ]
  for (const [type, configuration, kind, settings] of cases)
    test(`of the type ${type} become one of the kind ${kind}: ${JSON.stringify(configuration)}`, () => {
      expect(read(type, configuration)).toMatchObject({ id: 'c', channel: { name: 'c', kind, settings }, issues: [] })
      expect(read(type, configuration).channel?.settings).toEqual(settings)
    })

  test('row 17: key and token of Google Chat go back into the address, once', () => {
    const webhookUrl = 'https://chat.googleapis.com/v1/spaces/A/messages'
    const apart = read('google-chat', { webhookUrl, webhookKey: 'k', webhookToken: 't=' })
    expect(apart.channel?.settings).toEqual({ preset: 'google-chat', url: `${webhookUrl}?key=k&token=t%3D` })
    const whole = read('google-chat', { webhookUrl: `${webhookUrl}?key=a&token=b`, webhookKey: 'k', webhookToken: 't' })
    expect(whole.channel?.settings['url']).toBe(`${webhookUrl}?key=a&token=b`)
    expect(read('google-chat', { webhookUrl: 'chat' }).issues[0]?.path).toBe('configuration.webhookUrl')
  })

  const refused: [why: string, value: unknown, path: string, message: string][] = [
    ['no object', 'x', '', 'must be a channel'],
    ['no id', { type: 'slack', configuration: {} }, 'id', 'is missing'],
    ['a type that is none', { id: 'a', type: 'hipchat', configuration: {} }, 'type', 'must be one of smtp'],
    ['the name of a method', { id: 'a', type: 'toString', configuration: {} }, 'type', 'must be one of smtp'],
    ['Amazon SES', { id: 'a', type: 'aws-ses-mail', configuration: {} }, 'type', 'SMTP credentials'],
    [
      'a sealed password',
      { id: 'a', type: 'smtp', configuration: { password: 'e:AES:x' } },
      'configuration.password',
      'sealed by Dataiku',
    ],
    ['a number as a host', { id: 'a', type: 'smtp', configuration: { host: 7 } }, 'configuration.host', 'must be text'],
  ]
  for (const [why, value, path, message] of refused)
    test(`are refused for ${why}`, () => {
      const { channel, issues } = readDataikuChannel(value)
      expect(channel).toBeNull()
      expect(issues).toEqual([{ path, message: expect.stringContaining(message) }])
    })

  test('tell what is not taken over', () => {
    const { warnings } = read(
      'smtp',
      { useCurrentUserAsSender: true, sessionProperties: [{ key: 'a', value: 'b' }], colour: 1 },
      { permissions: [{ group: 'g', canUse: true }] },
    )
    for (const part of ['useCurrentUserAsSender', 'sessionProperties', 'colour', 'permissions'])
      expect(warnings.some((warning) => warning.includes(part))).toBe(true)
  })

  test('of any form are read without a failure', () => {
    const types = fc.constantFrom('smtp', 'slack', 'google-chat', 'shell', 'twilio', 'msft-teams', '__proto__')
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({ id: fc.jsonValue(), type: types, configuration: fc.dictionary(fc.string(), fc.jsonValue()) }),
    )
    fc.assert(
      fc.property(value, (object) => {
        const { channel, issues } = readDataikuChannel(object)
        expect(channel === null).toBe(issues.length > 0)
      }),
    )
  })
})
