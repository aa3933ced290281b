import type { Worker } from '../deliver/worker.ts'
import type { Store } from '../store/index.ts'
import type { Scheduler } from '../trigger/scheduler.ts'

export interface Moving {
  store: { rules: Pick<Store['rules'], 'nextDue'> }
  scheduler: Pick<Scheduler, 'lookedAt'>
  worker: Pick<Worker, 'turningSince'>
  /** When (ms since 1970) the disk last took no more; what waits for it then is tried again all the time. */
  diskTroubleAt: () => number
  now: () => number
}

/** ms after which something that takes a moment when all is well has got stuck. */
const STUCK = 30_000

/** What does not come on although it should, in words; null when all is well. */
export async function stallOf({ store, scheduler, worker, diskTroubleAt, now }: Moving): Promise<string | null> {
  const due = await store.rules.nextDue()
  const limit = now() - STUCK
  // Starting anew mends no disk.
  if (diskTroubleAt() > limit) return null
  const looked = scheduler.lookedAt()
  if (due !== null && due < limit && looked !== null && looked < limit)
    return `No rule has been started since ${new Date(looked).toISOString()}, although one was due at ${new Date(due).toISOString()}.`
  const turning = worker.turningSince()
  if (turning !== null && turning < limit) return `The outbox has not moved since ${new Date(turning).toISOString()}.`
  return null
}
