import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Failure, retryAt, schedules } from '../../src/deliver/retry.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

function failure(changes: Partial<Failure> = {}): Failure {
  return {
    schedule: 'webhook',
    tries: 1,
    at: 0,
    deadlineAt: 1000 * HOUR,
    cause: 'http-500',
    retryAfter: undefined,
    random: 0,
    ...changes,
  }
}

describe('the wait before another attempt', () => {
  test('follows the schedule of webhooks', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((tries) => retryAt(failure({ tries })))
    expect(waits).toEqual([5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR, 10 * HOUR])
  })

  test('follows the schedule of what people read, whose last step repeats', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tries) => retryAt(failure({ tries, schedule: 'chat' })))
    expect(waits).toEqual([
      5 * SECOND,
      30 * SECOND,
      2 * MINUTE,
      10 * MINUTE,
      30 * MINUTE,
      HOUR,
      2 * HOUR,
      4 * HOUR,
      4 * HOUR,
    ])
  })

  test.each([
    ['a timeout', { cause: 'timeout' }, MINUTE],
    ['a 429 that names no time', { cause: 'http-429' }, MINUTE],
    ['a 429 that names a short time', { cause: 'http-429', retryAfter: 10 * SECOND }, 10 * SECOND],
    ['a 429 that names less than the step', { cause: 'http-429', retryAfter: SECOND }, 5 * SECOND],
    ['a Retry-After with another status', { cause: 'http-503', retryAfter: 7 * MINUTE }, 7 * MINUTE],
    ['a Retry-After of a year', { cause: 'http-429', retryAfter: 8760 * HOUR }, HOUR],
    ['a timeout when the step is longer', { cause: 'timeout', tries: 2 }, 5 * MINUTE],
  ])('is right after %s', (_name, changes, wait) => {
    expect(retryAt(failure(changes))).toBe(wait)
  })

  test('ends with the deadline', () => {
    expect(retryAt(failure({ at: 10 * SECOND, deadlineAt: 15 * SECOND }))).toBe(15 * SECOND)
    expect(retryAt(failure({ at: 10 * SECOND, deadlineAt: 15 * SECOND - 1 }))).toBeNull()
  })

  test('is never shorter than the step nor longer than it, or an hour, by more than a fifth', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('webhook' as const, 'chat' as const),
        fc.integer({ min: 1, max: 50 }),
        fc.option(fc.integer({ min: -HOUR, max: 100 * HOUR }), { nil: undefined }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (schedule, tries, retryAfter, random) => {
          const steps = schedules[schedule]
          const step = steps[Math.min(tries, steps.length) - 1]!
          const next = retryAt(failure({ schedule, tries, retryAfter, random, deadlineAt: Number.MAX_SAFE_INTEGER }))!
          expect(next).toBeGreaterThanOrEqual(step)
          expect(next).toBeLessThanOrEqual(Math.max(step, HOUR) * 1.2 + 1)
        },
      ),
    )
  })
})
