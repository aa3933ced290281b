import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type Daemon, executable, startDaemon } from '../support/executable.ts'
import { type Hook, keepSending, startHook } from '../support/load.ts'
import { eventually } from '../support/servers.ts'

setDefaultTimeout(60_000)

const ROUNDS = 5
/** Senders at a time, and ms that they send before something happens. */
const SENDERS = 4
const LOADED = 400

let folder: string
let hook: Hook
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-service-'))
  hook = startHook()
})
afterAll(async () => {
  await hook.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A daemon with a channel to the hook. */
async function startWithChannel(dataDir: string, env: Record<string, string> = {}): Promise<Daemon> {
  const daemon = await startDaemon({ dataDir, env })
  const channel = {
    name: 'hook',
    kind: 'webhook',
    settings: { url: hook.url, secret: `whsec_${btoa('k'.repeat(32))}` },
  }
  await daemon.api('POST', '/channels', channel).catch(() => {})
  return daemon
}

/** What became of every delivery, once none is under way; read without touching the database. */
async function settled(dataDir: string): Promise<Map<string, string>> {
  return eventually(() => {
    const database = new Sqlite(join(dataDir, 'tocsin.db'), { readonly: true })
    try {
      const rows = database.prepare('SELECT id, state FROM deliveries').all() as { id: string; state: string }[]
      expect(rows.filter(({ state }) => state === 'pending' || state === 'sending')).toEqual([])
      return new Map(rows.map(({ id, state }) => [id, state]))
    } finally {
      database.close()
    }
  }, 30_000)
}

function load(daemon: Daemon, accepted: Set<string>): Promise<unknown> {
  return Promise.all(Array.from({ length: SENDERS }, () => keepSending(daemon, accepted, 'hook')))
}

test(`${ROUNDS} orderly ends under load lose nothing and repeat nothing`, async () => {
  const dataDir = join(folder, 'drained')
  const accepted = new Set<string>()
  for (let round = 0; round < ROUNDS; round += 1) {
    await using daemon = await startWithChannel(dataDir)
    const loaded = load(daemon, accepted)
    await Bun.sleep(LOADED + Math.random() * 100)
    const began = Date.now()
    expect(await daemon.stop()).toBe(0)
    expect(Date.now() - began).toBeLessThan(5000)
    await loaded
    expect(daemon.events.filter(({ level }) => level === 'error')).toEqual([])
  }
  await using daemon = await startWithChannel(dataDir)
  const states = await settled(dataDir)
  expect(daemon.url).not.toBe('')
  expect([...accepted].filter((id) => states.get(id) !== 'delivered')).toEqual([])
  expect([...hook.bodies].filter(([, { length }]) => length > 1)).toEqual([])
  expect(accepted.size).toBeGreaterThan(ROUNDS * SENDERS)
})

describe('the drill: a backup under load is restored elsewhere', () => {
  test('and knows everything that was taken before it began', async () => {
    const dataDir = join(folder, 'lost')
    const backup = join(folder, 'backup.db')
    const accepted = new Set<string>()
    let before: string[] = []
    {
      await using daemon = await startWithChannel(dataDir)
      const loaded = load(daemon, accepted)
      for (let round = 0; round < 3; round += 1) {
        await Bun.sleep(LOADED)
        before = [...accepted]
        const made = daemon.run('backup', '--data-dir', dataDir, backup, ...(round === 0 ? [] : ['--force']))
        expect({ code: made.code, err: made.err }).toEqual({ code: 0, err: '' })
        expect(made.out).toMatch(/whole and consistent.*\n.*master key \S{8}/)
      }
      await Bun.sleep(LOADED)
      // It served all the while.
      expect(accepted.size).toBeGreaterThan(before.length)
      expect(daemon.run('backup', '--data-dir', dataDir, backup)).toMatchObject({
        code: 1,
        err: expect.stringContaining('--force'),
      })
      await daemon.kill()
      await loaded
    }
    const key = readFileSync(`${dataDir}.key`, 'utf8').trim()
    expect(statSync(backup).mode & 0o777).toBe(0o600)
    expect(readFileSync(backup).includes(key.slice(key.indexOf(':') + 1))).toBe(false)

    const restored = join(folder, 'restored')
    const [file = ''] = executable()
    const restore = (...options: string[]) =>
      spawnSync(file, ['restore', '--data-dir', restored, backup, ...options], { encoding: 'utf8' })
    const first = restore()
    expect(first.status).toBe(0)
    expect(first.stdout).toMatch(new RegExp(`need the master key \\S{8}\\. Put that one at ${restored}\\.key`))
    expect(restore()).toMatchObject({ status: 1, stderr: expect.stringContaining('is not empty') })
    copyFileSync(`${dataDir}.key`, `${restored}.key`)
    await using again = await startWithChannel(restored)
    const states = await settled(restored)
    expect(again.events.filter(({ level }) => level === 'error')).toEqual([])
    expect(before.filter((id) => states.get(id) !== 'delivered')).toEqual([])
    expect(before.filter((id) => !hook.bodies.has(id))).toEqual([])
    // What is sent again is the same message under the same id, which receivers tell by that.
    expect([...hook.bodies.values()].filter((bodies) => new Set(bodies).size > 1)).toEqual([])
    expect(before.length).toBeGreaterThan(SENDERS)
  })
})

test('a second daemon on the same data is refused, and the first one named', async () => {
  await using daemon = await startWithChannel(join(folder, 'shared'))
  const [file = ''] = executable()
  const second = spawnSync(file, ['serve', '--data-dir', daemon.dataDir, '--listen', '127.0.0.1:0'], {
    encoding: 'utf8',
  })
  expect(second.status).toBe(1)
  expect(second.stderr).toMatch(
    new RegExp(
      `in use by process ${daemon.process.pid} on \\S+ since \\S+, listening on ${daemon.url}\\. Stop that one first`,
    ),
  )
  expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200)
})

test('a database of a newer version is refused, with what to do, and left as it is', async () => {
  const dataDir = join(folder, 'newer')
  {
    await using daemon = await startWithChannel(dataDir)
    await daemon.stop()
  }
  const file = join(dataDir, 'tocsin.db')
  const database = new Sqlite(file)
  database.exec("INSERT INTO schema_migrations VALUES ('0999_future', 1); PRAGMA wal_checkpoint(TRUNCATE)")
  database.close()
  const before = readFileSync(file)
  const [program = ''] = executable()
  for (const verb of [['serve', '--listen', '127.0.0.1:0'], ['check']]) {
    const refused = spawnSync(program, [...verb, '--data-dir', dataDir], { encoding: 'utf8' })
    expect(refused.status).toBe(1)
    expect(refused.stderr).toMatch(
      /newer Tocsin \(it has the schema change 0999_future\)\. Start that version again, or put back/,
    )
  }
  expect(readFileSync(file).equals(before)).toBe(true)
})

test('SIGHUP reads the file again: what can change does, what cannot is named, what is wrong changes nothing', async () => {
  const config = join(folder, 'tocsin.yaml')
  writeFileSync(config, 'metrics: {open: false}\n')
  await using daemon = await startWithChannel(join(folder, 'reloaded'), { TOCSIN_CONFIG: config })
  const metrics = async () => (await fetch(`${daemon.url}/metrics`)).status
  const last = (event: string) => daemon.events.findLast((entry) => entry['event'] === event)
  expect(await metrics()).toBe(401)
  writeFileSync(config, 'metrics: {open: true}\nscheduler: {concurrency: 5}\n')
  daemon.process.kill('SIGHUP')
  await eventually(() =>
    expect(last('reloaded')).toMatchObject({ changed: ['metrics.open'], needRestart: ['scheduler.concurrency'] }),
  )
  expect(await metrics()).toBe(200)
  writeFileSync(config, 'metrics: {open: maybe}\n')
  daemon.process.kill('SIGHUP')
  await eventually(() => expect(last('reloadFailed')?.['reason']).toContain('metrics.open: must be true or false'))
  expect(await metrics()).toBe(200)
  rmSync(config)
  daemon.process.kill('SIGHUP')
  await eventually(() => expect(last('reloadFailed')?.['reason']).toContain('cannot be read'))
  expect(
    (await fetch(`${daemon.url}/metrics`).then((answer) => answer.text())).match(
      /config_last_reload_successful (\d)/,
    )?.[1],
  ).toBe('0')
})
