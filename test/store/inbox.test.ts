import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { blankMessage } from '../../src/model/message.ts'
import type { Claim } from '../../src/store/delivery-turns.ts'
import { newDelivery } from '../support/deliveries.ts'
import { openTestStore, type TestStore } from '../support/test-store.ts'

let world: TestStore
beforeEach(() => {
  world = openTestStore()
})
afterEach(() => world.close())

/** Ends an attempt as delivered into the inbox, to be kept until `until`. */
async function keep(claim: Claim, until = 1000, title = claim.delivery.id): Promise<void> {
  const message = blankMessage('firing', 0, { title, summary: 's'.repeat(2000) })
  const next = { state: 'delivered' as const, receipt: null, inbox: { message, until } }
  const at = world.clock.now()
  const finished = [{ claim, outcome: 'delivered' as const, cause: 'delivered', response: 'kept', at, next }]
  await world.store.deliveries.turn(() => ({ finished, want: [] }))
}

/** Queues a delivery and claims it. */
async function begin(id: string): Promise<Claim> {
  const delivery = newDelivery({ id, fingerprints: [id], createdAt: world.clock.now() })
  await world.store.deliveries.enqueue([delivery])
  const want = [{ destination: delivery.target.destination, limit: 1 }]
  const { claims } = await world.store.deliveries.turn(() => ({ finished: [], want }))
  return claims[0] ?? expect.unreachable()
}
const ids = async () => (await world.store.inbox.list({ project: 'default' }, 10)).map(({ id }) => id)

describe('the inbox of the store', () => {
  test('gets a message in the commit that ends its delivery', async () => {
    const claim = await begin('a')
    expect(await ids()).toEqual([])
    await keep(claim)
    const [item] = await world.store.inbox.list({ project: 'default' }, 10)
    expect(item).toMatchObject({ id: 'a', ruleId: 'rul_1', channelId: null, kind: 'firing', readAt: null, until: 1000 })
    expect(item).toMatchObject({ evaluationId: 'evl_1', hasDelivery: true })
    expect(item?.summary).toHaveLength(500)
    expect((await world.store.deliveries.get('a'))?.delivery.state).toBe('delivered')
    expect((await world.store.inbox.get('default', 'a'))?.message.summary).toHaveLength(2000)
  })

  test('holds a message once: what is delivered again comes in as new and unread', async () => {
    const first = await begin('a')
    await keep(first)
    await keep(await begin('b'))
    await world.store.inbox.markAll('default')
    await keep(first, 1000, 'again')
    expect(await ids()).toEqual(['a', 'b'])
    expect(await world.store.inbox.unread('default')).toBe(1)
    expect((await world.store.inbox.get('default', 'a'))?.title).toBe('again')
  })

  test('forgets in small steps what is over, and the oldest where room is short', async () => {
    for (const [id, until] of [
      ['a', 10],
      ['b', 10],
      ['c', 999],
    ] as const)
      await keep(await begin(id), until)
    const { expireInbox } = world.store.retention
    expect([await expireInbox(9, 0, 10), await expireInbox(10, 0, 1), await expireInbox(10, 0, 5)]).toEqual([0, 1, 1])
    expect(await ids()).toEqual(['c'])
    expect(await world.store.retention.oldest()).toBe(world.clock.now())
    expect([await expireInbox(10, world.clock.now(), 5), await expireInbox(10, world.clock.now() + 1, 5)]).toEqual([
      0, 1,
    ])
    expect(await ids()).toEqual([])
  })
})
