import { type DeliveryState, lifetimes, type NewDelivery } from '../model/delivery.ts'
import { messageText } from '../model/message.ts'
import type { Reason } from '../model/reason.ts'
import type { StoreContext } from './context.ts'
import type { FreshDeliveries } from './delivery-fresh.ts'
import { FINGERPRINTS, fingerprintColumns, fingerprintsOf } from './delivery-rows.ts'

/** Told of each delivery that became due or will be: where to, by which kind of channel, and when (ms since 1970). */
export type DueListener = (destination: string, kind: string, at: number) => void

/** What became of a delivery that was inserted. */
export interface Inserted {
  /** `superseded`: it ended at once, since the trigger it follows was not delivered. */
  state: 'pending' | 'superseded'
  /** The delivery it waits for. */
  waitsFor: string | null
  /** Whether it took the place of the trigger it named. */
  superseded: boolean
}

/** What ordering needs to know of a delivery. */
export interface Place {
  seq: number
  id: string
  rule_id: string | null
  route: string
  recipient: string
  fingerprint: string | null
  fingerprints: string | null
  kind: string
  destination: string
  follows: string | null
}

export type DeliveryOrder = ReturnType<typeof deliveryOrder>

interface Earlier {
  id: string
  seq: number
}

// Parameters of sorted queries stand as `+?`: a bare one makes SQLite compile the query anew at every use.
const LAST = Number.MAX_SAFE_INTEGER
const PLACE = 'seq, id, rule_id, route, recipient, fingerprint, fingerprints, kind, destination, follows'
const UNDELIVERED: readonly DeliveryState[] = ['rejected', 'dead', 'superseded', 'discarded']

/**
 * Keeps the order of each alert's messages: a delivery waits for the latest earlier one that shares rule, route,
 * recipient and a fingerprint and is not final. All functions are synchronous and belong inside a unit of the writer.
 */
