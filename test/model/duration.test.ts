import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { duration, formatDuration, parseDuration } from '../../src/model/duration.ts'

describe('a duration in text', () => {
  const read: [string, number][] = [
    ['0s', 0],
    ['30s', 30_000],
    ['5m', 300_000],
    ['90m', 5_400_000],
    ['1h30m', 5_400_000],
    ['30m1h', 5_400_000],
    ['2d', 172_800_000],
    ['1d2h3m4s', 93_784_000],
    ['007s', 7000],
  ]
  for (const [text, ms] of read) test(`${text} is ${ms} ms`, () => expect(parseDuration(text)).toBe(ms))

  const refused = [
    ['no unit', '30'],
    ['no number', 's'],
    ['nothing', ''],
    ['a sign', '-5m'],
    ['a fraction', '1.5h'],
    ['another unit', '5w'],
    ['milliseconds', '5ms'],
    ['capitals', '5M'],
    ['blanks', '1h 30m'],
    ['a line break at the end', '5m\n'],
    ['digits of another script', '٥m'],
    ['more than numbers can hold', '99999999999999999999d'],
  ] as const
  for (const [title, text] of refused) test(`${title} is none`, () => expect(parseDuration(text)).toBeUndefined())
})

describe('a duration for people', () => {
  const written: [number, string][] = [
    [0, '0s'],
    [499, '0s'],
    [500, '1s'],
    [59_000, '59s'],
    [60_000, '1m'],
    [3_600_000, '1h'],
    [5_400_000, '1h30m'],
    [86_399_600, '1d'],
    [93_784_000, '1d2h3m4s'],
    [172_800_000, '2d'],
  ]
  for (const [ms, text] of written) test(`${ms} ms is ${text}`, () => expect(formatDuration(ms)).toBe(text))

  test('reads back to the second', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), (seconds) =>
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000),
      ),
    )
  })

  test('names no unit twice and the largest first', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), (seconds) =>
        expect(formatDuration(seconds * 1000)).toMatch(/^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$/),
      ),
    )
  })
})

describe('a setting that is a duration', () => {
  const setting = duration('5s', '1h')
  const accepted = ['5s', '60m', '1h', '0h5s']
  for (const text of accepted)
    test(`${text} is kept as it was written`, () => expect(v.parse(setting, text)).toBe(text))
  for (const text of ['4s', '61m', '1h1s', '', 'soon'])
    test(`"${text}" is told the limits`, () => expect(() => v.parse(setting, text)).toThrow('from 5s to 1h'))
  test('a number is told the form', () => expect(() => v.parse(setting, 30)).toThrow('such as "30s"'))
})
