import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { MINUTE, type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene[Symbol.asyncDispose]())

const HOUR = 60 * MINUTE

interface Listed {
  items: {
    id: string
    title: string
    state: string
    nextAt: number | null
    reason: { code: string; detail?: string } | null
  }[]
}

/** Messages sent by hand through a channel that refuses them all; ids, oldest first. */
async function refused(channel: string, count: number): Promise<string[]> {
  await scene.channel(channel)
  scene.reply(channel, { status: 400, body: 'no' })
  const ids: string[] = []
  for (let number = 0; number < count; number += 1) {
    const message = { title: `${channel} ${number}` }
    const sent = await scene.api<{ deliveries: string[] }>('POST', `/channels/${channel}/send`, { message })
    ids.push(...sent.deliveries)
    // What is under way must not be given up since the clock moved on.
    await reached(channel, ...ids.map(() => 'rejected'))
    scene.pass(MINUTE)
  }
  return ids
}

const listed = async (query: string) => (await scene.api<Listed>('GET', `/deliveries?${query}`)).items.toReversed()
const reached = (channel: string, ...states: string[]) =>
  eventually(async () => expect((await listed(`channel=${channel}`)).map(({ state }) => state)).toEqual(states))
const bulk = (body: unknown) =>
  scene.api<{ changed: number; refused: { id: string }[] }>('POST', '/deliveries/bulk', body)
const titles = (channel: string) => scene.arrived(channel).map(({ data }) => data.title)

describe('what could not be delivered', () => {
  test('is listed with the reason, and sent again where it was selected', async () => {
    const ids = await refused('select', 3)
    const found = await listed('state=rejected,dead&channel=select')
    expect(found).toHaveLength(3)
    expect(found[0]).toMatchObject({ title: 'select 0', reason: { code: 'rejected' } })
    scene.reply('select', { status: 200 })
    expect(await bulk({ action: 'retry', ids: [ids[0], ids[2]] })).toEqual({ changed: 2, refused: [] })
    await reached('select', 'delivered', 'rejected', 'delivered')
    const { attempts } = await scene.api<{ attempts: object[] }>('GET', `/deliveries/${ids[0]}`)
    expect(attempts).toMatchObject([
      { outcome: 'rejected', trigger: 'automatic' },
      { outcome: 'delivered', trigger: 'manual' },
    ])
    expect(await bulk({ action: 'retry', ids: [ids[0]] })).toMatchObject({ changed: 0, refused: [{ id: ids[0] }] })
  })

  test('is sent again by a range of time', async () => {
    const from = scene.daemon.clock.now() + MINUTE / 2
    await refused('range', 3)
    scene.reply('range', { status: 200 })
    const to = from + 2 * MINUTE
    const { id } = await scene.api<{ id: string }>('GET', '/channels/range')
    expect(await bulk({ action: 'retry', filter: { channelId: id, from, to } })).toMatchObject({ changed: 2 })
    await reached('range', 'rejected', 'delivered', 'delivered')
    expect(titles('range').slice(3)).toEqual(['range 1', 'range 2'])
  })

  test('is discarded in bulk and stays so until it is sent again by hand', async () => {
    const [first] = await refused('discard', 2)
    const { id } = await scene.api<{ id: string }>('GET', '/channels/discard')
    expect(await bulk({ action: 'discard', filter: { channelId: id } })).toMatchObject({ changed: 2 })
    await reached('discard', 'discarded', 'discarded')
    scene.reply('discard', { status: 200 })
    await scene.api('POST', `/deliveries/${first}/retry`)
    await reached('discard', 'delivered', 'discarded')
  })

  test('before its deadline is dead after it, with the last failure named, and lives again when it is sent by hand', async () => {
    await scene.channel('down')
    scene.reply('down', { status: 503, body: 'maintenance' })
    await scene.api('POST', '/channels/down/send', { message: { title: 'waits' } })
    await eventually(async () => expect((await listed('channel=down'))[0]?.reason?.code).toBe('retry-later'))
    for (let hour = 0; hour < 30; hour += 1) {
      scene.pass(HOUR)
      await eventually(async () => {
        const [found] = await listed('channel=down')
        expect(found?.state === 'dead' || (found?.nextAt ?? 0) > scene.daemon.clock.now()).toBe(true)
      })
    }
    const [found] = await listed('channel=down')
    expect(found).toMatchObject({ state: 'dead', reason: { code: 'deadline-passed' } })
    scene.reply('down', { status: 200 })
    await scene.api('POST', `/deliveries/${found?.id}/retry`)
    await reached('down', 'delivered')
  })
})
