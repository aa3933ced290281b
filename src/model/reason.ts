/**
 * The closed list of reasons: every "why did / didn't I get this?" is answered by one of them. `scope` tells where it
 * stands: on an evaluation, on a route of one, or on a delivery. `text` is completed with the detail kept beside it.
 */
export const reasons = {
  // Evaluations
  'daemon-was-down': {
    scope: 'evaluation',
    text: 'Ticks were missed while the daemon was down or held up; it ran once for all of them',
  },
  'rule-newer-than-tick': {
    scope: 'evaluation',
    text: 'The rule was made or changed after this tick was due, so nothing was decided',
  },
  'still-running': { scope: 'evaluation', text: 'The evaluation before it was still running when this tick was due' },
  'connection-missing': { scope: 'evaluation', text: 'The connection the rule names does not exist' },
  'breaker-open': { scope: 'evaluation', text: 'The connection is failing, so the query was not tried' },
  'query-error': { scope: 'evaluation', text: 'The query failed' },
  'query-timeout': { scope: 'evaluation', text: 'The query took longer than it may and was stopped' },
  'query-cut': { scope: 'evaluation', text: 'The result had more rows than the limit; no row counts as vanished' },
  'no-rows': { scope: 'evaluation', text: 'The query returned no rows' },
  'condition-error': { scope: 'evaluation', text: 'The condition could not be decided' },
  'condition-false': { scope: 'evaluation', text: 'The condition was false' },
  'condition-true': { scope: 'evaluation', text: 'The condition was true' },
  'variable-missing': { scope: 'evaluation', text: 'A variable could not be made, and is not there' },
  'single-column-fallback': {
    scope: 'evaluation',
    text: 'The condition names a column the query does not return; its only column was used instead',
  },
  'occasion-met': { scope: 'evaluation', text: 'The run came to what the rule is for' },
  'occasion-not-met': {
    scope: 'evaluation',
    text: 'The runs before this one are not those the rule is for',
  },
  // Routes
  queued: { scope: 'route', text: 'A delivery was queued' },
  'suppressed-until': { scope: 'route', text: 'Suppressed after the last delivered message' },
  'waiting-for-delivery': { scope: 'route', text: 'An earlier message of this alert is still being delivered' },
  'already-notified': { scope: 'route', text: 'The alert was already told on this route and no reminder is due' },
  'not-delivered': {
    scope: 'route',
    text: 'The message about this alert failed for good; it can be sent again by hand',
  },
  'not-firing': { scope: 'route', text: 'The alert is not firing' },
  pending: { scope: 'route', text: 'The condition is true but not yet for long enough' },
  recovering: { scope: 'route', text: 'The condition is false but the alert is kept firing for a while' },
  'not-subscribed': { scope: 'route', text: 'The route does not want this kind of message' },
  'route-condition-false': { scope: 'route', text: "The route's own condition was false" },
  'route-condition-error': {
    scope: 'route',
    text: "The route's own condition could not be decided; the message was sent anyway",
  },
  'channel-missing': { scope: 'route', text: 'The channel the route names does not exist' },
  'channel-unnamed': { scope: 'route', text: 'The route waits for a channel to be named' },
  'channel-disabled': { scope: 'route', text: 'The channel is disabled' },
  'trigger-not-delivered': { scope: 'route', text: 'Nothing to resolve: the alert was never told on this route' },
  'merged-with-trigger': { scope: 'route', text: 'The undelivered alert and its end were merged into one message' },
  'template-error': { scope: 'route', text: 'A template failed; the built-in message was sent with the error named' },
  // Deliveries
  delivered: { scope: 'delivery', text: 'The receiver accepted the message' },
  'retry-later': { scope: 'delivery', text: 'The attempt failed and will be repeated' },
  rejected: { scope: 'delivery', text: 'The receiver refused the message for good' },
  'deadline-passed': { scope: 'delivery', text: 'It could not be delivered before its deadline' },
  'outcome-unknown': { scope: 'delivery', text: 'It is not known whether the receiver got it' },
  interrupted: { scope: 'delivery', text: 'The daemon ended while the attempt was under way' },
  'destination-paused': { scope: 'delivery', text: 'The destination asked for a pause' },
  superseded: { scope: 'delivery', text: 'A newer message of the same alert took its place' },
  discarded: { scope: 'delivery', text: 'It was discarded by hand' },
  replayed: { scope: 'delivery', text: 'It was sent again by hand' },
} as const satisfies Record<string, { scope: 'evaluation' | 'route' | 'delivery'; text: string }>

export type ReasonCode = keyof typeof reasons

/** A reason with what completes it, such as the time it lasts until or the delivery it waits for. */
export interface Reason {
  code: ReasonCode
  detail?: string
}

/** The reason as a sentence for people. */
export function sentence(reason: Reason): string {
  const { text } = reasons[reason.code]
  const detail = reason.detail?.replace(/\.$/, '') ?? ''
  return detail === '' ? `${text}.` : `${text}: ${detail}.`
}
