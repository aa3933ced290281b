import { readdirSync } from 'node:fs'
import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'
import Histogram from 'prom-client/lib/histogram.js'
import Registry from 'prom-client/lib/registry.js'
import type { Log } from './log.ts'

/** Figures that are asked for when somebody looks: each name without its prefix, and its values by label. */
export interface Snapshot {
  rules: Record<string, number>
  alerts: Record<string, number>
  deliveries: Record<string, number>
  /** ms since 1970; null when nothing waits. */
  oldestOpen: number | null
  connections: number
  channels: number
  breakersOpen: number
  channelsDisabled: number
  bytes: number
  lastBackupAt: number | null
  waiting: number
  running: number
  isReady: boolean
}

/** The instance's figures, in Prometheus' text format. */
export interface Telemetry {
  /** Passes every event on to the log and counts it. */
  log: Log
  committed(units: number, took: number): void
  /** The figures of this moment. */
  render(snapshot: Snapshot): Promise<{ contentType: string; text: string }>
}

const QUERY = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 15, 30, 60, 300]
const SEND = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const LATE = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 3600]
const COMMIT = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1]
const UNITS = [1, 2, 5, 10, 25, 50, 100, 250, 512]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** Alert states that are told even where there is none. */
const ALERTS = { pending: 0, firing: 0, recovering: 0, 'no-data': 0, error: 0 }
const DELIVERIES = { pending: 0, sending: 0, rejected: 0, dead: 0, unknown: 0, superseded: 0, discarded: 0 }

/**
 * Counts what the log is told, so that figures and log never disagree. Labels come from closed lists (verdicts, states,
 * outcomes, kinds of channels): rules and destinations are not told apart, so that there are
 * no more series the more of them there are.
 */
