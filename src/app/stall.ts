import type { Worker } from '../deliver/worker.ts'
import type { Store } from '../store/index.ts'
import type { Scheduler } from '../trigger/scheduler.ts'

export interface Moving {
  store: { rules: Pick<Store['rules'], 'nextDue'>; census: Pick<Store['census'], 'pulse'> }
  scheduler: Pick<Scheduler, 'lookedAt'>
  worker: Pick<Worker, 'turningSince'>
  now: () => number
}

/** ms after which something that takes a moment when all is well has got stuck. */
const STUCK = 30_000

/** What does not come on although it should, in words; null when all is well. */
export async function stallOf({ store, scheduler, worker, now }: Moving): Promise<string | null> {
  // A disk that is full, or a database that is locked for a while, is not mended by starting anew.
  await store.census.pulse().catch(() => {})
  const due = await store.rules.nextDue()
  const limit = now() - STUCK
  const looked = scheduler.lookedAt()
  if (due !== null && due < limit && looked !== null && looked < limit)
    return `No rule has been started since ${new Date(looked).toISOString()}, although one was due at ${new Date(due).toISOString()}.`
  const turning = worker.turningSince()
  if (turning !== null && turning < limit) return `The outbox has not moved since ${new Date(turning).toISOString()}.`
  return null
}
