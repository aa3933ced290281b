import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Input, MINUTE, type Scene, type Shown, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene[Symbol.asyncDispose]())

/** The state of the only alert after an evaluation. */
const stateOf = ({ trace }: Shown) => trace.transitions[0]?.after ?? 'normal'

describe('an alert', () => {
  test('fires when the condition has held for as long as `for` says, over a restart too', async () => {
    const one = await scene.act({ for: '5m' })
    expect(stateOf(await one.run())).toBe('pending')
    scene.pass(3 * MINUTE)
    expect(stateOf(await one.run())).toBe('pending')
    await scene.daemon.restart()
    scene.pass(2 * MINUTE)
    const fired = await one.run()
    expect(fired.trace.transitions).toMatchObject([{ before: 'pending', after: 'firing' }])
    expect(fired.trace.transitions[0]?.why).toStartWith('the condition has been true for 30')
    await one.told(1)
  })

  test('begins to wait anew when the condition was false in between', async () => {
    const one = await scene.act({ for: '5m' })
    await one.run()
    scene.pass(4 * MINUTE)
    one.set(0.1)
    const { trace } = await one.run()
    expect(trace.transitions).toMatchObject([{ before: 'pending', after: 'normal' }])
    expect(trace.routes).toMatchObject([{ reason: { code: 'not-firing' } }])
    one.set(0.9)
    scene.pass(4 * MINUTE)
    expect(stateOf(await one.run())).toBe('pending')
  })

  test('fires when so many of the latest evaluations were true', async () => {
    const one = await scene.act({ for: { times: 2, of: 3 } })
    const states: string[] = []
    for (const score of [0.9, 0.1, 0.9, 0.1, 0.1]) {
      one.set(score)
      states.push(stateOf(await one.run()))
    }
    expect(states).toEqual(['pending', 'pending', 'firing', 'normal', 'normal'])
  })

  test('is kept firing for a while, and then ends once', async () => {
    const one = await scene.act({ keepFiringFor: '5m' })
    await one.run()
    await one.told(1)
    one.set(0.1)
    expect(stateOf(await one.run())).toBe('recovering')
    one.set(0.9)
    expect(stateOf(await one.run())).toBe('firing')
    one.set(0.1)
    expect(stateOf(await one.run())).toBe('recovering')
    scene.pass(5 * MINUTE)
    expect(stateOf(await one.run())).toBe('normal')
    expect(await one.told(2)).toEqual(['firing', 'resolved'])
  })
})

/** A rule with an alert for each row of a table of its own, which begins as given. */
async function perRow(rows: Record<string, number>, changes: Input = {}, route: Input = {}) {
  const table = `rows${Object.keys(rows).length}_${Math.floor(performance.now() * 1000)}`
  scene.sql(`CREATE TABLE ${table} (name TEXT, score REAL)`)
  const put = (given: Record<string, number>) => {
    const values = Object.entries(given).map(([name, score]) => `('${name}', ${score})`)
    scene.sql(`DELETE FROM ${table}; ${values.length === 0 ? '' : `INSERT INTO ${table} VALUES ${values.join(', ')}`}`)
  }
  put(rows)
  const query = `SELECT name, score FROM ${table} ORDER BY name`
  const condition = { text: 'row["score"] > 0.5' }
  const one = await scene.act({ query, condition, fingerprint: ['name'], ...changes }, route)
  return { ...one, put }
}

const states = ({ trace }: Shown) =>
  Object.fromEntries(trace.transitions.map(({ labels, after }) => [labels['name'] ?? '', after]))
const names = (message: { alerts: { labels: Record<string, string> }[] }) =>
  message.alerts.map(({ labels }) => labels['name'])

