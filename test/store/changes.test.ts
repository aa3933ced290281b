import { expect, test } from 'bun:test'
import { blankMessage } from '../../src/model/message.ts'
import type { Change } from '../../src/store/changes.ts'
import { newDelivery } from '../support/deliveries.ts'
import { tellRun } from '../support/run-events.ts'
import { openTestStore } from '../support/test-store.ts'

const shared = { project: 'blue', settings: {}, sealed: null, createdAt: 1 }
const connection = { ...shared, id: 'con_1', name: 'shop', kind: 'sqlite' }
const channel = { ...shared, id: 'chn_1', name: 'ops', kind: 'console', destination: 'out', fallback: false }

function watched() {
  const { store, clock, close } = openTestStore()
  const told: string[] = []
  const note = ({ project, kind, id }: Change) => told.push(`${project} ${kind} ${id}`)
  const end = store.changes.watch(note)
  return { store, told, end, now: clock.now, [Symbol.dispose]: close }
}

test('connections are told of when they are made, changed, in trouble, well again and removed', async () => {
  using world = watched()
  const { connections } = world.store
  await connections.create(connection)
  await connections.update('con_1', 1, { name: 'shop', kind: 'sqlite', settings: {}, sealed: null })
  for (let count = 0; count < 3; count += 1) await connections.recordFailure('con_1', 'refused', 5)
  await connections.recordSuccess('con_1')
  await connections.remove('con_1')
  expect(world.told).toEqual(Array(7).fill('blue connections con_1'))
})

test('channels are told of likewise', async () => {
  using world = watched()
  const { channels } = world.store
  await channels.create(channel)
  await channels.disable('chn_1', 'gone')
  await channels.enable('chn_1')
  await channels.remove('chn_1')
  expect(world.told).toEqual(Array(4).fill('blue channels chn_1'))
})

test('deliveries are told of when they are queued, tried, finished, retried and discarded', async () => {
  using world = watched()
  const { deliveries } = world.store
  const one = newDelivery({ id: 'msg_1', project: 'blue', createdAt: world.now() })
  await deliveries.enqueue([one])
  const want = [{ destination: one.target.destination, limit: 1 }]
  const { claims } = await deliveries.turn(() => ({ finished: [], want }))
  const next = { state: 'rejected', reason: { code: 'rejected' } } as const
  const [claim] = claims
  const result = { claim: claim!, outcome: 'rejected', cause: 'http-400', response: '', at: 1, next } as const
  await deliveries.turn(() => ({ finished: [result], want: [] }))
  await deliveries.retry('msg_1')
  await deliveries.discard('msg_1')
  await deliveries.retryAll({ project: 'blue' })
  expect(world.told).toEqual([...Array(5).fill('blue deliveries msg_1'), 'blue deliveries *'])
})

test('a delivery that a client made itself is told of once, however often it is reported', async () => {
  using world = watched()
  const delivery = newDelivery({ id: 'msg_1', project: 'blue', ruleId: null, route: 'local' })
  const attempt = { startedAt: 1, finishedAt: 2, outcome: 'delivered', reason: '', response: 'ok' } as const
  const report = { delivery, state: 'delivered', reason: { code: 'delivered' }, attempt } as const
  await world.store.deliveries.recordLocal([report])
  await world.store.deliveries.recordLocal([report])
  expect(world.told).toEqual(['blue deliveries msg_1'])
})

test('runs are told of at every event that changed one', async () => {
  using world = watched()
  const { runs } = world.store
  await tellRun(runs, 'r1', { id: 'a', state: 'running' }, 1)
  await tellRun(runs, 'r1', { id: 'a', state: 'running' }, 2)
  await tellRun(runs, 'r1', { id: 'b', state: 'error' }, 3)
  expect(world.told).toEqual(Array(2).fill('default runs r1'))
})

test('the inbox is told of when a message arrives in it and when one is marked', async () => {
  using world = watched()
  const { deliveries, inbox } = world.store
  const one = newDelivery({ id: 'msg_1', project: 'blue', createdAt: world.now() })
  await deliveries.enqueue([one])
  const want = [{ destination: one.target.destination, limit: 1 }]
  const { claims } = await deliveries.turn(() => ({ finished: [], want }))
  const entry = { message: blankMessage('firing', 0, { title: 'In' }), until: 1000 }
  const next = { state: 'delivered', receipt: null, inbox: entry } as const
  const result = { claim: claims[0]!, outcome: 'delivered', cause: 'delivered', response: '', at: 1, next } as const
  await deliveries.turn(() => ({ finished: [result], want: [] }))
  await inbox.mark('blue', ['msg_1'], true)
  await inbox.markAll('blue')
  const told = world.told.filter((text) => text.includes('inbox'))
  expect(told).toEqual(['blue inbox msg_1', 'blue inbox msg_1', 'blue inbox *'])
})

test('what fails is not told, and nothing is once one has stopped looking', async () => {
  using world = watched()
  await world.store.channels.create(channel)
  await expect(world.store.channels.create({ ...channel, id: 'chn_2' })).rejects.toThrow('already')
  world.end()
  await world.store.channels.remove('chn_1')
  expect(world.told).toEqual(['blue channels chn_1'])
})
