import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../src/app.ts'
import { systemClock } from '../src/clock.ts'
import { loadConfig } from '../src/config.ts'
import { listen } from '../src/http/server.ts'
import { createLog } from '../src/log.ts'
import { manageTokens } from '../src/manage/tokens.ts'
import { medianOf } from './world.ts'

const CONNECTIONS = 16
const EVENTS = 100
/** One event in so many is of a run that a rule tells of. */
const WATCHED = 100

export interface RunEventFigures {
  /** Events accepted a second, each request answered after its commit; by ours and by the bare loops. */
  events_per_second: number[]
  bare_events_per_second: number[]
  bare_shared_events_per_second: number[]
  run_events_ratio: number
  /** Over the bare loop in which requests that wait share a sync. */
  run_events_shared_ratio: number
}

interface Target {
  url: string
  token: string
  stop(): Promise<void>
}

/**
 * Requests of 100 events over 16 connections, sent by a process of its own. The bare loop serves the same requests the
 * same way, reads their JSON, appends each event to a file and answers after the file is synced, once for each request;
 * a second one lets requests that wait share a sync, as group commit does.
 */
export async function benchRunEvents(runs = 5, seconds = 5): Promise<RunEventFigures> {
  const found: { ours: number; bare: number; shared: number }[] = []
  for (let run = 0; run < runs; run += 1) {
    const ours = await measure(await startOurs(), seconds)
    const bare = await measure(await startBare(false), seconds)
    found.push({ ours, bare, shared: await measure(await startBare(true), seconds) })
  }
  return {
    events_per_second: found.map(({ ours }) => Math.round(ours)),
    bare_events_per_second: found.map(({ bare }) => Math.round(bare)),
    bare_shared_events_per_second: found.map(({ shared }) => Math.round(shared)),
    run_events_ratio: medianOf(found.map(({ ours, bare }) => ours / bare)),
    run_events_shared_ratio: medianOf(found.map(({ ours, shared }) => ours / shared)),
  }
}

async function measure(target: Target, seconds: number): Promise<number> {
  const load = Bun.spawn([process.execPath, import.meta.path, target.url, target.token, String(seconds)], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const said = await new Response(load.stdout).text()
  await target.stop()
  return Number(said) / seconds
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
  const runs = { name: 'watched-*' }
  await call('/rules', { name: 'watch', runs, when: ['completed', 'error'], routes: [{ channel: 'out' }] })
  return {
    url,
    token: made.token,
    async stop() {
      await app.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
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

/** Sends events for so many seconds and prints how many were accepted. */
async function load(url: string, token: string, seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000
  let number = 0
  let accepted = 0
  const connection = async () => {
    while (performance.now() < until) {
      const first = number
      number += EVENTS
      const events = Array.from({ length: EVENTS }, (_, place) => eventOf(first + place))
      const response = await fetch(`${url}/api/v1/runs/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ events }),
      })
      const { results } = (await response.json()) as { results: { status: string }[] }
      if (performance.now() < until) accepted += results.filter(({ status }) => status === 'applied').length
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
  console.log(accepted)
}

/** The life of a run in two events, of which one in a hundred events is told. */
function eventOf(number: number): object {
  const run = Math.floor(number / 2)
  const isEnd = number % 2 === 1
  const name = run % (WATCHED / 2) === 0 ? `watched-${run % 1000}` : `job-${run % 1000}`
  const shared = { id: `e${number}`, uid: `run-${run}`, time: 1_780_000_000_000 + number }
  if (isEnd) return { ...shared, state: 'completed', results: { rows: number, accuracy: 0.93 } }
  return { ...shared, name, kind: 'job', state: 'running', labels: { team: 'data', env: 'prod' }, host: 'worker-7' }
}

if (import.meta.main) {
  const [url = '', token = '', seconds = '5'] = process.argv.slice(2)
  await load(url, token, Number(seconds))
}
