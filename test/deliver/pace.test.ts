import { describe, expect, test } from 'bun:test'
import type { ChannelLimits } from '../../src/channels/channel.ts'
import { createLane, isIdle, type Lane, observe, slots, started, wakeAt } from '../../src/deliver/pace.ts'

const BAD = { health: 'bad', pause: 0 } as const
const GOOD = { health: 'good', pause: 0 } as const

function lane(limits: Partial<ChannelLimits> = {}): Lane {
  const made = createLane('there', { inFlight: 4, retries: 'webhook', ...limits }, 0)
  made.dueAt = 0
  return made
}

function failing(times: number, now = 0): Lane {
  const made = lane()
  for (let time = 0; time < times; time += 1) observe(made, BAD, now)
  return made
}

describe('a destination', () => {
  test('takes as many at a time as its channel allows', () => {
    const one = lane()
    expect(slots(one, 0)).toBe(4)
    started(one, 3, 0)
    expect(slots(one, 0)).toBe(1)
    started(one, 1, 0)
    expect(slots(one, 0)).toBe(0)
    expect(wakeAt(one, 0)).toBe(Number.POSITIVE_INFINITY)
  })

  test('with nothing due takes nothing and wakes when the next is', () => {
    const one = lane()
    one.dueAt = 500
    expect(slots(one, 499)).toBe(0)
    expect(wakeAt(one, 499)).toBe(500)
    expect(slots(one, 500)).toBe(4)
  })

  test('keeps its pace after a burst', () => {
    const one = lane({ pace: { perSecond: 2, burst: 3 } })
    expect(slots(one, 0)).toBe(3)
    started(one, 3, 0)
    one.inFlight = 0
    expect(slots(one, 499)).toBe(0)
    expect(wakeAt(one, 100)).toBe(500)
    expect(slots(one, 500)).toBe(1)
    expect(slots(one, 60_000)).toBe(3)
  })

  test('is left alone while it asks for a pause', () => {
    const one = lane()
    observe(one, { health: 'none', pause: 60_000 }, 1000)
    expect(slots(one, 60_999)).toBe(0)
    expect(wakeAt(one, 2000)).toBe(61_000)
    expect(slots(one, 61_000)).toBe(4)
  })

  test('is only probed, one at a time, after five failures in a row', () => {
    expect(slots(failing(4), 0)).toBe(4)
    const one = failing(5)
    expect(slots(one, 29_999)).toBe(0)
    expect(wakeAt(one, 0)).toBe(30_000)
    expect(slots(one, 30_000)).toBe(1)
    started(one, 1, 30_000)
    expect(slots(one, 30_000)).toBe(0)
  })

  test('is probed more and more seldom, every five minutes in the end', () => {
    const one = failing(5)
    const waits: number[] = []
    for (let now = 30_000, probe = 0; probe < 6; probe += 1) {
      observe(one, BAD, now)
      waits.push((one.openUntil ?? 0) - now)
      now = one.openUntil ?? 0
    }
    expect(waits).toEqual([60_000, 120_000, 240_000, 300_000, 300_000, 300_000])
  })

  test('counts late failures of what was under way as no probe', () => {
    const one = failing(5)
    observe(one, BAD, 10_000)
    expect(one.openUntil).toBe(30_000)
  })

  test('is open again after one success', () => {
    const one = failing(9)
    observe(one, GOOD, 30_000)
    expect(slots(one, 30_000)).toBe(4)
    observe(one, BAD, 30_000)
    expect(slots(one, 30_000)).toBe(4)
  })

  test('is only forgotten when nothing is lost by it', () => {
    const one = createLane('there', { inFlight: 1, retries: 'chat', pace: { perSecond: 1, burst: 1 } }, 0)
    expect(isIdle(one, 0)).toBe(true)
    started(one, 1, 0)
    expect(isIdle(one, 0)).toBe(false)
    one.inFlight = 0
    expect(isIdle(one, 999)).toBe(false)
    expect(isIdle(one, 1000)).toBe(true)
    observe(one, BAD, 1000)
    expect(isIdle(one, 1000)).toBe(false)
  })
})