export function createTelemetry(log: Log, build: { version: string; runtime: string }, now: () => number): Telemetry {
  const registry = new Registry()
  const make = makers(registry)
  const { counter, histogram, gauge } = make
  gauge('build_info', 'What runs; always 1.', ['version', 'runtime']).set(build, 1)

  const evaluations = counter('evaluations_total', 'Evaluations of rules.', ['verdict'])
  const query = histogram('query_duration_seconds', 'Time of queries on connections.', QUERY)
  const late = histogram('scheduler_lateness_seconds', 'How long after their time scheduled evaluations began.', LATE)
  const changes = counter('alert_changes_total', 'Alerts that came to a state.', ['state'])
  const attempts = counter('delivery_attempts_total', 'Attempts to send a message.', ['kind', 'outcome'])
  const took = histogram('delivery_attempt_duration_seconds', 'Time of attempts.', SEND, ['kind'])
  const ended = counter('deliveries_total', 'Messages whose sending has ended, by how.', ['kind', 'outcome'])
  const requests = counter('http_requests_total', 'Requests to the API.', ['method', 'status'])
  const breaker = counter('breaker_opened_total', 'Connections found to be failing.')
  const defects = counter('defects_total', 'Failures that are a defect of Tocsin itself.')
  const fullDisk = counter('disk_full_total', 'Writes that the disk had no room for.')
  const units = histogram('commit_units', 'Units of work in one commit of the database.', UNITS)
  const commits = histogram('commit_duration_seconds', 'Time of commits with the work in them.', COMMIT)
  const reloadWorked = gauge('config_last_reload_successful', 'Whether the configuration last read was usable.')
  const reloadAt = gauge('config_last_reload_success_timestamp_seconds', 'When a usable configuration was last read.')
  reloadWorked.set(1)
  reloadAt.set(now() / 1000)
  for (const verdict of ['true', 'false', 'error', 'no-data', 'skipped']) evaluations.inc({ verdict }, 0)

  const observers: Partial<Log> = {
    evaluationFinished(event) {
      evaluations.inc({ verdict: event.verdict })
      if (event.queryTime !== null) query.observe(event.queryTime / 1000)
      if (event.late !== null) late.observe(Math.max(0, event.late) / 1000)
    },
    alertsChanged({ states }) {
      for (const [state, count] of Object.entries(states)) changes.inc({ state }, count)
    },
    delivered({ kind, took: ms }) {
      attempts.inc({ kind, outcome: 'delivered' })
      ended.inc({ kind, outcome: 'delivered' })
      took.observe({ kind }, ms / 1000)
    },
    deliveryFailed({ kind, outcome, next, took: ms }) {
      attempts.inc({ kind, outcome })
      if (next !== 'pending') ended.inc({ kind, outcome: next })
      took.observe({ kind }, ms / 1000)
    },
    requestFinished({ method, status }) {
      requests.inc({ method: METHODS.includes(method) ? method : 'other', status: String(status) })
    },
    breakerOpened: () => breaker.inc(),
    defect: () => defects.inc(),
    diskFull: () => fullDisk.inc(),
    reloaded() {
      reloadWorked.set(1)
      reloadAt.set(now() / 1000)
    },
    reloadFailed: () => reloadWorked.set(0),
  }
  const snapshots = snapshotGauges(make, now)
  return {
    log: observed(log, observers),
    committed(count, ms) {
      units.observe(count)
      commits.observe(ms / 1000)
    },
    async render(snapshot) {
      snapshots(snapshot)
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}

type Makers = ReturnType<typeof makers>

function makers(registry: Registry) {
  const registers = [registry]
  const named = (name: string, help: string) => ({ name: `tocsin_${name}`, help, registers })
  return {
    counter: (name: string, help: string, labelNames: string[] = []) =>
      new Counter({ ...named(name, help), labelNames }),
    histogram: (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
      new Histogram({ ...named(name, help), buckets, labelNames }),
    gauge: (name: string, help: string, labelNames: string[] = []) => new Gauge({ ...named(name, help), labelNames }),
    process: (name: string, help: string) => new Gauge({ name: `process_${name}`, help, registers }),
    processCounter: (name: string, help: string) => new Counter({ name: `process_${name}`, help, registers }),
  }
}

/** Gauges that are set at each look. */
function snapshotGauges(make: Makers, now: () => number): (snapshot: Snapshot) => void {
  const { gauge } = make
  const rules = gauge('rules', 'Rules, by whether they run.', ['state'])
  const alerts = gauge('alerts', 'Alerts that are not normal.', ['state'])
  const outbox = gauge('outbox_deliveries', 'Messages that are not delivered, by state.', ['state'])
  const oldest = gauge('outbox_oldest_seconds', 'Age of the longest waiting message; 0 when none waits.')
  const connections = gauge('connections', 'Connections.')
  const open = gauge('connections_breaker_open', 'Connections that are failing and held back.')
  const channels = gauge('channels', 'Channels.')
  const disabled = gauge('channels_disabled', 'Channels that nothing is sent through.')
  const bytes = gauge('database_bytes', 'Size of the database.')
  const backup = gauge('last_backup_timestamp_seconds', 'When the database was last backed up; 0 when never.')
  const waiting = gauge('scheduler_waiting', 'Rules that are due and wait for a free place.')
  const running = gauge('scheduler_running', 'Evaluations under way.')
  const ready = gauge('ready', 'Whether it does its work.')
  const own = processFigures(make)
  return (snapshot) => {
    fill(rules, { active: 0, paused: 0, blocked: 0, ...snapshot.rules })
    fill(alerts, { ...ALERTS, ...snapshot.alerts })
    fill(outbox, { ...DELIVERIES, ...snapshot.deliveries })
    oldest.set(snapshot.oldestOpen === null ? 0 : Math.max(0, now() - snapshot.oldestOpen) / 1000)
    connections.set(snapshot.connections)
    open.set(snapshot.breakersOpen)
    channels.set(snapshot.channels)
    disabled.set(snapshot.channelsDisabled)
    bytes.set(snapshot.bytes)
    backup.set((snapshot.lastBackupAt ?? 0) / 1000)
    waiting.set(snapshot.waiting)
    running.set(snapshot.running)
    ready.set(snapshot.isReady ? 1 : 0)
    own()
  }
}

/** The figures every process is expected to tell, under their usual names. */
function processFigures({ process: make, processCounter }: Makers): () => void {
  const cpu = processCounter('cpu_seconds_total', 'CPU time used.')
  const resident = make('resident_memory_bytes', 'Memory in use.')
  const heap = make('heap_bytes', 'Memory of the heap in use.')
  const files = make('open_fds', 'Open files and sockets.')
  make('start_time_seconds', 'When the process began.').set(Date.now() / 1000 - process.uptime())
  return () => {
    const { user, system } = process.cpuUsage()
    cpu.reset()
    cpu.inc((user + system) / 1e6)
    const { rss, heapUsed } = process.memoryUsage()
    resident.set(rss)
    heap.set(heapUsed)
    files.set(openFiles())
  }
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return Number.NaN
  }
}

function fill(gauge: Gauge, values: Record<string, number>) {
  for (const [state, value] of Object.entries(values)) gauge.set({ state }, value)
}

function observed(log: Log, observers: Partial<Log>): Log {
  const events = Object.entries(log).map(([event, write]) => {
    const observe = observers[event as keyof Log] as ((fields: unknown) => void) | undefined
    const tell = write as (fields: unknown) => void
    if (observe === undefined) return [event, tell]
    return [
      event,
      (fields: unknown) => {
        observe(fields)
        tell(fields)
      },
    ]
  })
  return Object.fromEntries(events) as Log
}
