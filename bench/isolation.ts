import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '../src/ids.ts'
import type { NewDelivery } from '../src/model/delivery.ts'
import { startCrowd } from './crowd.ts'
import { makeMessage } from './deliveries.ts'
import { openOutbox } from './outbox.ts'

export interface IsolationFigures {
  /** Deliveries per second to the 48 healthy destinations: when all 50 are healthy, and when one is dead and one slow. */
  healthy_per_second: number
  beside_trouble_per_second: number
  isolation_ratio: number
  /** The highest memory of the process, in MB, in each quarter of the time. */
  memory_mb: number[]
  /** Messages that came before one ahead of them of the same alert. */
  out_of_order: number
  /** Of the slow destination, by the time the others were done. */
  slow_delivered: number
}

const DESTINATIONS = 50
const ALERTS = 20
/** Rows inserted in one unit. */
const BATCH = 1000

/** A full queue; `drain` sends it until the 48 healthy destinations have all of theirs. */
interface Queue {
  drain(): Promise<{ rate: number; disorder: number; slow: number }>
}

/**
 * 100,000 queued webhooks to 50 destinations, all healthy, and as many with one dead and one slow among them. Both queues
 * are sent at the same time, so that whatever else the machine does weighs on both alike.
 */
export async function benchIsolation(units = 100_000): Promise<IsolationFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  try {
    await (await fill(join(folder, 'warm'), units / 20, true)).drain()
    const queues = [await fill(join(folder, 'calm'), units, true), await fill(join(folder, 'trouble'), units, false)]
    const memory: number[] = []
    const look = setInterval(() => memory.push(process.memoryUsage.rss() / 1e6), 100)
    const [calm, trouble] = await Promise.all(queues.map((queue) => queue.drain()))
    clearInterval(look)
    if (calm === undefined || trouble === undefined) throw new Error('A queue was not sent.')
    return {
      healthy_per_second: Math.round(calm.rate),
      beside_trouble_per_second: Math.round(trouble.rate),
      isolation_ratio: trouble.rate / calm.rate,
      memory_mb: quarters(memory),
      out_of_order: calm.disorder + trouble.disorder,
      slow_delivered: trouble.slow,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function fill(folder: string, units: number, isCalm: boolean): Promise<Queue> {
  const crowd = await startCrowd()
  const trouble = isCalm ? [] : ['dead', 'slow']
  const places = Array.from({ length: DESTINATIONS }, (_, number) => trouble[number] ?? `d${number}`)
  const wanted = (units / DESTINATIONS) * (DESTINATIONS - 2)
  const counted = new Set(places.slice(2))
  let recorded = 0
  let slow = 0
  let done = () => {}
  const outbox = openOutbox(folder, (finished) => {
    for (const { claim, outcome } of finished) {
      if (outcome !== 'delivered') continue
      const { destination } = claim.delivery.target
      if (counted.has(destination)) recorded += 1
      else if (destination === 'slow') slow += 1
    }
    if (recorded === wanted) done()
  })
  for (let first = 0; first < units; first += BATCH) {
    const count = Math.min(BATCH, units - first)
    const batch = Array.from({ length: count }, (_, index) => makeOne(first + index, places, crowd.urlOf))
    await outbox.store.deliveries.enqueue(batch)
  }
  return {
    async drain() {
      const end = new Promise<void>((resolve) => {
        done = resolve
      })
      const start = performance.now()
      await outbox.worker.start()
      await end
      const rate = (wanted * 1000) / (performance.now() - start)
      await outbox.worker.stop(0)
      outbox.close()
      const disorder = await crowd.disorder()
      crowd.stop()
      return { rate, disorder, slow }
    },
  }
}

function quarters(samples: readonly number[]): number[] {
  const size = Math.ceil(samples.length / 4)
  return [0, 1, 2, 3].map((part) => Math.round(Math.max(...samples.slice(part * size, (part + 1) * size))))
}

/** The alerts of each destination take turns, so that every message has one ahead of it but for the first of its alert. */
function makeOne(number: number, places: readonly string[], urlOf: (place: string) => string): NewDelivery {
  const place = places[number % places.length] ?? ''
  const turn = Math.floor(number / places.length)
  const alert = `${place}-${turn % ALERTS}`
  const now = Date.now()
  return {
    id: newId('msg', now),
    project: 'default',
    ruleId: 'rul_bench',
    evaluationId: 'evl_bench',
    route: place,
    fingerprints: [alert],
    target: { channelId: null, kind: 'webhook', destination: place, settings: { url: urlOf(place) }, sealed: null },
    kind: 'firing',
    message: { ...makeMessage(number), title: `${turn} of ${alert}` },
    createdAt: now,
  }
}

if (import.meta.main) {
  console.log(await benchIsolation())
  process.exit(0)
}
