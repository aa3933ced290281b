import * as v from 'valibot'
import { channels, isChannelKind } from '../channels/index.ts'
import { LOCAL_ROUTE, type LocalDelivery, outcomes } from '../model/delivery.ts'
import type { Reason } from '../model/reason.ts'
import { runUid } from '../model/run-event.ts'
import { filled, text } from '../model/text.ts'
import { givenMessage, messageBy } from './channel-sends.ts'
import type { Caller } from './context.ts'

const time = v.pipe(v.number('must be ms since 1970'), v.minValue(0, 'must be ms since 1970'))
const states = ['delivered', 'rejected', 'unknown'] as const

const localDelivery = v.strictObject({
  /** Makes it count once, however often it comes. */
  id: v.pipe(v.string('must be text'), v.regex(/^msg_[0-9a-z]{20}$/, 'must be "msg_" and 20 digits or small letters')),
  run: v.strictObject({ uid: runUid, name: filled(300) }),
  /** What tells its notification from others. */
  notification: text(500),
  kind: v.pipe(
    v.string('must be text'),
    v.check(isChannelKind, `must be a kind of channel: ${Object.keys(channels).join(', ')}`),
  ),
  /** Where it went; holds no secret. */
  destination: filled(2000),
  recipient: v.optional(text(500), ''),
  message: givenMessage,
  state: v.picklist(states, `must be one of ${states.join(', ')}`),
  /** Why it did not arrive, or may not have. */
  detail: v.optional(text(10_000), ''),
  attempt: v.strictObject({
    startedAt: time,
    finishedAt: time,
    outcome: v.picklist(outcomes, `must be one of ${outcomes.join(', ')}`),
    /** A short class, such as `http-500`. */
    reason: text(100),
    /** The receiver's answer, without secrets. */
    response: text(10_000),
  }),
})

/** What became of messages that a client sent by itself. Its settings are not among what it tells. */
export const localReport = v.strictObject({
  deliveries: v.pipe(v.array(localDelivery, 'must be a list'), v.maxLength(100, 'must be at most 100 at a time')),
})

export type LocalReport = v.InferInput<typeof localReport>

/** The deliveries of a report, as they are stored. `now` in ms since 1970: nothing is made later than that. */
export function deliveriesIn(
  { deliveries }: v.InferOutput<typeof localReport>,
  { project, actor }: Caller,
  now: number,
): LocalDelivery[] {
  return deliveries.map(({ id, run, notification, kind, destination, recipient, message, state, detail, attempt }) => {
    const createdAt = Math.floor(Math.min(attempt.startedAt, now))
    const why = `Sent by the client of ${actor} itself`
    return {
      delivery: {
        id,
        project,
        ruleId: null,
        evaluationId: null,
        route: LOCAL_ROUTE,
        recipient,
        fingerprints: [JSON.stringify([run.name, run.uid])],
        target: { channelId: null, kind, destination, settings: {}, sealed: null },
        kind: 'run',
        message: messageBy('run', createdAt, message, { why, rule: notification }),
        createdAt,
      },
      state,
      reason: reasonOf(state, detail),
      attempt: { ...attempt, startedAt: createdAt, finishedAt: Math.floor(Math.min(attempt.finishedAt, now)) },
    }
  })
}

function reasonOf(state: LocalDelivery['state'], detail: string): Reason {
  if (state === 'delivered') return { code: 'delivered' }
  return { code: state === 'rejected' ? 'rejected' : 'outcome-unknown', detail }
}
