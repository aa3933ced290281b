import type { NewDelivery } from '../model/delivery.ts'

export type FreshDeliveries = ReturnType<typeof freshDeliveries>

/** Characters of messages, as JSON, that are kept at a time. */
const MOST = 8 * 1024 * 1024

/**
 * Deliveries that were inserted a moment ago, so that their first attempt need not read and parse again what never
 * changes. Only a shortcut: what is forgotten, or was never stored, is not missed, since claims begin with the row.
 */
export function freshDeliveries(most: number = MOST) {
  const kept = new Map<number, { delivery: NewDelivery; size: number }>()
  let total = 0

  function forget(seq: number, size: number) {
    kept.delete(seq)
    total -= size
  }

  function shrink() {
    for (const [oldest, { size }] of kept) {
      if (total <= most) break
      forget(oldest, size)
    }
  }

  return {
    /** `size` is the length of its message as JSON. The oldest make room. */
    keep(seq: number, delivery: NewDelivery, size: number) {
      const known = kept.get(seq)
      if (known !== undefined) forget(seq, known.size)
      if (size > most) return
      kept.set(seq, { delivery, size })
      total += size
      if (total > most) shrink()
    },

    /** Gives it once. The id guards against another one that was rolled back and whose number was given anew. */
    take(seq: number, id: string): NewDelivery | undefined {
      const known = kept.get(seq)
      if (known === undefined) return undefined
      forget(seq, known.size)
      return known.delivery.id === id ? known.delivery : undefined
    },
  }
}
