import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Channel } from '../../src/channels/channel.ts'
import type { WorkerOptions } from '../../src/deliver/worker.ts'
import type { DeliveryState } from '../../src/model/delivery.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { newDelivery, type Outbox, outbox } from '../support/deliveries.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type Receiver, type Reply, startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'
import { tempDatabase } from '../support/temp-database.ts'
import { now } from './contract.ts'

/** What becomes of a delivery and of its channel. */
export interface Fate {
  state: DeliveryState
  /** The class of the attempt. */
  cause: string
  /** ms until the next attempt; absent when there is none. */
  wait?: number
  /** Whether the channel is disabled. */
  disabled?: boolean
}

/** What a vendor answers, and what becomes of it. */
export interface VendorCase extends Fate {
  name: string
  reply: Reply
}

export function refused(name: string, reply: Reply, cause: string, disabled = false): VendorCase {
  return { name, reply, state: 'rejected', cause, disabled }
}

export function retried(name: string, reply: Reply, cause: string, wait: number): VendorCase {
  return { name, reply, state: 'pending', cause, wait }
}

export function unknown(name: string, reply: Reply, cause: string): VendorCase {
  return { name, reply, state: 'unknown', cause }
}

/** Sends one message through the real worker for each case, and compares what is stored with what the case says. */
export function vendorLife(
  what: string,
  channel: Channel,
  settingsFor: (url: string) => JsonObject,
  cases: VendorCase[],
) {
  describe(`${what}, through the worker`, () => {
    let receiver: Receiver
    beforeAll(async () => {
      receiver = await startReceiver()
    })
    afterAll(() => receiver.close())

    test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, expected) => {
      receiver.reply(expected.reply)
      await meetsFate(channel, settingsFor(receiver.url), expected)
    })
  })
}

/** Sends one message through the real worker, and compares what is stored then with what should be. */
export async function meetsFate(
  channel: Channel,
  settings: JsonObject,
  expected: Fate,
  options: Partial<WorkerOptions> = {},
): Promise<void> {
  const box = outbox([channel], options, tempDatabase(manualClock(now)))
  try {
    await box.worker.start()
    await enqueue(box, channel, settings)
    const { delivery, attempts } = await eventually(async () => {
      const found = await box.store.deliveries.get('msg_000000001abcdefgh')
      if (found?.attempts[0]?.finishedAt == null) throw new Error('It is still under way.')
      return found
    })
    const { state, cause, wait, disabled = false } = expected
    expect({ state: delivery.state, cause: attempts[0]?.reason }).toEqual({ state, cause })
    expect(delivery.nextAt).toBe(wait === undefined ? null : now + wait)
    const reason = (await box.store.channels.get('chn_1'))?.disabledReason ?? null
    expect(reason === null).toBe(!disabled)
    expect(JSON.stringify([attempts, reason])).not.toContain('canary')
  } finally {
    await box.close()
  }
}

async function enqueue({ store }: Outbox, channel: Channel, settings: JsonObject): Promise<void> {
  const destination = channel.destination({ apiUrl: '', ...settings })
  await store.channels.create({
    id: 'chn_1',
    project: 'default',
    name: 'one',
    kind: channel.kind,
    settings: {},
    sealed: JSON.stringify(settings),
    destination,
    fallback: false,
    createdAt: now,
  })
  const target = { channelId: 'chn_1', kind: channel.kind, destination, settings: {}, sealed: null }
  await store.deliveries.enqueue([newDelivery({ id: 'msg_000000001abcdefgh', target, createdAt: now })])
}
