/**
 * `npm run bench [-- --json FILE] [--only evaluations,deliveries,isolation,runs,lateness,footprint]`: measures Tocsin against a bare loop
 * of the same kind in one run and prints the figures, medians of five, with the disk's syncs and the machine's load beside
 * them. `--only runs-minute` alone takes in 10,000 events a second for a minute.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { alertmanagerProgram, alertmanagerRate } from './alertmanager.ts'
import { benchDeliveries, fsyncsPerSecond, runOurs } from './deliveries.ts'
import { benchEvaluations } from './evaluations.ts'
import { benchFootprint } from './footprint.ts'
import { benchIsolation } from './isolation.ts'
import { benchLateness } from './lateness.ts'
import { startReceiver } from './receiver.ts'
import { benchRunEvents } from './run-events.ts'
import { benchRunMinute } from './run-minute.ts'
import { medianOf } from './world.ts'

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } })
const only = values.only?.split(',')
const figures: Record<string, unknown> = {}
const wants = (name: string) => only === undefined || only.includes(name)

function show(name: string, found: object) {
  Object.assign(figures, found)
  console.log(`\n${name} (load ${loadavg()[0]?.toFixed(2)}, ${disk()} syncs/s)`)
  for (const [key, value] of Object.entries(found)) console.log(`  ${key}: ${format(value)}`)
}

function format(value: unknown): string {
  if (Array.isArray(value)) return value.map(format).join(' ')
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(3) : String(value)
}

function disk(): number {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  try {
    return fsyncsPerSecond(join(folder, 'sync.db'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (wants('evaluations')) show('evaluations', await benchEvaluations())
if (wants('deliveries')) {
  const { ours, baseline, deliveries_ratio } = await benchDeliveries()
  show('deliveries', { deliveries_per_second: ours, baseline_per_second: baseline, deliveries_ratio })
}
if (wants('isolation')) show('isolation', await benchIsolation())
if (wants('alertmanager')) show('alertmanager', await benchAlertmanager())
if (wants('runs')) show('runs', await benchRunEvents())
if (only?.includes('runs-minute') === true) show('runs-minute', await benchRunMinute())
if (wants('lateness')) show('lateness', await benchLateness())
if (wants('footprint')) show('footprint', await benchFootprint())
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`)
process.exit(0)

async function benchAlertmanager(): Promise<object> {
  const program = alertmanagerProgram()
  if (program === null)
    return { alertmanager_ratio: 'skipped: Alertmanager is not installed (apt-get install prometheus-alertmanager)' }
  const receiver = await startReceiver()
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  const pairs: { ours: number; theirs: number }[] = []
  for (let run = 0; run < 5; run += 1) {
    const ours = await runOurs(join(folder, `${run}`), receiver, 10_000)
    pairs.push({ ours, theirs: await alertmanagerRate(program, receiver) })
  }
  receiver.stop()
  rmSync(folder, { recursive: true })
  return {
    alertmanager_per_second: pairs.map(({ theirs }) => Math.round(theirs)),
    alertmanager_ratio: medianOf(pairs.map(({ ours, theirs }) => ours / theirs)),
  }
}
