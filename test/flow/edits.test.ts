import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Input, MINUTE, type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene[Symbol.asyncDispose]())

describe('an edit', () => {
  test.each<[string, Input]>([
    ['its description', { description: 'More about it.' }],
    ['its schedule', { schedule: { every: '31d' } }],
    ['its message', { message: { title: 'Another title' } }],
    ['its severity', { severity: 'critical' }],
    ['how long it must hold', { for: '10m' }],
    ['its name', { name: 'renamed' }],
  ])('of %s keeps the alert and what was told of it', async (_, changes) => {
    const one = await scene.act()
    await one.run()
    await one.told(1)
    await scene.edit(one.rule, changes)
    expect(await one.decide()).toEqual(['already-notified'])
  })

  test.each<[string, (name: string) => Input]>([
    ['its query', (name) => ({ query: `SELECT score FROM scores WHERE name = '${name}' LIMIT 1` })],
    ['its condition', () => ({ condition: { text: 'query_result["score"] > 0.4' } })],
    ['its fingerprint', () => ({ fingerprint: ['name'] })],
  ])('of %s makes it another alert', async (_, changes) => {
    const one = await scene.act()
    await one.run()
    await one.told(1)
    await scene.edit(one.rule, changes(one.name))
    const { trace } = await one.run()
    expect(trace.transitions).toMatchObject([{ before: 'normal', after: 'firing' }])
    await one.told(2)
  })

  test('that comes while an evaluation is under way makes that void, and its rows are asked for again', async () => {
    const one = await scene.act({ query: "SELECT score, :since AS since FROM scores WHERE score > 0.5 AND name = 'x'" })
    await one.run()
    const { lastSuccessAt } = await scene.api<{ lastSuccessAt: number }>('GET', `/rules/${one.rule}`)
    const release = scene.hold()
    const running = one.run()
    await scene.api('GET', `/rules/${one.rule}`)
    await scene.api('POST', `/rules/${one.rule}/pause`)
    release()
    const { verdict, trace } = await running
    expect([verdict, trace.routes, trace.transitions]).toEqual(['skipped', [], []])
    expect(trace.reasons.map(({ code }) => code)).toContain('rule-newer-than-tick')
    expect(await scene.api('GET', `/rules/${one.rule}`)).toMatchObject({ lastSuccessAt })
  })
})

describe('what an evaluation knows of the ones before', () => {
  test('`previous` is the result before it, over a restart too', async () => {
    const one = await scene.act({ condition: { text: 'previous is not None and row_count > len(previous)' } })
    expect(await one.run()).toMatchObject({ verdict: 'false' })
    scene.sql(`INSERT INTO scores VALUES ('${one.name}', 0.1)`)
    await scene.daemon.restart()
    expect(await one.run()).toMatchObject({ verdict: 'true' })
    expect(await one.run()).toMatchObject({ verdict: 'false' })
  })

  test('the guided trigger `changed` fires when the result is another one', async () => {
    const one = await scene.act({ condition: { trigger: 'changed' } })
    const verdicts: string[] = []
    for (const score of [0.9, 0.9, 0.8, 0.8]) {
      one.set(score)
      verdicts.push((await one.run()).verdict)
    }
    expect(verdicts).toEqual(['false', 'false', 'true', 'false'])
  })

  test('`:since` is the last success, so that what came while the daemon was down is found', async () => {
    scene.sql('CREATE TABLE arrivals (at TEXT)')
    const arrive = () =>
      scene.sql(`INSERT INTO arrivals VALUES ('${new Date(scene.daemon.clock.now()).toISOString()}')`)
    const one = await scene.act({
      query: 'SELECT at FROM arrivals WHERE at > :since AND at <= :now',
      condition: { trigger: 'rows' },
      schedule: { every: '1m' },
      notify: 'every',
    })
    scene.pass(MINUTE)
    await eventually(async () => expect(await scene.evaluations(one.rule)).toHaveLength(1))
    await scene.daemon.restart(() => {
      scene.pass(30 * MINUTE)
      arrive()
      scene.pass(30 * MINUTE)
    })
    await one.told(1)
    const [caught] = await scene.evaluations(one.rule)
    expect(caught).toMatchObject({ verdict: 'true', trace: { cause: 'catch-up', rowCount: 1 } })
    scene.pass(MINUTE)
    await eventually(async () => expect((await scene.evaluations(one.rule)).length).toBeGreaterThan(2))
    expect(scene.arrived(one.name)).toHaveLength(1)
    await scene.api('POST', `/rules/${one.rule}/pause`)
  })

  test('`:since` does not move with failures', async () => {
    const one = await scene.act()
    await one.run()
    const { lastSuccessAt } = await scene.api<{ lastSuccessAt: number }>('GET', `/rules/${one.rule}`)
    scene.sql('ALTER TABLE scores RENAME TO hidden')
    scene.pass(MINUTE)
    await one.run()
    scene.sql('ALTER TABLE hidden RENAME TO scores')
    scene.sql(`UPDATE scores SET score = 'none' WHERE name = '${one.name}'`)
    expect(await one.run()).toMatchObject({ verdict: 'error' })
    one.set(0.9)
    expect(await scene.api('GET', `/rules/${one.rule}`)).toMatchObject({ lastSuccessAt })
    await one.run()
    const after = await scene.api<{ lastSuccessAt: number }>('GET', `/rules/${one.rule}`)
    expect(after.lastSuccessAt).toBeGreaterThanOrEqual(lastSuccessAt + MINUTE)
  })
})
