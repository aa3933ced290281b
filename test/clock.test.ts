import { describe, expect, test } from 'bun:test'
import { systemClock } from '../src/clock.ts'

const fired = (time: number) => new Promise<number>((run) => systemClock.at(time, () => run(systemClock.now())))

describe('the clock of the system', () => {
  test('tells ms since 1970', () => {
    const before = Date.now()
    const now = systemClock.now()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now())
  })

  test('calls at a time, never before it', async () => {
    const time = systemClock.now() + 20
    expect(await fired(time)).toBeGreaterThanOrEqual(time - 1)
  })

  test('calls at once for a time that has passed, though not before it returned', async () => {
    let returned = false
    const ran = new Promise<boolean>((run) => systemClock.at(0, () => run(returned)))
    returned = true
    expect(await ran).toBe(true)
  })

  test('does not call what was cancelled', async () => {
    let ran = false
    const time = systemClock.now() + 5
    systemClock.at(time, () => {
      ran = true
    })()
    await fired(time + 10)
    expect(ran).toBe(false)
  })

  test('waits longer than a timer of the runtime can', async () => {
    let ran = false
    const cancel = systemClock.at(systemClock.now() + 2 ** 40, () => {
      ran = true
    })
    await fired(systemClock.now() + 20)
    expect(ran).toBe(false)
    cancel()
  })
})
