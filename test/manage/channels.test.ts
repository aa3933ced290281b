import { describe, expect, test } from 'bun:test'
import { manageChannels } from '../../src/manage/channels.ts'
import { caller, testManage } from '../support/manage-context.ts'

const url = 'https://hooks.example.test/T0/secret-path'
const input = { name: 'Ops', kind: 'webhook', settings: { url, headers: { Authorization: 'Bearer hunter2' } } }
const message = { title: 'Disk is filling up', summary: 'Only 4 % left', severity: 'critical' as const }

describe('secrets', () => {
  test('are only named in answers, and the destination holds none', async () => {
    using context = testManage()
    const channels = manageChannels(context)
    const made = await channels.create(caller, input)
    expect(made).toMatchObject({ secrets: ['url', 'headers'], disabled: null, fallback: false, version: 1 })
    for (const shown of [made, await channels.get('default', 'Ops')]) {
      expect(JSON.stringify(shown)).not.toContain('hunter2')
      expect(JSON.stringify(shown)).not.toContain('secret-path')
    }
  })

  test('must be given again when the address changes', async () => {
    using context = testManage()
    const channels = manageChannels(context)
    await channels.create(caller, input)
    const moved = { settings: { url: 'https://evil.example.test/' }, version: 1 }
    await expect(channels.update(caller, 'Ops', moved)).rejects.toMatchObject({
      issues: [{ path: 'settings.headers', message: expect.stringContaining('must be given again') }],
    })
    await channels.update(caller, 'Ops', { settings: { url: 'https://evil.example.test/', headers: null }, version: 1 })
    expect((await channels.get('default', 'Ops')).secrets).toEqual(['url'])
  })
})

describe('sending', () => {
  test('queues one delivery whose message is what was given', async () => {
    using context = testManage()
    const channels = manageChannels(context)
    const { id } = await channels.create(caller, input)
    const facts = [{ name: 'Host', value: 'web-1' }]
    const table = { columns: ['disk'], rows: [['/dev/sda1']] }
    const request = { message: { ...message, facts, table, links: [] }, settings: { timeoutSeconds: 5 } }
    const [delivery] = await channels.send(caller, 'Ops', request)
    const stored = (await context.store.deliveries.get(delivery!))!.delivery
    expect(stored).toMatchObject({
      project: 'default',
      state: 'pending',
      target: { channelId: id, kind: 'webhook', settings: { timeoutSeconds: 5 } },
      message: { ...message, facts, table: { ...table, more: 0 } },
    })
    expect(JSON.stringify(stored)).not.toContain('hunter2')
  })

  test('a test is marked as one', async () => {
    using context = testManage()
    const channels = manageChannels(context)
    await channels.create(caller, input)
    const [delivery] = await channels.test(caller, 'Ops')
    expect((await context.store.deliveries.get(delivery!))!.delivery).toMatchObject({
      kind: 'test',
      message: { kind: 'test', title: 'Test of the channel "Ops"' },
    })
  })

  const refused: [string, unknown, string][] = [
    ['an unknown key', { message, channel: 'x' }, 'channel: unknown key'],
    [
      'an unknown key of the message',
      { message: { ...message, titel: 'x' } },
      'message.titel: unknown key. Did you mean "title"?',
    ],
    [
      'an unknown key of a fact',
      { message: { ...message, facts: [{ name: 'a', valeu: 'b' }] } },
      'message.facts.0.valeu: unknown key. Did you mean "value"?',
    ],
    ['an unknown setting', { message, settings: { timeout: 5 } }, 'settings.timeout: unknown key'],
    ['a secret', { message, settings: { url: 'https://evil.example.test/' } }, 'settings.url: is a secret'],
    [
      'a bad setting',
      { message, settings: { timeoutSeconds: 0 } },
      'settings.timeoutSeconds: must be 1 second at least',
    ],
    ['no title', { message: { summary: 'x' } }, 'message.title: is missing'],
    ['no message', {}, 'message: is missing'],
  ]
  for (const [title, request, expected] of refused)
    test(`${title} is refused by name`, async () => {
      using context = testManage()
      const channels = manageChannels(context)
      await channels.create(caller, input)
      await expect(channels.send(caller, 'Ops', request)).rejects.toThrow(expected)
      expect(await context.store.deliveries.list({ project: 'default' }, 10)).toEqual([])
    })

  test('nothing goes through a disabled channel until it is enabled', async () => {
    using context = testManage()
    const channels = manageChannels(context)
    await channels.create(caller, input)
    expect((await channels.disable(caller, 'Ops')).disabled).toBe('disabled by ann')
    await expect(channels.test(caller, 'Ops')).rejects.toThrow(
      'The channel "Ops" is disabled: disabled by ann. Enable it first.',
    )
    expect((await channels.enable(caller, 'Ops')).disabled).toBeNull()
    expect(await channels.test(caller, 'Ops')).toHaveLength(1)
  })
})

test('an unknown kind gets the nearest one and the list of all', async () => {
  using context = testManage()
  const channels = manageChannels(context)
  await expect(channels.create(caller, { name: 'x', kind: 'webhok', settings: {} })).rejects.toThrow(
    'kind: "webhok" is not a kind. Did you mean "webhook"? Kinds are webhook, mail, console',
  )
})

test('an edit of an older version answers with what is there now', async () => {
  using context = testManage()
  const channels = manageChannels(context)
  await channels.create(caller, input)
  await channels.update(caller, 'Ops', { fallback: true, version: 1 })
  await expect(channels.update(caller, 'Ops', { fallback: false, version: 1 })).rejects.toMatchObject({
    code: 'conflict',
    current: { fallback: true, version: 2, secrets: ['url', 'headers'] },
  })
})
