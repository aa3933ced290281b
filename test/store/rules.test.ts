import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import type { NewRule } from '../../src/store/rules.ts'
import { newRule } from '../support/rules.ts'
import { openTestStore, type TestStore } from '../support/test-store.ts'

let world: TestStore
beforeEach(() => {
  world = openTestStore()
})
afterEach(() => world.close())

const create = (changes: Partial<NewRule> & { name?: string } = {}) => world.store.rules.create(newRule(changes))

describe('a stored rule', () => {
  test('comes back as it went in, with a version and an index', async () => {
    const rule = await create({ name: 'drift', warnings: ['w'], blocked: 'no connection' })
    expect(rule).toMatchObject({ version: 1, warnings: ['w'], blocked: 'no connection', origin: null, lastRunAt: null })
    expect(await world.store.rules.byName('default', 'drift')).toEqual(rule)
    expect(await world.store.rules.byIndex('default', 1)).toEqual(rule)
    expect(await world.store.rules.byId('other', rule.id)).toBeUndefined()
  })

  test('has a name of its own within its project', async () => {
    await create({ name: 'drift' })
    expect(create({ name: 'drift' })).rejects.toThrow('There is a rule named "drift" already')
    expect(await create({ name: 'drift', project: 'other' })).toMatchObject({ version: 1 })
  })

  test('is edited only from the version that was read', async () => {
    const rule = await create()
    const edited = await world.store.rules.update(rule.id, 1, { warnings: ['new'], updatedAt: 5 })
    expect(edited).toMatchObject({ version: 2, warnings: ['new'], updatedAt: 5 })
    const late = await world.store.rules
      .update(rule.id, 1, { warnings: [], updatedAt: 6 })
      .catch((thrown: unknown) => thrown)
    expect(late).toBeInstanceOf(AppError)
    expect(late).toMatchObject({ code: 'conflict', current: edited })
  })

  test('cannot take the name of another one', async () => {
    const [first, second] = [await create({ name: 'a' }), await create({ name: 'b' })]
    const definition = { ...first.definition, name: 'b' }
    expect(world.store.rules.update(first.id, null, { definition, updatedAt: 1 })).rejects.toThrow('named "b" already')
    expect(
      await world.store.rules.update(second.id, null, { definition: second.definition, updatedAt: 1 }),
    ).toMatchObject({ version: 2 })
  })
})

test('rules are listed in pages, by tags and by part of the name', async () => {
  await create({ name: 'cpu load', definition: { ...newRule().definition, name: 'cpu load', tags: ['ops', 'host'] } })
  await create({
    name: 'drift of scores',
    definition: { ...newRule().definition, name: 'drift of scores', tags: ['ml'] },
  })
  await create({ name: 'disk', definition: { ...newRule().definition, name: 'disk', tags: ['ops'] } })
  const names = async (filter: object) =>
    (await world.store.rules.list({ project: 'default', limit: 10, ...filter })).map(({ rule }) => rule.definition.name)
  expect(await names({ limit: 2 })).toEqual(['cpu load', 'drift of scores'])
  expect(await names({ after: 2 })).toEqual(['disk'])
  expect(await names({ tags: ['ops'] })).toEqual(['cpu load', 'disk'])
  expect(await names({ tags: ['ops', 'host'] })).toEqual(['cpu load'])
  expect(await names({ search: 'DRIFT' })).toEqual(['drift of scores'])
  expect(await names({ connection: 'nowhere' })).toEqual([])
})

describe('a due rule', () => {
  test('is claimed once, the longest waiting first, and gets its next tick', async () => {
    const late = await create({ name: 'late', nextDueAt: 200 })
    const early = await create({ name: 'early', nextDueAt: 100 })
    await create({ name: 'later', nextDueAt: 900 })
    const claimed = await world.store.rules.claimDue(500, 10, ({ scheduledAt }) => scheduledAt + 1000)
    expect(claimed).toMatchObject([
      { id: early.id, scheduledAt: 100, nextDueAt: 1100 },
      { id: late.id, scheduledAt: 200, nextDueAt: 1200 },
    ])
    expect(await world.store.rules.claimDue(2000, 10, () => null)).toMatchObject([{ scheduledAt: 900 }])
  })

  test('is due again when its evaluation was cut short', async () => {
    const rule = await create({ nextDueAt: 100 })
    await world.store.rules.claimDue(150, 1, () => 200)
    expect(await world.store.rules.nextDue()).toBeNull()
    expect(await world.store.rules.unclaim()).toBe(1)
    expect(await world.store.rules.nextDue()).toBe(100)
    expect(await world.store.rules.get(rule.id)).toMatchObject({ nextDueAt: 100 })
  })

  test('is none while it is paused', async () => {
    const rule = await create({ nextDueAt: 100 })
    await world.store.rules.update(rule.id, null, { nextDueAt: null, updatedAt: 1 })
    expect(await world.store.rules.claimDue(500, 10, () => null)).toEqual([])
  })
})
