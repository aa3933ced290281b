import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { closeCache } from '../../src/channels/cache.ts'
import { DeliveryError, type FailedOutcome } from '../../src/channels/failure.ts'
import { answerText, netFailure, requestOnce, statusFailure } from '../../src/channels/http.ts'
import { type Http, type HttpResponse, NetError } from '../../src/net.ts'

const now = Date.UTC(2026, 0, 2, 12)
const answer = (status: number, headers: Record<string, string> = {}, body = ''): HttpResponse => ({
  status,
  headers,
  body,
})
const judged = (status: number, idempotent = true) => statusFailure(answer(status), { idempotent, now })

describe('an answer of status', () => {
  const statuses: [number, FailedOutcome | null, FailedOutcome | null][] = [
    [200, null, null],
    [204, null, null],
    [299, null, null],
    [300, 'retryable', 'retryable'],
    [301, 'rejected', 'rejected'],
    [302, 'retryable', 'retryable'],
    [307, 'retryable', 'retryable'],
    [308, 'rejected', 'rejected'],
    [400, 'rejected', 'rejected'],
    [401, 'rejected', 'rejected'],
    [403, 'rejected', 'rejected'],
    [404, 'rejected', 'rejected'],
    [408, 'retryable', 'retryable'],
    [410, 'rejected', 'rejected'],
    [413, 'rejected', 'rejected'],
    [422, 'rejected', 'rejected'],
    [425, 'retryable', 'retryable'],
    [429, 'retryable', 'retryable'],
    [500, 'retryable', 'unknown'],
    [501, 'rejected', 'rejected'],
    [502, 'retryable', 'unknown'],
    [503, 'retryable', 'retryable'],
    [504, 'retryable', 'unknown'],
    [505, 'rejected', 'rejected'],
    [599, 'retryable', 'unknown'],
  ]
  for (const [status, repeatable, once] of statuses)
    test(`${status} is ${repeatable ?? 'delivered'}, or ${once ?? 'delivered'} where a repeat could double it`, () => {
      expect(judged(status)?.outcome ?? null).toBe(repeatable)
      expect(judged(status, false)?.outcome ?? null).toBe(once)
      if (repeatable !== null) expect(judged(status)?.reason).toBe(`http-${status}`)
    })

  test('410 alone disables the channel', () => {
    const disabling = Array.from({ length: 400 }, (_, index) => 200 + index).filter(
      (status) => judged(status)?.disableChannel,
    )
    expect(disabling).toEqual([410])
  })

  test('any has a sentence for people', () => {
    for (let status = 300; status < 600; status += 1) expect(judged(status)?.message).toMatch(/^The receiver .*\.$/)
  })
})

describe('Retry-After', () => {
  const cases: [string, number | undefined][] = [
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['Fri, 02 Jan 2026 12:01:00 GMT', 60_000],
    ['Friday, 02-Jan-26 12:01:00 GMT', 60_000],
    ['Fri Jan  2 12:01:00 2026 GMT', 60_000],
    ['Fri, 02 Jan 2026 12:00:00 GMT', undefined],
    ['Thu, 01 Jan 2026 12:00:00 GMT', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['', undefined],
    ['2026-01-02T12:01:00Z', undefined],
    ['Nonsense, 99 Jan 2026', undefined],
  ]
  for (const [text, expected] of cases)
    test(`${JSON.stringify(text)} is ${expected === undefined ? 'none' : `${expected} ms`}`, () => {
      const failed = statusFailure(answer(429, { 'retry-after': text }), { idempotent: true, now })
      expect(failed?.retryAfter).toBe(expected as number)
    })

  test('is never negative nor endless, whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.date().map(String)), (text) => {
        const wait = statusFailure(answer(503, { 'retry-after': text }), { idempotent: true, now })?.retryAfter ?? 0
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(Number.isFinite(wait)).toBe(true)
      }),
    )
  })
})

describe('no answer', () => {
  const cases: [NetError['reason'], boolean, FailedOutcome][] = [
    ['refused', false, 'retryable'],
    ['dns', false, 'retryable'],
    ['tls', false, 'retryable'],
    ['timeout', false, 'retryable'],
    ['aborted', false, 'retryable'],
    ['protocol', false, 'rejected'],
    ['denied', false, 'rejected'],
    ['denied', true, 'rejected'],
    ['timeout', true, 'unknown'],
    ['reset', true, 'unknown'],
    ['aborted', true, 'unknown'],
    ['protocol', true, 'unknown'],
  ]
  for (const [reason, written, outcome] of cases)
    test(`because of ${reason}, the request ${written ? 'perhaps' : 'not'} written, is ${outcome}`, () => {
      expect(netFailure(new NetError(reason, 'why', written))).toMatchObject({ outcome, reason, message: 'why' })
    })

  test('that is a defect of ours stays one', async () => {
    const door = (thrown: unknown) => ({ request: () => Promise.reject(thrown) }) as unknown as Http
    const request = { method: 'GET', url: 'http://x', signal: new AbortController().signal }
    await expect(requestOnce(door(new TypeError('bug')), request)).rejects.toThrow(TypeError)
    await expect(requestOnce(door(new NetError('dns', 'x', false)), request)).rejects.toThrow(DeliveryError)
  })
})

test('of an answer the status and its beginning are kept', () => {
  expect(answerText(answer(204))).toBe('204')
  expect(answerText(answer(500, {}, 'oops'))).toBe('500 oops')
  expect(answerText(answer(500, {}, 'x'.repeat(9000)))).toHaveLength(8004)
})

test('a cache that is closed ends what it held open, and holds nothing', () => {
  let closed = 0
  const cache = new Map<string, unknown>([
    ['pool', { close: () => (closed += 1) }],
    ['token', 'abc'],
    ['nothing', null],
  ])
  closeCache(cache)
  expect([closed, cache.size]).toEqual([1, 0])
})
