import { describe, expect, test } from 'bun:test'
import { readSchedule } from '../../src/trigger/schedule.ts'

const at = (text: string) => Date.parse(text)
const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString())

function ticks(schedule: Parameters<typeof readSchedule>[0], from: string, count: number): (string | null)[] {
  const { next } = readSchedule(schedule, at(from))
  const times: (string | null)[] = []
  for (let time: number | null = at(from); time !== null && times.length < count; ) {
    time = next(time)
    times.push(iso(time))
  }
  return times
}

describe('cron', () => {
  test('has five fields and UTC unless told otherwise', () => {
    expect(ticks({ cron: '0 8 * * *', timezone: 'UTC' }, '2026-03-01T00:00:00Z', 2)).toEqual([
      '2026-03-01T08:00:00.000Z',
      '2026-03-02T08:00:00.000Z',
    ])
    expect(ticks({ cron: '*/1 * * * *', timezone: 'UTC' }, '2026-03-01T00:00:30Z', 1)).toEqual([
      '2026-03-01T00:01:00.000Z',
    ])
  })

  test('comes at the end of the gap when summer time begins', () => {
    expect(ticks({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ])
  })

  test('comes once in the hour that is repeated when summer time ends', () => {
    expect(ticks({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, '2026-10-24T00:00:00Z', 3)).toEqual([
      '2026-10-24T00:30:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
  })

  test('goes on every quarter of an hour through both of the repeated hours', () => {
    const found = ticks({ cron: '*/15 * * * *', timezone: 'Europe/Berlin' }, '2026-10-24T23:59:00Z', 9)
    expect(found.at(0)).toBe('2026-10-25T00:00:00.000Z')
    expect(found.at(8)).toBe('2026-10-25T02:00:00.000Z')
  })

  test.each([
    ['* * * *', 'UTC', /has 4 fields; it must have five/],
    ['0 * * * * *', 'UTC', /has 6 fields; it must have five/],
    ['61 * * * *', 'UTC', /is not a cron expression/],
    ['0 0 30 2 *', 'UTC', /names a day that never comes/],
    ['0 8 * * *', 'Mars/Olympus', /"Mars\/Olympus" is not a time zone/],
  ])('refuses %s in %s', (cron, timezone, message) => {
    expect(() => readSchedule({ cron, timezone }, 0)).toThrow(message)
  })
})

describe('every', () => {
  test('keeps its ticks where they were before a restart', () => {
    const { next, between } = readSchedule({ every: '30s' }, 10_000)
    expect(next(10_000)).toBe(40_000)
    expect(next(39_999)).toBe(40_000)
    expect(next(40_000)).toBe(70_000)
    expect(between(40_000, 100_000)).toBe(2)
  })
})

test('counts the ticks that were missed', () => {
  const { between } = readSchedule({ cron: '*/5 * * * *', timezone: 'UTC' }, 0)
  expect(between(at('2026-01-01T00:00:00Z'), at('2026-01-01T01:00:00Z'))).toBe(12)
  expect(between(at('2026-01-01T00:00:00Z'), at('2026-01-01T00:04:59Z'))).toBe(0)
})
