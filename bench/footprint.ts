import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/clock.ts'
import { openStore } from '../src/store/open.ts'
import { executable } from '../test/support/executable.ts'
import { freePort } from '../test/support/servers.ts'
import { makeDelivery } from './deliveries.ts'
import { startReceiver } from './receiver.ts'
import { copyRules, medianOf, openBenchStore } from './world.ts'

export interface FootprintFigures {
  /** ms from the start of the process to its first answer, and MB of memory a few seconds later. */
  cold_start_ms: number
  idle_rss_mb: number
  /** The same of an executable that does nothing but serve. */
  bare_cold_start_ms: number
  bare_idle_rss_mb: number
  /** MB of memory with so many rules, none of them due. */
  rss_mb_1000_rules: number
  rss_mb_10000_rules: number
  rss_mb_100000_rules: number
  /** ms from the start after a kill, with 100,000 rules, until the first overdue alert is out. */
  kill_to_first_alert_ms: number
}

export async function benchFootprint(): Promise<FootprintFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'))
  try {
    const [program = ''] = executable()
    const ours = await repeat(() => measure(program, ['serve', '--data-dir', join(folder, 'data')], '--listen'))
    const bareFile = buildBare(folder)
    const bare = await repeat(() => measure(bareFile, [], '--listen'))
    const filled: number[] = []
    for (const count of [1000, 10_000]) filled.push((await withRules(program, count)).rss)
    const large = await withRules(program, 100_000)
    return {
      cold_start_ms: ours.start,
      idle_rss_mb: ours.rss,
      bare_cold_start_ms: bare.start,
      bare_idle_rss_mb: bare.rss,
      rss_mb_1000_rules: filled[0] ?? 0,
      rss_mb_10000_rules: filled[1] ?? 0,
      rss_mb_100000_rules: large.rss,
      kill_to_first_alert_ms: large.firstAlert,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Measured {
  start: number
  rss: number
}

async function repeat(run: () => Promise<Measured>): Promise<Measured> {
  await run()
  const all: Measured[] = []
  for (let time = 0; time < 5; time += 1) all.push(await run())
  return { start: medianOf(all.map(({ start }) => start)), rss: medianOf(all.map(({ rss }) => rss)) }
}

async function measure(program: string, options: string[], listenFlag: string): Promise<Measured> {
  const port = await freePort()
  const begin = performance.now()
  const child = spawn(program, [...options, listenFlag, `127.0.0.1:${port}`], { stdio: 'ignore', env: environment() })
  await answered(`http://127.0.0.1:${port}/healthz`)
  const start = Math.round(performance.now() - begin)
  await Bun.sleep(2000)
  const rss = memoryOf(child)
  await end(child)
  return { start, rss }
}

/** Memory with many rules; then a kill while an alert is overdue, and the time until it is out. */
async function withRules(program: string, count: number): Promise<{ rss: number; firstAlert: number }> {
  const world = openBenchStore()
  const dataDir = join(world.folder, 'data')
  try {
    const receiver = await startReceiver()
    await copyRules(world, count, String(Date.now() + 86_400_000))
    world.store.close()
    const options = ['serve', '--data-dir', dataDir]
    const { rss } = await measure(program, options, '--listen')
    const firstAlert = await overdueAlert(program, dataDir, receiver.url, receiver.count)
    receiver.stop()
    return { rss, firstAlert }
  } finally {
    rmSync(world.folder, { recursive: true, force: true })
  }
}

async function overdueAlert(
  program: string,
  dataDir: string,
  url: string,
  count: () => Promise<number>,
): Promise<number> {
  const port = await freePort()
  const token = spawnSync(program, ['token', 'create', '--data-dir', dataDir, '--name', 'bench', '--role', 'admin'], {
    encoding: 'utf8',
    env: environment(),
  })
    .stdout.trim()
    .split('\n')
    .at(-1)
  const serve = () =>
    spawn(program, ['serve', '--data-dir', dataDir, '--listen', `127.0.0.1:${port}`], {
      stdio: 'ignore',
      env: { ...environment(), TOCSIN_EGRESS_ALLOW: '127.0.0.0/8' },
    })
  const api = `http://127.0.0.1:${port}`
  const post = async (path: string, body: unknown) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${api}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }
  const first = serve()
  await ready(`${api}/readyz`)
  await post('channels', { name: 'hook', kind: 'webhook', settings: { url } })
  first.kill('SIGKILL')
  await once(first, 'exit')
  await leaveOverdue(dataDir)
  const before = await count()
  const begin = performance.now()
  const second = serve()
  while ((await count()) === before) await Bun.sleep(2)
  const took = Math.round(performance.now() - begin)
  await end(second)
  return took
}

/** The outbox as a kill just before the first attempt leaves it. */
async function leaveOverdue(dataDir: string): Promise<void> {
  const { store } = openStore(dataDir, systemClock)
  const channel = await store.channels.byName('default', 'hook')
  if (channel === undefined) throw new Error('The channel is gone.')
  await store.deliveries.enqueue([makeDelivery(0, channel.id, channel.destination, Date.now())])
  store.close()
}

function buildBare(folder: string): string {
  const source = join(folder, 'bare.ts')
  const text = `const at = process.argv.at(-1).split(':')
Bun.serve({ hostname: at[0], port: Number(at[1]), fetch: () => new Response('ok') })`
  writeFileSync(source, text)
  const file = join(folder, 'bare')
  const { status } = spawnSync(process.execPath, ['build', '--compile', source, '--outfile', file], { stdio: 'ignore' })
  if (status !== 0) throw new Error('The bare executable cannot be built.')
  return file
}

async function answered(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(url)
      return
    } catch {
      await Bun.sleep(1)
    }
  }
}

async function ready(url: string): Promise<void> {
  await answered(url)
  while (!(await fetch(url)).ok) await Bun.sleep(10)
}

/** Resident memory in MB. */
function memoryOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

function environment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' }
}
