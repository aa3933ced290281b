import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { slack } from '../../src/channels/slack.ts'
import type { AppError } from '../../src/errors.ts'
import {
  checkOverrides,
  kindOf,
  openSecrets,
  openSettings,
  type SettingsKind,
  sealSettings,
} from '../../src/manage/settings.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { field } from '../../src/model/settings.ts'
import { createSecrets, wrapNewKey } from '../../src/secrets.ts'

const text = (title: string) => v.pipe(v.string('must be text'), field({ title }))
const secret = (title: string) => v.pipe(v.string('must be text'), field({ title, secret: true }))
const schema = v.strictObject({
  host: text('Host'),
  port: v.optional(v.pipe(v.number('must be a number'), field({ title: 'Port' })), 25),
  password: v.optional(secret('Password')),
  token: v.optional(secret('Token')),
  subject: v.optional(v.pipe(text('Subject'), v.maxLength(10, 'must be at most 10 characters'))),
  domains: v.optional(v.pipe(v.string('must be text'), field({ title: 'Domains', fixed: true }))),
})
const kind: SettingsKind = {
  kind: 'played',
  settings: schema,
  destination: ({ host, port }: { host: string; port: number }) => `${host}:${port}`,
}
const master = new Uint8Array(32).fill(1)
const secrets = createSecrets(master, [wrapNewKey(master, 'key_1')])
const seal = (plain: string) => secrets.seal(plain, 'channels|chn_1')

function stored(given: JsonObject, before: JsonObject | null = null) {
  const { settings, sealed, destination } = sealSettings(kind, given, before, seal)
  return { settings, destination, hidden: openSecrets(sealed, secrets, 'channels|chn_1') }
}

function issuesOf(run: () => unknown): string[] {
  try {
    run()
  } catch (thrown) {
    return (thrown as AppError).issues.map(({ path, message }) => `${path}: ${message}`)
  }
  return []
}

describe('sealing settings', () => {
  test('parts the secret ones from the others and fills in what is left out', () => {
    expect(stored({ host: 'mail', password: 'p' })).toEqual({
      settings: { host: 'mail', port: 25 },
      hidden: { password: 'p' },
      destination: 'mail:25',
    })
  })

  test('without secrets nothing is sealed', () => {
    expect(sealSettings(kind, { host: 'mail' }, null, seal).sealed).toBeNull()
  })

  test('together they are what was given', () => {
    const given = { host: 'mail', port: 587, password: 'p', token: 't' }
    const { settings, sealed } = sealSettings(kind, given, null, seal)
    expect(openSettings({ settings, sealed }, secrets, 'channels|chn_1')).toEqual(given)
    expect(() => openSettings({ settings, sealed }, secrets, 'channels|chn_2')).toThrow('cannot be opened')
  })

  const before = { host: 'mail', port: 25, password: 'p', token: 't' }
  const edits: [string, JsonObject, JsonObject | string[]][] = [
    ['a secret left out is kept', { host: 'mail' }, { password: 'p', token: 't' }],
    ['a secret given anew replaces the old one', { host: 'mail', password: 'q' }, { password: 'q', token: 't' }],
    ['a secret given as null is dropped', { host: 'mail', password: null }, { token: 't' }],
    ['another setting asks for none again', { host: 'mail', subject: 'hi' }, { password: 'p', token: 't' }],
    ['all given again go anywhere', { host: 'evil', password: 'p', token: 't' }, { password: 'p', token: 't' }],
    ['all dropped go anywhere', { host: 'evil', password: null, token: null }, {}],
    [
      'another host asks for each again',
      { host: 'evil' },
      [
        'settings.password: must be given again, because the settings now lead to evil:25',
        'settings.token: must be given again, because the settings now lead to evil:25',
      ],
    ],
    [
      'another port asks for the one that is missing',
      { host: 'mail', port: 26, password: 'p' },
      ['settings.token: must be given again, because the settings now lead to mail:26'],
    ],
  ]
  for (const [title, given, expected] of edits)
    test(title, () => {
      if (Array.isArray(expected)) expect(issuesOf(() => stored(given, before))).toEqual(expected)
      else expect(stored(given, before).hidden).toEqual(expected)
    })

  test('templates stand where texts and numbers do, but are no secrets, where they are rendered later', () => {
    const given = { host: '{{ row.host }}', port: '{{ row.port }}', password: '{{ not rendered' }
    const { settings, sealed } = sealSettings(kind, given, null, seal, 'settings', true)
    expect(settings).toEqual({ host: '{{ row.host }}', port: '{{ row.port }}' })
    expect(openSecrets(sealed, secrets, 'channels|chn_1')).toEqual({ password: '{{ not rendered' })
    const faulty = () => sealSettings(kind, { ...given, subject: 'far too long a text' }, null, seal, 'settings', true)
    expect(issuesOf(faulty)).toEqual(['settings.subject: must be at most 10 characters'])
    expect(issuesOf(() => sealSettings(kind, given, null, seal))).toEqual(['settings.port: must be a number'])
  })

  test('what is wrong is named below the path', () => {
    expect(issuesOf(() => sealSettings(kind, { hots: 'x' }, null, seal, 'routes.0.channel.settings'))).toEqual([
      'routes.0.channel.settings.host: is missing',
      'routes.0.channel.settings.hots: unknown key. Did you mean "host"? The keys here are host, port, password, token, subject, domains.',
    ])
  })
})

