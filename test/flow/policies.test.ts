import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Act, type Input, type Scene, type Shown, startScene } from '../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene[Symbol.asyncDispose]())

const moves = ({ trace }: Shown) => trace.transitions.map(({ before, after }) => `${before} > ${after}`)

/** How a rule is brought into each kind of trouble, and what the evaluation is called then. */
const troubles = {
  onNoRows: { enter: ({ name }: Act) => scene.sql(`DELETE FROM scores WHERE name = '${name}'`) },
  onQueryError: {
    enter: () => scene.sql('ALTER TABLE scores RENAME TO hidden'),
    leave: () => scene.sql('ALTER TABLE hidden RENAME TO scores'),
  },
  onConditionError: { enter: ({ name }: Act) => scene.sql(`UPDATE scores SET score = 'none' WHERE name = '${name}'`) },
} satisfies Record<string, { enter: (one: Act) => void; leave?: () => void }>

/** Brings a rule that fires, and one that does not, into trouble once. */
async function troubled(
  kind: keyof typeof troubles,
  changes: Input,
): Promise<{ firing: string[]; calm: string[]; verdict: string }> {
  const [firing, calm] = [await scene.act(changes), await scene.act(changes)]
  calm.set(0.1)
  await firing.run()
  await calm.run()
  const trouble: { enter: (one: Act) => void; leave?: () => void } = troubles[kind]
  trouble.enter(firing)
  if (trouble.leave === undefined) trouble.enter(calm)
  const [first, second] = [await firing.run(), await calm.run()]
  trouble.leave?.()
  return { firing: moves(first), calm: moves(second), verdict: second.verdict }
}

describe('a policy for', () => {
  test.each<[keyof typeof troubles, string, { firing: string[]; calm: string[]; verdict: string }]>([
    ['onNoRows', 'keep', { firing: [], calm: [], verdict: 'no-data' }],
    ['onNoRows', 'fire', { firing: ['firing > firing'], calm: ['normal > firing'], verdict: 'true' }],
    ['onNoRows', 'normal', { firing: ['firing > normal'], calm: [], verdict: 'false' }],
    ['onNoRows', 'no-data', { firing: ['normal > no-data'], calm: ['normal > no-data'], verdict: 'no-data' }],
    ['onQueryError', 'error', { firing: [], calm: [], verdict: 'error' }],
    ['onQueryError', 'keep', { firing: [], calm: [], verdict: 'error' }],
    ['onQueryError', 'fire', { firing: ['firing > firing'], calm: ['normal > firing'], verdict: 'error' }],
    ['onQueryError', 'normal', { firing: ['firing > normal'], calm: [], verdict: 'error' }],
    ['onConditionError', 'error', { firing: [], calm: [], verdict: 'error' }],
    ['onConditionError', 'keep', { firing: [], calm: [], verdict: 'error' }],
    ['onConditionError', 'fire', { firing: ['firing > firing'], calm: ['normal > firing'], verdict: 'error' }],
    ['onConditionError', 'normal', { firing: ['firing > normal'], calm: [], verdict: 'error' }],
  ])('%s: %s', async (kind, policy, expected) => {
    expect(await troubled(kind, { [kind]: policy })).toEqual(expected)
  })

  test('onNoRows: condition decides with the empty shape', async () => {
    const one = await scene.act({ condition: { text: 'len(query_result) == 0' } })
    expect(await one.run()).toMatchObject({ verdict: 'false' })
    troubles.onNoRows.enter(one)
    const { verdict, trace } = await one.run()
    expect([verdict, trace.rowCount]).toEqual(['true', 0])
    expect(trace.reasons.map(({ code }) => code)).toEqual(['no-rows', 'condition-true'])
  })

  test('alerts of rows: firing makes the rule as a whole fire until its rows are told apart again', async () => {
    const changes = { fingerprint: ['name'], condition: { text: 'row["score"] > 0.5' }, onNoRows: 'fire' }
    const one = await scene.act(changes)
    troubles.onNoRows.enter(one)
    expect(moves(await one.run())).toEqual(['normal > firing'])
    scene.sql(`INSERT INTO scores VALUES ('${one.name}', 0.1)`)
    expect(moves(await one.run())).toEqual(['firing > normal'])
    await one.told(2)
  })
})

