import type { Clock } from '../clock.ts'
import { AppError, invalid } from '../errors.ts'
import { newId } from '../ids.ts'
import type { RunEvent } from '../model/run-event.ts'
import { digestOf } from '../secrets.ts'
import type { Store } from '../store/index.ts'
import type { PingRow } from '../store/pings.ts'
import type { RunEvents } from './run-events.ts'

/** What was asked for under a ping's address. */
export interface Ping {
  key: string
  /** What follows the key: nothing, `start`, `fail`, `log` or an exit code. */
  signal: string
  /** What tells runs that overlap apart; null when nothing was given. */
  run: string | null
  /** What was sent along, shown as the run's last lines. */
  body: string
}

export interface Pings {
  /** Tells of a run; resolves after the commit. Throws `not-found` for a key that is none, and `invalid`. */
  take(ping: Ping): Promise<void>
}

/** Of what is sent along, so many characters at the end are kept. */
const LONGEST_LOG = 16 * 1024
/** A start longer ago (ms) than this no longer belongs to an end that names no run. */
const LONGEST_RUN = 72 * 3_600_000
const MOST_OPEN = 100

export function createPings(deps: { store: Store; events: RunEvents; clock: Clock }): Pings {
  const { store, events, clock } = deps
  const underWay = new Map<string, Promise<unknown>>()

  /** Which run a ping is about depends on the one before it. */
  function inTurn(id: string, run: () => Promise<void>): Promise<void> {
    const before = underWay.get(id) ?? Promise.resolve()
    const mine = before.then(run, run)
    underWay.set(id, mine)
    const clear = () => {
      if (underWay.get(id) === mine) underWay.delete(id)
    }
    mine.then(clear, clear)
    return mine
  }

  /** A run that is named, the one that is under way, or a new one. */
  async function runOf(row: PingRow, { signal, run }: Ping): Promise<string> {
    if (run !== null) return `${row.name}:${run}`
    const fresh = () => `${row.id}:${newId('run', clock.now())}`
    if (signal === 'start') return fresh()
    const { open, ended } = await store.runs.latest(row.project, row.name, MOST_OPEN, 1)
    const since = clock.now() - LONGEST_RUN
    const own = open.find(({ uid, createdAt }) => uid.startsWith(`${row.id}:`) && createdAt >= since)
    const latest = own ?? (signal === 'log' ? ended[0] : undefined)
    return latest?.uid ?? fresh()
  }

  return {
    async take(ping) {
      const row = await store.pings.byHash(digestOf(ping.key))
      if (row === undefined) throw new AppError('not-found', 'This ping address is unknown, or was removed.')
      const told = eventOf(ping.signal)
      const log = ping.body.slice(-LONGEST_LOG)
      await inTurn(row.id, async () => {
        const uid = await runOf(row, ping)
        const about = { name: row.name, kind: row.kind, labels: row.labels, trigger: 'ping' }
        await events.take(row.project, uid, { ...about, ...told, ...(log === '' ? {} : { log }) })
      })
    },
  }
}

/** What a ping tells. Throws `invalid`. */
function eventOf(signal: string): Pick<Partial<RunEvent>, 'state' | 'results'> & { error?: string } {
  switch (signal) {
    case '':
      return { state: 'completed' }
    case 'start':
      return { state: 'running' }
    case 'fail':
      return { state: 'error' }
    case 'log':
      return {}
    default:
  }
  if (!/^\d{1,3}$/.test(signal) || Number(signal) > 255)
    throw invalid(
      '',
      `"${signal.slice(0, 50)}" is not understood. After the key may stand start, fail, log or an exit code from 0 to 255.`,
    )
  const exitCode = Number(signal)
  if (exitCode === 0) return { state: 'completed', results: { exitCode } }
  return { state: 'error', results: { exitCode }, error: `exit code ${exitCode}` }
}
