import { expect, test } from 'bun:test'
import { createLog } from '../../src/log.ts'
import { deliveryQueries } from '../../src/store/deliveries.ts'
import { evaluationPlaces } from '../../src/store/evaluation-places.ts'
import { retentionQueries } from '../../src/store/retention.ts'
import { runQueries } from '../../src/store/runs.ts'
import { createHousekeeping } from '../../src/trigger/housekeeping.ts'
import { newDelivery } from '../support/deliveries.ts'
import { manualClock } from '../support/manual-clock.ts'
import { tellRun } from '../support/run-events.ts'
import { tempDatabase } from '../support/temp-database.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const START = 100 * DAY

async function open(maxBytes: number) {
  const temp = tempDatabase(manualClock(START))
  const deliveries = deliveryQueries(temp)
  const runs = runQueries(temp, (commit) => commit, { revision: () => 0, forgetList: () => {} })
  const events: string[] = []
  const housekeeping = createHousekeeping({
    retention: retentionQueries(temp, evaluationPlaces(temp)),
    runs,
    clock: temp.clock,
    log: createLog((line) => events.push(JSON.parse(line).event), 'debug', temp.clock),
    limits: () => ({ days: 30, maxBytes }),
  })
  return {
    ...temp,
    housekeeping,
    events,
    /** A finished delivery of some size for each of these ages, in days. */
    async finished(...ages: number[]) {
      for (const age of ages) {
        const createdAt = START - age * DAY
        const id = `age-${age}`
        await deliveries.enqueue([newDelivery({ id, ruleId: null, createdAt, evaluationId: 'x'.repeat(20_000) })])
        temp.database.raw
          .prepare("UPDATE deliveries SET state = 'delivered', finished_at = ?, next_at = NULL WHERE id = ?")
          .run(createdAt, id)
      }
    },
    runs,
    ids: () => temp.database.raw.prepare('SELECT id FROM deliveries ORDER BY seq').pluck().all(),
    [Symbol.dispose]: () => temp[Symbol.dispose](),
  }
}

test('what is older than the days to keep goes, and the log says so', async () => {
  using box = await open(1e9)
  await box.finished(40, 31, 29, 1)
  await box.housekeeping.tidy()
  expect(box.ids()).toEqual(['age-29', 'age-1'])
  expect(box.events).toEqual(['retentionFinished'])
})

test('runs that were not heard of for so long go, and what is known of them', async () => {
  using box = await open(1e9)
  const heard = (uid: string, age: number) => {
    const arrivedAt = START - age * DAY
    return tellRun(box.runs, uid, { id: `${uid}-${age}`, name: uid, state: 'running' }, arrivedAt)
  }
  await heard('old', 40)
  await heard('long', 35)
  await heard('long', 2)
  await heard('new', 1)
  await box.housekeeping.tidy()
  expect((await box.runs.list({ project: 'default', limit: 10 })).map(({ uid }) => uid)).toEqual(['new', 'long'])
  expect(box.events).toEqual(['retentionFinished'])
})

test('the oldest goes while the database is too large', async () => {
  using box = await open(1_000_000)
  await box.finished(...Array.from({ length: 100 }, (_, index) => 29 - index / 5))
  await box.housekeeping.tidy()
  const left = box.ids()
  expect(left.length).toBeGreaterThan(5)
  expect(left.length).toBeLessThan(50)
  expect(left.at(-1)).toBe(`age-${29 - 99 / 5}`)
})

test('it works by itself every minute until it is stopped', async () => {
  using box = await open(1e9)
  box.housekeeping.start()
  await box.finished(40)
  box.clock.advance(60_000)
  while (box.ids().length > 0) await new Promise((resolve) => setImmediate(resolve))
  await box.housekeeping.stop()
  await box.finished(41)
  box.clock.advance(HOUR)
  await new Promise((resolve) => setImmediate(resolve))
  expect(box.ids()).toEqual(['age-41'])
})
