import { expect, test } from 'bun:test'
import { manageChannelSends } from '../../src/manage/channel-sends.ts'
import { manageChannels } from '../../src/manage/channels.ts'
import { manageDeliveries } from '../../src/manage/deliveries.ts'
import { caller, type TestManage, testManage } from '../support/manage-context.ts'

const stranger = { project: 'other', actor: 'stranger' }

async function queued(context: TestManage, count: number): Promise<string[]> {
  const channels = manageChannels(context)
  await channels.create(caller, { name: 'Ops', kind: 'console', settings: {} })
  const ids: string[] = []
  for (let made = 0; made < count; made += 1) ids.push(...(await manageChannelSends(context).test(caller, 'Ops')))
  return ids
}

async function states(context: TestManage, ids: string[]): Promise<string[]> {
  return Promise.all(ids.map(async (id) => (await context.store.deliveries.get(id))!.delivery.state))
}

test('one is given up and sent again by hand, and both are in the audit trail', async () => {
  using context = testManage()
  const deliveries = manageDeliveries(context)
  const [id] = await queued(context, 1)
  await deliveries.discard(caller, id!)
  expect(await states(context, [id!])).toEqual(['discarded'])
  await deliveries.retry(caller, id!)
  expect(await states(context, [id!])).toEqual(['pending'])
  const entries = await context.store.audit.list({ entityId: id!, limit: 10 })
  expect(entries.map(({ action, actor }) => `${actor}: ${action}`)).toEqual(['ann: retry', 'ann: discard'])
})

test('those of another project are not there', async () => {
  using context = testManage()
  const deliveries = manageDeliveries(context)
  const [id] = await queued(context, 1)
  await expect(deliveries.discard(stranger, id!)).rejects.toMatchObject({ code: 'not-found' })
  await expect(deliveries.retry(stranger, id!)).rejects.toMatchObject({ code: 'not-found' })
  const named = await deliveries.bulk(stranger, { action: 'discard', ids: [id] })
  expect(named).toEqual({ changed: 0, refused: [{ id: id!, message: `There is no delivery "${id}".` }] })
  expect(await deliveries.bulk(stranger, { action: 'discard', filter: {} })).toEqual({ changed: 0, refused: [] })
  expect(await states(context, [id!])).toEqual(['pending'])
})

test('many are changed by name, and what was refused is told of each', async () => {
  using context = testManage()
  const deliveries = manageDeliveries(context)
  const ids = await queued(context, 3)
  await deliveries.discard(caller, ids[0]!)
  const { changed, refused } = await deliveries.bulk(caller, { action: 'discard', ids })
  expect(changed).toBe(2)
  expect(refused).toEqual([{ id: ids[0]!, message: expect.stringContaining('is discarded and cannot be discarded') }])
  expect(await states(context, ids)).toEqual(['discarded', 'discarded', 'discarded'])
})

test('many are changed by a filter', async () => {
  using context = testManage()
  const deliveries = manageDeliveries(context)
  const ids = await queued(context, 3)
  context.clock.advance(60_000)
  const late = await manageChannelSends(context).test(caller, 'Ops')
  const to = context.clock.now()
  expect(await deliveries.bulk(caller, { action: 'discard', filter: { to } })).toEqual({ changed: 3, refused: [] })
  expect(await states(context, [...ids, ...late])).toEqual(['discarded', 'discarded', 'discarded', 'pending'])
  const again = await deliveries.bulk(caller, { action: 'retry', filter: { states: ['discarded'] } })
  expect(again).toEqual({ changed: 3, refused: [] })
  expect(await states(context, ids)).toEqual(['pending', 'pending', 'pending'])
})
