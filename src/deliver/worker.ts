import type { Channel, ChannelLimits } from '../channels/channel.ts'
import type { Cancel, Clock } from '../clock.ts'
import { AppError, messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Delivery } from '../model/delivery.ts'
import type { Http } from '../net.ts'
import type { Programs } from '../programs.ts'
import type { ChannelQueries, ChannelRow } from '../store/channels.ts'
import type { DeliveryQueries } from '../store/deliveries.ts'
import type { Claim, Finished, Turn, TurnResult, Want } from '../store/delivery-turns.ts'
import { type AttemptTools, abandoned, attempt, type Ended } from './attempt.ts'
import { createLane, isIdle, type Lane, observe, slots, started, wakeAt } from './pace.ts'
import type { TargetOpener } from './resolve-target.ts'

export interface WorkerOptions {
  store: {
    deliveries: Pick<DeliveryQueries, 'turn' | 'waiting' | 'paused' | 'recover' | 'watch'>
    channels: Pick<ChannelQueries, 'get' | 'closeDestination'>
  }
  channelOf: (kind: string) => Channel | undefined
  openTarget: TargetOpener
  http: Http
  clock: Clock
  log: Log
  /** Told when a receiver proved that it will take nothing more: what was sent, and the stored channels that led there. */
  onClosed?: (delivery: Delivery, channels: readonly ChannelRow[], reason: string) => void
  /** Writes a line to standard output, for the channels that do. */
  print: (line: string) => void
  /** Starts programs, for the channels that do. */
  programs: Programs
  /** From 0 to 1, for the jitter of waits. */
  random?: () => number
  limits?: {
    /** Attempts under way over all destinations; a destination with none under way may always have one. */
    inFlight?: number
    /** ms after which an attempt is given up, whatever its channel does, unless its settings allow it more. */
    attempt?: number
  }
}

export interface Worker {
  /** Recovers what an earlier life left under way, then sends what is due. */
  start(): Promise<void>
  /** Starts nothing more, lets attempts end for `drain` ms, then ends them; all results are stored. */
  stop(drain: number): Promise<void>
  /** Looks at the queue anew, after it was changed behind the worker's back. */
  wake(): Promise<void>
  /** Since when (ms since 1970) it has been storing and claiming; null when it is not. */
  turningSince(): number | null
}

interface Running {
  claim: Claim
  lane: Lane
  /** Shared by all that began together and are given up together. */
  abort: AbortController
  startedAt: number
  /** When it is given up. */
  endsAt: number
}

const NEVER = Number.POSITIVE_INFINITY
/** Kinds of channels that are no longer known; their deliveries are refused one by one. */
const UNKNOWN_KIND: ChannelLimits = { inFlight: 1, retries: 'chat' }
/** While the database cannot be written, results are kept and tried again this often, in ms. */
const RETRY_STORE = 1000
/** After its end was asked for, or by its own settings, an attempt gets this long, in ms, before it is left alone. */
const GRACE = 1000

/**
 * Sends what is due, in order, with a bounded number under way for each destination. Whatever is remembered here is
 * only a shortcut to the store: results are stored before a slot is used again, and a killed worker loses nothing.
 */
