import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import type { Flow, Tick } from '../../src/flow.ts'
import { createLog } from '../../src/log.ts'
import type { Rule } from '../../src/model/rule.ts'
import type { EvaluationCommit } from '../../src/store/evaluations.ts'
import { createScheduler, type Scheduler } from '../../src/trigger/scheduler.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { definitionOf, newRule } from '../support/rules.ts'
import { openTestStore, type TestStore } from '../support/test-store.ts'

const MINUTE = 60_000

/** An evaluation that the test lets go on. */
interface Played {
  rule: string
  tick: Tick
  /** Its query is over; what it found is not stored yet. */
  answer(): Promise<void>
  /** It is stored. */
  finish(): Promise<void>
  fail(thrown: unknown): Promise<void>
}

let world: TestStore
let clock: ManualClock
let scheduler: Scheduler
let played: Played[]
let skipped: { rule: string; code: string }[]
let defects: string[]

beforeEach(() => {
  world = openTestStore()
  clock = manualClock(0)
  played = []
  skipped = []
  defects = []
})
afterEach(() => world.close())

async function settle() {
  for (let round = 0; round < 10; round += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function pass(ms: number) {
  clock.advance(ms)
  await settle()
}

function playedFlow(): Flow {
  const stored = (rule: Rule, tick: Tick): Promise<void> =>
    tick.cause === 'manual' ? Promise.resolve() : world.store.evaluations.settle(rule.id)
  return {
    runRule: (rule, tick, queried = () => {}) =>
      new Promise((resolve, reject) => {
        played.push({
          rule: rule.definition.name,
          tick,
          answer: async () => {
            queried()
            await settle()
          },
          finish: async () => {
            queried()
            await stored(rule, tick)
            resolve({} as EvaluationCommit)
            await settle()
          },
          fail: async (thrown) => {
            reject(thrown)
            await settle()
          },
        })
      }),
    async skipRule(rule, tick, { code }) {
      skipped.push({ rule: rule.definition.name, code })
      await stored(rule, tick)
    },
    tryRule: () => Promise.reject(new Error('is not asked for')),
  }
}

async function start(limits: { concurrency?: number; perConnection?: number } = {}) {
  scheduler = createScheduler({
    store: world.store,
    flow: playedFlow(),
    clock,
    log: createLog((line) => defects.push(line), 'error', clock),
    concurrency: 100,
    perConnection: 100,
    ...limits,
  })
  await scheduler.start()
  await settle()
}

async function rule(name: string, due: number, connection = 'db', every = '1h'): Promise<Rule> {
  const definition = definitionOf({ name, connection, schedule: { every } })
  return world.store.rules.create(newRule({ name, definition, nextDueAt: due }))
}

const running = () => played.map(({ rule: name }) => name)
const of = (name: string): Played => played.findLast((one) => one.rule === name) as Played

describe('what is due', () => {
  test('starts at its time, and not before', async () => {
    await rule('a', MINUTE)
    await start()
    await pass(MINUTE - 1)
    expect(running()).toEqual([])
    await pass(1)
    expect(running()).toEqual(['a'])
    expect(of('a').tick).toEqual({ cause: 'schedule', scheduledAt: MINUTE, missedTicks: 0 })
  })

  test('starts in the order it was due, so many at a time in all', async () => {
    await rule('c', 3000, 'one')
    await rule('a', 1000, 'two')
    await rule('d', 4000, 'two')
    await rule('b', 2000, 'one')
    await start({ concurrency: 2 })
    await pass(5000)
    expect(running()).toEqual(['a', 'b'])
    await of('b').finish()
    expect(running()).toEqual(['a', 'b', 'c'])
    await of('a').finish()
    expect(running()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('of one connection starts only so many at a time, and holds back no other', async () => {
    for (const number of [1, 2, 3, 4]) await rule(`slow ${number}`, 1000, 'slow')
    await rule('quick', 2000, 'quick')
    await start({ perConnection: 2 })
    await pass(5000)
    expect(running()).toEqual(['slow 1', 'slow 2', 'quick'])
    await of('slow 2').finish()
    expect(running()).toEqual(['slow 1', 'slow 2', 'quick', 'slow 3'])
  })

  test('gives its place away as soon as its query is answered', async () => {
    await rule('a', 1000)
    await rule('b', 2000)
    await start({ concurrency: 1 })
    await pass(5000)
    expect(running()).toEqual(['a'])
    await of('a').answer()
    expect(running()).toEqual(['a', 'b'])
  })

  test('is not held back by two thousand rules of a connection that hangs', async () => {
    for (let number = 0; number < 2000; number += 1) await rule(`hangs ${number}`, 1000, 'hangs')
    await rule('quick', 2000, 'quick')
    await start({ perConnection: 4 })
    clock.advance(5000)
    for (let round = 0; round < 100 && running().length < 5; round += 1) await settle()
    expect(running()).toEqual(['hangs 0', 'hangs 1', 'hangs 2', 'hangs 3', 'quick'])
  }, 20_000)
})

describe('one rule', () => {
  test('never overlaps itself; the ticks it missed run once and say so', async () => {
    await rule('a', MINUTE, 'db', '1m')
    await start()
    await pass(MINUTE)
    await pass(3 * MINUTE + 1)
    expect(running()).toEqual(['a'])
    await of('a').finish()
    await pass(1)
    expect(running()).toEqual(['a', 'a'])
    expect(of('a').tick).toEqual({ cause: 'schedule', scheduledAt: 2 * MINUTE, missedTicks: 2, late: 'still-running' })
    await of('a').finish()
    await pass(MINUTE)
    expect(of('a').tick).toEqual({ cause: 'schedule', scheduledAt: 5 * MINUTE, missedTicks: 0 })
  })

  test('that is run by hand waits for itself, and knows what it found', async () => {
    const stored = await rule('a', MINUTE)
    await start()
    await pass(MINUTE)
    const now = scheduler.runNow(stored, { cause: 'manual', scheduledAt: clock.now(), missedTicks: 0 })
    await settle()
    expect(running()).toEqual(['a'])
    await of('a').finish()
    expect(running()).toEqual(['a', 'a'])
    await of('a').finish()
    await now
  })

  test('that was paused while it waited does not run', async () => {
    await rule('a', 1000)
    const waiting = await rule('b', 2000)
    await start({ concurrency: 1 })
    await pass(5000)
    const definition = { ...waiting.definition, paused: true }
    await world.store.rules.update(waiting.id, null, { definition, nextDueAt: null, updatedAt: clock.now() })
    await of('a').finish()
    expect([running(), skipped]).toEqual([['a'], []])
    await scheduler.stop()
    await start()
    await pass(100 * MINUTE)
    expect(running()).toEqual(['a', 'a'])
  })

  test('that was changed after its tick leaves it out', async () => {
    await rule('a', 1000)
    const waiting = await rule('b', 2000)
    await start({ concurrency: 1 })
    await pass(5000)
    await world.store.rules.update(waiting.id, null, { warnings: ['new'], updatedAt: clock.now() })
    await of('a').finish()
    expect(skipped).toEqual([{ rule: 'b', code: 'rule-newer-than-tick' }])
  })

  test('that was removed while it waited is no trouble', async () => {
    await rule('a', 1000)
    const waiting = await rule('b', 2000)
    await start({ concurrency: 1 })
    await pass(5000)
    await world.store.rules.remove(waiting.id)
    await of('a').finish()
    expect([running(), defects]).toEqual([['a'], []])
  })
})

describe('after a rest', () => {
  test('what was due runs once, and says how much was left out', async () => {
    await rule('a', MINUTE, 'db', '1m')
    await rule('b', MINUTE, 'db', '10m')
    clock.set(5 * MINUTE)
    await start()
    expect(of('a').tick).toEqual({ cause: 'catch-up', scheduledAt: MINUTE, missedTicks: 4, late: 'daemon-was-down' })
    expect(of('b').tick).toEqual({ cause: 'catch-up', scheduledAt: MINUTE, missedTicks: 0, late: 'daemon-was-down' })
  })

  test('missed ticks are counted up to a hundred', async () => {
    await rule('a', MINUTE, 'db', '1m')
    clock.set(30 * 24 * 60 * MINUTE)
    await start()
    expect(of('a').tick.missedTicks).toBe(100)
  })

  test('a tick that was claimed and not stored is repeated', async () => {
    await rule('a', MINUTE)
    await start()
    await pass(MINUTE)
    await of('a').answer()
    // Another life on what is stored: the first one was killed.
    clock.advance(1000)
    await start()
    expect(played.map(({ tick }) => [tick.scheduledAt, tick.late])).toEqual([
      [MINUTE, undefined],
      [MINUTE, 'daemon-was-down'],
    ])
  })

  test('what waited when it ended in order is due again', async () => {
    await rule('a', 1000)
    await rule('b', 2000)
    await start({ concurrency: 1 })
    await pass(5000)
    const stop = scheduler.stop()
    await of('a').finish()
    await stop
    expect(running()).toEqual(['a'])
    expect(await world.store.rules.nextDue()).toBe(2000)
  })

  test('what was cut short by the end is due again', async () => {
    await rule('a', 1000)
    await start()
    await pass(5000)
    const stop = scheduler.stop()
    await of('a').fail(new Error('the query was given up'))
    await stop
    await start()
    expect([running(), defects]).toEqual([['a', 'a'], []])
  })
})

describe('an evaluation that cannot be stored', () => {
  test('since the disk is full is repeated', async () => {
    await rule('a', 1000)
    await start()
    await pass(1000)
    await of('a').fail(new AppError('disk-full', 'The disk is full.'))
    expect(running()).toEqual(['a'])
    await pass(1000)
    expect(running()).toEqual(['a', 'a'])
    expect(of('a').tick.scheduledAt).toBe(1000)
  })

  test('for a reason of its own is a defect, and the rule goes on with its next tick', async () => {
    await rule('a', 1000)
    await start()
    await pass(1000)
    await of('a').fail(new TypeError('x is not a function'))
    expect(defects).toMatchObject([expect.stringContaining('x is not a function')])
    await pass(60 * MINUTE)
    expect(running()).toEqual(['a', 'a'])
  })
})
