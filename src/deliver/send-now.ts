import type { Clock } from '../clock.ts'
import type { NewDelivery, Outcome } from '../model/delivery.ts'
import type { DeliveryQueries } from '../store/deliveries.ts'
import { type AttemptTools, attempt } from './attempt.ts'

/** What became of a message that was sent at once. */
export interface Sent {
  deliveryId: string
  outcome: Outcome
  /** A short class, such as `delivered` or `http-404`. */
  cause: string
  /** The receiver's own answer, without secrets. */
  response: string
  /** ms. */
  took: number
}

export interface SendNowTools extends Omit<AttemptTools, 'now' | 'random'> {
  deliveries: Pick<DeliveryQueries, 'begin' | 'turn'>
  clock: Clock
}

/** ms a message that somebody waits for may take. */
const LONGEST = 60_000

/**
 * Sends a message (of kind `test`, so that it is tried once) beside the queue and waits for the answer. It is recorded
 * like any other. Rejects only when it could not be recorded.
 */
export async function sendNow(delivery: NewDelivery, tools: SendNowTools): Promise<Sent> {
  const { clock, deliveries } = tools
  const claim = await deliveries.begin(delivery, clock.now())
  const startedAt = clock.now()
  const abort = new AbortController()
  const cancel = clock.at(startedAt + LONGEST, () => abort.abort())
  const { finished } = await attempt(claim, { ...tools, now: clock.now, random: () => 0 }, abort.signal)
  cancel()
  await deliveries.turn(() => ({ finished: [finished], want: [] }))
  const { outcome, cause, response, at } = finished
  return { deliveryId: delivery.id, outcome, cause, response: response ?? '', took: at - startedAt }
}
