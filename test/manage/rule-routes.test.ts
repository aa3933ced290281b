import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { manageChannels } from '../../src/manage/channels.ts'
import { sealRoutes } from '../../src/manage/rule-routes.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { RuleInput } from '../../src/model/rule.ts'
import { caller, type TestManage, testManage } from '../support/manage-context.ts'
import { definitionOf } from '../support/rules.ts'

type RouteInput = NonNullable<RuleInput['routes']>[number]

const owner = { id: 'rul_1', project: 'default', before: null }
const url = 'https://hooks.example.test/secret-path'
const mail = { host: 'mail.example.test', sender: 'a@example.test', user: 'me', password: 'hunter2' }

async function ready() {
  const context = testManage()
  const channels = manageChannels(context)
  await channels.create(caller, { name: 'Ops', kind: 'webhook', settings: { url } })
  await channels.create(caller, { name: 'Post', kind: 'mail', settings: mail })
  await channels.create(caller, { name: 'Screen', kind: 'console', settings: {} })
  return context
}

const seal = (context: TestManage, ...routes: RouteInput[]) => sealRoutes(context, owner, definitionOf({ routes }))

async function faults(context: TestManage, ...routes: RouteInput[]): Promise<string[]> {
  const thrown = await seal(context, ...routes).catch((reason: unknown) => reason)
  if (!(thrown instanceof AppError)) return []
  return thrown.issues.map(({ path, message }) => `${path}: ${message}`)
}

const inline = (settings: JsonObject, more: Partial<RouteInput> = {}): RouteInput => ({
  channel: { kind: 'webhook', settings },
  ...more,
})

describe('the routes of a rule', () => {
  const refused: [string, RouteInput, string][] = [
    [
      'a channel that is not there',
      { channel: 'Opps' },
      'routes.0.channel: there is no channel "Opps". Did you mean "Ops"?',
    ],
    [
      'a kind that is none',
      { channel: { kind: 'webhok', settings: {} } },
      'routes.0.channel.kind: "webhok" is not a kind.',
    ],
    ['an inline channel without its address', inline({}), 'routes.0.channel.settings.url: is missing'],
    [
      'an inline channel with a bad address',
      inline({ url: 'ftp://x' }),
      'routes.0.channel.settings.url: must be a URL',
    ],
    ['an unknown setting', { channel: 'Ops', settings: { timeout: 5 } }, 'routes.0.settings.timeout: unknown key.'],
    [
      'a bad setting',
      { channel: 'Ops', settings: { timeoutSeconds: 0 } },
      'routes.0.settings.timeoutSeconds: must be 1',
    ],
    ['a secret in its settings', { channel: 'Ops', settings: { url } }, 'routes.0.settings.url: is a secret'],
    [
      'a secret over an inline channel',
      inline({ url }, { settings: { headers: {} } }),
      'routes.0.settings.headers: is a secret',
    ],
    [
      'another host for a password',
      { channel: 'Post', settings: { host: 'evil.test' } },
      'routes.0.settings.host: would send',
    ],
    ['another port for a password', { channel: 'Post', settings: { port: 25 } }, 'routes.0.settings.port: would send'],
    ['no TLS for a password', { channel: 'Post', settings: { tls: 'none' } }, 'routes.0.settings.tls: would send'],
    [
      'no check for a password',
      { channel: 'Post', settings: { verify: false } },
      'routes.0.settings.verify: would send',
    ],
    ['an authority for a password', { channel: 'Post', settings: { ca: 'x' } }, 'routes.0.settings.ca: would send'],
    [
      'a host by template for a password',
      { channel: 'Post', settings: { host: '{{ row.host }}' } },
      'routes.0.settings.host: would send',
    ],
    ['bad recipients', { channel: 'Post', settings: { to: 'nobody' } }, 'routes.0.settings.to: "nobody" is not a mail'],
  ]
  for (const [title, route, expected] of refused)
    test(`are refused for ${title}`, async () => {
      using context = await ready()
      const found = await faults(context, route)
      expect(found).toHaveLength(1)
      expect(found[0]).toStartWith(expected)
    })

  test('tell all that is wrong at once, each by its place', async () => {
    using context = await ready()
    const found = await faults(context, { channel: 'a' }, { channel: 'Ops' }, inline({}), { channel: 'b' })
    expect(found.map((fault) => fault.split(':')[0])).toEqual([
      'routes.0.channel',
      'routes.2.channel.settings.url',
      'routes.3.channel',
    ])
  })

  const taken: [string, RouteInput][] = [
    ['a stored channel', { channel: 'Ops' }],
    ['a channel to be named later, with any settings', { channel: null, settings: { whatever: 1 } }],
    ['recipients of its own', { channel: 'Post', settings: { to: 'a@example.test; B <b@example.test>' } }],
    ['recipients by template', { channel: 'Post', settings: { to: '{{ row.owner }}' } }],
    ['a subject of its own', { channel: 'Post', settings: { subject: '{{ title }}' } }],
  ]
  for (const [title, route] of taken)
    test(`may have ${title}`, async () => {
      using context = await ready()
      expect((await seal(context, route)).routes).toMatchObject([route])
    })

  test('keep the secrets of an inline channel sealed for the rule and the route alone', async () => {
    using context = await ready()
    const { routes, inline: kept } = await seal(context, { channel: 'Ops' }, inline({ url }, { name: 'own' }))
    expect(Object.keys(kept)).toEqual(['own'])
    expect(JSON.stringify([routes, kept])).not.toContain('secret-path')
    expect(routes[1]?.channel).toMatchObject({ kind: 'webhook', settings: { method: 'POST', timeoutSeconds: 30 } })
    const { sealed, destination } = kept['own']!
    expect(destination).toStartWith('https://hooks.example.test#')
    expect(JSON.parse(context.secrets.open(sealed!, 'rules|rul_1|own'))).toEqual({ url })
    for (const identity of ['rules|rul_1|other', 'rules|rul_2|own'])
      expect(() => context.secrets.open(sealed!, identity)).toThrow('cannot be opened')
  })

  test('seal nothing where nothing is secret', async () => {
    using context = await ready()
    const { inline: kept } = await seal(context, { channel: { kind: 'console', settings: {} } })
    expect(kept['console']).toMatchObject({ sealed: null })
  })

  test('know the channels of their own project alone', async () => {
    using context = await ready()
    const definition = definitionOf({ routes: [{ channel: 'Ops' }] })
    await expect(sealRoutes(context, { ...owner, project: 'other' }, definition)).rejects.toThrow(
      'there is no channel "Ops". There are no channels yet: make one first.',
    )
  })
})
