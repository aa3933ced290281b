import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createServer, type Socket } from 'node:net'
import { type PostgresServer, postgresServer, startPostgres } from '../support/postgres.ts'
import { skipUnless } from '../support/requirements.ts'
import { MINUTE, type Scene, type Shown, startScene } from '../support/scene.ts'
import { eventually, listening } from '../support/servers.ts'

const describePostgres = await skipUnless(postgresServer)
const SECOND = 1000

describePostgres('two hundred rules on a database that dies', () => {
  let scene: Scene
  let server: PostgresServer
  const rules: string[] = []
  beforeAll(async () => {
    ;[scene, server] = await Promise.all([startScene(), startPostgres()])
    const { host, port, database, user, password } = server
    const settings = { host, port, database, user, password, sslmode: 'disable' }
    await scene.api('POST', '/connections', { name: 'Postgres', kind: 'postgres', settings })
    await scene.channel('Last', { fallback: true })
    for (let count = 0; count < 200; count += 1)
      rules.push(
        await scene.rule({
          connection: 'Postgres',
          query: 'SELECT 0.1 AS score',
          condition: { text: 'query_result["score"] > 0.5' },
          schedule: { every: '10m' },
        }),
      )
  }, 60_000)
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
    await server.kill()
  })

  const latest = async (): Promise<Shown[]> =>
    Promise.all(
      rules.map(
        async (rule) =>
          (await scene.daemon.store.evaluations.list({ project: 'default', ruleId: rule, limit: 1 }))[0] as Shown,
      ),
    )
  /** Waits until every rule has so many evaluations. */
  const evaluated = (count: number) =>
    eventually(async () => {
      for (const rule of rules) {
        const found = await scene.daemon.store.evaluations.list({ project: 'default', ruleId: rule, limit: 10 })
        expect(found).toHaveLength(count)
      }
    }, 30_000)

  test('make one message, and are held naming it', async () => {
    scene.pass(10 * MINUTE)
    await evaluated(1)
    expect(new Set((await latest()).map(({ verdict }) => verdict))).toEqual(new Set(['false']))

    await server.kill()
    scene.pass(10 * MINUTE)
    await evaluated(2)
    const [event] = await scene.delivered(1, 'Last')
    expect(event).toMatchObject({ type: 'alert.error', data: { title: '[ERROR] Connection Postgres is failing' } })
    scene.pass(10 * MINUTE)
    await evaluated(3)
    const held = await latest()
    expect(new Set(held.map(({ verdict }) => verdict))).toEqual(new Set(['skipped']))
    for (const { trace } of held)
      expect(trace.reasons).toMatchObject([
        { code: 'breaker-open', detail: expect.stringContaining('"Postgres" has been failing since') },
      ])
    expect(scene.arrived('Last')).toHaveLength(1)
    expect(scene.arrived()).toEqual([])
    expect(await scene.api<{ items: unknown[] }>('GET', '/alerts')).toMatchObject({ items: [] })
    expect(await scene.explain(rules[7] ?? '')).toContain('Its connection "Postgres" has been failing since')
  }, 60_000)

  test('are told of its recovery once, found by a probe, and go on', async () => {
    await scene.daemon.restart()
    expect(scene.arrived('Last')).toHaveLength(1)
    await server.restart()
    scene.pass(5 * MINUTE)
    const events = await scene.delivered(2, 'Last')
    expect(events[1]).toMatchObject({
      type: 'alert.recovered',
      data: { title: '[RECOVERED] Connection Postgres works again' },
    })
    scene.pass(10 * MINUTE)
    await eventually(
      async () => expect(new Set((await latest()).map(({ verdict }) => verdict))).toEqual(new Set(['false'])),
      30_000,
    )
    expect(scene.arrived('Last')).toHaveLength(2)
  }, 60_000)
})

