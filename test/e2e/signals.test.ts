import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'

setDefaultTimeout(60_000)

/** Never ends once there is a row in `t`; before, when it is tried at save, it does. */
const ENDLESS = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
  SELECT i FROM n WHERE i < 0 LIMIT (SELECT count(*) FROM t)`

/** Sends under way to one webhook at a time. */
const IN_FLIGHT = 32

let folder: string
let receiver: Receiver
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-signals-'))
  receiver = await startReceiver()
  const outside = new Sqlite(join(folder, 'data.db'))
  outside.exec('CREATE TABLE t (n INTEGER)')
  outside.close()
})
afterAll(async () => {
  await receiver.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A daemon with a channel to a webhook, and a connection. */
async function start(url = receiver.url): Promise<Daemon> {
  const daemon = await startDaemon({ env: { TOCSIN_CONNECTIONS_SQLITE_PATHS: folder } })
  const settings = { path: join(folder, 'data.db') }
  await daemon.api('POST', '/connections', { name: 'data', kind: 'sqlite', settings })
  await daemon.api('POST', '/channels', { name: 'hook', kind: 'webhook', settings: { url } })
  return daemon
}

async function endless(daemon: Daemon, timeout: string) {
  const outside = new Sqlite(join(folder, 'data.db'))
  outside.exec('DELETE FROM t')
  await daemon.api('POST', '/rules', {
    name: 'endless',
    connection: 'data',
    query: ENDLESS,
    schedule: { cron: '0 0 1 1 *' },
    condition: { trigger: 'rows' },
    timeout,
  })
  outside.exec('INSERT INTO t VALUES (1)')
  outside.close()
}

async function send(daemon: Daemon): Promise<string> {
  const { deliveries } = await daemon.api<{ deliveries: string[] }>('POST', '/channels/hook/send', {
    message: { title: 'on the way' },
  })
  return deliveries[0] ?? ''
}

/** What the database of a daemon that has ended says of its deliveries. */
function deliveries(daemon: Daemon): unknown[] {
  const database = new Sqlite(join(daemon.dataDir, 'tocsin.db'))
  try {
    return database
      .prepare('SELECT d.id, d.state, a.outcome FROM deliveries d LEFT JOIN attempts a ON a.delivery = d.seq')
      .all()
  } finally {
    database.close()
  }
}

describe('SIGTERM', () => {
  test('lets a send that is under way finish, records it and ends with 0', async () => {
    let answer = () => {}
    const answered = new Promise<Response>((resolve) => {
      answer = () => resolve(new Response('ok'))
    })
    let asked = () => {}
    const request = new Promise<void>((resolve) => {
      asked = resolve
    })
    const slow = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch() {
        asked()
        return answered
      },
    })
    await using daemon = await start(slow.url.href)
    const id = await send(daemon)
    await request
    const ended = daemon.stop()
    await eventually(async () => expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503))
    answer()
    expect(await ended).toBe(0)
    expect(deliveries(daemon)).toEqual([{ id, state: 'delivered', outcome: 'delivered' }])
    expect(daemon.events.at(-1)).toMatchObject({ event: 'stopped' })
    await slow.stop(true)
  })

  test('begins no send and no evaluation any more, and the API says why', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    let arrived = 0
    const slow = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch() {
        arrived += 1
        await answered
        return new Response('ok')
      },
    })
    await using daemon = await start(slow.url.href)
    for (let index = 0; index < IN_FLIGHT + 8; index += 1) await send(daemon)
    await eventually(() => expect(arrived).toBe(IN_FLIGHT))
    const ended = daemon.stop()
    await eventually(async () => expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503))
    await expect(send(daemon)).rejects.toThrow(/503.*It is stopping/)
    expect((await fetch(`${daemon.url}/healthz`)).status).toBe(200)
    answer()
    expect(await ended).toBe(0)
    expect(arrived).toBe(IN_FLIGHT)
    const states = deliveries(daemon).map((row) => (row as { state: string }).state)
    expect(Map.groupBy(states, (state) => state)).toMatchObject(
      new Map([
        ['delivered', Array(IN_FLIGHT).fill('delivered')],
        ['pending', Array(8).fill('pending')],
      ]),
    )
    await slow.stop(true)
  })

  test('gives up what never ends, a send and a query, and repeats the send at the next start', async () => {
    receiver.reply('hang')
    await using daemon = await start()
    await endless(daemon, '10m')
    const before = receiver.received.length
    const id = await send(daemon)
    await receiver.until(before + 1)
    const run = daemon.api('POST', '/rules/endless/run').catch(() => null)
    await eventually(async () => expect(await running(daemon)).toBe(1))
    const began = Date.now()
    expect(await daemon.stop()).toBe(0)
    expect(Date.now() - began).toBeLessThan(15_000)
    await run
    expect(deliveries(daemon)).toEqual([{ id, state: 'pending', outcome: 'unknown' }])
    expect(daemon.events.filter(({ event }) => event === 'defect')).toEqual([])
  })
})

test('a second SIGINT ends at once', async () => {
  receiver.reply('hang')
  await using daemon = await start()
  const before = receiver.received.length
  await send(daemon)
  await receiver.until(before + 1)
  const ended = once(daemon.process, 'exit')
  daemon.process.kill('SIGINT')
  await eventually(async () => expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503))
  // Signals that come closer together count as one.
  await Bun.sleep(600)
  const again = Date.now()
  daemon.process.kill('SIGINT')
  expect(await ended).toEqual([130, null])
  expect(Date.now() - again).toBeLessThan(2000)
})

test('a query that never ends is stopped at its timeout and leaves no process behind', async () => {
  await using daemon = await start()
  await endless(daemon, '1s')
  const { evaluation } = await daemon.api<{ evaluation: string }>('POST', '/rules/endless/run')
  const shown = (await daemon.api<{ verdict: string; trace: { reasons: { code: string }[]; error: string } }>(
    'GET',
    `/evaluations/${evaluation}`,
  )) as { verdict: string; trace: { reasons: { code: string }[]; error: string } }
  expect(shown.verdict).toBe('error')
  expect(shown.trace.reasons.map(({ code }) => code)).toContain('query-timeout')
  expect(shown.trace.error).toContain('longer than its timeout')
  await eventually(async () => expect(await running(daemon)).toBe(0))
})

/** Processes of its own in which a query runs. */
async function running({ process: { pid } }: Daemon): Promise<number> {
  const children = await Bun.file(`/proc/${pid}/task/${pid}/children`).text()
  const states = children
    .trim()
    .split(' ')
    .filter(Boolean)
    .map((child) =>
      Bun.file(`/proc/${child}/stat`)
        .text()
        .catch(() => ''),
    )
  return (await Promise.all(states)).filter((stat) => / R /.test(stat)).length
}
