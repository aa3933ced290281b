import { expect, test } from 'bun:test'
import { type Moving, stallOf } from '../../src/app/stall.ts'

const NOW = 1_000_000

/** A daemon whose next rule is due, and whose scheduler and worker were last seen moving, so many ms ago. */
function moving(ages: { due?: number; looked?: number | null; turning?: number; disk?: number }): Moving {
  const at = (age: number | null | undefined) => (age == null ? null : NOW - age)
  return {
    store: { rules: { nextDue: async () => at(ages.due) } },
    scheduler: { lookedAt: () => at(ages.looked) },
    worker: { turningSince: () => at(ages.turning) },
    diskTroubleAt: () => at(ages.disk) ?? Number.NEGATIVE_INFINITY,
    now: () => NOW,
  }
}

const well: [what: string, ages: Parameters<typeof moving>[0]][] = [
  ['nothing is due', { looked: 3_600_000 }],
  ['a rule has just become due', { due: 100, looked: 3_600_000 }],
  ['a rule is long due, and the table was just looked at', { due: 60_000, looked: 100 }],
  ['it is so far behind that it need not look', { due: 600_000, looked: null }],
  ['results are being stored', { looked: 0, turning: 500 }],
]
for (const [what, ages] of well)
  test(`it is well when ${what}`, async () => {
    expect(await stallOf(moving(ages))).toBeNull()
  })

test('it is stuck when a rule is long due and nobody looks', async () => {
  expect(await stallOf(moving({ due: 60_000, looked: 90_000 }))).toMatch(
    /^No rule has been started since .*although one was due/,
  )
})

test('it is stuck when the outbox stores and claims for a long time', async () => {
  expect(await stallOf(moving({ looked: 0, turning: 31_000 }))).toContain('The outbox has not moved since')
})

test('a disk that takes no more is no reason to start anew, as long as it does', async () => {
  const stuck = { due: 60_000, looked: 90_000, turning: 60_000 }
  expect(await stallOf(moving({ ...stuck, disk: 1000 }))).toBeNull()
  expect(await stallOf(moving({ ...stuck, disk: 40_000 }))).not.toBeNull()
})
