import { afterEach, expect, test } from 'bun:test'
import { createTargetOpener } from '../../src/deliver/resolve-target.ts'
import { sendNow } from '../../src/deliver/send-now.ts'
import { failure, newDelivery, type Outbox, outbox, type Play, scriptedChannel, target } from '../support/deliveries.ts'
import { testHttp } from '../support/egress.ts'

let box: Outbox
afterEach(() => box.close())

async function sendTest(play: Play) {
  const { channel } = scriptedChannel(play)
  box = outbox([channel])
  await box.worker.start()
  const sealed = JSON.stringify({ password: 'hunter2' })
  return sendNow(newDelivery({ id: 't', kind: 'test', ruleId: null, target: { ...target('one'), sealed } }), {
    deliveries: box.store.deliveries,
    openTarget: createTargetOpener({
      channels: box.store.channels,
      channelOf: () => channel,
      secrets: { open: (text) => text },
    }),
    http: testHttp(),
    clock: box.clock,
    print: () => {},
  })
}

test('a test message is sent at once and gives the answer of the receiver', async () => {
  expect(await sendTest(() => 'accepted with hunter2')).toEqual({
    deliveryId: 't',
    outcome: 'delivered',
    cause: 'delivered',
    response: 'accepted with ***',
    took: 0,
  })
  expect(await box.stored('t')).toMatchObject({ state: 'delivered', kind: 'test' })
})

test.each(['retryable', 'unknown', 'rejected'] as const)(
  'a test message that fails as %s is not repeated',
  async (outcome) => {
    let sends = 0
    const sent = await sendTest(() => {
      sends += 1
      throw failure(outcome, 'http-503', { response: 'closed for lunch' })
    })
    expect(sent).toMatchObject({ outcome, cause: 'http-503', response: 'closed for lunch' })
    expect(await box.stored('t')).toMatchObject({ state: outcome === 'unknown' ? 'unknown' : 'rejected' })
    await box.pass(3_600_000)
    expect(sends).toBe(1)
  },
)
