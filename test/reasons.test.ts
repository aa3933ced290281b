import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type ReasonCode, reasons } from '../src/model/reason.ts'
import { plainObject } from './support/notifications.ts'
import { startRudeSmtp } from './support/rude-smtp.ts'
import { type Input, MINUTE, type Scene, startScene } from './support/scene.ts'
import { eventually } from './support/servers.ts'

const HOUR = 60 * MINUTE

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene[Symbol.asyncDispose]())

/** Runs a rule as it is; the rule explains itself. */
const onRun =
  (changes: Input = {}, route: Input = {}) =>
  async () => {
    const one = await scene.act(changes, route)
    await one.run()
    return one.rule
  }

/** Lets a run end that a rule is for. */
const onEnds = (state: string, when: string[]) => async () => {
  const name = when.join()
  await scene.api('POST', '/rules', { name, runs: { name }, when })
  await scene.api('PUT', `/runs/${name}`, { name, state })
  return name
}

/** Makes each reason happen and gives the rule or delivery that must name it. */
const scenarios: Record<ReasonCode, () => Promise<string>> = {
  async 'daemon-was-down'() {
    const { rule } = await scene.act({ schedule: { every: '1m' } })
    await scene.daemon.restart(() => scene.pass(10 * MINUTE))
    return rule
  },
  async 'rule-newer-than-tick'() {
    const { rule, run } = await scene.act()
    const release = scene.hold()
    const running = run()
    await scene.api('GET', `/rules/${rule}`)
    await scene.api('POST', `/rules/${rule}/pause`)
    release()
    await running
    return rule
  },
  async 'still-running'() {
    const { rule } = await scene.act({ schedule: { every: '5s' } })
    const release = scene.hold()
    scene.pass(5000)
    // Claimed, it is not among those that are due.
    await eventually(async () =>
      expect((await scene.daemon.store.rules.nextDue()) ?? 0).toBeGreaterThan(scene.daemon.clock.now()),
    )
    scene.pass(12_000)
    release()
    return rule
  },
  async 'connection-missing'() {
    const path = join(scene.daemon.folder, 'scores.db')
    await scene.api('POST', '/connections', { name: 'Short-lived', kind: 'sqlite', settings: { path } })
    const { rule, run } = await scene.act({ connection: 'Short-lived' })
    await scene.api('DELETE', '/connections/Short-lived?force=true')
    await run()
    return rule
  },
  async 'breaker-open'() {
    const path = join(scene.daemon.folder, 'missing.db')
    await scene.api('POST', '/connections', { name: 'Dead', kind: 'sqlite', settings: { path } })
    const { rule, run } = await scene.act({ connection: 'Dead' })
    for (let count = 0; count < 4; count += 1) await run()
    return rule
  },
  'query-error': onRun({ query: 'SELECT nothing' }),
  async 'query-timeout'() {
    const { rule, run } = await scene.act({ timeout: '1s' })
    const release = scene.hold()
    await run()
    release()
    return rule
  },
  'query-cut': onRun({ query: 'VALUES (1), (2)', maxRows: 1, condition: { trigger: 'rows' } }),
  'no-rows': onRun({ query: 'SELECT 1 AS score WHERE false' }),
  'condition-error': onRun({ condition: { text: 'query_result["score"] > "high"' } }),
  'condition-false': onRun({ query: 'SELECT 0.1 AS score' }),
  'condition-true': onRun(),
  async 'single-column-fallback'() {
    const name = 'imported'
    const query = 'SELECT 3 AS cnt'
    const condition = 'query_result["count"] > 0'
    const restendpoint = `${scene.receiver.url}/imported`
    const object = plainObject({ name, connection: 'Data', query, condition, restendpoint, paused: true })
    expect((await scene.daemon.call('POST', '/v1/notifications', object)).status).toBe(201)
    await scene.run(name)
    return name
  },
  async 'variable-missing'() {
    await scene.api('PUT', '/variables', { variables: [{ name: 'ratio', formula: 'nowhere + 1' }] })
    const condition = { dialect: 'formula', text: "scenarioName == 'ratios'" }
    await scene.api('POST', '/rules', { name: 'ratios', runs: { name: 'ratios' }, when: ['end'], condition })
    await scene.api('PUT', '/runs/ratios', { name: 'ratios', state: 'completed' })
    await scene.api('PUT', '/variables', { variables: [] })
    return 'ratios'
  },
  'occasion-met': onEnds('completed', ['end']),
  'occasion-not-met': onEnds('completed', ['recovered']),
  queued: onRun(),
  async 'suppressed-until'() {
    const one = await scene.act({ notify: 'every', suppressionMinutes: 10 })
    await one.run()
    await one.reached('delivered')
    await one.run()
    return one.rule
  },
  async 'waiting-for-delivery'() {
    const one = await scene.act()
    one.reply({ status: 500 })
    await one.run()
    await one.run()
    return one.rule
  },
  async 'already-notified'() {
    const one = await scene.act()
    await one.run()
    await one.reached('delivered')
    await one.run()
    return one.rule
  },
  async 'not-delivered'() {
    const one = await scene.act()
    one.reply({ status: 400 })
    await one.run()
    await one.reached('rejected')
    await one.run()
    return one.rule
  },
  'not-firing': onRun({ query: 'SELECT 0.1 AS score' }),
  pending: onRun({ for: '5m' }),
  async recovering() {
    const one = await scene.act({ keepFiringFor: '5m' })
    await one.run()
    one.set(0.1)
    await one.run()
    return one.rule
  },
  'not-subscribed': onRun({}, { when: ['resolved'] }),
  'route-condition-false': onRun({}, { condition: { text: 'query_result["score"] > 0.95' } }),
  'route-condition-error': onRun({}, { condition: { text: '1 / (row_count - 1) > 0' } }),
  async 'channel-missing'() {
    const one = await scene.act()
    await scene.api('DELETE', `/channels/${one.name}?force=true`)
    await one.run()
    return one.rule
  },
  'channel-unnamed': onRun({}, { channel: null }),
  async 'channel-disabled'() {
    const one = await scene.act()
    await scene.api('POST', `/channels/${one.name}/disable`)
    await one.run()
    return one.rule
  },
  async 'trigger-not-delivered'() {
    const one = await scene.act()
    one.reply({ status: 400 })
    await one.run()
    await one.reached('rejected')
    one.set(0.1)
    await one.run()
    return one.rule
  },
  async 'merged-with-trigger'() {
    const one = await scene.act()
    one.reply({ status: 500 })
    await one.run()
    await one.reached('pending')
    one.set(0.1)
    await one.run()
    return one.rule
  },
  'template-error': onRun({ message: { engine: 'jinja', title: '{{ 1 / (row_count - 1) }}' } }),
  async delivered() {
    const one = await scene.act()
    await one.run()
    return one.reached('delivered')
  },
  async 'retry-later'() {
    const one = await scene.act()
    one.reply({ status: 500 })
    await one.run()
    return one.reached('pending')
  },
  async rejected() {
    const one = await scene.act()
    one.reply({ status: 400 })
    await one.run()
    return one.reached('rejected')
  },
  async 'deadline-passed'() {
    const one = await scene.act()
    one.reply({ status: 500 })
    await one.run()
    await one.reached('pending')
    scene.pass(29 * HOUR)
    return one.reached('dead')
  },
  async 'outcome-unknown'() {
    const server = await startRudeSmtp()
    const settings = { host: '127.0.0.1', port: server.port, tls: 'none', sender: 'a@example.com', to: 'b@example.com' }
    await scene.api('POST', '/channels', { name: 'Rude', kind: 'mail', settings })
    const one = await scene.act({}, { channel: 'Rude' })
    await one.run()
    const id = await one.reached('pending')
    server.close()
    return id
  },
  async interrupted() {
    const one = await scene.act()
    one.reply('hang')
    await one.run()
    const id = await one.reached('sending')
    await scene.daemon.crash()
    await eventually(async () => expect((await scene.daemon.store.deliveries.get(id))?.attempts).toHaveLength(2))
    return id
  },
  async 'destination-paused'() {
    const one = await scene.act()
    one.reply({ status: 429, retryAfter: 600 })
    await one.run()
    return one.reached('pending')
  },
  async superseded() {
    const one = await scene.act()
    one.reply({ status: 500 })
    await one.run()
    const id = await one.reached('pending')
    one.set(0.1)
    await one.run()
    return id
  },
  async discarded() {
    const one = await scene.act()
    one.reply({ status: 500 })
    await one.run()
    const id = await one.reached('pending')
    await scene.api('POST', `/deliveries/${id}/discard`)
    return id
  },
  async replayed() {
    const one = await scene.act()
    one.reply({ status: 400 })
    await one.run()
    const id = await one.reached('rejected')
    one.reply('hang')
    await scene.api('POST', `/deliveries/${id}/retry`)
    return id
  },
}

test.each(Object.entries(reasons))('%s happens and is explained', async (code, { text }) => {
  const subject = await scenarios[code as ReasonCode]()
  await eventually(async () => expect(await scene.explain(subject)).toContain(text))
})
