import type { AlertState } from './alert.ts'
import type { DeliveryState } from './delivery.ts'

/** What the database holds at one moment, over all projects. */
export interface Census {
  rules: { active: number; paused: number; blocked: number }
  /** Alerts that are not normal, by state. */
  alerts: Partial<Record<AlertState, number>>
  /** Deliveries that are not delivered, by state. */
  deliveries: Partial<Record<DeliveryState, number>>
  /** When the longest waiting delivery was made, ms since 1970; null when none waits. */
  oldestOpen: number | null
  connections: number
  channels: number
  bytes: number
  /** When the latest backup was made, ms since 1970. */
  lastBackupAt: number | null
}

/** Something that fires or fails, by name, the longest lasting first. Times are ms since 1970. */
export interface Trouble {
  firing: {
    project: string
    rule: string
    labels: Record<string, string>
    state: AlertState
    since: number
    value: string
  }[]
  connections: { project: string; name: string; since: number; error: string }[]
  channels: { project: string; name: string; reason: string }[]
}

/** How a daemon stands. Times are ms since 1970. */
export interface InstanceStatus extends Census {
  version: string
  runtime: string
  pid: number
  url: string | null
  dataDir: string
  startedAt: number
  now: number
  /** What keeps it from its work, in words; null when nothing does. */
  notReady: string | null
  /** Connections with an open breaker, and disabled channels. */
  broken: { connections: number; channels: number }
  /** Rules that are due and wait, and evaluations under way. */
  scheduler: { waiting: number; running: number }
  trouble: Trouble
}