describe('settings laid over those of a channel', () => {
  const open = { host: 'mail', port: 25 }
  const closed = { ...open, password: 'p' }
  const cases: [string, JsonObject, JsonObject, boolean, string[]][] = [
    ['are fine when they are known and valid', closed, { subject: 'hi' }, false, []],
    [
      'must be known',
      closed,
      { subjet: 'hi' },
      false,
      [
        'settings.subjet: unknown key. Did you mean "subject"? The keys here are host, port, password, token, subject, domains.',
      ],
    ],
    [
      'must be valid',
      closed,
      { subject: 'far too long a text' },
      false,
      ['settings.subject: must be at most 10 characters'],
    ],
    ['may hold a template that is longer, where templates are', closed, { subject: '{{ description }}' }, true, []],
    ['may hold a template in place of a number', open, { port: '{{ row.port }}' }, true, []],
    [
      'must be valid beside a template',
      closed,
      { subject: 'far too long a text', to: '{{ row.owner }}' },
      true,
      ['settings.to: unknown key. The keys here are host, port, password, token, subject, domains.'],
    ],
    [
      'must be valid as they are, where no templates are',
      closed,
      { subject: '{{ description }}' },
      false,
      ['settings.subject: must be at most 10 characters'],
    ],
    [
      'must not be secrets',
      open,
      { token: 't' },
      false,
      ['settings.token: is a secret and belongs into the channel itself'],
    ],
    [
      'must not take a secret elsewhere',
      closed,
      { host: 'evil' },
      true,
      ["settings.host: would send the channel's secrets elsewhere; make a channel of its own for that place"],
    ],
    [
      'must not take a secret elsewhere by a template',
      closed,
      { host: '{{ row.host }}' },
      true,
      ["settings.host: would send the channel's secrets elsewhere; make a channel of its own for that place"],
    ],
    [
      'must not say what can only be set in the channel itself',
      open,
      { domains: 'x' },
      true,
      ['settings.domains: can only be set in the channel itself'],
    ],
    ['may lead elsewhere where there is no secret', open, { host: 'other' }, false, []],
  ]
  for (const [title, full, overrides, templates, expected] of cases)
    test(title, () => {
      expect(issuesOf(() => checkOverrides(kind, full, overrides, 'settings', templates))).toEqual(expected)
    })
})

test.each(['verifyCertificate', 'authorities', 'useProxy', 'apiUrl'])(
  'a route cannot open the way of a secret by %s',
  (key) => {
    const full = { mode: 'bot', token: 'xoxb-1', channel: 'C1' }
    const values: JsonObject = { verifyCertificate: false, authorities: '-----BEGIN CERTIFICATE-----', useProxy: false }
    const overrides = { [key]: values[key] ?? 'http://evil' }
    expect(issuesOf(() => checkOverrides(slack, full, overrides, 'settings', true))).toEqual([
      `settings.${key}: would send the channel's secrets elsewhere; make a channel of its own for that place`,
    ])
  },
)

test('a kind is found by its own name alone', () => {
  const kinds = { webhook: 1, mail: 2 }
  expect(kindOf(kinds, 'mail')).toBe(2)
  for (const name of ['toString', '__proto__', 'constructor', 'Mail', ''])
    expect(() => kindOf(kinds, name)).toThrow('Kinds are webhook, mail.')
})
