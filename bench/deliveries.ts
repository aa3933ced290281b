import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import * as v from 'valibot'
import { webhook } from '../src/channels/webhook.ts'
import { systemClock } from '../src/clock.ts'
import { newId } from '../src/ids.ts'
import type { NewDelivery } from '../src/model/delivery.ts'
import type { Message } from '../src/model/message.ts'
import { createHttp } from '../src/net.ts'
import { openThinOutbox } from './baseline-deliveries.ts'
import { loopback, openOutbox } from './outbox.ts'
import { type Receiver, startReceiver } from './receiver.ts'

export interface DeliveryFigures {
  /** Units per second of each run, and the ratio of the medians of the pairs. */
  ours: number[]
  baseline: number[]
  deliveries_ratio: number
  fsyncs: number
  load: number
}

const UNITS = 10_000

/** Rounds before those that count: until then the runtime still compiles, more for the side with more code. */
const WARM_UP = 3

/** Webhooks delivered per second, from handing `units` to the queue to the last result stored, over the thin baseline. */
export async function benchDeliveries(runs = 5, units = UNITS): Promise<DeliveryFigures> {
  const receiver = await startReceiver()
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  try {
    for (let run = 0; run < WARM_UP; run += 1) {
      await runOurs(join(folder, `warm-ours-${run}`), receiver, UNITS)
      await runBaseline(join(folder, `warm-baseline-${run}.db`), receiver, UNITS)
    }
    const pairs: { ours: number; baseline: number }[] = []
    for (let run = 0; run < runs; run += 1) {
      const ours = await runOurs(join(folder, `ours-${run}`), receiver, units)
      const baseline = await runBaseline(join(folder, `baseline-${run}.db`), receiver, units)
      pairs.push({ ours, baseline })
    }
    return {
      ours: pairs.map((pair) => Math.round(pair.ours)),
      baseline: pairs.map((pair) => Math.round(pair.baseline)),
      deliveries_ratio: median(pairs.map(({ ours, baseline }) => ours / baseline)),
      fsyncs: fsyncsPerSecond(join(folder, 'fsync.db')),
      load: loadavg()[0] ?? 0,
    }
  } finally {
    receiver.stop()
    rmSync(folder, { recursive: true })
  }
}

export async function runOurs(folder: string, receiver: Receiver, units: number): Promise<number> {
  const before = await receiver.count()
  const clock = systemClock
  let recorded = 0
  let allRecorded = () => {}
  const { store, worker, close } = openOutbox(folder, (finished) => {
    recorded += finished.filter(({ outcome }) => outcome === 'delivered').length
    if (recorded === units) allRecorded()
  })
  const settings = { url: receiver.url }
  const destination = webhook.destination(v.parse(webhook.settings, settings))
  const channel = await store.channels.create({
    id: newId('chn', clock.now()),
    project: 'default',
    name: 'hook',
    kind: 'webhook',
    settings: {},
    sealed: JSON.stringify(settings),
    destination,
    fallback: false,
    createdAt: clock.now(),
  })
  const all = await Promise.all(
    Array.from({ length: units }, (_, number) => makeDelivery(number, channel.id, destination, clock.now())),
  )
  await worker.start()
  const start = performance.now()
  const end = new Promise<void>((resolve) => {
    allRecorded = resolve
  })
  await Promise.all(all.map((delivery) => store.deliveries.enqueue([delivery])))
  await end
  await worker.stop(10_000)
  const rate = (units * 1000) / (performance.now() - start)
  close()
  await check(receiver, before, units)
  return rate
}

export async function runBaseline(file: string, receiver: Receiver, units: number): Promise<number> {
  const before = await receiver.count()
  const all = Array.from({ length: units }, (_, number) => ({
    id: newId('msg', Date.now()),
    url: receiver.url,
    body: JSON.stringify(makeMessage(number)),
  }))
  const http = createHttp(loopback)
  const outbox = openThinOutbox(file, http)
  const start = performance.now()
  const end = outbox.drained()
  await Promise.all(all.map(outbox.enqueue))
  await end
  const rate = (units * 1000) / (performance.now() - start)
  outbox.close()
  http.close()
  await check(receiver, before, units)
  return rate
}

async function check(receiver: Receiver, before: number, units: number) {
  const got = (await receiver.count()) - before
  if (got !== units) throw new Error(`${got} of ${units} messages arrived.`)
}

export function makeDelivery(number: number, channelId: string, destination: string, now: number): NewDelivery {
  return {
    id: newId('msg', now),
    project: 'default',
    ruleId: 'rul_bench',
    evaluationId: 'evl_bench',
    route: 'hook',
    fingerprints: [`host=${number}`],
    target: { channelId, kind: 'webhook', destination, settings: {}, sealed: null },
    kind: 'firing',
    message: makeMessage(number),
    createdAt: now,
  }
}

export function makeMessage(number: number): Message {
  return {
    kind: 'firing',
    title: `Disk of host ${number} is filling up`,
    severity: 'warning',
    summary: 'The data disk will be full within the next four hours if it goes on like this.',
    paragraphs: [],
    facts: ['host', 'used', 'free', 'trend'].map((name) => ({ name, value: `${name} of ${number}` })),
    links: [{ text: 'Runbook', url: 'https://runbooks.example.com/disk' }],
    actions: [],
    attachments: [],
    why: 'The condition was true.',
    rule: 'Disks',
    tags: ['disks', 'storage'],
    alerts: [{ fingerprint: `host=${number}`, labels: { host: String(number) }, since: 0, value: '97.5' }],
    time: 0,
  }
}

/** What the disk can do: commits per second, each synced. */
export function fsyncsPerSecond(file: string): number {
  const database = new Sqlite(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec('CREATE TABLE numbers (number)')
  const insert = database.prepare('INSERT INTO numbers VALUES (1)')
  const end = performance.now() + 500
  let count = 0
  for (; performance.now() < end; count += 1) insert.run()
  database.close()
  return count * 2
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

if (import.meta.main) {
  const { ours, baseline, deliveries_ratio, fsyncs, load } = await benchDeliveries()
  console.log(`ours     ${ours.join('  ')} webhooks/s`)
  console.log(`baseline ${baseline.join('  ')} webhooks/s`)
  console.log(
    `deliveries_ratio ${deliveries_ratio.toFixed(2)} (goal 0.85); ${fsyncs} synced commits/s, load ${load.toFixed(1)}`,
  )
}