export function createWorker(options: WorkerOptions): Worker {
  const { store, clock, log } = options
  const { deliveries } = store
  const { inFlight: mostInFlight = 1000, attempt: longestAttempt = 300_000 } = options.limits ?? {}
  const { openTarget, http, print, programs, random = Math.random } = options
  const tools: AttemptTools = { openTarget, http, print, programs, random, now: clock.now }
  const lanes = new Map<string, Lane>()
  /** Pauses that began in an earlier life. */
  const pauses = new Map<string, number>()
  /** Lanes in which something may have changed since they were looked at. */
  const ready = new Set<Lane>()
  const running = new Set<Running>()
  let finished: { result: Finished; lane: Lane }[] = []
  let state: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  let turning: number | null = null
  let storeFails = false
  let timer: { at: number; cancel: Cancel } | undefined
  let drained = () => {}

  function laneOf(destination: string, kind: string): Lane {
    let lane = lanes.get(destination)
    if (lane === undefined) {
      const channel = options.channelOf(kind)
      lane = createLane(destination, channel?.limitsOf?.(destination) ?? channel?.limits ?? UNKNOWN_KIND, clock.now())
      lane.pausedUntil = pauses.get(destination) ?? 0
      lanes.set(destination, lane)
    }
    return lane
  }

  function due(destination: string, kind: string, at: number) {
    const lane = laneOf(destination, kind)
    if (at < lane.dueAt) lane.dueAt = at
    ready.add(lane)
    plan()
  }

  function arm(at: number) {
    if (at === NEVER || (timer !== undefined && timer.at <= at)) return
    timer?.cancel()
    timer = { at, cancel: clock.at(at, onTimer) }
  }

  function onTimer() {
    timer = undefined
    const now = clock.now()
    for (const lane of lanes.values())
      if (isIdle(lane, now)) lanes.delete(lane.destination)
      else ready.add(lane)
    for (const run of running.values()) {
      if (run.startedAt + longestAttempt > now) break
      if (run.endsAt <= now) giveUp(run)
    }
    plan()
  }

  /** Starts a turn if there is something to store or to claim; else sleeps until there is. */
  function plan() {
    if (turning !== null || storeFails || state === 'new' || state === 'stopped') return
    if (finished.length > 0 || (state === 'running' && claimable())) return turn()
    if (state === 'stopping' && running.size === 0) drained()
    arm(firstEnd())
  }

  /** When the next attempt is to be given up; they stand in the order in which they began. */
  function firstEnd(): number {
    let first = NEVER
    for (const { startedAt, endsAt } of running) {
      if (startedAt + longestAttempt >= first) break
      first = Math.min(first, endsAt)
    }
    return first
  }

  function claimable(): boolean {
    const now = clock.now()
    for (const lane of ready) {
      const free = slots(lane, now)
      if (room(lane, free, mostInFlight - running.size) > 0) return true
      if (free > 0) continue
      ready.delete(lane)
      arm(wakeAt(lane, now))
    }
    return false
  }

  /** How much of what a lane could start the limit over all lets it; one that has nothing under way may always start. */
  function room(lane: Lane, free: number, left: number): number {
    return Math.min(free, Math.max(left, lane.inFlight === 0 ? 1 : 0))
  }

  function turn() {
    turning = clock.now()
    let batch: typeof finished = []
    let asked: Lane[] = []
    const collect = (now: number): Turn => {
      for (const { lane } of finished) {
        lane.inFlight -= 1
        ready.add(lane)
      }
      batch = [...batch, ...finished]
      finished = []
      for (const lane of asked) lane.dueAt = 0
      const want = state === 'running' ? wanted(now) : []
      asked = want.map(({ lane }) => lane)
      return { finished: batch.map(({ result }) => result), want }
    }
    deliveries.turn(collect).then(
      (result) => apply(batch, asked, result),
      (thrown) => postpone(batch, asked, thrown),
    )
  }

  function wanted(now: number): (Want & { lane: Lane })[] {
    const want: (Want & { lane: Lane })[] = []
    let left = mostInFlight - running.size
    for (const lane of ready) {
      const limit = room(lane, slots(lane, now), left)
      if (limit <= 0) continue
      left -= limit
      lane.dueAt = NEVER
      want.push({ lane, destination: lane.destination, limit, oldest: lane.openUntil !== null })
    }
    return want
  }

  function apply(batch: typeof finished, asked: readonly Lane[], { claims, next }: TurnResult) {
    const now = clock.now()
    for (const { result, lane } of batch)
      if (result.next.state === 'pending') lane.dueAt = Math.min(lane.dueAt, result.next.nextAt)
    for (const lane of asked) {
      const at = next.get(lane.destination)
      lane.dueAt = Math.min(lane.dueAt, at === undefined ? now : (at ?? NEVER))
      ready.add(lane)
    }
    const abort = new AbortController()
    for (const claim of claims) begin(claim, abort, now)
    turning = null
    plan()
  }

  /** The store could not be written: everything stays as it was and is tried again. */
  function postpone(batch: typeof finished, asked: readonly Lane[], thrown: unknown) {
    if (thrown instanceof AppError) log.diskFull({ reason: messageOf(thrown) })
    else log.defect({ where: 'delivery worker', error: thrown })
    for (const { lane } of batch) lane.inFlight += 1
    for (const lane of asked) lane.dueAt = 0
    for (const lane of asked) ready.add(lane)
    finished = [...batch, ...finished]
    turning = null
    storeFails = true
    clock.at(clock.now() + RETRY_STORE, () => {
      storeFails = false
      plan()
    })
  }

  function begin(claim: Claim, abort: AbortController, now: number) {
    const { target } = claim.delivery
    const lane = laneOf(target.destination, target.kind)
    started(lane, 1, now)
    const run: Running = { claim, lane, abort, startedAt: now, endsAt: now + longestAttempt }
    running.add(run)
    attempt(claim, tools, ({ longest }) => {
      if (longest > longestAttempt) {
        run.abort = new AbortController()
        run.endsAt = now + longest + GRACE
      }
      return run.abort.signal
    }).then(
      (end) => finish(run, end),
      (thrown) => log.defect({ where: 'delivery worker', error: thrown }),
    )
  }

  function finish(run: Running, { finished: result, sign, disable, defect }: Ended) {
    const { claim, lane } = run
    const { delivery } = claim
    if (!running.delete(run)) return
    observe(lane, sign, result.at)
    finished.push({ result, lane })
    logAttempt(run, result)
    if (defect !== null) log.defect({ where: `channel ${delivery.target.kind}`, error: defect })
    if (disable !== null) void close(delivery, disable)
    plan()
  }

  function logAttempt({ claim: { delivery, attempt }, startedAt }: Running, { outcome, cause, at, next }: Finished) {
    const { channelId, kind, destination } = delivery.target
    const fields = {
      delivery: delivery.id,
      channel: channelId ?? kind,
      kind,
      destination,
      attempt,
      took: at - startedAt,
    }
    if (outcome === 'delivered') log.delivered(fields)
    else log.deliveryFailed({ ...fields, outcome, next: next.state, reason: cause })
    if (next.state === 'delivered' || next.state === 'pending') return
    const { delivery: id, channel } = fields
    log.deliveryGivenUp({ delivery: id, channel, kind, destination, state: next.state, reason: cause })
  }

  async function close(delivery: Delivery, reason: string) {
    const { channelId, destination } = delivery.target
    try {
      const row = channelId === null ? undefined : await store.channels.get(channelId)
      const closed = await store.channels.closeDestination(row?.destination ?? destination, reason)
      if (closed === null) return
      log.channelDisabled({ project: delivery.project, channel: channelId ?? destination, reason })
      options.onClosed?.(delivery, closed, reason)
    } catch (thrown) {
      log.defect({ where: 'disabling a channel', error: thrown })
    }
  }

  function giveUp(run: Running) {
    const { kind } = run.claim.delivery.target
    const channel = options.channelOf(kind)
    run.abort.abort()
    const isRepeatable = channel !== undefined && (channel.idempotent || channel.probe !== undefined)
    finish(run, abandoned(run.claim, channel?.limits ?? UNKNOWN_KIND, isRepeatable, tools))
  }

  async function wake() {
    for (const { destination, kind, at } of await deliveries.waiting()) due(destination, kind, at)
  }

  return {
    async start() {
      deliveries.watch(due)
      await deliveries.recover((kind) => {
        const channel = options.channelOf(kind)
        return channel !== undefined && (channel.idempotent || channel.probe !== undefined)
      }, clock.now())
      for (const { destination, until } of await deliveries.paused(clock.now())) pauses.set(destination, until)
      state = 'running'
      await wake()
      plan()
    },

    async stop(drain) {
      if (state !== 'running') return
      state = 'stopping'
      const end = new Promise<void>((resolve) => {
        drained = resolve
      })
      const now = clock.now()
      const cancels = [
        clock.at(now + drain, () => {
          for (const { abort } of running.values()) abort.abort()
        }),
        clock.at(now + drain + GRACE, () => drained()),
      ]
      plan()
      await end
      state = 'stopped'
      timer?.cancel()
      for (const cancel of cancels) cancel()
    },

    wake,
    turningSince: () => turning,
  }
}