describe('alerts of rows', () => {
  test('make one message with a table, and only those that are new the next one', async () => {
    const one = await perRow({ a: 0.9, b: 0.8, c: 0.1 })
    await one.run()
    const [first] = await scene.delivered(1, one.name)
    expect(names(first?.data as never)).toEqual(['a', 'b'])
    expect(first?.data.table).toEqual({
      columns: ['name', 'score'],
      rows: [
        ['a', '0.9'],
        ['b', '0.8'],
      ],
      more: 0,
    })
    one.put({ a: 0.9, b: 0.8, c: 0.7 })
    expect((await one.decide()).toSorted()).toEqual(['already-notified', 'queued'])
    const [, second] = await scene.delivered(2, one.name)
    expect(names(second?.data as never)).toEqual(['c'])
  })

  test('of which there are many are cut in the table and counted', async () => {
    const rows = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`n${index + 10}`, 0.9]))
    const one = await perRow(rows)
    const { trace } = await one.run()
    expect(trace.transitions).toHaveLength(50)
    const [message] = await scene.delivered(1, one.name)
    expect(message?.data.table?.rows).toHaveLength(20)
    expect(message?.data.table?.more).toBe(30)
    expect(message?.data.title).toStartWith('[FIRING:50]')
  })

  test('of which there are very many are listed in the trace up to a hundred, and counted', async () => {
    const rows = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`n${index + 100}`, 0.9]))
    const one = await perRow(rows)
    const { trace } = await one.run()
    expect([trace.transitions.length, trace.moreTransitions]).toEqual([100, 50])
    expect(trace.routes).toMatchObject([{ more: 50, reason: { code: 'queued' } }])
    expect(trace.routes[0]?.fingerprints).toHaveLength(100)
    expect(await scene.explain(one.rule)).toContain('"n102" and 147 more: A delivery was queued.')
  })

  test('make one message each where the route wants that', async () => {
    const one = await perRow({ a: 0.9, b: 0.8 }, {}, { each: true })
    await one.run()
    const messages = await scene.delivered(2, one.name)
    expect(messages.map(({ data }) => names(data as never))).toEqual([['a'], ['b']])
  })

  test('that vanish end after two evaluations', async () => {
    const one = await perRow({ a: 0.9, b: 0.8 })
    await one.run()
    await one.told(1)
    one.put({ b: 0.8 })
    expect(states(await one.run())).toEqual({ a: 'firing', b: 'firing' })
    expect(states(await one.run())).toEqual({ a: 'normal', b: 'firing' })
    const [, end] = await scene.delivered(2, one.name)
    expect(end).toMatchObject({ type: 'alert.resolved', data: { alerts: [{ labels: { name: 'a' } }] } })
  })

  test('that may only be cut off do not end', async () => {
    const one = await perRow({ a: 0.9, b: 0.8 }, { maxRows: 2 })
    await one.run()
    await one.told(1)
    one.put({ Z0: 0.1, Z1: 0.1, a: 0.9, b: 0.8 })
    for (let count = 0; count < 3; count += 1) {
      const { trace } = await one.run()
      expect(trace.reasons.map(({ code }) => code)).toContain('query-cut')
      expect(trace.transitions).toMatchObject([{ after: 'firing' }, { after: 'firing' }])
    }
    expect(scene.arrived(one.name)).toHaveLength(1)
  })

  test('that end together after different messages share one, unless a message of theirs is still on its way', async () => {
    const one = await perRow({ a: 0.9, b: 0.1 })
    await one.run()
    await one.told(1)
    one.put({ a: 0.9, b: 0.9 })
    await one.run()
    await one.told(2)
    one.put({ a: 0.1, b: 0.1 })
    await one.run()
    const events = await scene.delivered(3, one.name)
    expect(names(events[2]?.data as never)).toEqual(['a', 'b'])
  })

  test('whose message was refused do not take the end of the others with them', async () => {
    const one = await perRow({ a: 0.9, b: 0.1 })
    await one.run()
    await one.told(1)
    one.reply(({ type }) => (type === 'alert.firing' ? 'hang' : { status: 200 }))
    one.put({ a: 0.9, b: 0.9 })
    await one.run()
    await one.arrived('firing', 'firing')
    one.put({ a: 0.1, b: 0.1 })
    await one.run()
    const events = await one.arrived('firing', 'firing', 'resolved')
    expect(names(events[2]?.data as never)).toEqual(['a'])
    one.reply({ status: 400 })
    await scene.daemon.crash()
    await eventually(async () => {
      const ends = (await scene.deliveries(one.rule)).filter(({ kind }) => kind === 'resolved')
      expect(ends.map(({ fingerprints, state }) => [...fingerprints, state])).toEqual([
        ['["a"]', 'delivered'],
        ['["b"]', 'superseded'],
      ])
    })
  })
})
