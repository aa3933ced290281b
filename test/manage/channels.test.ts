import { describe, expect, test } from 'bun:test'
import { manageChannels } from '../../src/manage/channels.ts'
import { caller, testManage } from '../support/manage-context.ts'

const url = 'https://hooks.example.test/T0/secret-path'
const input = { name: 'Ops', kind: 'webhook', settings: { url, headers: { Authorization: 'Bearer hunter2' } } }

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

test('an unknown kind gets the nearest one and the list of all', async () => {
  using context = testManage()
  const channels = manageChannels(context)
  await expect(channels.create(caller, { name: 'x', kind: 'webhok', settings: {} })).rejects.toThrow(
    'kind: "webhok" is not a kind. Did you mean "webhook"? Kinds are webhook, mail, ',
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
