import { afterEach, beforeEach, expect, test } from 'bun:test'
import { applyEvent, emptyRecord } from '../../src/evaluate/run-record.ts'
import { headOf } from '../../src/evaluate/run-view.ts'
import type { ArrivedEvent } from '../../src/store/runs.ts'
import { arrivedEvent, tellRun } from '../support/run-events.ts'
import { openTestStore, type TestStore } from '../support/test-store.ts'

let world: TestStore
const DAY = Date.UTC(2026, 0, 1)
beforeEach(() => {
  world = openTestStore()
})
afterEach(() => world.close())

/** Applies events as they are, but for those of the id that is watched. */
const applyAll = (events: readonly ArrivedEvent[], watched?: string) =>
  world.store.runs.apply('default', events, {
    advance(known, { event, time, arrivedAt }) {
      const { record } = applyEvent(known ?? emptyRecord(), event, time, arrivedAt)
      return { record, due: [], isWatched: event.id === watched && watched !== undefined }
    },
    columnsOf: headOf,
  })

const tell = (uid: string, input: Parameters<typeof tellRun>[2], at = DAY) => tellRun(world.store.runs, uid, input, at)

test('an event counts once by its id, however many a run has', async () => {
  const many = Array.from({ length: 40 }, (_, number) => `e${number}`)
  for (const id of many) expect(await tell('a', { id, results: { [id]: 1 } })).toBe('applied')
  for (const id of many) expect(await tell('a', { id, results: { [id]: 2 } })).toBe('duplicate')
  // The same id of another run is another event.
  expect(await tell('b', { id: 'e1' })).toBe('applied')
  const run = await world.store.runs.get('default', 'a')
  expect(run?.version).toBe(40)
  expect(Object.values(run?.record.results ?? {}).every(([value]) => value === 1)).toBe(true)
})

test('runs are listed newest first, by name, kind, state and labels, page by page', async () => {
  await tell('a', { name: 'load', kind: 'job', state: 'completed', labels: { env: 'prod' } })
  await tell('b', { name: 'load', kind: 'pipeline', state: 'error', labels: { env: 'test' } })
  await tell('c', { name: 'train', kind: 'job', state: 'running', labels: { env: 'prod' } })
  const uids = async (filter: object) =>
    (await world.store.runs.list({ project: 'default', limit: 10, ...filter })).map(({ uid }) => uid)
  expect(await uids({})).toEqual(['c', 'b', 'a'])
  expect(await uids({ name: 'load' })).toEqual(['b', 'a'])
  expect(await uids({ kind: 'job' })).toEqual(['c', 'a'])
  expect(await uids({ states: ['error', 'running'] })).toEqual(['c', 'b'])
  expect(await uids({ labels: [['env', 'prod']] })).toEqual(['c', 'a'])
  expect(await uids({ labels: [['env', "prod' or 1=1 --"]] })).toEqual([])
  const [first] = await world.store.runs.list({ project: 'default', limit: 1 })
  expect(await uids({ before: first?.seq, limit: 1 })).toEqual(['b'])
  expect(await uids({ project: 'other' })).toEqual([])
})

test('runs are found by part of their name, whatever its case, alone and together with a state', async () => {
  const states = ['completed', 'error', 'running', 'skipped', 'aborted', 'completed'] as const
  for (const [index, state] of states.entries()) await tell(`r${index}`, { name: `Load-${index % 2}`, state })
  await tell('other', { name: 'train', state: 'error' })
  const uids = async (filter: object) =>
    (await world.store.runs.list({ project: 'default', limit: 10, ...filter })).map(({ uid }) => uid)
  expect(await uids({ search: 'load' })).toEqual(['r5', 'r4', 'r3', 'r2', 'r1', 'r0'])
  expect(await uids({ search: 'LOAD-1' })).toEqual(['r5', 'r3', 'r1'])
  expect(await uids({ search: 'load', limit: 2 })).toEqual(['r5', 'r4'])
  expect(await uids({ search: '%' })).toEqual([])
  expect(await uids({ search: 'load', states: ['error', 'aborted'] })).toEqual(['r4', 'r1'])
  expect(await uids({ search: 'load', states: ['completed'] })).toEqual(['r5', 'r0'])
  expect(await uids({ states: ['running', 'created'] })).toEqual(['r2'])
  expect(await uids({ states: ['error', 'skipped'] })).toEqual(['other', 'r3', 'r1'])
  expect(await uids({ states: [] })).toEqual([])
  expect(await uids({ name: 'train', states: ['error'] })).toEqual(['other'])
})

test('of the runs before one, only those of its name that succeeded or failed count, newest end first', async () => {
  const end = (uid: string, state: 'completed' | 'error' | 'aborted', at: number, name = 'x') =>
    tell(uid, { name, state }, DAY + at)
  await end('r3', 'completed', 30)
  await end('r1', 'error', 10)
  await end('r2', 'aborted', 20)
  await end('other', 'error', 25, 'y')
  const before = (at: number, seq = 0) =>
    world.store.runs.endedBefore({ project: 'default', name: 'x', endedAt: DAY + at, seq }, 5)
  expect(await before(40)).toEqual(['completed', 'error'])
  expect(await before(20)).toEqual(['error'])
  expect(await before(30, (await world.store.runs.get('default', 'r3'))?.seq)).toEqual(['error'])
  expect(await before(5)).toEqual([])
})

