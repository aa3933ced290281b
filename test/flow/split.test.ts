import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { addRelay, type Relay } from '../support/relay.ts'
import { type Act, type Input, MINUTE, type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'

let scene: Scene
let relay: Relay
let number = 0
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene[Symbol.asyncDispose]())
beforeEach(() => {
  relay = addRelay()
})
afterEach(() => relay[Symbol.dispose]())

/** A rule with one route to `a@x` and `b@x`, and what its recipients got. */
async function act(changes: Input = {}, settings: Input = {}): Promise<Act & { channel: string }> {
  const channel = `relay ${++number}`
  await scene.api('POST', '/channels', { name: channel, kind: 'relay', settings: { to: 'nobody@x' } })
  const routes = [{ channel, settings: { to: 'a@x; b@x', ...settings } }]
  return { ...(await scene.act({ routes, ...changes })), channel }
}

const states = (rule: string) =>
  scene
    .deliveries(rule)
    .then((all) => all.map(({ recipient, kind, state }) => `${kind} to ${recipient}: ${state}`).toSorted())
const reached = (rule: string, ...wanted: string[]) =>
  eventually(async () => expect(await states(rule)).toEqual(wanted))
const got = () => relay.got.map(({ to, kind }) => `${kind} to ${to}`).toSorted()

