import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { newDelivery, target } from '../support/deliveries.ts'
import { definitionOf, newRule } from '../support/rules.ts'
import { openTestStore, type TestStore } from '../support/test-store.ts'

let world: TestStore
beforeEach(() => {
  world = openTestStore()
})
afterEach(() => world.close())

const connection = { project: 'default', kind: 'postgres', settings: {}, sealed: null, createdAt: 1 }
const channel = {
  id: 'chn_1',
  project: 'blue',
  name: 'ops',
  kind: 'console',
  settings: {},
  sealed: null,
  destination: 'standard output',
  fallback: false,
  createdAt: 1,
}

describe('the census', () => {
  test('of nothing is nothing', async () => {
    expect(await world.store.census.count()).toMatchObject({
      rules: { active: 0, paused: 0, blocked: 0 },
      alerts: {},
      deliveries: {},
      oldestOpen: null,
      connections: 0,
      channels: 0,
      lastBackupAt: null,
    })
    expect((await world.store.census.count()).bytes).toBeGreaterThan(4096)
  })

  test('tells rules by whether they run', async () => {
    const { store } = world
    const zone = { cron: '0 8 * * *', timezone: 'Europe/Berlin' }
    await store.rules.create(
      newRule({ id: 'rul_1', name: 'a', definition: definitionOf({ name: 'a', schedule: zone }) }),
    )
    await store.rules.create(newRule({ id: 'rul_2', name: 'b', definition: definitionOf({ name: 'b', paused: true }) }))
    await store.rules.create(
      newRule({
        id: 'rul_3',
        name: 'c',
        definition: definitionOf({ name: 'c', paused: true }),
        blocked: 'no connection',
      }),
    )
    expect((await store.census.count()).rules).toEqual({ active: 1, paused: 1, blocked: 1 })
    expect(await store.census.timeZones()).toContain('Europe/Berlin')
  })

  test('tells deliveries that are not delivered by state, and since when the oldest waits', async () => {
    const { store, clock } = world
    const at = clock.now()
    await store.deliveries.enqueue([
      newDelivery({ id: 'msg_1', createdAt: at - 5000, target: target('a') }),
      newDelivery({ id: 'msg_2', createdAt: at - 9000, target: target('b') }),
    ])
    expect(await store.census.count()).toMatchObject({ deliveries: { pending: 2 }, oldestOpen: at - 9000 })
    await store.deliveries.discard('msg_2')
    expect(await store.census.count()).toMatchObject({
      deliveries: { pending: 1, discarded: 1 },
      oldestOpen: at - 5000,
    })
  })

  test('names what is in trouble, over all projects', async () => {
    const { store, clock } = world
    await store.connections.create({ ...connection, id: 'con_1', name: 'shop' })
    await store.connections.create({ ...connection, id: 'con_2', name: 'well' })
    for (let failure = 0; failure < 3; failure += 1)
      await store.connections.recordFailure('con_1', 'refused', clock.now())
    await store.channels.create(channel)
    await store.channels.disable('chn_1', 'gone')
    expect(await store.census.broken()).toEqual({ connections: 1, channels: 1 })
    expect(await store.census.trouble(10)).toEqual({
      firing: [],
      connections: [{ project: 'default', name: 'shop', since: clock.now(), error: 'refused' }],
      channels: [{ project: 'blue', name: 'ops', reason: 'gone' }],
    })
    expect(await store.census.projects()).toEqual(['blue', 'default'])
  })
})
