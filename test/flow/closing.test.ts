import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
  await scene.channel('Watch', { fallback: true })
})
afterAll(() => scene[Symbol.asyncDispose]())

const notices = (name: string) => scene.arrived('Watch').filter(({ data }) => data.title.includes(name))
const disabled = async (channel: string) =>
  (await scene.api<{ disabled: string | null }>('GET', `/channels/${channel}`)).disabled

describe('a receiver that is gone for good', () => {
  test('disables its channel with the reason, and the fallback channel is told once', async () => {
    const one = await scene.act({ notify: 'every' })
    one.reply({ status: 410, body: 'no_service' })
    await one.run()
    await one.reached('rejected')
    await eventually(() => expect(notices(one.name)).toHaveLength(1))
    expect(notices(one.name)[0]?.data).toMatchObject({
      kind: 'error',
      title: `[ERROR] Channel ${one.name} is disabled`,
      facts: [{ name: 'Reason', value: expect.stringContaining('410') }],
    })
    expect(await disabled(one.name)).toContain('410')
    expect(await one.decide()).toEqual(['channel-disabled'])
    one.reply({ status: 200 })
    await scene.api('POST', `/channels/${one.name}/enable`)
    expect(await one.decide()).toEqual(['queued'])
    await one.arrived('firing', 'firing')
  })

  test('is left alone by every channel that leads there, stored or written into a rule', async () => {
    const url = `${scene.receiver.url}/shared`
    const inline = { kind: 'webhook', settings: { url } }
    await scene.api('POST', '/channels', { name: 'Twin', kind: 'webhook', settings: { url } })
    const one = await scene.act({ notify: 'every', routes: [{ channel: inline }] })
    scene.reply('shared', { status: 410 })
    await one.run()
    await eventually(() => expect(notices('Twin')).toHaveLength(1))
    expect(await disabled('Twin')).toContain('410')
    expect(await one.decide()).toEqual(['channel-disabled'])
    expect(scene.arrived('shared')).toHaveLength(1)

    scene.reply('shared', { status: 200 })
    await scene.api('POST', '/channels/Twin/enable')
    expect(await one.decide()).toEqual(['queued'])
    await eventually(() => expect(scene.arrived('shared')).toHaveLength(2))
  })

  test('written into a rule alone is told of too, over a restart, and an edit of the rule is a new chance', async () => {
    const inline = { kind: 'webhook', settings: { url: `${scene.receiver.url}/lonely` } }
    const one = await scene.act({ notify: 'every', routes: [{ channel: inline }] })
    scene.reply('lonely', { status: 410 })
    await one.run()
    await eventually(() => expect(notices(`webhook of the rule ${one.name}`)).toHaveLength(1))
    await scene.daemon.restart()
    expect(await one.decide()).toEqual(['channel-disabled'])
    scene.reply('lonely', { status: 200 })
    await scene.edit(one.rule, { description: 'moved' })
    expect(await one.decide()).toEqual(['queued'])
    await eventually(() => expect(scene.arrived('lonely')).toHaveLength(2))
  })
})

test('a pause that a receiver asked for holds for all messages to it and over a restart', async () => {
  const one = await scene.act({ notify: 'every' })
  one.reply({ status: 429, retryAfter: 600 })
  await one.run()
  await one.reached('pending')
  await scene.daemon.restart()
  one.reply({ status: 200 })
  const send = () => scene.api('POST', `/channels/${one.name}/send`, { message: { title: 'Another' } })
  await send()
  const other = await scene.act()
  await other.run()
  await other.told(1)
  expect(scene.arrived(one.name)).toHaveLength(1)
  scene.pass(13 * 60_000)
  await eventually(() => expect(scene.arrived(one.name)).toHaveLength(3))
})
