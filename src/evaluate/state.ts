import type { Alert, AlertState } from '../model/alert.ts'
import { parseDuration } from '../model/duration.ts'
import type { Transition } from '../model/evaluation.ts'
import type { QueryRuleDefinition } from '../model/rule.ts'

/** Alerts of a rule as a whole that stand beside those of its rows: it cannot be decided, or there is no data. */
export const ERROR_ALERT = '!error'
export const NO_DATA_ALERT = '!no-data'

/** Failed evaluations in a row before people are told. */
export const ERRORS_BEFORE_ALERT = 3
/** Evaluations in a row in which a row must be missing before it counts as gone. */
export const MISSES_BEFORE_GONE = 2

/** The verdict on one fingerprint. */
export interface Item {
  fingerprint: string
  labels: Record<string, string>
  fire: boolean
  /** What the condition saw, as text. */
  value: string
}

/** What an evaluation found out. */
export type Finding =
  /** `complete`: every row was there, so that a missing one is gone. */
  | { kind: 'decided'; items: readonly Item[]; complete: boolean }
  | { kind: 'no-data' }
  | { kind: 'failed'; error: string }
  /** The rule could be decided and every alert is to stay as it is. */
  | { kind: 'unchanged' }
  /** Nothing can be said: every state stays as it is. */
  | { kind: 'inconclusive' }

export interface Advance {
  /** Alerts to store: those that changed. */
  changed: Alert[]
  /** Fingerprints that need no row any more. */
  gone: string[]
  /** Every alert that is not plainly normal, or just became so. */
  transitions: Transition[]
  /** The alerts as they are now, by fingerprint, the gone ones included. */
  alerts: Map<string, Alert>
}

type Timing = Pick<QueryRuleDefinition, 'for' | 'keepFiringFor'>

/** Moves the alerts of one rule on by one evaluation. `now` in ms. Pure: the alerts given are not changed. */
export function advance(rule: Timing, alerts: readonly Alert[], finding: Finding, now: number): Advance {
  // What most evaluations come to: nothing fires and nothing did.
  if (alerts.length === 0 && finding.kind === 'decided' && !finding.items.some(({ fire }) => fire))
    return { changed: [], gone: [], transitions: [], alerts: new Map() }
  const before = new Map(alerts.map((alert) => [alert.fingerprint, alert]))
  const after = new Map<string, { alert: Alert; why: string }>()
  const put = (alert: Alert, why: string) => after.set(alert.fingerprint, { alert, why })

  if (finding.kind === 'decided') {
    for (const item of finding.items) {
      const { alert, why } = decide(rule, before.get(item.fingerprint) ?? fresh(item, now), item, now)
      put(alert, why)
    }
    for (const alert of alerts)
      if (!after.has(alert.fingerprint) && !isOwn(alert.fingerprint)) {
        const next = absent(rule, alert, finding.complete, now)
        put(next.alert, next.why)
      }
    settle(before.get(NO_DATA_ALERT), 'there are rows again', put, now)
  }
  if (finding.kind !== 'failed' && finding.kind !== 'inconclusive')
    settle(before.get(ERROR_ALERT), 'it could be decided again', put, now)
  if (finding.kind === 'no-data') {
    const alert = before.get(NO_DATA_ALERT) ?? fresh({ fingerprint: NO_DATA_ALERT, labels: {}, value: '' }, now)
    put(open(alert, 'no-data', now, 'no rows'), 'the query returned no rows')
  }
  if (finding.kind === 'failed') {
    const alert = before.get(ERROR_ALERT) ?? fresh({ fingerprint: ERROR_ALERT, labels: {}, value: '' }, now)
    const errors = alert.errors + 1
    const counted = { ...alert, errors, value: finding.error }
    if (errors >= ERRORS_BEFORE_ALERT) put(open(counted, 'error', now, finding.error), `${errors} failures in a row`)
    else put(counted, `${errors} of ${ERRORS_BEFORE_ALERT} failures in a row before it is told`)
  }
  return summarise(before, after, alerts)
}

function summarise(
  before: Map<string, Alert>,
  after: Map<string, { alert: Alert; why: string }>,
  all: readonly Alert[],
): Advance {
  const result: Advance = {
    changed: [],
    gone: [],
    transitions: [],
    alerts: new Map(all.map((alert) => [alert.fingerprint, alert])),
  }
  for (const { alert, why } of after.values()) {
    const old = before.get(alert.fingerprint)
    const was = old?.state ?? 'normal'
    result.alerts.set(alert.fingerprint, alert)
    if (was !== 'normal' || alert.state !== 'normal')
      result.transitions.push({
        fingerprint: alert.fingerprint,
        labels: alert.labels,
        value: alert.value,
        before: was,
        after: alert.state,
        why,
      })
    if (isPlain(alert)) {
      if (old !== undefined) result.gone.push(alert.fingerprint)
    } else if (old === undefined || !same(old, alert)) result.changed.push(alert)
  }
  return result
}

function decide(rule: Timing, alert: Alert, item: Item, now: number): { alert: Alert; why: string } {
  const window = typeof rule.for === 'string' ? null : rule.for
  const history = lengthened(rule, alert, item.fire)
  const seen: Alert = { ...alert, labels: item.labels, value: item.value, missing: 0, history }
  const count = times(history)
  if (window === null) return item.fire ? rise(rule, seen, now) : fall(rule, seen, now, 'the condition is false')
  if (count >= window.times)
    return { alert: fire(seen, now), why: `true in ${count} of the last ${history.length} evaluations` }
  if (isFiring(seen)) return fall(rule, seen, now, `true in only ${count} of the last ${history.length} evaluations`)
  if (count === 0 || (!item.fire && seen.state === 'normal'))
    return { alert: to(seen, 'normal', now), why: 'the condition is false' }
  return {
    alert: to(seen, 'pending', now),
    why: `true in ${count} of the last ${history.length} evaluations, ${window.times} are needed`,
  }
}

