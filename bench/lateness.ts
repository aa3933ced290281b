import { systemClock } from '../src/clock.ts'
import type { Sources } from '../src/flow/sources.ts'
import { createFlow } from '../src/flow.ts'
import { createLog } from '../src/log.ts'
import { readSchedule } from '../src/trigger/schedule.ts'
import { createScheduler } from '../src/trigger/scheduler.ts'
import { copyRules, openBenchStore, percentile } from './world.ts'

const RULES = 100_000
const DUE = 10_000

export interface LatenessFigures {
  /** ms from a rule's tick to the start of its evaluation, 10,000 of 100,000 rules due evenly over a minute. */
  lateness_p50_ms: number
  lateness_p99_ms: number
  /** Evaluations a second with 10,000 due in the same second. */
  burst_per_second: number
}

/** How late evaluations start. Queries are answered at once, so that only the scheduler and the store are measured. */
export async function benchLateness(): Promise<LatenessFigures> {
  const world = openBenchStore()
  const begin = Date.now() + 30_000
  const sources = {
    query: async () => ({ columns: [{ name: 'n', type: 'integer' }], rows: [[0]], truncated: false, elapsed: 0 }),
  }
  const flow = createFlow({
    store: world.store,
    sources: sources as unknown as Sources,
    clock: systemClock,
    log: createLog(() => {}, 'error', systemClock),
    attachments: { readFile: () => Promise.reject(new Error('no files here')), most: 0 },
    limits: () => ({ baseUrl: null, timeout: 30_000, maxRows: 1000 }),
    signal: new AbortController().signal,
    readSchedule,
  })
  const late: number[] = []
  const finished: number[] = []
  const watched: typeof flow = {
    ...flow,
    async runRule(rule, tick, queried) {
      const commit = await flow.runRule(rule, tick, queried)
      late.push(commit.trace.startedAt - tick.scheduledAt)
      finished.push(performance.now())
      return commit
    },
  }
  const spread = 60_000 / DUE
  const burst = RULES - DUE
  await copyRules(
    world,
    RULES,
    `CASE WHEN n <= ${DUE} THEN ${begin} + CAST(n * ${spread} AS INTEGER) WHEN n > ${burst} THEN ${begin + 70_000} ELSE ${begin + 86_400_000} END`,
  )
  const scheduler = createScheduler({
    store: world.store,
    flow: watched,
    clock: systemClock,
    log: createLog((line) => process.stderr.write(`${line}\n`), 'error', systemClock),
    concurrency: 32,
    perConnection: 4,
  })
  await scheduler.start()
  while (late.length < DUE) await Bun.sleep(100)
  const even = late.splice(0)
  finished.splice(0)
  while (late.length < DUE) await Bun.sleep(100)
  const [first = 0, last = 1] = [finished[0], finished.at(-1)]
  await scheduler.stop()
  world.close()
  return {
    lateness_p50_ms: percentile(even, 0.5),
    lateness_p99_ms: percentile(even, 0.99),
    burst_per_second: Math.round((DUE * 1000) / (last - first)),
  }
}
