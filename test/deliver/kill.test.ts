import { expect, test } from 'bun:test'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'

const KILLS = 200
/** ms a life lasts at most; it is killed somewhere between this and its first breath. */
const LONGEST_LIFE = 250
const program = fileURLToPath(new URL('../support/delivery-life.ts', import.meta.url))

type Life = ChildProcessByStdio<Writable, Readable, null>

/** A webhook that takes a few ms, and keeps the titles it got for each id. */
function startHook() {
  const received = new Map<string, string[]>()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const id = request.headers.get('webhook-id') ?? ''
      const { data } = (await request.json()) as { data: { title: string } }
      received.set(id, [...(received.get(id) ?? []), data.title])
      await Bun.sleep(received.size % 4)
      return new Response('ok')
    },
  })
  return { url: `http://127.0.0.1:${server.port}/`, received, stop: () => server.stop(true) }
}

/** A process that is warm before it is needed; ids of what it accepted are added to `ids`, from whole lines. */
function conceive(folder: string, url: string, ids: Set<string>) {
  const child: Life = spawn(process.execPath, [program, folder, url], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const warm = new Promise<void>((resolve) => {
    let rest = ''
    child.stdout.on('data', (data: Buffer) => {
      const lines = (rest + data).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines)
        if (line === 'warm') resolve()
        else ids.add(line)
    })
  })
  return { child, warm, ended }
}

function underWay(folder: string): number {
  const database = new Sqlite(join(folder, 'tocsin.db'))
  const exists = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'deliveries'").get() !== undefined
  const count = exists ? database.prepare("SELECT count(*) FROM deliveries WHERE state = 'sending'").pluck().get() : 0
  database.close()
  return Number(count)
}

test(`nothing accepted is lost when the process is killed at ${KILLS} random moments`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-kill-'))
  const hook = startHook()
  const ids = new Set<string>()
  let next = conceive(folder, hook.url, ids)
  let mayRepeat = 0
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { child, warm, ended } = next
      await warm
      next = conceive(folder, hook.url, ids)
      child.stdin.write('go\n')
      await Bun.sleep(Math.random() * LONGEST_LIFE)
      child.kill('SIGKILL')
      await ended
      mayRepeat += underWay(folder)
    }
    await next.warm
    next.child.stdin.write('drain\n')
    await next.ended
    expect(next.child.exitCode).toBe(0)
  } finally {
    next.child.kill('SIGKILL')
    hook.stop()
  }
  const lost = [...ids].filter((id) => !hook.received.has(id))
  const repeats = [...hook.received.values()].reduce((sum, titles) => sum + titles.length - 1, 0)
  const changed = [...hook.received].filter(([id, titles]) => titles.some((title) => title !== id))
  const database = new Sqlite(join(folder, 'tocsin.db'))
  const left = database.prepare("SELECT count(*) FROM deliveries WHERE state <> 'delivered'").pluck().get()
  const known = database.prepare('SELECT count(*) FROM deliveries').pluck().get()
  database.close()
  rmSync(folder, { recursive: true })
  console.log(`${ids.size} accepted, ${hook.received.size} arrived, ${repeats} repeated of ${mayRepeat} under way`)
  expect(lost).toEqual([])
  expect(left).toBe(0)
  expect(hook.received.size).toBe(Number(known))
  expect(changed).toEqual([])
  expect(repeats).toBeLessThanOrEqual(mayRepeat)
  expect(ids.size).toBeGreaterThan(KILLS)
}, 180_000)
