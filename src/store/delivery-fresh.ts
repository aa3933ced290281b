import type { NewDelivery } from '../model/delivery.ts'

export type FreshDeliveries = ReturnType<typeof freshDeliveries>

/** Characters of messages, as JSON, that are kept at a time. */
const MOST = 8 * 1024 * 1024

/**
 * Deliveries that were inserted a moment ago, so that their first attempt need not read and parse again what never
 * changes. Only a shortcut: what is forgotten, or was never stored, is not missed, since claims begin with the row.
 */
export function freshDeliveries(most: number = MOST) {
  const kept = new Map<string, { delivery: NewDelivery; size: number }>()
  let total = 0

  function forget(id: string, size: number) {
    kept.delete(id)
    total -= size
  }

  return {
    /** `size` is the length of its message as JSON. The oldest make room. */
    keep(delivery: NewDelivery, size: number) {
      const { id } = delivery
      const known = kept.get(id)
      if (known !== undefined) forget(id, known.size)
      if (size > most) return
      kept.set(id, { delivery, size })
      total += size
      for (const [oldest, { size: freed }] of kept) {
        if (total <= most) break
        forget(oldest, freed)
      }
    },

    /** Gives it once. */
    take(id: string): NewDelivery | undefined {
      const known = kept.get(id)
      if (known === undefined) return undefined
      forget(id, known.size)
      return known.delivery
    },
  }
}
