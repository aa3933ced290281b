import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { idTime, newId } from '../src/ids.ts'

describe('an id', () => {
  test('has its prefix, 20 letters and digits that nobody mistakes, and no dot', () => {
    expect(newId('msg', 1_767_355_200_000)).toMatch(/^msg_[0-9a-hjkmnp-tv-z]{20}$/)
    for (const prefix of ['con', 'rul', 'alr'] as const) expect(newId(prefix, 0)).toStartWith(`${prefix}_`)
  })

  test('tells when it was made', () => {
    expect(['msg_000000001abcdefgh', 'evl_00000000z00012345678', ''].map(idTime)).toEqual([1, 31, 0])
    const made = newId('msg', Date.UTC(2026, 0))
    expect(idTime(made)).toBeGreaterThanOrEqual(Date.UTC(2026, 0))
  })

  test('is another each time, at the same moment too', () => {
    const made = Array.from({ length: 5000 }, () => newId('evl', 5))
    expect(new Set(made).size).toBe(5000)
  })

  test('sorts by its making, also when there are very many at one moment', () => {
    const now = Date.UTC(2026, 0)
    const made = Array.from({ length: 70_000 }, () => newId('evl', now))
    expect(made.toSorted()).toEqual(made)
  })

  test('sorts by its making when the clock is put back', () => {
    const moves = fc.array(fc.integer({ min: -3_600_000, max: 3_600_000 }), { maxLength: 30 })
    fc.assert(
      fc.property(moves, (steps) => {
        let now = Date.UTC(2026, 0)
        const made = steps.map((step) => {
          now += step
          return newId('aud', now)
        })
        expect(made.toSorted()).toEqual(made)
      }),
    )
  })
})
