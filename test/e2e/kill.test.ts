import { expect, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Sqlite from 'better-sqlite3'
import type { Trace } from '../../src/model/evaluation.ts'
import { unpack } from '../../src/store/pack.ts'
import { type Daemon, executable, startDaemon } from '../support/executable.ts'
import { keepSending, post, startHook } from '../support/load.ts'
import { eventually } from '../support/servers.ts'

const KILLS = 200
/** ms: a life ends at a random moment between its birth and this; a quarter of it is over when it listens. */
const LONGEST_LIFE = 500
/** Attempts that may be under way at one destination. */
const IN_FLIGHT = 32
/** Rules that are due every five seconds, and rules that are run in bursts, with so many alerts each. */
const TICKING = 12
const BURSTS = 3
const ALERTS = 25

/** What was under way when a life ended. */
interface Wreck {
  sending: { id: string; destination: string }[]
  ticks: { rule: string; tick: number }[]
}

/** Two channels, rules on a schedule, and rules to be run in bursts. */
async function setUp(daemon: Daemon, hook: string, path: string) {
  const outside = new Sqlite(path)
  outside.exec(`CREATE TABLE items (item INTEGER, score REAL)`)
  for (let item = 0; item < ALERTS; item += 1) outside.prepare('INSERT INTO items VALUES (?, 1)').run(item)
  outside.close()
  await daemon.api('POST', '/connections', { name: 'items', kind: 'sqlite', settings: { path } })
  for (const name of ['one', 'two'])
    await daemon.api('POST', '/channels', { name, kind: 'webhook', settings: { url: `${hook}/${name}` } })
  const rule = { connection: 'items', condition: { trigger: 'rows' }, notify: 'every' }
  for (let index = 0; index < TICKING; index += 1)
    await daemon.api('POST', '/rules', {
      ...rule,
      name: `ticking ${index}`,
      query: `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 100000)
              SELECT item, (SELECT max(n) FROM s) AS n FROM items WHERE item < 3`,
      schedule: { every: '5s' },
      routes: [{ channel: 'one' }, { channel: 'two' }],
    })
  for (let index = 0; index < BURSTS; index += 1)
    await daemon.api('POST', '/rules', {
      ...rule,
      name: `burst ${index}`,
      query: 'SELECT item, score FROM items',
      fingerprint: ['item'],
      schedule: { cron: '0 0 1 1 *' },
      routes: [{ channel: index % 2 === 0 ? 'one' : 'two', each: true }],
    })
}

/** A daemon that is watched from its birth on. */
function bear(env: Record<string, string>, defects: string[]) {
  const [program = ''] = executable()
  const child: ChildProcess = spawn(program, ['serve', '--listen', '127.0.0.1:0'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const url = new Promise<string | null>((resolve) => {
    createInterface({ input: child.stderr as NonNullable<typeof child.stderr> }).on('line', (line) => {
      if (line.includes('"event":"started"')) resolve((JSON.parse(line) as { url: string }).url)
      if (!line.startsWith('{') || line.includes('"level":"error"')) defects.push(line)
    })
    child.once('exit', () => resolve(null))
  })
  return { child, ended, url }
}

/** Sends and runs rules through the API until the daemon is gone; ids it was given are added to `accepted`. */
async function load(url: string, token: string, accepted: Set<string>): Promise<void> {
  const daemon = { url, token }
  const burst = async (index: number) => {
    while (await post(daemon, accepted, `/rules/${encodeURIComponent(`burst ${index}`)}/run`));
  }
  await Promise.all([
    ...['one', 'one', 'two', 'two'].map((channel) => keepSending(daemon, accepted, channel)),
    ...Array.from({ length: BURSTS }, (_, index) => burst(index)),
  ])
}

/** Reads the database without touching it: recovery is the daemon's. */
function look<T>(file: string, read: (database: Sqlite.Database) => T): T {
  const database = new Sqlite(file, { readonly: true })
  try {
    return read(database)
  } finally {
    database.close()
  }
}

/** Waits until what was cut short is done again, then ends all schedules and waits until everything is delivered. */
async function rest(url: string, token: string, file: string, wrecks: readonly Wreck[]) {
  const cut = cutTicks(wrecks)
  await eventually(() => {
    const done = new Set(evaluatedTicks(recordOf(file)))
    expect([...cut].filter((tick) => !done.has(tick))).toEqual([])
  }, 30_000)
  for (let index = 0; index < TICKING; index += 1)
    await fetch(`${url}/api/v1/rules/${encodeURIComponent(`ticking ${index}`)}/pause`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
  await eventually(
    () => expect(recordOf(file).deliveries.filter(({ finished }) => finished === null)).toEqual([]),
    60_000,
  )
}

const cutTicks = (wrecks: readonly Wreck[]) =>
  new Set(wrecks.flatMap(({ ticks }) => ticks.map(({ rule, tick }) => `${rule} ${tick}`)))

/** Ticks that an evaluation stands for, each as often as there is one. */
const evaluatedTicks = ({ evaluations }: Findings) =>
  evaluations
    .filter(({ trace: { cause } }) => cause === 'schedule' || cause === 'catch-up')
    .map(({ rule, trace }) => `${rule} ${trace.scheduledAt}`)

function wreckOf(file: string): Wreck {
  return look(file, (database) => ({
    sending: database.prepare("SELECT id, destination FROM deliveries WHERE state = 'sending'").all(),
    ticks: database
      .prepare('SELECT rule_id AS rule, claimed_tick AS tick FROM rule_clocks WHERE claimed_tick IS NOT NULL')
      .all(),
  })) as Wreck
}

interface Findings {
  deliveries: { id: string; state: string; finished: number | null; alert: string }[]
  evaluations: { rule: string; trace: Trace }[]
  integrity: unknown
  orphans: unknown[]
}

function recordOf(file: string): Findings {
  return look(file, (database) => ({
    deliveries: database
      .prepare(
        "SELECT id, state, finished_at AS finished, coalesce(evaluation_id || '/' || route || '/' || fingerprints, id) AS alert FROM deliveries",
      )
      .all() as Findings['deliveries'],
    evaluations: (
      database.prepare('SELECT rule_id AS rule, trace FROM evaluations').all() as { rule: string; trace: Buffer }[]
    ).map(({ rule, trace }) => ({ rule, trace: unpack(trace) as Trace })),
    integrity: database.pragma('integrity_check', { simple: true }),
    orphans: database.pragma('foreign_key_check') as unknown[],
  }))
}

const repeated = (values: readonly string[]) =>
  [...Map.groupBy(values, (value) => value)].filter(([, { length }]) => length > 1).map(([value]) => value)

test(`nothing is lost when the daemon is killed at ${KILLS} random moments under load`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-kill-'))
  const dataDir = join(folder, 'data')
  const file = join(dataDir, 'tocsin.db')
  const env = {
    TOCSIN_DATA_DIR: dataDir,
    TOCSIN_EGRESS_ALLOW: '127.0.0.0/8',
    TOCSIN_CONNECTIONS_SQLITE_PATHS: folder,
  }
  const hook = startHook()
  const accepted = new Set<string>()
  const wrecks: Wreck[] = []
  const defects: string[] = []
  let life: ReturnType<typeof bear> | undefined
  try {
    const first = await startDaemon({ dataDir, env })
    await setUp(first, hook.url, join(folder, 'items.db'))
    await first.kill()
    for (let kill = 0; kill < KILLS; kill += 1) {
      life = bear(env, defects)
      const loaded = life.url.then((url) => (url === null ? undefined : load(url, first.token, accepted)))
      await Bun.sleep(Math.random() * LONGEST_LIFE)
      life.child.kill('SIGKILL')
      await life.ended
      wrecks.push(wreckOf(file))
      await loaded
    }
    life = bear(env, defects)
    await rest(String(await life.url), first.token, file, wrecks)
    life.child.kill('SIGTERM')
    expect(await life.ended).toEqual([0, null])
  } finally {
    life?.child.kill('SIGKILL')
    await hook.stop()
  }

  const findings = recordOf(file)
  const { deliveries, evaluations, integrity, orphans } = findings
  rmSync(folder, { recursive: true })
  const underWay = wrecks.flatMap(({ sending }) => sending.map(({ id }) => id))
  const mayRepeat = Map.groupBy(underWay, (id) => id)
  const repeats = [...hook.bodies.values()].reduce((sum, { length }) => sum + length - 1, 0)
  const queued = evaluations.flatMap(({ trace }) => trace.routes.flatMap(({ deliveryId }) => deliveryId ?? []))
  const cut = cutTicks(wrecks)
  console.log(
    `${accepted.size} accepted, ${queued.length} queued by ${evaluations.length} evaluations, ${hook.bodies.size} arrived, ` +
      `${repeats} repeated of ${underWay.length} under way, ${cut.size} ticks cut short`,
  )

  // Nothing is lost, and nothing is sent that was not recorded.
  const known = new Set(deliveries.map(({ id }) => id))
  expect([...accepted, ...queued].filter((id) => !known.has(id))).toEqual([])
  expect(deliveries.filter(({ id, state }) => state !== 'delivered' || !hook.bodies.has(id))).toEqual([])
  expect([...hook.bodies.keys()].filter((id) => !known.has(id))).toEqual([])
  // What is repeated was under way at a kill, comes under its id, and is the same.
  const tooOften = [...hook.bodies].filter(([id, { length }]) => length - 1 > (mayRepeat.get(id)?.length ?? 0))
  expect(tooOften).toEqual([])
  expect([...hook.bodies.values()].filter((bodies) => new Set(bodies).size > 1)).toEqual([])
  const most = wrecks.flatMap(({ sending }) =>
    [...Map.groupBy(sending, ({ destination }) => destination).values()].map(({ length }) => length),
  )
  expect(Math.max(...most)).toBeLessThanOrEqual(IN_FLIGHT)
  // The evaluations that were made again are stored once, and none of their messages under another id.
  expect(repeated(evaluatedTicks(findings))).toEqual([])
  expect(repeated(deliveries.map(({ alert }) => alert))).toEqual([])
  expect({ integrity, orphans, defects }).toEqual({ integrity: 'ok', orphans: [], defects: [] })
  // The kills hit something.
  expect(accepted.size).toBeGreaterThan(KILLS)
  expect(underWay.length).toBeGreaterThan(KILLS / 10)
  expect(cut.size).toBeGreaterThan(0)
}, 300_000)
