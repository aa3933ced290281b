import { describe, expect, test } from 'bun:test'
import { freshDeliveries } from '../../src/store/delivery-fresh.ts'
import { newDelivery } from '../support/deliveries.ts'

const named = (seq: number) => newDelivery({ id: `d${seq}` })

describe('deliveries just inserted', () => {
  test('are given once', () => {
    const fresh = freshDeliveries(10)
    const delivery = named(1)
    fresh.keep(1, delivery, 5)
    expect(fresh.take(1, 'd1')).toBe(delivery)
    expect(fresh.take(1, 'd1')).toBeUndefined()
  })

  test('make room for newer ones, the oldest first', () => {
    const fresh = freshDeliveries(10)
    for (const seq of [1, 2, 3]) fresh.keep(seq, named(seq), 4)
    expect([1, 2, 3].map((seq) => fresh.take(seq, `d${seq}`)?.id)).toEqual([undefined, 'd2', 'd3'])
    for (const seq of [4, 5]) fresh.keep(seq, named(seq), 5)
    expect([4, 5].map((seq) => fresh.take(seq, `d${seq}`)?.id)).toEqual(['d4', 'd5'])
  })

  test('count once when their number is given again, and not at all when they are too long', () => {
    const fresh = freshDeliveries(10)
    for (const seq of [1, 2, 2, 2]) fresh.keep(seq, named(seq), 5)
    fresh.keep(3, named(3), 11)
    expect([1, 2, 3].map((seq) => fresh.take(seq, `d${seq}`)?.id)).toEqual(['d1', 'd2', undefined])
  })

  test('are not taken for another one whose number they had', () => {
    const fresh = freshDeliveries(10)
    fresh.keep(1, named(1), 5)
    expect(fresh.take(1, 'other')).toBeUndefined()
  })
})
