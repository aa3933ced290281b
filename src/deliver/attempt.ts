import type { ChannelLimits, Receipt, SendContext } from '../channels/channel.ts'
import { DeliveryError } from '../channels/failure.ts'
import { messageOf } from '../errors.ts'
import { isLocal } from '../model/delivery.ts'
import type { Http } from '../net.ts'
import type { Programs } from '../programs.ts'
import type { Claim, Finished } from '../store/delivery-turns.ts'
import type { Sign } from './pace.ts'
import { keepable } from './redact.ts'
import type { OpenTarget, TargetOpener } from './resolve-target.ts'
import { pauseAfter, retryAt } from './retry.ts'

/** How an attempt ended, and what it showed. */
export interface Ended {
  finished: Finished
  sign: Sign
  /** The receiver proved that the channel will never work again. */
  disable: string | null
  /** Thrown by something that has no words for it: a defect. */
  defect: unknown
}

export interface AttemptTools {
  openTarget: TargetOpener
  http: Http
  now: () => number
  random: () => number
  print: (line: string) => void
  programs: Programs
}

const GOOD: Sign = { health: 'good', pause: 0 }
const NONE: Sign = { health: 'none', pause: 0 }

/** One try to send a claimed delivery, until the signal that `begin` gives for where it goes. Never throws. */
export async function attempt(
  claim: Claim,
  tools: AttemptTools,
  begin: (open: OpenTarget) => AbortSignal,
): Promise<Ended> {
  let open: OpenTarget | undefined
  try {
    const found = await tools.openTarget(claim.delivery)
    if ('closed' in found) {
      const { code, detail } = found.closed
      const next = { state: 'rejected' as const, reason: found.closed }
      return ended({ claim, outcome: 'rejected', cause: code, response: detail ?? null, at: tools.now(), next }, NONE)
    }
    open = found
    return await send(claim, open, tools, begin(open))
  } catch (thrown) {
    return failed(claim, open, thrown, tools)
  }
}

/** An attempt that was given up since its channel did not come back. */
export function abandoned(claim: Claim, limits: ChannelLimits, repeatable: boolean, tools: AttemptTools): Ended {
  const error = new DeliveryError('unknown', 'timeout', 'The channel did not finish in time.')
  return judge(claim, error, limits, repeatable, [], tools)
}

async function send(claim: Claim, open: OpenTarget, tools: AttemptTools, signal: AbortSignal): Promise<Ended> {
  const { channel, settings, secrets } = open
  const { delivery, previous } = claim
  const context: SendContext = {
    http: tools.http,
    signal,
    deliveryId: delivery.id,
    attempt: claim.attempt,
    now: tools.now(),
    cache: open.cache,
    print: tools.print,
    programs: tools.programs,
  }
  if (open.defaults !== undefined) context.defaults = open.defaults
  if (previous !== null) context.previous = previous
  if (claim.doubtful && !channel.idempotent && channel.probe !== undefined) {
    const found = await channel.probe(settings, context).catch(stillUnknown)
    if (found === 'sent') return delivered(claim, { response: ARRIVED }, tools.now())
    if (typeof found === 'object') return delivered(claim, { ...found, response: ARRIVED }, tools.now())
    if (found === 'unknown')
      throw new DeliveryError('unknown', 'probe', 'It could not be found out whether the attempt before arrived.')
  }
  const receipt = await channel.send(channel.render(delivery.message, settings), settings, context)
  return delivered(claim, { ...receipt, response: keepable(receipt.response, secrets) }, tools.now())
}

const ARRIVED = 'It had arrived with the attempt before.'

/** Whether the attempt before arrived is as unknown as it was: so it is asked again before anything is sent. */
function stillUnknown(thrown: unknown): never {
  if (!(thrown instanceof DeliveryError)) throw thrown
  const { reason, message, retryAfter, response } = thrown
  const text = `It could not be asked whether the attempt before arrived: ${message}`
  throw new DeliveryError('unknown', reason, text, { response, ...(retryAfter === undefined ? {} : { retryAfter }) })
}

function delivered(claim: Claim, { response, reference, inbox }: Receipt, at: number): Ended {
  const next = { state: 'delivered' as const, receipt: reference ?? null, ...(inbox === undefined ? {} : { inbox }) }
  return ended({ claim, outcome: 'delivered', cause: 'delivered', response, at, next }, GOOD)
}

function failed(claim: Claim, open: OpenTarget | undefined, thrown: unknown, tools: AttemptTools): Ended {
  const { limits, idempotent, probe } = open?.channel ?? { limits: undefined, idempotent: false, probe: undefined }
  const secrets = open?.secrets ?? []
  if (thrown instanceof DeliveryError)
    return judge(
      claim,
      thrown,
      limits,
      idempotent || (probe !== undefined && thrown.reason !== 'probe'),
      secrets,
      tools,
    )
  const error = new DeliveryError('retryable', 'defect', messageOf(thrown))
  return { ...judge(claim, error, limits, true, secrets, tools), sign: NONE, defect: thrown }
}

function judge(
  claim: Claim,
  error: DeliveryError,
  limits: ChannelLimits | undefined,
  repeatable: boolean,
  secrets: readonly string[],
  tools: AttemptTools,
): Ended {
  const at = tools.now()
  const { outcome, reason: cause, retryAfter } = error
  const response = keepable(error.response === '' ? error.message : error.response, secrets)
  const text = keepable(error.message, secrets)
  const pause = cause === 'http-429' || retryAfter !== undefined ? pauseAfter(cause, retryAfter) : 0
  const base = { claim, outcome, cause, response, at, ...(pause > 0 ? { pausedUntil: at + pause } : {}) }
  const sign: Sign = { health: outcome === 'rejected' ? 'good' : pause > 0 ? 'none' : 'bad', pause }
  const disable = error.disableChannel ? text : null
  if (outcome === 'rejected' || claim.delivery.kind === 'test' || isLocal(claim.delivery)) {
    const next = {
      state: outcome === 'unknown' ? outcome : ('rejected' as const),
      reason: { code: 'rejected' as const, detail: text },
    }
    return ended({ ...base, next }, sign, disable)
  }
  if (outcome === 'unknown' && !repeatable)
    return ended(
      { ...base, next: { state: 'unknown', reason: { code: 'outcome-unknown', detail: text } } },
      sign,
      disable,
    )
  const schedule = limits?.retries ?? 'chat'
  const { deadlineAt } = claim.delivery
  const next = retryAt({ schedule, tries: claim.tries, at, deadlineAt, cause, retryAfter, random: tools.random() })
  if (next === null)
    return ended({ ...base, next: { state: 'dead', reason: { code: 'deadline-passed', detail: text } } }, sign, disable)
  const code = pause > 0 ? 'destination-paused' : outcome === 'unknown' ? 'outcome-unknown' : 'retry-later'
  return ended({ ...base, next: { state: 'pending', nextAt: next, reason: { code, detail: text } } }, sign, disable)
}

function ended(finished: Finished, sign: Sign, disable: string | null = null): Ended {
  return { finished, sign, disable, defect: null }
}