export function deliveryOrder({ database: { raw } }: StoreContext, fresh: FreshDeliveries, due: DueListener) {
  const earlierAlone = raw.prepare<[string, string, string, string, number], Earlier>(
    `SELECT id, seq FROM deliveries
     WHERE rule_id = +? AND route = +? AND fingerprint = +? AND recipient = +? AND finished_at IS NULL AND seq < +?
     ORDER BY seq DESC LIMIT 1`,
  )
  const earlierShared = raw.prepare<[string, string, string, number, string], Earlier>(
    `SELECT id, seq FROM deliveries d
     WHERE rule_id = +? AND route = +? AND fingerprint IS NULL AND recipient = +? AND finished_at IS NULL AND seq < +?
     AND EXISTS (SELECT 1 FROM json_each(d.fingerprints) a JOIN json_each(?) b ON a.value = b.value)
     ORDER BY seq DESC LIMIT 1`,
  )
  /** Spares the look above where no message about several is open, as is usual. */
  const anyShared = raw.prepare<[string, string], unknown>(
    'SELECT 1 FROM deliveries WHERE rule_id = +? AND route = +? AND fingerprint IS NULL AND finished_at IS NULL LIMIT 1',
  )
  const openBefore = raw
    .prepare<[string, number], string>('SELECT id FROM deliveries WHERE id = ? AND finished_at IS NULL AND seq < ?')
    .pluck()
  const stateOf = raw.prepare<[string], DeliveryState>('SELECT state FROM deliveries WHERE id = ?').pluck()
  const dependents = raw.prepare<[string], Place>(`SELECT ${PLACE} FROM deliveries WHERE waits_for = ?`)
  const wait = raw.prepare('UPDATE deliveries SET waits_for = ?, next_at = NULL WHERE seq = ?')
  const release = raw.prepare('UPDATE deliveries SET waits_for = NULL, next_at = ? WHERE seq = ?')
  const close = raw.prepare(
    'UPDATE deliveries SET state = ?, reason = ?, finished_at = ?, next_at = NULL, waits_for = NULL WHERE seq = ?',
  )
  const partFor = raw
    .prepare<[string, string], string>('SELECT id FROM deliveries WHERE part_of = ? AND recipient = ?')
    .pluck()
  /** A trigger that certainly reached nobody and that nobody is sending. */
  const untold = raw.prepare<[string, string], { seq: number }>(
    `SELECT seq FROM deliveries d WHERE id = ? AND state = 'pending'
     AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.delivery = d.seq AND a.outcome IN ('unknown', 'delivered'))
     AND NOT EXISTS (SELECT 1 FROM json_each(${FINGERPRINTS}) f WHERE f.value NOT IN (SELECT value FROM json_each(?)))`,
  )
  const insertRow = raw.prepare(
    `INSERT INTO deliveries (id, project, rule_id, evaluation_id, route, fingerprints, fingerprint, channel_id, kind,
     destination, message_kind, state, created_at, next_at, deadline_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?)`,
  )
  /** Apart, since every value that is handed over costs time and most deliveries stand alone. */
  const relate = raw.prepare(
    'UPDATE deliveries SET recipient = ?, part_of = ?, waits_for = ?, follows = ? WHERE seq = ?',
  )
  const insertContent = raw.prepare(
    'INSERT INTO delivery_contents (seq, settings, sealed, message) VALUES (?, ?, ?, ?)',
  )

  function predecessor(
    place: Pick<Place, 'rule_id' | 'route' | 'recipient' | 'seq' | 'follows'>,
    fingerprints: readonly string[],
  ) {
    const { rule_id: rule, route, recipient, seq } = place
    let latest: Earlier | undefined
    if (rule !== null && fingerprints.length > 0) {
      if (anyShared.get(rule, route) !== undefined)
        latest = earlierShared.get(rule, route, recipient, seq, JSON.stringify(fingerprints))
      for (const fingerprint of fingerprints) {
        const one = earlierAlone.get(rule, route, fingerprint, recipient, seq)
        if (one !== undefined && one.seq > (latest?.seq ?? 0)) latest = one
      }
    }
    return latest?.id ?? (place.follows === null ? null : (openBefore.get(place.follows, place.seq) ?? null))
  }

  /** Of a message to several recipients, what went to the recipient of another. */
  function ownPart(id: string | undefined, recipient: string): string | undefined {
    return id === undefined || recipient === '' ? id : partFor.get(id, recipient)
  }

  function pointless(follows: string | null): boolean {
    const state = follows === null ? undefined : stateOf.get(follows)
    return state !== undefined && UNDELIVERED.includes(state)
  }

  /** Ends a delivery and lets those that waited for it go on. */
  function finish(seq: number, id: string, state: DeliveryState, reason: Reason, now: number) {
    close.run(state, JSON.stringify(reason), now, seq)
    releaseDependents(id, now)
  }

  function releaseDependents(id: string, now: number) {
    for (const place of dependents.all(id)) settle(place, now)
  }

  /** Lets a pending delivery wait, go, or end, as those before it stand now. */
  function settle(place: Place, now: number) {
    const before = predecessor(place, fingerprintsOf(place))
    if (before !== null) wait.run(before, place.seq)
    else if (pointless(place.follows)) finish(place.seq, place.id, 'superseded', notDelivered(place.follows), now)
    else {
      release.run(now, place.seq)
      due(place.destination, place.kind, now)
    }
  }

  function supersede(id: string | undefined, by: NewDelivery): boolean {
    const trigger = id === undefined ? undefined : untold.get(id, JSON.stringify(by.fingerprints))
    if (id === undefined || trigger === undefined) return false
    finish(trigger.seq, id, 'superseded', { code: 'superseded', detail: by.id }, by.createdAt)
    return true
  }

  /** Queues a delivery; its place in the order is found at once. */
  function insert(delivery: NewDelivery): Inserted {
    const { id, target, ruleId, createdAt, route, recipient = '', partOf = null } = delivery
    const [fingerprints, fingerprint] = fingerprintColumns(delivery.fingerprints)
    const trigger = ownPart(delivery.supersedes, recipient)
    const superseded = supersede(trigger, delivery)
    const follows = (superseded ? undefined : trigger) ?? ownPart(delivery.follows, recipient) ?? null
    const place = { seq: LAST, rule_id: ruleId, route, recipient, follows }
    const waitsFor = predecessor(place, delivery.fingerprints)
    // Somebody waits for the answer to a test, so it goes before what is queued.
    const nextAt = waitsFor !== null ? null : delivery.kind === 'test' ? 0 : createdAt
    const row = insertRow.run(
      id,
      delivery.project,
      ruleId,
      delivery.evaluationId,
      route,
      fingerprints,
      fingerprint,
      target.channelId,
      target.kind,
      target.destination,
      delivery.kind,
      createdAt,
      nextAt,
      delivery.deadlineAt ?? createdAt + lifetimes.chat,
    )
    const seq = Number(row.lastInsertRowid)
    if (recipient !== '' || partOf !== null || waitsFor !== null || follows !== null)
      relate.run(recipient, partOf, waitsFor, follows, seq)
    const message = messageText(delivery.message)
    insertContent.run(seq, JSON.stringify(target.settings), target.sealed, message)
    fresh.keep(seq, delivery, message.length)
    if (waitsFor === null && pointless(follows)) {
      finish(seq, id, 'superseded', notDelivered(follows), createdAt)
      return { state: 'superseded', waitsFor: null, superseded }
    }
    if (nextAt !== null) due(target.destination, target.kind, nextAt)
    return { state: 'pending', waitsFor, superseded }
  }

  return { insert, finish, settle, releaseDependents }
}

function notDelivered(trigger: string | null): Reason {
  return trigger === null ? { code: 'trigger-not-delivered' } : { code: 'trigger-not-delivered', detail: trigger }
}