describe('a connection in trouble holds back no other', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene[Symbol.asyncDispose]())

  test('when its server takes connections and never answers', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => sockets.add(socket.on('error', () => {})))
    const port = await listening(server)
    const settings = { host: '127.0.0.1', port, database: 'd', user: 'u', password: 'p', sslmode: 'disable' }
    await scene.api('POST', '/connections', { name: 'Silent', kind: 'postgres', settings })
    // Trying each query at save would wait for it too.
    const silent = await Promise.all(
      Array.from({ length: 40 }, () => scene.rule({ connection: 'Silent', schedule: { every: '1m' }, timeout: '2s' })),
    )
    const lively = await scene.act({ schedule: { every: '1m' } })
    scene.pass(MINUTE)
    const started = performance.now()
    await lively.told(1)
    expect(performance.now() - started).toBeLessThan(1500)
    for (const rule of silent) await scene.api('POST', `/rules/${rule}/pause`)
    for (const socket of sockets) socket.destroy()
    server.close()
  }, 60_000)

  test('when its driver crashes again and again', async () => {
    const path = scene.daemon.sqlite('crash.db', 'CREATE TABLE t (a); INSERT INTO t VALUES (1)').path
    await scene.api('POST', '/connections', { name: 'Crashing', kind: 'sqlite', settings: { path } })
    const rules = await Promise.all(
      Array.from({ length: 8 }, () =>
        scene.rule({ connection: 'Crashing', query: 'SELECT a FROM t', condition: { trigger: 'rows' } }),
      ),
    )
    scene.daemon.sqlite('crash.db', 'DROP TABLE t; PRAGMA user_version = 1')
    // The file is no database any more.
    await Bun.write(path, 'x'.repeat(8192))
    const failed = await Promise.all(rules.map((rule) => scene.run(rule)))
    expect(new Set(failed.map(({ verdict }) => verdict))).toEqual(new Set(['skipped']))
    const lively = await scene.act()
    expect(await lively.run()).toMatchObject({ verdict: 'true' })
  })
})

test('a server that swallows every query without an answer is found out', async () => {
  await using scene = await startScene()
  await scene.channel('Last', { fallback: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket.on('error', () => {})))
  const port = await listening(server)
  const settings = { host: '127.0.0.1', port, database: 'd', user: 'u', password: 'p', sslmode: 'disable' }
  await scene.api('POST', '/connections', { name: 'Silent', kind: 'postgres', settings })
  const rules = await Promise.all(Array.from({ length: 6 }, () => scene.rule({ connection: 'Silent', timeout: '1s' })))
  const before = sockets.size
  const runs = rules.map((rule) => scene.run(rule))
  await eventually(() => expect(sockets.size).toBe(before + 4))
  server.close()
  const codes = (await Promise.all(runs)).map(({ trace }) => trace.reasons.at(-1)?.code)
  expect(codes.filter((code) => code === 'query-timeout').length).toBeGreaterThanOrEqual(4)
  const [event] = await scene.delivered(1, 'Last')
  expect(event?.data.title).toBe('[ERROR] Connection Silent is failing')
  for (const socket of sockets) socket.destroy()
}, 30_000)

test('a probe that fails waits longer each time, and one failure alone says nothing', async () => {
  await using scene = await startScene()
  await scene.channel('Last', { fallback: true })
  const one = await scene.act()
  const path = `${scene.daemon.folder}/scores.db`
  const bytes = await Bun.file(path).bytes()
  await Bun.write(path, 'x'.repeat(8192))
  expect(await one.run()).toMatchObject({ verdict: 'skipped', trace: { reasons: [{ code: 'query-error' }] } })
  await Bun.write(path, bytes)
  expect(await one.run()).toMatchObject({ verdict: 'true' })
  await Bun.write(path, 'x'.repeat(8192))
  for (let count = 0; count < 3; count += 1) await one.run()
  expect(await one.run()).toMatchObject({ trace: { reasons: [{ code: 'breaker-open' }] } })
  await scene.delivered(1, 'Last')

  const probeAt = async () => (await scene.daemon.store.connections.byName('default', 'Data'))?.probeAt ?? 0
  const waits: number[] = []
  for (let count = 0; count < 3; count += 1) {
    const at = await probeAt()
    waits.push(Math.round((at - scene.daemon.clock.now()) / SECOND))
    scene.daemon.clock.set(at)
    await eventually(async () => expect(await probeAt()).toBeGreaterThan(at))
  }
  expect(waits).toEqual([15, 30, 60])
  await Bun.write(path, bytes)
  scene.daemon.clock.set(await probeAt())
  await scene.delivered(2, 'Last')
  expect(await one.run()).toMatchObject({ verdict: 'true' })
})
