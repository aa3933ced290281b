import { describe, expect, test } from 'bun:test'
import { createPool } from '../../src/connections/pool.ts'

const never = new AbortController().signal

function counting(size: number, idle = 60_000) {
  const ended: number[] = []
  let opened = 0
  const open = async () => {
    opened += 1
    return opened
  }
  return { ended, pool: createPool<number>({ size, idle, open, end: (item) => ended.push(item) }) }
}

describe('a pool', () => {
  test('opens no more than its size, and serves those who wait in turn', async () => {
    const { pool } = counting(2)
    const [first, second] = await Promise.all([pool.acquire(never), pool.acquire(never)])
    const order: string[] = []
    const third = pool.acquire(never).then((item) => order.push(`third ${item}`))
    const fourth = pool.acquire(never).then((item) => order.push(`fourth ${item}`))
    pool.release(second)
    pool.release(first)
    await Promise.all([third, fourth])
    expect(order).toEqual(['third 2', 'fourth 1'])
  })

  test('opens a new one for who waits when one is discarded, once', async () => {
    const { pool, ended } = counting(1)
    const first = await pool.acquire(never)
    const next = pool.acquire(never)
    pool.discard(first)
    pool.discard(first)
    expect(await next).toBe(2)
    expect(ended).toEqual([1])
  })

  test('one who gave up gets nothing, and holds nothing', async () => {
    const { pool } = counting(1)
    const controller = new AbortController()
    const first = await pool.acquire(never)
    const waiting = pool.acquire(controller.signal)
    // Discarding opens one for the waiting before it hears that it has been given up.
    controller.signal.addEventListener('abort', () => pool.discard(first))
    controller.abort()
    await expect(waiting).rejects.toThrow()
    expect(await pool.acquire(never)).toBeGreaterThan(0)
    await expect(pool.acquire(controller.signal)).rejects.toThrow()
  })

  test('goes on when opening fails', async () => {
    let fail = true
    const open = async () => {
      if (fail) throw new Error('no')
      return 1
    }
    const pool = createPool<number>({ size: 1, idle: 60_000, open, end: () => {} })
    const both = await Promise.allSettled([pool.acquire(never), pool.acquire(never)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    fail = false
    expect(await pool.acquire(never)).toBe(1)
  })

  test('ends the idle after a while, and all when it is closed', async () => {
    const ended = Promise.withResolvers<number>()
    const pool = createPool<number>({ size: 2, idle: 5, open: async () => 7, end: ended.resolve })
    pool.release(await pool.acquire(never))
    expect(await ended.promise).toBe(7)

    const closing = counting(2)
    const [used, idle] = await Promise.all([closing.pool.acquire(never), closing.pool.acquire(never)])
    closing.pool.release(idle)
    closing.pool.close()
    expect(closing.ended).toEqual([idle])
    closing.pool.release(used)
    expect(closing.ended).toEqual([idle, used])
  })
})
