import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { finalStates } from '../../src/model/delivery.ts'
import { failure, newDelivery, outbox, scriptedChannel, target } from '../support/deliveries.ts'

const HOUR = 3_600_000

/** What the receiver does with each attempt on a message; after the last one it accepts. */
const attempts = fc.array(fc.constantFrom('retryable', 'unknown', 'pause', 'rejected'), { maxLength: 4 })
const messages = fc.array(
  fc.record({
    fingerprints: fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }),
    route: fc.constantFrom('chat', 'mail'),
    attempts,
    /** Rounds of the event loop an attempt takes. */
    slowness: fc.nat(4),
  }),
  { minLength: 1, maxLength: 12 },
)

test('no message of an alert is sent before the one ahead of it has ended, whatever the receiver does', async () => {
  await fc.assert(
    fc.asyncProperty(messages, async (plan) => {
      const early: string[] = []
      const script = scriptedChannel(async ({ id, attempt }) => {
        const number = Number(id)
        const { route, fingerprints, slowness, attempts } = plan[number]!
        for (let ahead = 0; ahead < number; ahead += 1) {
          const other = plan[ahead]!
          const shares = other.route === route && other.fingerprints.some((one) => fingerprints.includes(one))
          if (shares && !finalStates.includes((await box.stored(`${ahead}`)).state)) early.push(`${id} before ${ahead}`)
        }
        for (let round = 0; round < slowness; round += 1) await new Promise((resolve) => setImmediate(resolve))
        const what = attempts[attempt - 1]
        if (what === 'pause') throw failure('retryable', 'http-429', { retryAfter: 5000 })
        if (what !== undefined) throw failure(what, 'scripted')
        return 'ok'
      })
      const box = outbox([script.channel], { limits: { attempt: 1000 * HOUR } })
      await box.worker.start()
      const queued = plan.map(({ fingerprints, route }, number) =>
        newDelivery({ id: `${number}`, fingerprints, route, target: target(route), createdAt: number }),
      )
      const half = Math.ceil(queued.length / 2)
      await box.store.deliveries.enqueue(queued.slice(0, half))
      await box.pass(20)
      await box.store.deliveries.enqueue(queued.slice(half))
      for (let hour = 0; hour < 40; hour += 1) await box.pass(HOUR)
      const states = await Promise.all(plan.map(async (_, number) => (await box.stored(`${number}`)).state))
      const expected = plan.map(({ attempts }) => (attempts.includes('rejected') ? 'rejected' : 'delivered'))
      await box.close()
      expect(early).toEqual([])
      expect(states).toEqual(expected)
    }),
    { numRuns: 60 },
  )
}, 60_000)
