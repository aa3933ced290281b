import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { addRelay } from '../support/relay.ts'
import { serverPackages, skipUnless } from '../support/requirements.ts'
import { type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'
import { startSmtp } from '../support/smtp.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene[Symbol.asyncDispose]())

const describeMail = await skipUnless(serverPackages)

describeMail('a warning goes by mail', () => {
  test('and a critical value to the chat as well', async () => {
    const server = await startSmtp({ tls: 'none' })
    const settings = {
      host: '127.0.0.1',
      port: server.port,
      tls: 'none',
      sender: 'a@example.com',
      to: 'ops@example.com',
    }
    await scene.api('POST', '/channels', { name: 'Mail', kind: 'mail', settings })
    await scene.channel('Chat')
    const one = await scene.act({
      routes: [
        { channel: 'Mail', condition: { text: 'query_result["score"] < 0.9' } },
        { channel: 'Chat', condition: { text: 'query_result["score"] >= 0.9' } },
      ],
    })
    one.set(0.7)
    expect(await one.decide()).toEqual(['queued', 'route-condition-false'])
    await eventually(() => expect(server.mails).toHaveLength(1))
    one.set(0.95)
    expect((await one.decide()).toSorted()).toEqual(['already-notified', 'queued'])
    await scene.delivered(1, 'Chat')
    await eventually(async () =>
      expect((await scene.deliveries(one.rule)).map(({ state }) => state)).toEqual(['delivered', 'delivered']),
    )
    one.set(0.1)
    expect(await one.decide()).toEqual(['queued', 'queued'])
    expect((await scene.delivered(2, 'Chat')).map(({ type }) => type)).toEqual(['alert.firing', 'alert.resolved'])
    await eventually(() => expect(server.mails).toHaveLength(2))
    await server.close()
  })
})

describe('the own condition of a route', () => {
  test('is about the first row of each alert', async () => {
    scene.sql("CREATE TABLE parts (name TEXT, score REAL); INSERT INTO parts VALUES ('a', 0.6), ('b', 0.95)")
    const one = await scene.act(
      { query: 'SELECT * FROM parts ORDER BY name', fingerprint: ['name'], condition: { text: 'row["score"] > 0.5' } },
      { condition: { text: 'row["score"] > 0.9' } },
    )
    const { trace } = await one.run()
    expect(trace.routes).toMatchObject([
      { fingerprints: ['["b"]'], reason: { code: 'queued' } },
      { fingerprints: ['["a"]'], reason: { code: 'route-condition-false' } },
    ])
  })

  test('lets the message pass, and is named, when it fails', async () => {
    const one = await scene.act({}, { condition: { text: '1 / (row_count - 1) > 0' } })
    const { trace } = await one.run()
    expect(trace.routes).toMatchObject([
      { reason: { code: 'route-condition-error', detail: expect.stringContaining('division by zero') } },
    ])
    const [event] = await scene.delivered(1, one.name)
    expect(event?.data.why).toContain('could not be decided')
  })
})

describe('a route', () => {
  test('takes the kinds it wants', async () => {
    const one = await scene.act({}, { when: ['resolved'] })
    expect(await one.decide()).toEqual(['not-subscribed'])
  })

  test('keeps what it told when another one is added before it', async () => {
    const one = await scene.act()
    await one.run()
    await one.told(1)
    await scene.channel('Added')
    await scene.edit(one.rule, { routes: [{ channel: 'Added' }, { channel: one.name }] })
    const { trace } = await one.run()
    expect(trace.routes.map(({ route, reason }) => [route, reason.code])).toEqual([
      ['Added', 'queued'],
      [one.name, 'already-notified'],
    ])
  })

  test('whose channel is disabled or gone tells once that works again', async () => {
    const one = await scene.act()
    await scene.api('POST', `/channels/${one.name}/disable`)
    expect(await one.decide()).toEqual(['channel-disabled'])
    await scene.api('POST', `/channels/${one.name}/enable`)
    expect(await one.decide()).toEqual(['queued'])
    await one.told(1)
  })

  test('with a channel of its own sends like any other', async () => {
    const channel = { kind: 'webhook', settings: { url: `${scene.receiver.url}/inline` } }
    const one = await scene.act({ routes: [{ channel }] })
    expect(await one.decide()).toEqual(['queued'])
    await scene.delivered(1, 'inline')
  })
})

describe('settings of a route that are templates', () => {
  const settled = async (rule: string) =>
    eventually(async () => {
      const [delivery] = await scene.deliveries(rule)
      expect(delivery?.state).not.toBe('pending')
      expect(delivery?.state).not.toBe('sending')
      return delivery!
    })

  test('are numbers and switches once they are rendered', async () => {
    using relay = addRelay()
    const channel = { kind: 'relay', settings: { to: '{{ row.name }}@x', pager: '{{ row_count | times: 7 }}' } }
    const one = await scene.act({ routes: [{ channel }] })
    await one.run()
    expect(await settled(one.rule)).toMatchObject({ state: 'delivered' })
    expect(relay.got).toMatchObject([{ to: `${one.name}@x` }])
  })

  test('that are not valid once rendered refuse the message, naming setting and reason', async () => {
    using relay = addRelay()
    const settings = { to: 'ops@x', pager: '{{ row.name }}' }
    const one = await scene.act({ routes: [{ channel: { kind: 'relay', settings } }] })
    await one.run()
    const delivery = await settled(one.rule)
    expect(delivery).toMatchObject({
      state: 'rejected',
      reason: { detail: 'the settings are not valid: settings.pager: must be a number' },
    })
    expect(relay.got).toEqual([])
  })

  test('are refused when the rule is saved where they cannot be read', async () => {
    using _relay = addRelay()
    const routes = [{ channel: { kind: 'relay', settings: { to: '{{ row.name | nope }}' } } }]
    await expect(scene.rule({ routes })).rejects.toThrow('routes.0.channel.settings.to')
  })
})
