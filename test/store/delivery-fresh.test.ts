import { describe, expect, test } from 'bun:test'
import { freshDeliveries } from '../../src/store/delivery-fresh.ts'
import { newDelivery } from '../support/deliveries.ts'

describe('deliveries just inserted', () => {
  test('are given once', () => {
    const fresh = freshDeliveries(10)
    const delivery = newDelivery({ id: 'a' })
    fresh.keep(delivery, 5)
    expect(fresh.take('a')).toBe(delivery)
    expect(fresh.take('a')).toBeUndefined()
  })

  test('make room for newer ones, the oldest first', () => {
    const fresh = freshDeliveries(10)
    for (const id of ['a', 'b', 'c']) fresh.keep(newDelivery({ id }), 4)
    expect(['a', 'b', 'c'].map((id) => fresh.take(id)?.id)).toEqual([undefined, 'b', 'c'])
    for (const id of ['d', 'e']) fresh.keep(newDelivery({ id }), 5)
    expect(['d', 'e'].map((id) => fresh.take(id)?.id)).toEqual(['d', 'e'])
  })

  test('count once when they are inserted again, and not at all when they are too long', () => {
    const fresh = freshDeliveries(10)
    for (const id of ['a', 'b', 'b', 'b']) fresh.keep(newDelivery({ id }), 5)
    fresh.keep(newDelivery({ id: 'c' }), 11)
    expect(['a', 'b', 'c'].map((id) => fresh.take(id)?.id)).toEqual(['a', 'b', undefined])
  })
})
