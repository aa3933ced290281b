import type { ChannelLimits } from '../channels/channel.ts'

/** One destination: what is under way there, and what holds it back. Times are ms since 1970. */
export interface Lane {
  destination: string
  limits: ChannelLimits
  inFlight: number
  /** When the earliest waiting delivery is due; infinite when none waits. */
  dueAt: number
  /** Starts allowed by the pace, and when they were counted. */
  tokens: number
  countedAt: number
  /** The destination asked for silence until then. */
  pausedUntil: number
  /** Failures in a row, over all deliveries. */
  failures: number
  /** Set while the breaker is open: when the next probe may go. */
  openUntil: number | null
  /** Probes in a row that failed. */
  failedProbes: number
}

/** What an attempt tells of its destination: it works, it does not, or it asks for a pause of some ms. */
export type Sign = { health: 'good' | 'bad' | 'none'; pause: number }

/** Failures in a row after which a destination is only probed. */
const BREAKER = 5
const FIRST_PROBE = 30_000
const LAST_PROBE = 300_000

export function createLane(destination: string, limits: ChannelLimits, now: number): Lane {
  return {
    destination,
    limits,
    inFlight: 0,
    dueAt: Number.POSITIVE_INFINITY,
    tokens: limits.pace?.burst ?? 0,
    countedAt: now,
    pausedUntil: 0,
    failures: 0,
    openUntil: null,
    failedProbes: 0,
  }
}

/** How many attempts may start now. */
export function slots(lane: Lane, now: number): number {
  if (lane.dueAt > now || now < lane.pausedUntil) return 0
  if (lane.openUntil !== null) return now >= lane.openUntil && lane.inFlight === 0 ? 1 : 0
  const free = lane.limits.inFlight - lane.inFlight
  return lane.limits.pace === undefined ? free : Math.min(free, Math.floor(tokens(lane, now)))
}

/** Takes note of attempts that start. */
export function started(lane: Lane, count: number, now: number) {
  lane.inFlight += count
  if (lane.limits.pace === undefined) return
  lane.tokens = tokens(lane, now) - count
  lane.countedAt = now
}

/** Takes note of what an attempt showed. Its slot is given back later, once the result is stored. */
export function observe(lane: Lane, { health, pause }: Sign, now: number) {
  if (pause > 0) lane.pausedUntil = Math.max(lane.pausedUntil, now + pause)
  if (health === 'good') {
    lane.failures = 0
    lane.failedProbes = 0
    lane.openUntil = null
  }
  if (health !== 'bad') return
  lane.failures += 1
  const probing = lane.openUntil !== null && now >= lane.openUntil
  if (probing) lane.failedProbes += 1
  if (probing || (lane.openUntil === null && lane.failures >= BREAKER))
    lane.openUntil = now + Math.min(LAST_PROBE, FIRST_PROBE * 2 ** Math.min(lane.failedProbes, 10))
}

/** When the lane is worth another look; infinite when only an event can change it. */
export function wakeAt(lane: Lane, now: number): number {
  const { pace, inFlight } = lane.limits
  if (lane.inFlight >= (lane.openUntil === null ? inFlight : 1)) return Number.POSITIVE_INFINITY
  const missing = pace === undefined ? 0 : 1 - tokens(lane, now)
  const paced = pace === undefined || missing <= 0 ? 0 : now + Math.ceil((missing / pace.perSecond) * 1000)
  return Math.max(lane.dueAt, lane.pausedUntil, lane.openUntil ?? 0, paced)
}

/** Whether nothing is lost when the lane is forgotten. */
export function isIdle(lane: Lane, now: number): boolean {
  return (
    lane.inFlight === 0 &&
    lane.dueAt === Number.POSITIVE_INFINITY &&
    lane.failures === 0 &&
    lane.pausedUntil <= now &&
    (lane.limits.pace === undefined || tokens(lane, now) >= lane.limits.pace.burst)
  )
}

function tokens(lane: Lane, now: number): number {
  const { pace } = lane.limits
  if (pace === undefined) return Number.POSITIVE_INFINITY
  return Math.min(pace.burst, lane.tokens + ((now - lane.countedAt) / 1000) * pace.perSecond)
}
