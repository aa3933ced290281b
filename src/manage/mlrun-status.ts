import type { MlrunNotification, MlrunStatus } from '../model/mlrun.ts'
import { sentence } from '../model/reason.ts'
import type { Rule } from '../model/rule.ts'
import type { RunState } from '../model/run.ts'
import type { Store } from '../store/index.ts'
import type { NotificationDelivery, NotificationReport } from '../store/notification-lists.ts'

/** What became of a notification for one state of one run. */
interface StateStatus {
  run: string
  state: RunState
  attempt: number
  /** As MLRun: `pending` until it is sent, and for good where its condition was false. */
  status: MlrunStatus
  /** ISO 8601; null until it is sent. */
  sent_time: string | null
  /** Why it failed, or has not been sent yet. */
  reason: string | null
  deliveries: string[]
}

/** A notification as it is shown: what its secret parameters hold is only named. `status` is that of its latest state. */
export interface ShownNotification extends MlrunNotification {
  status: MlrunStatus
  sent_time: string | null
  reason: string | null
  statuses: StateStatus[]
}

const MOST_STATES = 100

/** The notification of a rule with what became of it; for one run where `uid` names one, else for the latest. */
export async function shownNotification(
  store: Pick<Store, 'notificationLists'>,
  rule: Rule,
  uid: string | null,
): Promise<ShownNotification> {
  if (rule.notification === undefined) throw new Error(`The rule ${rule.id} stands for no notification.`)
  const { owner: _, sealed: __, ...notification } = rule.notification
  const reports = await store.notificationLists.reports(rule.id, uid, MOST_STATES)
  const ids = reports.flatMap(({ evaluationId }) => evaluationId ?? [])
  const deliveries = ids.length === 0 ? [] : await store.notificationLists.deliveries(rule.id, ids)
  const statuses = reports.map((report) =>
    statusOf(
      report,
      deliveries.filter(({ evaluationId }) => evaluationId === report.evaluationId),
    ),
  )
  const latest = statuses[0]
  return {
    ...notification,
    status: latest?.status ?? 'pending',
    sent_time: latest?.sent_time ?? null,
    reason: latest?.reason ?? null,
    statuses,
  }
}

function statusOf(report: NotificationReport, sent: readonly NotificationDelivery[]): StateStatus {
  const { uid: run, state, attempt } = report
  const base = { run, state, attempt, deliveries: sent.map(({ id }) => id) }
  const failed = sent.find(({ state: became }) => ['rejected', 'dead', 'unknown', 'discarded'].includes(became))
  if (failed !== undefined) return { ...base, status: 'error', sent_time: null, reason: whyFailed(failed) }
  const isSent = sent.length > 0 && sent.every(({ state: became }) => became === 'delivered')
  if (isSent) {
    const at = Math.max(...sent.map(({ finishedAt }) => finishedAt ?? 0))
    return { ...base, status: 'sent', sent_time: new Date(at).toISOString(), reason: null }
  }
  return { ...base, status: 'pending', sent_time: null, reason: whyPending(report, sent) }
}

/** Null while nothing is known against it; an attempt that will be repeated says what it failed of. */
function whyPending({ verdict }: NotificationReport, sent: readonly NotificationDelivery[]): string | null {
  if (sent.length === 0) return verdict === 'false' ? 'The condition was false.' : 'Nothing was sent.'
  const tried = sent.find(({ state, reason }) => state !== 'delivered' && reason !== null)
  return tried === undefined ? null : whyFailed(tried)
}

function whyFailed({ reason, response }: NotificationDelivery): string {
  const said = reason === null ? 'It failed.' : sentence(reason)
  return response === null || response === '' || said.includes(response) ? said : `${said} ${response}`
}
