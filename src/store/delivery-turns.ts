import type { Delivery, Outcome } from '../model/delivery.ts'
import type { InboxEntry } from '../model/inbox.ts'
import type { JsonObject } from '../model/json.ts'
import type { MessageKind } from '../model/message.ts'
import type { Reason } from '../model/reason.ts'
import type { StoreContext } from './context.ts'
import type { FreshDeliveries } from './delivery-fresh.ts'
import type { DeliveryOrder } from './delivery-order.ts'
import { FINGERPRINTS, FULL, type FullRecord, toDelivery, toFirstAttempt } from './delivery-rows.ts'
import { inboxKeeper } from './inbox.ts'

/** A delivery whose attempt is written down and may begin. */
export interface Claim {
  seq: number
  delivery: Delivery
  /** Number of this attempt, from 1. */
  attempt: number
  /** Attempts of this round, this one included: a retry by hand begins a new one. */
  tries: number
  /** The outcome of the attempt before it was not known. */
  doubtful: boolean
  /** The receipt of the first message about the same alert, for messages that go on from it. */
  previous: JsonObject | null
}

/** How an attempt ended and what is to become of its delivery. */
export interface Finished {
  claim: Claim
  outcome: Outcome
  /** A short class, such as `http-500`. */
  cause: string
  response: string | null
  at: number
  /** Set when the destination asked for silence: until then. */
  pausedUntil?: number
  next:
    | { state: 'delivered'; receipt: JsonObject | null; inbox?: InboxEntry }
    | { state: 'pending'; nextAt: number; reason: Reason }
    | { state: 'rejected' | 'dead' | 'unknown'; reason: Reason }
}

/** Due deliveries wanted for one destination; `oldest` takes the first made rather than the first due. */
export interface Want {
  destination: string
  limit: number
  oldest?: boolean
}

export interface Turn {
  finished: readonly Finished[]
  want: readonly Want[]
}

export interface TurnResult {
  claims: Claim[]
  /** For each destination that had fewer due than wanted: when its next one is; null when it has none. */
  next: Map<string, number | null>
}

/** A destination with something to send, and when its earliest is due. */
export interface Waiting {
  destination: string
  kind: string
  at: number
}

/** A destination that asked for silence. */
export interface Paused {
  destination: string
  until: number
}

/** Of the attempts before. */
interface History {
  /** The next one was asked for by hand. */
  manual: boolean
  doubtful: boolean
  /** Attempts of earlier rounds. */
  before: number
}

/** What tells whether and how a delivery may be tried. */
interface DueRow {
  seq: number
  id: string
  attempts: number
  reason: string | null
  deadline_at: number
}

const DUE = 'SELECT seq, id, attempts, reason, deadline_at FROM deliveries'
const UNTRIED: History = { manual: false, doubtful: false, before: 0 }
const TELLS: ReadonlySet<MessageKind> = new Set(['firing', 'reminder', 'no-data', 'error', 'run'])
const CONTINUES: ReadonlySet<MessageKind> = new Set(['reminder', 'resolved', 'recovered'])

