import type { Cancel, Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { RetentionQueries } from '../store/retention.ts'
import type { RunQueries } from '../store/runs.ts'

export interface Housekeeping {
  start(): void
  /** Ends after the step that is under way. */
  stop(): Promise<void>
  /** Does everything now. */
  tidy(): Promise<void>
}

export interface HousekeepingOptions {
  retention: RetentionQueries
  runs: Pick<RunQueries, 'expire'>
  clock: Clock
  log: Log
  /** What is kept: so many days, and no more than so many bytes in all. Asked anew each time. */
  limits: () => { days: number; maxBytes: number }
}

const MINUTE = 60_000
const DAY = 86_400_000
/** Rules, and rows, that one transaction deals with. */
const RULES_AT_A_TIME = 20
const ROWS_AT_A_TIME = 100
/** Age is looked at every so many minutes. */
const EXPIRE_EVERY = 10

/** Keeps the database small: every minute unchanged evaluations become runs, every ten what is too old or too much goes. */
export function createHousekeeping({ retention, runs, clock, log, limits }: HousekeepingOptions): Housekeeping {
  let cancel: Cancel = () => {}
  let isStopping = false
  let round = 0
  let working: Promise<void> = Promise.resolve()

  async function collapse() {
    for (let last: string | null = ''; last !== null && !isStopping; )
      last = (await retention.collapse(last, RULES_AT_A_TIME)).last
  }

  async function expire() {
    const started = clock.now()
    const { days, maxBytes } = limits()
    const total = { evaluations: 0, deliveries: 0, runs: 0 }
    const remove = async (olderThan: number) => {
      const removed = await retention.expire(olderThan, ROWS_AT_A_TIME)
      total.evaluations += removed.evaluations
      total.deliveries += removed.deliveries
      const removedRuns = await runs.expire(olderThan, ROWS_AT_A_TIME)
      total.runs += removedRuns
      return removed.evaluations + removed.deliveries + removed.alerts + removedRuns
    }
    while (!isStopping && (await remove(started - days * DAY)) > 0) {}
    const forget = (olderThan: number) => retention.expireInbox(started, olderThan, ROWS_AT_A_TIME)
    while (!isStopping && (await forget(0)) > 0) {}
    await shrink(started, maxBytes, async (olderThan) => (await remove(olderThan)) + (await forget(olderThan)))
    if (total.evaluations + total.deliveries + total.runs > 0)
      log.retentionFinished({ ...total, took: clock.now() - started })
  }

  /** Moves the limit of age up, an hour at a time, until the database is small enough. */
  async function shrink(now: number, maxBytes: number, remove: (olderThan: number) => Promise<number>) {
    const oldest = await retention.oldest()
    if (oldest === null) return
    for (let limit = oldest + 60 * MINUTE; limit < now && (await retention.bytes()) > maxBytes; limit += 60 * MINUTE)
      while (!isStopping && (await remove(limit)) > 0) {}
  }

  async function tidy() {
    try {
      await collapse()
      if (round % EXPIRE_EVERY === 0) await expire()
      round += 1
    } catch (thrown) {
      // Without room nothing can be removed either; it is tried again in a minute.
      if (!(thrown instanceof AppError)) log.defect({ where: 'retention', error: thrown })
    }
  }

  function plan() {
    cancel = clock.at(clock.now() + MINUTE, () => {
      working = tidy().then(() => {
        if (!isStopping) plan()
      })
    })
  }

  return {
    start: plan,
    async stop() {
      isStopping = true
      cancel()
      await working
    },
    tidy,
  }
}