describe('an error', () => {
  const broken = { condition: { text: '1 / (row_count - 1) > 0' } }

  test('is told after three in a row, through the routes of the rule, and so is its end', async () => {
    const one = await scene.act(broken)
    expect(moves(await one.run())).toEqual([])
    expect(moves(await one.run())).toEqual([])
    expect(moves(await one.run())).toEqual(['normal > error'])
    const [event] = await scene.delivered(1, one.name)
    expect(event).toMatchObject({ type: 'alert.error', data: { title: expect.stringContaining('[ERROR]') } })
    expect(await one.decide()).toEqual(['already-notified'])
    scene.sql(`INSERT INTO scores VALUES ('${one.name}', 0.1), ('${one.name}', 0.1)`)
    expect(moves(await one.run())).toContain('error > normal')
    expect((await one.told(3)).toSorted()).toEqual(['error', 'firing', 'recovered'])
  })

  test('counts only in a row', async () => {
    const one = await scene.act(broken)
    for (const extra of [0, 0, 2, 0, 0]) {
      scene.sql(`DELETE FROM scores WHERE name = '${one.name}'`)
      for (let row = 0; row <= extra; row += 1) scene.sql(`INSERT INTO scores VALUES ('${one.name}', 0.1)`)
      expect(moves(await one.run()).filter((move) => move.endsWith('error'))).toEqual([])
    }
  })

  test('leaves what fires as it is', async () => {
    const one = await scene.act()
    await one.run()
    await one.told(1)
    troubles.onConditionError.enter(one)
    for (let count = 0; count < 3; count += 1) await one.run()
    expect(await one.told(2)).toEqual(['firing', 'error'])
    one.set(0.9)
    const { trace } = await one.run()
    expect(trace.transitions.map(({ before, after }) => `${before} > ${after}`).toSorted()).toEqual([
      'error > normal',
      'firing > firing',
    ])
    expect(await one.told(3)).toEqual(['firing', 'error', 'recovered'])
  })

  test('goes to the fallback channel when no route takes it', async () => {
    await scene.channel('Last', { fallback: true })
    const one = await scene.act(broken, { when: ['firing', 'resolved'] })
    for (let count = 0; count < 3; count += 1) await one.run()
    const [event] = await scene.delivered(1, 'Last')
    expect(event).toMatchObject({ type: 'alert.error', data: { rule: one.name } })
    expect(scene.arrived(one.name)).toEqual([])
    scene.sql(`INSERT INTO scores VALUES ('${one.name}', 0.1), ('${one.name}', 0.1)`)
    await one.run()
    const events = await scene.delivered(2, 'Last')
    expect(events[1]?.type).toBe('alert.recovered')
  })

  test('and whatever else, of a rule without routes, goes there too', async () => {
    const before = scene.arrived('Last').length
    const one = await scene.act({ routes: [] })
    await one.run()
    const events = await scene.delivered(before + 1, 'Last')
    expect(events.at(-1)).toMatchObject({ type: 'alert.firing', data: { rule: one.name } })
    expect(await scene.explain(one.rule)).toContain('the fallback channel "Last" is told')
  })
})

test('the lack of data is told once, and so is its end', async () => {
  const one = await scene.act({ onNoRows: 'no-data' })
  one.set(0.1)
  await one.run()
  troubles.onNoRows.enter(one)
  expect(await one.decide()).toEqual(['queued'])
  await one.told(1)
  expect(await one.decide()).toEqual(['already-notified'])
  scene.sql(`INSERT INTO scores VALUES ('${one.name}', 0.1)`)
  await one.run()
  expect(await one.told(2)).toEqual(['no-data', 'recovered'])
})
