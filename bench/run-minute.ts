import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type Daemon, startDaemon } from '../test/support/executable.ts'
import { startReceiver } from './receiver.ts'
import { watchRule } from './run-events.ts'
import { runLoad } from './run-load.ts'

export interface RunMinuteFigures {
  minute_events_per_second: number
  /** ms from when a request of 100 events was due to its answer. */
  minute_p50_ms: number
  minute_p99_ms: number
  minute_longest_ms: number
  /** Share of one core that the daemon used. */
  minute_cores: number
  /** Events that were answered as applied and are not there after a kill right behind the last answer. */
  minute_events_accepted: number
  minute_events_lost: number
  /** Messages that the receiver has not seen once the daemon is back and its outbox empty. */
  minute_messages_due: number
  minute_messages_lost: number
}

/** ms that the outbox may need after the restart. */
const PATIENCE = 60_000

/**
 * A minute of 10,000 events a second at the executable, one in a hundred of which is told by webhook; then a kill, and a
 * look at what it kept. Load, receiver and daemon are processes of their own on the same machine.
 */
export async function benchRunMinute(seconds = 60, rate = 10_000): Promise<RunMinuteFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  const dataDir = join(folder, 'data')
  const receiver = await startReceiver()
  try {
    const daemon = await startDaemon({ dataDir })
    await daemon.api('POST', '/channels', { name: 'out', kind: 'webhook', settings: { url: receiver.url } })
    await daemon.api('POST', '/rules', watchRule('out'))
    const before = cpuOf(daemon)
    const load = await runLoad(daemon.url, daemon.token, seconds, rate)
    const cores = (cpuOf(daemon) - before) / seconds
    await daemon.kill()
    const stored = eventsIn(dataDir)
    const delivered = await deliveredAfter(dataDir, load.told, receiver.count)
    return {
      minute_events_per_second: Math.round(load.accepted / seconds),
      minute_p50_ms: load.p50,
      minute_p99_ms: load.p99,
      minute_longest_ms: load.longest,
      minute_cores: cores,
      minute_events_accepted: load.answered,
      minute_events_lost: Math.max(0, load.answered - stored),
      minute_messages_due: load.told,
      minute_messages_lost: Math.max(0, load.told - delivered),
    }
  } finally {
    receiver.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Seconds of the processor that a process has used (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). */
function cpuOf({ process: { pid } }: Daemon): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14)
  return (Number(user) + Number(system)) / 100
}

function eventsIn(dataDir: string): number {
  const raw = new Sqlite(join(dataDir, 'tocsin.db'))
  try {
    return raw.prepare("SELECT sum(json_array_length(record, '$.ids')) FROM runs").pluck().get() as number
  } finally {
    raw.close()
  }
}

/** Messages that were delivered once the daemon is back; each counts once, however often it was sent. */
async function deliveredAfter(dataDir: string, wanted: number, seen: () => Promise<number>): Promise<number> {
  await using daemon = await startDaemon({ dataDir })
  const raw = new Sqlite(join(dataDir, 'tocsin.db'), { readonly: true })
  const delivered = raw.prepare("SELECT count(*) FROM deliveries WHERE state = 'delivered'").pluck()
  const until = performance.now() + PATIENCE
  while ((delivered.get() as number) < wanted && performance.now() < until) await Bun.sleep(200)
  const found = Math.min(delivered.get() as number, await seen())
  raw.close()
  await daemon.stop()
  return found
}
