import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { skipUnless } from '../support/requirements.ts'
import { eventually } from '../support/servers.ts'
import { mountSmallDisk, smallDisks } from '../support/small-disk.ts'

const MEGABYTES = 16
/** ms within which a rule that is due every five seconds must have acted. */
const SOON = 20_000

/** A webhook that notes ids and holds back its answers, of several kB, while it is told to. */
function startHook() {
  const ids: string[] = []
  let gate: PromiseWithResolvers<void> | null = null
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      ids.push(request.headers.get('webhook-id') ?? '')
      await gate?.promise
      return new Response('x'.repeat(8000))
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    ids,
    hold: () => {
      gate = Promise.withResolvers()
    },
    letGo: () => {
      gate?.resolve()
      gate = null
    },
    stop: () => server.stop(true),
  }
}

interface Delivered {
  state: string
  attempts: { outcome: string | null }[]
}

const withDisk = await skipUnless(smallDisks)

withDisk('a full disk', () => {
  test('is told clearly, loses nothing, sends nothing twice, and is over when there is room', async () => {
    using disk = mountSmallDisk(MEGABYTES)
    const outside = mkdtempSync(join(tmpdir(), 'tocsin-outside-'))
    const hook = startHook()
    await using daemon = await startDaemon({
      dataDir: join(disk.folder, 'data'),
      env: { TOCSIN_CONNECTIONS_SQLITE_PATHS: outside },
    })
    try {
      const rule = await setUp(daemon, hook.url, join(outside, 'data.db'))
      const count = () => evaluations(daemon, rule)
      await eventually(async () => expect(await count()).toBeGreaterThan(0), SOON)

      hook.hold()
      const held = await send(daemon, 'held')
      await eventually(() => expect(hook.ids).toContain(held))
      disk.fill()
      const accepted = [held, ...(await sendUntilFull(daemon))]
      hook.letGo()
      const message = { title: 'refused', summary: 'x'.repeat(40_000) }
      for (const full of [
        await post(daemon, '/channels/hook/send', { message }),
        await post(daemon, `/rules/${rule}/run`),
        await post(daemon, '/channels', { name: 'other', kind: 'console', settings: {} }),
      ]) {
        expect(full).toMatchObject({ status: 507, body: { code: 'disk-full', issues: [] } })
        expect(full.body.message).toContain('Make room')
      }
      const before = await count()
      await eventually(() => expect(told(daemon)).toContain('diskFull'), SOON)
      // At least one tick comes and cannot be stored.
      await Bun.sleep(6000)
      expect(await count()).toBe(before)
      expect(daemon.run('healthcheck').code).toBe(0)
      expect((await state(daemon, held)).state).toBe('sending')

      disk.makeRoom()
      for (const id of accepted)
        await eventually(async () => expect((await state(daemon, id)).state).toBe('delivered'), SOON)
      await eventually(async () => expect(await count()).toBeGreaterThan(before + 1), SOON)
      expect(await state(daemon, held)).toMatchObject({ attempts: [{ outcome: 'delivered' }] })
      const late = await send(daemon, 'late')
      await eventually(() => expect(hook.ids).toContain(late))
      expect(hook.ids.filter((id, index) => hook.ids.indexOf(id) !== index)).toEqual([])
      expect(told(daemon)).not.toContain('defect')
      expect(await daemon.stop()).toBe(0)
    } finally {
      hook.stop()
      rmSync(outside, { recursive: true })
    }
    const database = new Sqlite(join(daemon.dataDir, 'tocsin.db'))
    const lost = database.prepare("SELECT id FROM deliveries WHERE state NOT IN ('delivered', 'pending')").all()
    expect({ integrity: database.pragma('integrity_check', { simple: true }), lost }).toEqual({
      integrity: 'ok',
      lost: [],
    })
    database.close()
  }, 120_000)
})

const told = ({ events }: Daemon) => events.map(({ event }) => event)

/** A channel, and a rule that sends at each of its evaluations; its id. */
async function setUp(daemon: Daemon, url: string, path: string): Promise<string> {
  const outside = new Sqlite(path)
  outside.exec('CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)')
  outside.close()
  await daemon.api('POST', '/connections', { name: 'outside', kind: 'sqlite', settings: { path } })
  await daemon.api('POST', '/channels', { name: 'hook', kind: 'webhook', settings: { url } })
  const { id } = await daemon.api<{ id: string }>('POST', '/rules', {
    name: 'ticking',
    connection: 'outside',
    query: 'SELECT n FROM t',
    schedule: { every: '5s' },
    condition: { trigger: 'rows' },
    notify: 'every',
    routes: [{ channel: 'hook' }],
  })
  return id
}

async function evaluations(daemon: Daemon, rule: string): Promise<number> {
  const { items } = await daemon.api<{ items: unknown[] }>('GET', `/rules/${rule}/evaluations?limit=200`)
  return items.length
}

async function send(daemon: Daemon, title: string): Promise<string> {
  const body = { message: { title, summary: 'x'.repeat(40_000) } }
  const { deliveries } = await daemon.api<{ deliveries: string[] }>('POST', '/channels/hook/send', body)
  return deliveries[0] ?? ''
}

/** What was still accepted: the log of the database may have had room inside. */
async function sendUntilFull(daemon: Daemon): Promise<string[]> {
  const accepted: string[] = []
  for (let tries = 0; tries < 500; tries += 1)
    try {
      accepted.push(await send(daemon, `sent ${tries}`))
    } catch (thrown) {
      if (String(thrown).includes('507')) return accepted
      throw thrown
    }
  throw new Error('The disk is not full.')
}

async function post(daemon: Daemon, path: string, body?: unknown) {
  const response = await fetch(`${daemon.url}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${daemon.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as { message: string } }
}

const state = (daemon: Daemon, id: string) => daemon.api<Delivered>('GET', `/deliveries/${id}`)
