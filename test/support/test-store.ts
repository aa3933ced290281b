import { createStore, type Store } from '../../src/store/index.ts'
import type { ManualClock } from './manual-clock.ts'
import { tempDatabase } from './temp-database.ts'

/** A whole store on a database of its own, with a clock that the test moves. */
export interface TestStore {
  store: Store
  clock: ManualClock
  close(): void
}

export function openTestStore(): TestStore {
  const world = tempDatabase()
  const store = createStore(world.database, { now: () => world.clock.now(), at: atOnce })
  return { store, clock: world.clock, close: () => world[Symbol.dispose]() }
}

/** The pace of commits is no test's business here: they come with the next turn of the event loop. */
function atOnce(_time: number, run: () => void) {
  const immediate = setImmediate(run)
  return () => clearImmediate(immediate)
}