function rise(rule: Timing, alert: Alert, now: number): { alert: Alert; why: string } {
  if (alert.state === 'firing' || alert.state === 'recovering')
    return { alert: fire(alert, now), why: 'the condition is true' }
  const wait = typeof rule.for === 'string' ? (parseDuration(rule.for) ?? 0) : 0
  const since = alert.state === 'pending' ? alert.since : now
  if (now - since >= wait)
    return {
      alert: fire(alert, now),
      why: wait === 0 ? 'the condition is true' : `the condition has been true for ${seconds(now - since)}`,
    }
  return {
    alert: to(alert, 'pending', now),
    why: `the condition has been true for ${seconds(now - since)} of ${rule.for}`,
  }
}

function fall(rule: Timing, alert: Alert, now: number, why: string): { alert: Alert; why: string } {
  const keep = parseDuration(rule.keepFiringFor) ?? 0
  if (!isFiring(alert) || keep === 0) return { alert: to(alert, 'normal', now), why }
  const since = alert.state === 'recovering' ? alert.since : now
  if (now - since >= keep)
    return { alert: to(alert, 'normal', now), why: `${why}, and has been for ${seconds(now - since)}` }
  return { alert: to(alert, 'recovering', now), why: `${why}, but it is kept firing for ${rule.keepFiringFor}` }
}

/** An alert that the result says nothing of. */
function absent(rule: Timing, alert: Alert, complete: boolean, now: number): { alert: Alert; why: string } {
  // A policy made the rule as a whole fire; its rows are told apart again.
  if (alert.fingerprint === '') return fall(rule, forgetful(alert), now, 'the rule could be decided by its rows again')
  if (!complete) return { alert, why: 'its row was not seen, but there may be more than was seen' }
  return miss(rule, alert, now)
}

function miss(rule: Timing, alert: Alert, now: number): { alert: Alert; why: string } {
  const missing = alert.missing + 1
  if (!isFiring(alert)) return missBeforeFiring(rule, alert, now)
  const counted = { ...alert, missing, history: lengthened(rule, alert, false) }
  if (missing < MISSES_BEFORE_GONE)
    return { alert: counted, why: `its row is missing for the first time, ${MISSES_BEFORE_GONE} times are needed` }
  return fall(rule, forgetful(counted), now, `its row has been missing ${missing} times`)
}

/** Where so many of the latest evaluations count, a row that is not there counts as false. */
function missBeforeFiring(rule: Timing, alert: Alert, now: number): { alert: Alert; why: string } {
  const history = lengthened(rule, alert, false)
  if (typeof rule.for === 'string' || !history.includes('1') || alert.state === 'normal')
    return { alert: to({ ...alert, history }, 'normal', now), why: 'its row is gone' }
  return {
    alert: { ...alert, history },
    why: `its row is gone; true in ${times(history)} of the last ${history.length} evaluations`,
  }
}

/** The outcomes the rule looks back on, with this one; none where it looks at times. */
function lengthened({ for: window }: Timing, { history }: Alert, isTrue: boolean): string {
  return typeof window === 'string' ? '' : (history + (isTrue ? '1' : '0')).slice(-window.of)
}

function times(history: string): number {
  return history.split('1').length - 1
}

function forgetful(alert: Alert): Alert {
  return { ...alert, history: '' }
}

function settle(alert: Alert | undefined, why: string, put: (alert: Alert, why: string) => void, now: number) {
  if (alert !== undefined) put({ ...to(alert, 'normal', now), errors: 0 }, why)
}

function fresh(item: Pick<Item, 'fingerprint' | 'labels' | 'value'>, now: number): Alert {
  const { fingerprint, labels, value } = item
  return {
    fingerprint,
    labels,
    value,
    state: 'normal',
    since: now,
    firingSince: null,
    history: '',
    missing: 0,
    errors: 0,
    sequence: 0,
  }
}

function fire(alert: Alert, now: number): Alert {
  return open(alert, 'firing', now, alert.value)
}

/** To a state people are told of; each time it opens has a number of its own, which outlives the stored alert. */
function open(alert: Alert, state: AlertState, now: number, value: string): Alert {
  const isNew = alert.state === 'normal' || alert.state === 'pending'
  return {
    ...to(alert, state, now),
    value,
    sequence: isNew ? now : alert.sequence,
    firingSince: isNew ? now : alert.firingSince,
  }
}

function to(alert: Alert, state: AlertState, now: number): Alert {
  const since = alert.state === state ? alert.since : now
  return { ...alert, state, since, firingSince: state === 'normal' || state === 'pending' ? null : alert.firingSince }
}

function isFiring(alert: Alert): boolean {
  return alert.state === 'firing' || alert.state === 'recovering'
}

/** The alerts that stand beside those of the rows. */
function isOwn(fingerprint: string): boolean {
  return fingerprint === ERROR_ALERT || fingerprint === NO_DATA_ALERT
}

/** An alert that says no more than its absence would. */
function isPlain(alert: Alert): boolean {
  return alert.state === 'normal' && !alert.history.includes('1') && alert.errors === 0
}

/** A normal alert's value is not worth a write; the evaluation has it. */
function same(a: Alert, b: Alert): boolean {
  return (
    a.state === b.state &&
    a.since === b.since &&
    a.history === b.history &&
    a.missing === b.missing &&
    a.errors === b.errors &&
    a.sequence === b.sequence &&
    (a.value === b.value || b.state === 'normal')
  )
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}
