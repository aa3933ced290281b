import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RunWorld, runWorld } from '../support/runs.ts'
import { MINUTE, type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

let scene: Scene
let world: RunWorld
beforeAll(async () => {
  scene = await startScene()
  world = runWorld(scene)
})
afterAll(() => scene[Symbol.asyncDispose]())

/** Types and titles of what a rule sent, once there are so many. */
async function told(name: string, count: number): Promise<string[]> {
  const events = await scene.delivered(count, name)
  return events.map(({ type, data }) => `${type.replace('alert.', '')}: ${data.title}`)
}

describe('runs that do not begin in time', () => {
  test('are late after the grace, missing at the next time, and found again when they come', async () => {
    const expectation = { schedule: { every: '1h' }, grace: '10m' }
    const rule = await world.rule('hourly', { runs: { name: 'hourly' }, expect: expectation })
    await world.tell('h0', { name: 'hourly', state: 'running' })
    await world.tell('h0', { state: 'completed' })
    scene.pass(69 * MINUTE)
    await eventually(async () => expect((await scene.evaluations(rule)).length).toBeGreaterThan(0))
    expect(scene.arrived('hourly')).toEqual([])
    scene.pass(2 * MINUTE)
    expect(await told('hourly', 1)).toEqual(['firing: [FIRING] hourly is late'])
    scene.pass(60 * MINUTE)
    expect(await told('hourly', 2)).toContain('firing: [FIRING] hourly is missing')
    await world.tell('h1', { name: 'hourly', state: 'running' })
    const messages = await told('hourly', 3)
    expect(messages[2]).toBe('resolved: [RESOLVED] hourly is late, is missing')
    const alerts = await scene.api<{ items: unknown[] }>('GET', `/alerts?rule=${rule}`)
    expect(alerts.items).toEqual([])
    expect(await scene.explain(rule)).toContain('hourly')
  })

  test('are expected by cron in a time zone, though none was ever seen', async () => {
    // 03:00 in Berlin is 02:00 UTC in winter; the clock of the scene is in January.
    const now = scene.daemon.clock.now()
    const night = Math.ceil((now - 2 * 60 * MINUTE) / (24 * 60 * MINUTE)) * 24 * 60 * MINUTE + 2 * 60 * MINUTE
    const schedule = { cron: '0 3 * * *', timezone: 'Europe/Berlin' }
    await world.rule('nightly', { runs: { name: 'nightly' }, expect: { schedule, grace: '30m', missingAfter: '2h' } })
    scene.pass(night + 31 * MINUTE - scene.daemon.clock.now())
    const [event] = await scene.delivered(1, 'nightly')
    expect(event?.data.title).toBe('[FIRING] nightly is late')
    const facts = Object.fromEntries((event?.data.facts ?? []).map(({ name, value }) => [name, value]))
    expect(facts['Expected']).toBe(`to begin at ${new Date(night).toISOString()}`)
    expect(facts['Seen']).toBe('no run was ever seen')
    scene.pass(2 * 60 * MINUTE)
    expect(await told('nightly', 2)).toContain('firing: [FIRING] nightly is missing')
  })
})

describe('runs that are under way', () => {
  test('take too long, until they end', async () => {
    await world.rule('slow', { runs: { name: 'slow-*' }, expect: { longerThan: '30m' }, severity: 'critical' })
    await world.tell('l1', { name: 'slow-a', state: 'running' })
    await world.tell('l2', { name: 'slow-b', state: 'running' })
    scene.pass(5 * MINUTE)
    await world.tell('l2', { state: 'completed' })
    scene.pass(26 * MINUTE)
    const [event] = await scene.delivered(1, 'slow')
    expect(event?.data).toMatchObject({ title: '[FIRING] slow-a (l1) takes too long', severity: 'critical' })
    await world.tell('l1', { state: 'error' })
    expect((await told('slow', 2))[1]).toBe('resolved: [RESOLVED] slow-a (l1) takes too long')
  })

  test('go silent, until they are heard of', async () => {
    await world.rule('silent', { runs: { name: 'talker' }, expect: { silentFor: '5m' } })
    await world.tell('q1', { name: 'talker', state: 'running' })
    scene.pass(4 * MINUTE)
    await world.tell('q1', { results: { epoch: 1 } })
    scene.pass(4 * MINUTE)
    expect(scene.arrived('silent')).toEqual([])
    scene.pass(2 * MINUTE)
    expect(await told('silent', 1)).toEqual(['firing: [FIRING] talker (q1) has gone silent'])
    await world.tell('q1', {})
    scene.pass(MINUTE / 2)
    expect((await told('silent', 2))[1]).toBe('resolved: [RESOLVED] talker (q1) has gone silent')
  })
})

test('runs that succeed too fast are told, until one takes its time', async () => {
  await world.rule('fast', { runs: { name: 'backup' }, expect: { shorterThan: '1m' } })
  const run = async (uid: string, seconds: number) => {
    const startedAt = scene.daemon.clock.now() - seconds * 1000
    await world.tell(uid, { name: 'backup', state: 'completed', startedAt, endedAt: startedAt + seconds * 1000 })
  }
  await run('k1', 120)
  await run('k2', 3)
  expect(await told('fast', 1)).toEqual(['firing: [FIRING] backup was too fast'])
  await run('k3', 90)
  expect((await told('fast', 2))[1]).toBe('resolved: [RESOLVED] backup was too fast')
})

test('labels narrow down which runs are looked at', async () => {
  await world.rule('prod', { runs: { labels: { env: 'prod' } }, expect: { longerThan: '10m' } })
  await world.tell('e1', { name: 'labelled', state: 'running', labels: { env: 'test' } })
  await world.tell('e2', { name: 'labelled', state: 'running', labels: { env: 'prod' } })
  scene.pass(11 * MINUTE)
  expect(await told('prod', 1)).toEqual(['firing: [FIRING] labelled (e2) takes too long'])
})

test('what is due while the daemon is down is told when it is back', async () => {
  await world.rule('down', { runs: { name: 'down' }, expect: { longerThan: '10m' } })
  await world.tell('d1', { name: 'down', state: 'running' })
  await scene.daemon.crash(() => scene.pass(11 * MINUTE))
  expect(await told('down', 1)).toEqual(['firing: [FIRING] down (d1) takes too long'])
})

test('a rule that expects is run by hand and tried like others; one that tells of runs is not', async () => {
  const rule = await world.rule('by-hand', { runs: { name: 'by-hand' }, expect: { longerThan: '1h' } })
  await world.tell('m1', { name: 'by-hand', state: 'running' })
  const { verdict } = await scene.run(rule)
  expect(verdict).toBe('false')
  await scene.api('POST', `/rules/${rule}/preview`)
  const telling = await world.rule('telling', { runs: { name: 'x' }, when: ['end'] })
  const { status, body } = await scene.daemon.call('POST', `/api/v1/rules/${telling}/run`)
  expect(status).toBe(409)
  expect(JSON.stringify(body)).toContain('cannot be evaluated without one')
})

describe('queries tied to runs', () => {
  test('are run once when the run comes to its end, with the state it has then', async () => {
    await scene.channel('After')
    scene.sql("INSERT INTO scores VALUES ('loaded', 0.1)")
    const rule = await scene.rule({
      query: "SELECT name, score FROM scores WHERE name = 'loaded'",
      schedule: { after: { runs: { name: 'load' }, when: ['completed'] } },
      routes: [{ channel: 'After' }],
    })
    await world.tell('z1', { name: 'load', state: 'running' })
    scene.sql("UPDATE scores SET score = 0.9 WHERE name = 'loaded'")
    await world.tell('z2', { name: 'other', state: 'completed' })
    expect(await scene.evaluations(rule)).toEqual([])
    await world.tell('z1', { id: 'end', state: 'completed' })
    await scene.delivered(1, 'After')
    await world.tell('z1', { id: 'end', state: 'completed' })
    await world.tell('z1', { results: { rows: 3 } })
    expect(await scene.evaluations(rule)).toHaveLength(1)
    expect(await scene.api('GET', '/runs/z1')).toMatchObject({ reports: [{ state: 'completed', evaluationId: null }] })
  })
})
