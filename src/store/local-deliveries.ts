import { type LocalDelivery, lifetimes } from '../model/delivery.ts'
import { messageText } from '../model/message.ts'
import type { StoreContext } from './context.ts'
import { fingerprintColumns } from './delivery-rows.ts'

/** Gives the function that stores a delivery of a client's own with its attempt, within the unit that is under way. */
export function localDeliveries({ database: { raw } }: StoreContext) {
  const insert = raw.prepare(
    `INSERT INTO deliveries (id, project, rule_id, evaluation_id, route, recipient, part_of, fingerprints, fingerprint,
     channel_id, kind, destination, message_kind, state, reason, attempts, created_at, deadline_at, finished_at)
     VALUES (?, ?, NULL, NULL, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  )
  const insertContent = raw.prepare(
    "INSERT INTO delivery_contents (seq, settings, sealed, message) VALUES (?, '{}', NULL, ?)",
  )
  const insertAttempt = raw.prepare(
    `INSERT INTO attempts (delivery, number, started_at, finished_at, outcome, reason, response, retry_at, trigger)
     VALUES (?, 1, ?, ?, ?, ?, ?, NULL, 'automatic')`,
  )

  /** False when it is there already. */
  return ({ delivery, state, reason, attempt }: LocalDelivery): boolean => {
    const { id, project, route, recipient = '', partOf = null, fingerprints, target, kind, createdAt } = delivery
    const { changes, lastInsertRowid: seq } = insert.run(
      id,
      project,
      route,
      recipient,
      partOf,
      ...fingerprintColumns(fingerprints),
      target.kind,
      target.destination,
      kind,
      state,
      JSON.stringify(reason),
      createdAt,
      createdAt + lifetimes.chat,
      attempt.finishedAt,
    )
    if (changes === 0) return false
    insertContent.run(seq, messageText(delivery.message))
    insertAttempt.run(seq, attempt.startedAt, attempt.finishedAt, attempt.outcome, attempt.reason, attempt.response)
    return true
  }
}
