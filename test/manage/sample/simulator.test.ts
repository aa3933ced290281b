import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { DRIFT_LIMIT, figures, startSimulator } from '../../../src/manage/sample/simulator.ts'
import { manualClock } from '../../support/manual-clock.ts'

const drifting = (second: number) =>
  figures(second)
    .filter(({ score }) => score > DRIFT_LIMIT)
    .map(({ name }) => name)
const errorRate = (second: number) => {
  const all = figures(second)
  const sum = (key: 'requests' | 'failed') => all.reduce((total, model) => total + model[key], 0)
  return (100 * sum('failed')) / sum('requests')
}

test('a model drifts within the first seconds and recovers, then another one; one never does', () => {
  expect(drifting(0)).toEqual([])
  for (const second of [3, 10, 27]) expect(drifting(second)).toEqual(['churn'])
  for (const second of [28, 35]) expect(drifting(second)).toEqual([])
  for (const second of [40, 57]) expect(drifting(second)).toEqual(['pricing'])
  expect(Array.from({ length: 200 }, (_, second) => drifting(second)).flat()).not.toContain('ranking')
})

test('predictions fail long enough to be suppressed, and then no more', () => {
  for (const second of [0, 20, 44]) expect(errorRate(second)).toBeGreaterThan(5)
  for (const second of [45, 79]) expect(errorRate(second)).toBeLessThan(5)
})

test('the story repeats', () => {
  expect(drifting(83)).toEqual(['churn'])
})

test('the figures are in the database from the start, and change every second', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-simulator-'))
  const file = join(folder, 'models.db')
  const clock = manualClock(1_000_000)
  const simulator = startSimulator(file, clock)
  try {
    const database = new Sqlite(file, { readonly: true })
    const churn = database.prepare("SELECT score FROM drift WHERE model = 'churn'").pluck()
    expect(database.prepare('SELECT count(*) FROM drift').pluck().get()).toBe(3)
    expect(database.prepare('SELECT sum(requests) > sum(failed) FROM predictions').pluck().get()).toBe(1)
    expect(churn.get()).toBeLessThan(DRIFT_LIMIT)
    for (let second = 0; second < 4; second += 1) clock.advance(1000)
    expect(churn.get()).toBeGreaterThan(DRIFT_LIMIT)
    database.close()
  } finally {
    simulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