test('a run is found by the name it has now', async () => {
  const named = async (name: string) => (await world.store.runs.list({ project: 'default', name, limit: 10 })).length
  await tell('a', { name: 'old', state: 'completed' })
  await tell('b', { name: 'old', state: 'running' })
  expect(await named('old')).toBe(2)
  await tell('a', { name: 'new' }, DAY + 1)
  expect([await named('old'), await named('new')]).toEqual([1, 1])
  const searched = async (filter: object) =>
    (await world.store.runs.list({ project: 'default', limit: 10, ...filter })).map(({ uid }) => uid)
  expect(await searched({ search: 'NE' })).toEqual(['a'])
  expect(await searched({ name: 'new', search: 'o', states: ['completed'] })).toEqual([])
  expect(await searched({ name: 'new', search: 'ew', states: ['completed'] })).toEqual(['a'])
  // One that comes and changes between two looks.
  await tell('c', { name: 'old' })
  await tell('c', { name: 'new' }, DAY + 1)
  expect([await named('old'), await named('new')]).toEqual([1, 2])
  expect(await world.store.runs.seriesNames('default', 10)).toEqual(['new', 'old'])
  await tell('b', { name: 'new' }, DAY + 1)
  expect(await world.store.runs.seriesNames('default', 10)).toEqual(['new'])
  const { open, ended } = await world.store.runs.latest('default', 'new', 10, 10)
  expect([open.map(({ uid }) => uid), ended.map(({ uid }) => uid)]).toEqual([['c', 'b'], ['a']])
  await world.store.runs.expire(DAY + 2, 10)
  expect([await named('new'), await world.store.runs.seriesNames('default', 10)]).toEqual([0, []])
})

test('events of one run that come together are stored at once, each as if it came alone', async () => {
  const results = (id: string) => ({ [id]: 1 })
  const events = Array.from({ length: 20 }, (_, number) =>
    arrivedEvent('a', { id: `e${number}`, results: results(`e${number}`) }, DAY + number),
  )
  const again = arrivedEvent('a', { id: 'e19', results: results('again') }, DAY + 30)
  const outcomes = await applyAll([...events, again, arrivedEvent('b', { id: 'e0' }, DAY)])
  expect(outcomes).toEqual([...events.map(() => 'applied' as const), 'duplicate', 'applied'])
  const run = await world.store.runs.get('default', 'a')
  expect(run).toMatchObject({ version: 1, updatedAt: DAY + 19 })
  expect(Object.keys(run?.record.results ?? {})).toHaveLength(20)
  expect(await applyAll(events)).toEqual(events.map(() => 'duplicate'))
  expect((await world.store.runs.get('default', 'a'))?.version).toBe(1)
})

test('an event that rules must decide on is left alone, and what stands beside it is not', async () => {
  await tell('a', { id: 'first', results: { first: 1 } })
  const events = ['before', 'watched', 'after'].map((id, number) =>
    arrivedEvent('a', { id, results: { [id]: 1 } }, DAY + number),
  )
  const alone = arrivedEvent('b', { id: 'watched' }, DAY)
  expect(await applyAll([...events, alone], 'watched')).toEqual(['applied', 'watched', 'applied', 'watched'])
  const run = await world.store.runs.get('default', 'a')
  expect(Object.keys(run?.record.results ?? {})).toEqual(['first', 'before', 'after'])
  expect(run?.record.ids).toEqual(['first', 'before', 'after'])
  expect(await world.store.runs.get('default', 'b')).toBeUndefined()
  expect(await applyAll(events)).toEqual(['duplicate', 'applied', 'duplicate'])
})

test('names of runs are found one after another', async () => {
  for (const [index, name] of ['b', 'a', 'b', 'c'].entries()) await tell(`r${index}`, { name })
  expect(await world.store.runs.seriesNames('default', 10)).toEqual(['a', 'b', 'c'])
  expect(await world.store.runs.seriesNames('default', 2)).toEqual(['a', 'b'])
  expect(await world.store.runs.seriesNames('empty', 10)).toEqual([])
})

test('a decision on a run that was changed meanwhile, or by rules that were, is not stored', async () => {
  await tell('w', { name: 'w', state: 'running' })
  const run = await world.store.runs.get('default', 'w')
  if (run === undefined) throw new Error('The run is not there.')
  const { seq: _, project, uid, createdAt: __, updatedAt: ___, version, record, ...columns } = run
  const arrived = { uid, event: { attempt: 1 }, time: DAY, arrivedAt: DAY }
  const wanted = {
    project,
    arrived,
    record,
    columns,
    due: [],
    version,
    revision: world.store.rules.revision(),
    evaluations: [],
    reports: [],
  }
  expect(await world.store.runs.commit({ ...wanted, version: version + 1 })).toBe('watched')
  expect(await world.store.runs.commit({ ...wanted, revision: wanted.revision + 1 })).toBe('watched')
  expect(await world.store.runs.commit(wanted)).toBe('applied')
  expect(await world.store.runs.commit(wanted)).toBe('watched')
})
