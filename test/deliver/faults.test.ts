import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Channel } from '../../src/channels/channel.ts'
import { webhook } from '../../src/channels/webhook.ts'
import { newDelivery, type Outbox, outbox } from '../support/deliveries.ts'
import { type Receiver, type Reply, startReceiver } from '../support/receiver.ts'

const faults = {
  hang: 'hang',
  reset: 'reset',
  busy: { status: 429, retryAfter: 120 },
  'busy-quiet': { status: 429 },
  'busy-date': { status: 503, retryAfter: new Date(600_000).toUTCString() },
  broken: { status: 500 },
  moved: { status: 301, headers: { location: 'http://127.0.0.1:1/' } },
  gone: { status: 410 },
} satisfies Record<string, Reply>

type Fault = keyof typeof faults

const GOOD = 300

describe('receivers that fail', () => {
  let box: Outbox
  const receivers: Receiver[] = []
  let good: Receiver

  const attempted = () => box.events.filter(({ event }) => event === 'delivered' || event === 'deliveryFailed').length

  /** Resolves when so many attempts have ended. */
  async function ended(count: number) {
    while (attempted() < count) await new Promise((resolve) => setImmediate(resolve))
    await box.settle()
  }

  async function hook(name: string): Promise<Receiver> {
    const receiver = await startReceiver()
    receivers.push(receiver)
    await box.store.channels.create({
      id: name,
      project: 'default',
      name,
      kind: 'webhook',
      settings: { timeoutSeconds: 1 },
      sealed: JSON.stringify({ url: receiver.url }),
      destination: name,
      fallback: false,
      createdAt: 0,
    })
    return receiver
  }

  const queued = (channelId: string, id: string) =>
    newDelivery({
      id,
      fingerprints: [id],
      target: { channelId, kind: 'webhook', destination: channelId, settings: {}, sealed: null },
    })

  let slowest = 0
  beforeAll(async () => {
    box = outbox([webhook as Channel])
    await box.worker.start()
    for (const [name, reply] of Object.entries(faults)) (await hook(name)).reply(reply)
    good = await hook('good')
    const bad = Object.keys(faults).map((name) => queued(name, name))
    const fine = Array.from({ length: GOOD }, (_, number) => queued('good', `good-${number}`))
    const start = performance.now()
    await box.store.deliveries.enqueue([...bad, ...fine])
    await good.until(GOOD)
    slowest = performance.now() - start
    await ended(bad.length + GOOD)
  })
  afterAll(async () => {
    await box.close()
    for (const receiver of receivers) await receiver.close()
  })

  test('slow down no other', () => {
    // The one that hangs does so for a second.
    expect(slowest).toBeLessThan(1000)
    expect(new Set(good.received.map(({ headers }) => headers['webhook-id'])).size).toBe(GOOD)
  })

  test.each([
    ['hang', 'pending', 60_000, 'unknown', 'timeout'],
    ['reset', 'pending', 5000, 'unknown', 'reset'],
    ['busy', 'pending', 120_000, 'retryable', 'http-429'],
    ['busy-quiet', 'pending', 60_000, 'retryable', 'http-429'],
    ['busy-date', 'pending', 600_000, 'retryable', 'http-503'],
    ['broken', 'pending', 5000, 'retryable', 'http-500'],
    ['moved', 'rejected', null, 'rejected', 'http-301'],
    ['gone', 'rejected', null, 'rejected', 'http-410'],
  ] as const satisfies [Fault, ...unknown[]][])('%s: %s, next at %p', async (id, state, nextAt, outcome, cause) => {
    const { delivery, attempts } = (await box.store.deliveries.get(id))!
    expect(delivery).toMatchObject({ state, nextAt, attempts: 1 })
    expect(attempts).toMatchObject([{ outcome, reason: cause, retryAt: nextAt }])
    expect(JSON.stringify(attempts)).not.toContain('http://127.0.0.1')
  })

  test('are left alone from then on where they are gone', async () => {
    expect((await box.store.channels.get('gone'))?.disabledReason).toContain('410')
    expect((await box.store.channels.get('moved'))?.disabledReason).toBeNull()
  })

  test('get the same message again, with the same id, once they work', async () => {
    for (const receiver of receivers) receiver.reply({ status: 200 })
    const before = attempted()
    box.clock.advance(5000)
    await ended(before + 2)
    box.clock.advance(55_000)
    await ended(before + 4)
    box.clock.advance(60_000)
    await ended(before + 5)
    box.clock.advance(480_000)
    await ended(before + 6)
    for (const [index, name] of Object.keys(faults).entries()) {
      if (name === 'moved' || name === 'gone') continue
      const [first, second] = receivers[index]!.received
      expect(second?.headers['webhook-id']).toBe(name)
      expect(second?.body).toBe(first!.body)
      expect(await box.stored(name)).toMatchObject({ state: 'delivered', attempts: 2 })
    }
  })
})