describe('a message to several recipients', () => {
  test('becomes a delivery for each, with the variables of that recipient in message and settings', async () => {
    const one = await act(
      { message: { summary: 'Dear {{ mailVariables_name }}, {{ value }}' } },
      { subject: 'For {{ mailVariables_name }}' },
    )
    expect(await one.decide()).toEqual(['queued', 'queued'])
    await reached(one.rule, 'firing to a@x: delivered', 'firing to b@x: delivered')
    expect(relay.got.toSorted((a, b) => a.to.localeCompare(b.to))).toEqual([
      { to: 'a@x', subject: 'For a', kind: 'firing', summary: 'Dear a, 0.9' },
      { to: 'b@x', subject: 'For b', kind: 'firing', summary: 'Dear b, 0.9' },
    ])
  })

  test('is one told message of its route: nothing is sent twice', async () => {
    const one = await act()
    await one.run()
    await reached(one.rule, 'firing to a@x: delivered', 'firing to b@x: delivered')
    expect(await one.decide()).toEqual(['already-notified'])
    one.set(0.1)
    await one.run()
    await reached(
      one.rule,
      'firing to a@x: delivered',
      'firing to b@x: delivered',
      'resolved to a@x: delivered',
      'resolved to b@x: delivered',
    )
  })

  test('is not held up by one recipient that cannot be reached, and that one hears of the whole at once', async () => {
    relay.answer('b@x', 'retryable')
    const one = await act()
    await one.run()
    await reached(one.rule, 'firing to a@x: delivered', 'firing to b@x: pending')
    expect(await one.decide()).toEqual(['already-notified'])
    one.set(0.1)
    await one.run()
    await reached(
      one.rule,
      'firing to a@x: delivered',
      'firing to b@x: superseded',
      'resolved to a@x: delivered',
      'resolved to b@x: pending',
    )
    relay.answer('b@x', 'delivered')
    scene.pass(2 * MINUTE)
    await eventually(() => expect(got()).toEqual(['firing to a@x', 'resolved to a@x', 'resolved to b@x']))
    expect(relay.got.find(({ to }) => to === 'b@x')?.summary).toMatch(/^It was firing from .* to /)
  })

  test('is not resolved for a recipient it certainly did not reach, and is for one it may have reached', async () => {
    relay.answer('b@x', 'rejected')
    relay.answer('c@x', 'unknown')
    const one = await act({}, { to: 'a@x;b@x;c@x' })
    await one.run()
    await reached(one.rule, 'firing to a@x: delivered', 'firing to b@x: rejected', 'firing to c@x: unknown')
    one.set(0.1)
    relay.answer('c@x', 'delivered')
    await one.run()
    await eventually(async () =>
      expect((await states(one.rule)).slice(3)).toEqual([
        'resolved to a@x: delivered',
        'resolved to b@x: superseded',
        'resolved to c@x: delivered',
      ]),
    )
  })

  test('counts as failed only when it reached none of them', async () => {
    relay.answer('a@x', 'rejected')
    relay.answer('b@x', 'rejected')
    const one = await act()
    await one.run()
    await reached(one.rule, 'firing to a@x: rejected', 'firing to b@x: rejected')
    expect(await one.decide()).toEqual(['not-delivered'])
    one.set(0.1)
    expect(await one.decide()).toEqual(['trigger-not-delivered'])
  })

  test('suppresses the next one of the route from its delivery on', async () => {
    relay.answer('b@x', 'rejected')
    const one = await act({ notify: 'every', suppressionMinutes: 5 })
    await one.run()
    await reached(one.rule, 'firing to a@x: delivered', 'firing to b@x: rejected')
    expect(await one.decide()).toEqual(['suppressed-until'])
    scene.pass(6 * MINUTE)
    expect(await one.decide()).toEqual(['queued', 'queued'])
  })

  test('goes out whole, and fails with the reason, when its recipients cannot be told apart', async () => {
    const one = await act({}, { to: 'a@x;{{ nothing }}' })
    await one.run()
    await reached(one.rule, 'firing to : delivered')
  })

  test('ends for those it began with, when whom to tell was read from a row that is gone', async () => {
    scene.sql("CREATE TABLE owned (model TEXT, owner TEXT); INSERT INTO owned VALUES ('churn', 'ann@x;bob@x')")
    const settings = { to: '{{ row.owner }}', subject: '{{ kind }} of {{ labels.model }}' }
    const one = await act(
      { query: 'SELECT * FROM owned', fingerprint: ['model'], condition: { text: 'True' } },
      settings,
    )
    await one.run()
    await reached(one.rule, 'firing to ann@x: delivered', 'firing to bob@x: delivered')
    scene.sql('DELETE FROM owned')
    await one.run()
    await one.run()
    await eventually(() =>
      expect(got()).toEqual(['firing to ann@x', 'firing to bob@x', 'resolved to ann@x', 'resolved to bob@x']),
    )
    expect(relay.got.at(-1)).toMatchObject({ subject: 'resolved of churn' })
  })

  test('to one recipient read from a row ends for that one as well', async () => {
    scene.sql("CREATE TABLE single (model TEXT, owner TEXT); INSERT INTO single VALUES ('churn', 'ann@x')")
    const one = await act(
      { query: 'SELECT * FROM single', fingerprint: ['model'], condition: { text: 'True' } },
      { to: '{{ row.owner }}' },
    )
    await one.run()
    await reached(one.rule, 'firing to : delivered')
    scene.sql('DELETE FROM single')
    await one.run()
    await one.run()
    await eventually(() => expect(got()).toEqual(['firing to ann@x', 'resolved to ann@x']))
  })

  test('is paced by the place its own settings name', async () => {
    const one = await act({}, { to: 'a@x;b@x', room: '{{ labels.nothing }}ops\u2028room' })
    await one.run()
    await reached(one.rule, 'firing to a@x: delivered', 'firing to b@x: delivered')
    const [first] = await scene.deliveries(one.rule)
    expect(first).toMatchObject({ destination: 'relay/ops room' })
  })

  test('about Tocsin itself becomes a delivery for each of the fallback channel too', async () => {
    await scene.api('POST', '/channels', { name: 'Watch', kind: 'relay', settings: { to: 'c@x;d@x' }, fallback: true })
    const one = await scene.act()
    one.reply({ status: 410 })
    await one.run()
    await eventually(() => expect(got()).toEqual(['error to c@x', 'error to d@x']))
    await scene.api('DELETE', '/channels/Watch')
  })

  test('of a caller becomes deliveries too', async () => {
    const one = await act()
    const message = { title: 'By hand' }
    const { deliveries } = await scene.api<{ deliveries: string[] }>('POST', `/channels/${one.channel}/send`, {
      message,
      settings: { to: 'a@x;b@x' },
    })
    expect(deliveries).toHaveLength(2)
    await eventually(() => expect(relay.got.map(({ to }) => to).toSorted()).toEqual(['a@x', 'b@x']))
  })
})
