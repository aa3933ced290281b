import { describe, expect, test } from 'bun:test'
import { manageChannelSends } from '../../src/manage/channel-sends.ts'
import { manageChannels } from '../../src/manage/channels.ts'
import { caller, type TestManage, testManage } from '../support/manage-context.ts'

const url = 'https://hooks.example.test/T0/secret-path'
const input = { name: 'Ops', kind: 'webhook', settings: { url, headers: { Authorization: 'Bearer hunter2' } } }
const message = { title: 'Disk is filling up', summary: 'Only 4 % left', severity: 'critical' as const }

const manage = (context: TestManage) => ({ channels: manageChannels(context), sends: manageChannelSends(context) })

describe('sending', () => {
  test('queues one delivery whose message is what was given', async () => {
    using context = testManage()
    const { channels, sends } = manage(context)
    const { id } = await channels.create(caller, input)
    const facts = [{ name: 'Host', value: 'web-1' }]
    const table = { columns: ['disk'], rows: [['/dev/sda1']] }
    const request = { message: { ...message, facts, table, links: [] }, settings: { timeoutSeconds: 5 } }
    const [delivery] = await sends.send(caller, 'Ops', request)
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
    const { channels, sends } = manage(context)
    await channels.create(caller, input)
    const [delivery] = await sends.test(caller, 'Ops')
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
      const { channels, sends } = manage(context)
      await channels.create(caller, input)
      await expect(sends.send(caller, 'Ops', request)).rejects.toThrow(expected)
      expect(await context.store.deliveries.list({ project: 'default' }, 10)).toEqual([])
    })

  test('nothing goes through a disabled channel until it is enabled', async () => {
    using context = testManage()
    const { channels, sends } = manage(context)
    await channels.create(caller, input)
    expect((await channels.disable(caller, 'Ops')).disabled).toBe('disabled by ann')
    await expect(sends.test(caller, 'Ops')).rejects.toThrow(
      'The channel "Ops" is disabled: disabled by ann. Enable it first.',
    )
    expect((await channels.enable(caller, 'Ops')).disabled).toBeNull()
    expect(await sends.test(caller, 'Ops')).toHaveLength(1)
  })
})

describe('a message of a caller', () => {
  test('may have every part that a rule can fill, and is of no alert', async () => {
    using context = testManage()
    const { channels, sends } = manage(context)
    await channels.create(caller, input)
    const parts = {
      paragraphs: ['**Now**'],
      facts: [{ name: 'Host', value: 'web-1' }],
      code: 'df -h',
      links: [{ text: 'Runbook', url: 'https://x.example/disk' }],
      actions: [{ text: 'Clean up', url: 'https://x.example/clean' }],
      image: 'https://x.example/disk.png',
    }
    const [id] = await sends.send(caller, 'Ops', { message: { ...message, ...parts } })
    const { delivery } = (await context.store.deliveries.get(id!))!
    expect(delivery).toMatchObject({ kind: 'message', message: { kind: 'message', ...message, ...parts, alerts: [] } })
  })
})

describe('a test', () => {
  test('of settings that are not saved keeps the secrets of the channel, sealed, unless they lead elsewhere', async () => {
    using context = testManage()
    const { channels, sends } = manage(context)
    await channels.create(caller, input)
    const [id] = await sends.test(caller, 'Ops', { settings: { timeoutSeconds: 5 } })
    const { target } = (await context.store.deliveries.get(id!))!.delivery
    expect(target).toMatchObject({ channelId: null, kind: 'webhook', settings: { timeoutSeconds: 5 } })
    expect(JSON.parse(context.secrets.open(target.sealed!, 'rules|null|test'))).toEqual(input.settings)
    const elsewhere = { settings: { url: 'https://evil.example.test/' } }
    await expect(sends.test(caller, 'Ops', elsewhere)).rejects.toThrow('settings.headers: must be given again')
  })

  test('of a channel that is not stored is checked like one', async () => {
    using context = testManage()
    const { sends } = manage(context)
    await expect(sends.testDraft(caller, { kind: 'webhook', settings: { url: 'nowhere' } })).rejects.toThrow(
      'settings.url: must be a URL',
    )
    await expect(sends.testDraft(caller, { kind: 'webhok' })).rejects.toThrow('Did you mean "webhook"?')
    const [id] = await sends.testDraft(caller, { kind: 'webhook', settings: { url } })
    const stored = (await context.store.deliveries.get(id!))!.delivery
    expect(stored).toMatchObject({ kind: 'test', target: { channelId: null }, message: { kind: 'test' } })
    expect(JSON.stringify(stored)).not.toContain('secret-path')
  })

  test('that is not tried in time is said to wait', async () => {
    using context = testManage()
    const { channels, sends } = manage(context)
    await channels.create(caller, input)
    const ids = await sends.test(caller, 'Ops')
    expect(await sends.results(ids, 0)).toEqual([
      {
        delivery: ids[0]!,
        recipient: '',
        state: 'pending',
        reason: 'It has not been tried yet: its destination is paused or failing. It is sent later.',
        attempt: null,
      },
    ])
  })
})
