import { describe, expect, test } from 'bun:test'
import { type Context, Hono } from 'hono'
import type * as v from 'valibot'
import { AppError } from '../../src/errors.ts'
import { flag, page, pageOf, readJson, readOptionalJson, readQuery, readText, time } from '../../src/http/request.ts'

/** What a handler made of a request: its value, or the failure's code and message. */
async function outcome(read: (context: Context) => unknown, path: string, init: RequestInit = {}): Promise<unknown> {
  let value: unknown
  const app = new Hono().all('*', async (context) => {
    try {
      value = await read(context)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      value = `${thrown.code}: ${thrown.message}`
    }
    return context.text('')
  })
  await app.request(path, init)
  return value
}

const json = { 'content-type': 'application/json' }
const post = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = json) => ({
  method: 'POST',
  body,
  headers,
})

/** A body that comes in pieces, so that nothing tells its length. */
function pieces(count: number, size: number): ReadableStream<Uint8Array> {
  let left = count
  return new ReadableStream({
    pull(controller) {
      if (left === 0) controller.close()
      else controller.enqueue(new Uint8Array(size).fill(32))
      left -= 1
    },
  })
}

describe('a body', () => {
  test('is JSON, whatever its declared character set', async () => {
    const typed = { 'content-type': 'Application/JSON; charset=utf-8' }
    expect(await outcome(readJson, '/', post('{"a":"ä"}', typed))).toEqual({ a: 'ä' })
  })

  test('of another type, or of none, is refused', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
    ])
      expect(await outcome(readJson, '/', post('{}', { 'content-type': type }))).toStartWith(
        'unsupported: The body must be JSON',
      )
    expect(await outcome(readJson, '/', { method: 'POST' })).toStartWith('unsupported')
  })

  test('may be left out where a route says so', async () => {
    expect(await outcome(readOptionalJson, '/', { method: 'POST' })).toEqual({})
    expect(await outcome(readOptionalJson, '/', post('{"a":1}'))).toEqual({ a: 1 })
    expect(await outcome(readOptionalJson, '/', post('{"a":', json))).toStartWith('invalid: The body is not JSON')
  })

  test('is refused by its declared length before it is read', async () => {
    const lying = { ...json, 'content-length': '2000000' }
    expect(await outcome(readJson, '/', post('{}', lying))).toBe(
      'too-large: The body is larger than 1 MB. Send less at a time.',
    )
  })

  test('without a length is refused as soon as it is too long', async () => {
    const read = (context: Context) => readText(context, 1024 * 1024)
    expect(await outcome(read, '/', post(pieces(4, 1000)))).toHaveLength(4000)
    expect(await outcome(read, '/', post(pieces(1_000_000, 4096)))).toStartWith('too-large')
  })

  test('that is no UTF-8 is refused', async () => {
    expect(await outcome(readJson, '/', post(new Uint8Array([0xc3, 0x28])))).toBe(
      'invalid: The body is not UTF-8 text.',
    )
  })
})

describe('a query', () => {
  const read = (entries: v.ObjectEntries) => (context: Context) => readQuery(context, entries)
  const cases: [string, v.ObjectEntries, string, unknown][] = [
    ['has defaults', page, '/', { limit: 100 }],
    ['has a limit and a cursor', page, '/?limit=500&after=a%20b', { limit: 500, after: 'a b' }],
    ['has no limit above 500', page, '/?limit=501', 'invalid: limit: must be a whole number from 1 to 500'],
    ['has no limit of zero', page, '/?limit=0', 'invalid: limit: must be a whole number from 1 to 500'],
    ['has no negative limit', page, '/?limit=-1', 'invalid: limit: must be a whole number from 1 to 500'],
    ['has no broken limit', page, '/?limit=1.5', 'invalid: limit: must be a whole number from 1 to 500'],
    [
      'has nothing unknown',
      page,
      '/?lmit=1',
      'invalid: lmit: unknown key. Did you mean "limit"? The keys here are limit, after.',
    ],
    ['has nothing twice', page, '/?limit=1&limit=2', 'invalid: limit: is given more than once'],
    ['has switches', { force: flag }, '/?force=true', { force: true }],
    ['has switches that are off', { force: flag }, '/', { force: false }],
    ['has times in ms', { from: time }, '/?from=1767225600000', { from: 1767225600000 }],
    ['has times as dates', { from: time }, '/?from=2026-01-01T00:00:00Z', { from: 1767225600000 }],
    [
      'has no other times',
      { from: time },
      '/?from=soon',
      'invalid: from: must be a time such as 2026-01-31T12:00:00Z, or ms since 1970',
    ],
  ]
  for (const [title, entries, path, expected] of cases)
    test(title, async () => expect(await outcome(read(entries), path)).toEqual(expected))
})

test('a page that is not full is the last one', () => {
  expect(pageOf(['a', 'b'], 2, (last) => last)).toEqual({ items: ['a', 'b'], next: 'b' })
  expect(pageOf(['a'], 2, (last) => last)).toEqual({ items: ['a'], next: null })
  expect(pageOf([], 2, String)).toEqual({ items: [], next: null })
})