/** The hot path of the outbox: statements prepared once, whole turns of the event loop in one transaction. */
export function deliveryTurns({ database, writer, clock }: StoreContext, order: DeliveryOrder, fresh: FreshDeliveries) {
  const { raw } = database
  const keep = inboxKeeper(database)
  // Parameters of sorted queries stand as `+?`: a bare one makes SQLite compile the query anew at every use.
  const dueRows = raw.prepare<[string, number, number], DueRow>(
    `${DUE} WHERE destination = +? AND next_at <= +? ORDER BY next_at LIMIT +?`,
  )
  const oldestRows = raw.prepare<[string, number, number], DueRow>(
    `${DUE} WHERE destination = +? AND next_at <= +? ORDER BY seq LIMIT +?`,
  )
  const nextOf = raw
    .prepare<[string], number | null>(
      'SELECT min(next_at) FROM deliveries WHERE destination = +? AND next_at IS NOT NULL',
    )
    .pluck()
  const waitingAfter = raw.prepare<[string], Waiting>(
    `SELECT destination, kind, next_at AS at FROM deliveries
     WHERE next_at IS NOT NULL AND destination > +? ORDER BY destination, next_at LIMIT 1`,
  )
  const claimRows = raw.prepare(
    "UPDATE deliveries SET state = 'sending', next_at = NULL, attempts = attempts + 1 WHERE seq IN (SELECT value FROM json_each(?))",
  )
  const openFirstAttempts = raw.prepare(
    `INSERT INTO attempts (delivery, number, started_at, "trigger") SELECT value, 1, ?, 'automatic' FROM json_each(?)`,
  )
  const openAttempt = raw.prepare('INSERT INTO attempts (delivery, number, started_at, "trigger") VALUES (?, ?, ?, ?)')
  const closeAttempt = raw.prepare(
    'UPDATE attempts SET finished_at = ?, outcome = ?, reason = ?, response = ?, retry_at = ? WHERE delivery = ? AND number = ?',
  )
  const lastAttempt = raw.prepare<[number, number], { outcome: Outcome | null; manual: number | null }>(
    `SELECT outcome, (SELECT max(number) FROM attempts m WHERE m.delivery = a.delivery AND m."trigger" = 'manual') AS manual
     FROM attempts a WHERE delivery = ? AND number = ?`,
  )
  // What only repeats the outcome is not stored: rows that grow are moved to further pages.
  const deliver = raw.prepare(
    "UPDATE deliveries SET state = 'delivered', reason = NULL, finished_at = ?, receipt = ? WHERE seq = ?",
  )
  const closeAlike = raw.prepare(
    `UPDATE attempts SET finished_at = ?, outcome = 'delivered', response = ?
     WHERE number = ? AND delivery IN (SELECT value FROM json_each(?))`,
  )
  const deliverAlike = raw.prepare(
    `UPDATE deliveries SET state = 'delivered', reason = NULL, finished_at = ?
     WHERE seq IN (SELECT value FROM json_each(?))`,
  )
  const again = raw.prepare("UPDATE deliveries SET state = 'pending', reason = ?, next_at = ? WHERE seq = ?")
  const pause = raw.prepare(
    `INSERT INTO destinations (destination, paused_until) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET paused_until = max(coalesce(paused_until, 0), excluded.paused_until)`,
  )
  const paused = raw.prepare<[number], Paused>(
    'SELECT destination, paused_until AS until FROM destinations WHERE paused_until > ?',
  )
  const endPauses = raw.prepare('UPDATE destinations SET paused_until = NULL WHERE paused_until <= ?')
  const anyWaiting = raw.prepare('SELECT 1 FROM deliveries WHERE waits_for IS NOT NULL LIMIT 1')
  const alerted = raw.prepare('UPDATE rule_clocks SET last_alert_at = ? WHERE rule_id = ?')
  const firstReceipt = raw
    .prepare<[string, string, string, string], string>(
      `SELECT receipt FROM deliveries d WHERE rule_id = +? AND route = +? AND recipient = +? AND receipt IS NOT NULL AND message_kind = 'firing'
       AND EXISTS (SELECT 1 FROM json_each(${FINGERPRINTS}) a JOIN json_each(?) b ON a.value = b.value)
       ORDER BY seq DESC LIMIT 1`,
    )
    .pluck()
  const sending = raw.prepare<[], { seq: number; id: string; kind: string; attempts: number; destination: string }>(
    "SELECT seq, id, kind, attempts, destination FROM deliveries INDEXED BY deliveries_open WHERE finished_at IS NULL AND state = 'sending' ORDER BY seq",
  )
  const full = raw.prepare<[number], FullRecord>(`${FULL} WHERE d.seq = ?`)

  /** Of an earlier attempt: how it ended, and where the present round of attempts began. */
  function history(row: DueRow): History {
    if (row.attempts === 0) return UNTRIED
    const manual = row.reason?.includes('"replayed"') === true
    const last = lastAttempt.get(row.seq, row.attempts)
    return {
      manual,
      doubtful: last?.outcome === 'unknown',
      before: manual ? row.attempts : Math.max(0, (last?.manual ?? 1) - 1),
    }
  }

  /** In few statements, whatever their number. */
  function begin(rows: readonly DueRow[], now: number): Claim[] {
    const histories = rows.map(history)
    const first: number[] = []
    const all: number[] = []
    rows.forEach(({ seq, attempts }, index) => {
      all.push(seq)
      if (attempts === 0) first.push(seq)
      else openAttempt.run(seq, attempts + 1, now, histories[index]?.manual === true ? 'manual' : 'automatic')
    })
    if (first.length > 0) openFirstAttempts.run(now, `[${first}]`)
    if (all.length > 0) claimRows.run(`[${all}]`)
    return rows.map((row, index) => toClaim(row, histories[index] ?? UNTRIED))
  }

  function toClaim(row: DueRow, { doubtful, before }: History): Claim {
    const attempt = row.attempts + 1
    const known = attempt === 1 ? fresh.take(row.seq, row.id) : undefined
    const delivery = known === undefined ? toDelivery(full.get(row.seq) as FullRecord) : toFirstAttempt(known, row)
    const { ruleId, route, recipient, fingerprints } = delivery
    const continues = ruleId !== null && CONTINUES.has(delivery.kind)
    const receipt = continues ? firstReceipt.get(ruleId, route, recipient, JSON.stringify(fingerprints)) : undefined
    return {
      seq: row.seq,
      delivery,
      attempt,
      tries: attempt - before,
      doubtful,
      previous: receipt === undefined ? null : (JSON.parse(receipt) as JsonObject),
    }
  }

  /** In few statements, whatever their number: most of one moment were delivered and answered alike. */
  function recordAll(finished: readonly Finished[]) {
    const someWait = anyWaiting.get() !== undefined
    const alike = new Map<string, [Finished, ...Finished[]]>()
    for (const each of finished) {
      const { claim, response, at, next } = each
      if (next.state !== 'delivered' || next.receipt !== null || next.inbox !== undefined) {
        close(each)
        move(each)
        continue
      }
      const key = `${at} ${claim.attempt} ${response}`
      const group = alike.get(key)
      if (group === undefined) alike.set(key, [each])
      else group.push(each)
    }
    for (const group of alike.values()) {
      const [{ claim, at, response }] = group
      const seqs = `[${group.map(({ claim: { seq } }) => seq)}]`
      closeAlike.run(at, response, claim.attempt, seqs)
      deliverAlike.run(at, seqs)
    }
    tell(finished)
    for (const { claim, pausedUntil } of finished)
      if (pausedUntil !== undefined) pause.run(claim.delivery.target.destination, pausedUntil)
    if (someWait)
      for (const { claim, at, next } of finished)
        if (next.state === 'delivered') order.releaseDependents(claim.delivery.id, at)
  }

  function close({ claim: { seq, attempt }, outcome, cause, response, at, next }: Finished) {
    const reason = outcome === 'delivered' ? null : cause
    closeAttempt.run(at, outcome, reason, response, next.state === 'pending' ? next.nextAt : null, seq, attempt)
  }

  function move({ claim: { seq, delivery }, at, next }: Finished) {
    if (next.state === 'pending') again.run(JSON.stringify(next.reason), next.nextAt, seq)
    else if (next.state !== 'delivered') order.finish(seq, delivery.id, next.state, next.reason, at)
    else {
      deliver.run(at, next.receipt === null ? null : JSON.stringify(next.receipt), seq)
      if (next.inbox !== undefined) keep(delivery, next.inbox, at)
    }
  }

  /** Notes when people last heard of a rule's alerts. A test run is about none. */
  function tell(finished: readonly Finished[]) {
    const alerting = new Map<string, number>()
    for (const { claim, at, next } of finished) {
      const { ruleId, kind, fingerprints } = claim.delivery
      const tells = TELLS.has(kind) && fingerprints.length > 0
      if (next.state === 'delivered' && ruleId !== null && tells) alerting.set(ruleId, at)
    }
    for (const [ruleId, at] of alerting) alerted.run(at, ruleId)
  }

  function claim({ destination, limit, oldest }: Want, now: number, result: TurnResult) {
    const rows = (oldest === true ? oldestRows : dueRows).all(destination, now, limit)
    for (const row of rows)
      if (row.deadline_at < now) order.finish(row.seq, row.id, 'dead', { code: 'deadline-passed' }, now)
    const alive = rows.filter((row) => row.deadline_at >= now)
    for (const one of begin(alive, now)) result.claims.push(one)
    if (rows.length < limit) result.next.set(destination, nextOf.get(destination) ?? null)
  }

  return {
    /**
     * Records finished attempts and claims due deliveries, in one transaction. `collect` is called when it begins, so
     * that all that was finished by then comes along. When the promise is rejected nothing of it was stored.
     */
    turn: (collect: (now: number) => Turn): Promise<TurnResult> =>
      writer.write(() => {
        const now = clock.now()
        const { finished, want } = collect(now)
        const result: TurnResult = { claims: [], next: new Map() }
        if (finished.length > 0) recordAll(finished)
        for (const each of want) claim(each, now, result)
        return result
      }),

    /** Destinations that asked for silence that lasts; what is over is forgotten. */
    paused: (now: number): Promise<Paused[]> =>
      writer.write(() => {
        endPauses.run(now)
        return paused.all(now)
      }),

    /** Every destination with something to send. */
    waiting: async (): Promise<Waiting[]> => {
      const found: Waiting[] = []
      for (let row = waitingAfter.get(''); row !== undefined; row = waitingAfter.get(row.destination)) found.push(row)
      return found
    },

    /**
     * Deliveries whose attempt was under way when the process ended may have arrived. Where `repeatable` says so they
     * are due again; the others end as unknown. To be called before the first turn.
     */
    recover: (repeatable: (kind: string) => boolean, now: number): Promise<{ repeated: number; unknown: number }> =>
      writer.write(() => {
        const counts = { repeated: 0, unknown: 0 }
        for (const { seq, id, kind, attempts } of sending.all()) {
          const repeat = repeatable(kind)
          closeAttempt.run(now, 'unknown', 'interrupted', null, repeat ? now : null, seq, attempts)
          if (repeat) again.run(JSON.stringify({ code: 'interrupted' }), now, seq)
          else order.finish(seq, id, 'unknown', { code: 'interrupted' }, now)
          counts[repeat ? 'repeated' : 'unknown'] += 1
        }
        return counts
      }),
  }
}
