import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../src/app.ts'
import { systemClock } from '../src/clock.ts'
import { loadConfig } from '../src/config.ts'
import { listen } from '../src/http/server.ts'
import { createLog } from '../src/log.ts'
import { manageTokens } from '../src/manage/tokens.ts'
import { runLoad } from './run-load.ts'
import { medianOf } from './world.ts'

export interface RunEventFigures {
  /** Events accepted a second, each request answered after its commit; by ours and by the bare loops. */
  events_per_second: number[]
  bare_events_per_second: number[]
  bare_shared_events_per_second: number[]
  /** Microseconds of the processor for each event, in the process that takes them. */
  event_cpu_us: number
  bare_event_cpu_us: number
  bare_shared_event_cpu_us: number
  run_events_ratio: number
  /** Over the bare loop in which requests that wait share a sync. */
  run_events_shared_ratio: number
}

/** Seconds of load that do not count. */
const WARM_UP = 2

interface Target {
  url: string
  token: string
  stop(): Promise<void>
}

interface Rate {
  rate: number
  cpu: number
}

/**
 * What Tocsin takes in over what a bare append-and-fsync loop takes in. The loop gets the same requests over the same
 * server, reads their JSON, appends each event to a file, syncs it and answers with what became of each, as anybody would
 * who wanted nothing but to lose no event. It knows no run, so it never looks whether it has an event already, puts
 * nothing in order, has no index, asks no rule and sends nothing; ours does, and the ratio has all of that in it.
 *
 * There are two such loops. The plain one syncs for each request: that is the loop of the figure `run_events_ratio`. The
 * shared one syncs once in each turn of the event loop for all requests that came in it, which is what group commit does:
 * `run_events_shared_ratio` is the harder one. Where a sync costs nothing the two come close; where the disk is slow they
 * part, and ours, which shares syncs as well, leaves the plain one behind. The machine is the same for all, runs of each
 * take turns, and the processor's time for each event is told too, since the rate depends on what else the machine does.
 */
export async function benchRunEvents(runs = 5, seconds = 5): Promise<RunEventFigures> {
  const found: { ours: Rate; bare: Rate; shared: Rate }[] = []
  for (let run = 0; run < runs; run += 1) {
    const ours = await measure(await startOurs(), seconds)
    const bare = await measure(await startBare(false), seconds)
    found.push({ ours, bare, shared: await measure(await startBare(true), seconds) })
  }
  return {
    events_per_second: found.map(({ ours }) => Math.round(ours.rate)),
    bare_events_per_second: found.map(({ bare }) => Math.round(bare.rate)),
    bare_shared_events_per_second: found.map(({ shared }) => Math.round(shared.rate)),
    event_cpu_us: medianOf(found.map(({ ours }) => ours.cpu)),
    bare_event_cpu_us: medianOf(found.map(({ bare }) => bare.cpu)),
    bare_shared_event_cpu_us: medianOf(found.map(({ shared }) => shared.cpu)),
    run_events_ratio: medianOf(found.map(({ ours, bare }) => ours.rate / bare.rate)),
    run_events_shared_ratio: medianOf(found.map(({ ours, shared }) => ours.rate / shared.rate)),
  }
}

/** What is taken in once the code is warm. */
async function measure(target: Target, seconds: number): Promise<Rate> {
  await runLoad(target.url, target.token, WARM_UP)
  const before = process.cpuUsage()
  const { accepted, answered } = await runLoad(target.url, target.token, seconds)
  const { user, system } = process.cpuUsage(before)
  await target.stop()
  return { rate: accepted / seconds, cpu: (user + system) / answered }
}

/** The whole daemon, with a rule that one event in a hundred matches and that delivers. */
async function startOurs(): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  const flags = { dataDir: join(folder, 'data'), listen: '127.0.0.1:0' }
  const { config } = loadConfig(flags, {}, () => '')
  const app = await createApp(
    config,
    createLog(() => {}, 'error', systemClock),
  )
  const { url } = await app.start()
  const made = await manageTokens({ store: app.store, clock: systemClock }).create('bench', {
    name: 'b',
    role: 'admin',
  })
  const call = (path: string, body: object) =>
    fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${made.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  await call('/channels', { name: 'out', kind: 'console', settings: {} })
  await call('/rules', watchRule('out'))
  return {
    url,
    token: made.token,
    async stop() {
      await app.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A rule that one event in a hundred of the load matches. */
export function watchRule(channel: string): object {
  return { name: 'watch', runs: { name: 'watched-*' }, when: ['completed', 'error'], routes: [{ channel }] }
}

async function startBare(isShared: boolean): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  const file = openSync(join(folder, 'events'), 'a')
  let waiting: (() => void)[] = []
  const synced = () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve)
      if (waiting.length > 1) return
      setImmediate(() => {
        const settled = waiting
        waiting = []
        fsyncSync(file)
        for (const settle of settled) settle()
      })
    })
  const server = await listen(
    async (request) => {
      const { events } = (await request.json()) as { events: { uid: string; id: string }[] }
      writeSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
      if (isShared) await synced()
      else fsyncSync(file)
      return Response.json({ results: events.map(({ uid, id }) => ({ uid, id, status: 'applied' })) })
    },
    { host: '127.0.0.1', port: 0 },
  )
  return {
    url: `http://127.0.0.1:${server.port}`,
    token: 'none',
    async stop() {
      await server.stop()
      closeSync(file)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
