import { expect, test } from 'bun:test'
import type { NewDelivery } from '../../src/model/delivery.ts'
import { failure, newDelivery, outbox, scriptedChannel, target } from '../support/deliveries.ts'

const DESTINATIONS = 50
const ALERTS = 4
const EACH = 40
const MINUTE = 60_000

/** The messages of each alert of each destination, in the order they are made. */
function crowd(): NewDelivery[] {
  return Array.from({ length: DESTINATIONS * EACH }, (_, number) => {
    const place = placeOf(number % DESTINATIONS)
    const turn = Math.floor(number / DESTINATIONS)
    const fingerprints = [`${place}-${turn % ALERTS}`]
    const id = `${fingerprints[0]}-${String(turn).padStart(3, '0')}`
    return newDelivery({ id, route: place, fingerprints, target: target(place), createdAt: turn })
  })
}

function placeOf(number: number): string {
  return number === 0 ? 'dead' : number === 1 ? 'slow' : `well-${number}`
}

test('of fifty destinations a dead and a slow one hold up no other, and in the end all arrive in order', async () => {
  const trouble = { isOver: false }
  const held: (() => void)[] = []
  const arrived = new Map<string, string[]>()
  const tries = { dead: 0, slow: 0 }
  const { channel } = scriptedChannel(async ({ id, to }) => {
    if (to === 'dead' && !trouble.isOver) {
      tries.dead += 1
      throw failure('retryable', 'refused')
    }
    if (to === 'slow' && !trouble.isOver) {
      tries.slow += 1
      await new Promise<void>((resolve) => held.push(resolve))
    }
    const alert = id.slice(0, -4)
    arrived.set(alert, [...(arrived.get(alert) ?? []), id])
    return 'ok'
  })
  const box = outbox([channel])
  const all = crowd()
  await box.store.deliveries.enqueue(all)
  box.clock.advance(EACH)
  await box.worker.start()

  const waiting = async () => (await box.store.deliveries.counts()).pending
  for (let round = 0; (await waiting()) > 2 * EACH - ALERTS && round < 200; round += 1) await box.settle()
  const healthy = [...arrived.keys()]
  expect(healthy).toHaveLength((DESTINATIONS - 2) * ALERTS)
  for (const alert of healthy) expect(arrived.get(alert)).toHaveLength(EACH / ALERTS)
  // One of each alert at a time, since the others wait for it; of the dead one not more until it is probed.
  expect(tries).toEqual({ dead: ALERTS, slow: ALERTS })

  trouble.isOver = true
  for (const release of held) release()
  for (let minute = 0; minute < 90; minute += 1) await box.pass(MINUTE)
  expect(await box.store.deliveries.counts()).toMatchObject({
    pending: 0,
    sending: 0,
    rejected: 0,
    dead: 0,
    unknown: 0,
  })
  expect([...arrived.values()].flat().length).toBe(all.length)
  for (const ids of arrived.values()) expect(ids).toEqual(ids.toSorted())
  await box.close()
}, 60_000)
