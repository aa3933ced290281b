import { FALLBACK_ROUTE } from '../evaluate/policy.ts'
import { newId } from '../ids.ts'
import type { Delivery, NewDelivery } from '../model/delivery.ts'
import { formatDuration } from '../model/duration.ts'
import { blankMessage, type Message } from '../model/message.ts'
import type { Store } from '../store/index.ts'
import { deadlineOf, stored } from './routes.ts'
import { sharedOut } from './shares.ts'

/** Something about Tocsin's own means of work that its people should know. */
export interface Notice {
  project: string
  /** What it is about, such as `connection|con_1`; notices of one subject keep their order. */
  subject: string
  kind: 'error' | 'recovered'
  title: string
  summary: string
  facts: Message['facts']
  since: number
}

/** The one message about a connection that fails, or works again. `error` is null when it works again. */
export function connectionNotice(
  connection: { id: string; project: string; name: string },
  error: string | null,
  since: number,
  now: number,
): Notice {
  const subject = `connection|${connection.id}`
  const shared = { project: connection.project, subject, since }
  if (error !== null)
    return {
      ...shared,
      kind: 'error',
      title: `[ERROR] Connection ${connection.name} is failing`,
      summary: `Queries cannot reach "${connection.name}". Its rules are held as they are until it works again; what they missed is caught up then.`,
      facts: [{ name: 'Reason', value: error }],
    }
  return {
    ...shared,
    kind: 'recovered',
    title: `[RECOVERED] Connection ${connection.name} works again`,
    summary: `Queries reach "${connection.name}" again after ${formatDuration(now - since)}. Its rules run at their next time.`,
    facts: [],
  }
}

/** The one message about a channel that was disabled for good. */
export function channelNotice(
  channel: { id: string; project: string; name: string },
  reason: string,
  now: number,
): Notice {
  return {
    project: channel.project,
    subject: `channel|${channel.id}`,
    kind: 'error',
    title: `[ERROR] Channel ${channel.name} is disabled`,
    summary: `The receiver of "${channel.name}" proved that it will take no more messages, so nothing is sent there until the channel is changed or enabled again.`,
    facts: [{ name: 'Reason', value: reason }],
    since: now,
  }
}

/** The one message about a channel written into a rule whose receiver takes nothing more. */
export function inlineNotice({ project, target, message }: Delivery, reason: string, now: number): Notice {
  const name = message.rule === '' ? target.kind : `${target.kind} of the rule ${message.rule}`
  return channelNotice({ id: target.destination, project, name }, reason, now)
}

/** Queues a notice for the project's fallback channel. False when there is none, or it is the one in trouble. */
export async function sendNotice(store: Store, notice: Notice, now: number): Promise<boolean> {
  const channel = await store.channels.fallback(notice.project)
  if (channel === undefined || channel.disabledReason !== null || notice.subject === `channel|${channel.id}`)
    return false
  const { kind, title, summary, facts, project, subject, since } = notice
  const message = blankMessage(kind, now, {
    title,
    severity: kind === 'error' ? 'error' : 'info',
    summary,
    facts,
    why: 'This is the fallback channel of the project.',
    alerts: [{ fingerprint: subject, labels: {}, since, value: '' }],
  })
  const delivery: NewDelivery = {
    id: newId('msg', now),
    project,
    ruleId: null,
    evaluationId: null,
    route: FALLBACK_ROUTE,
    fingerprints: [subject],
    target: stored(channel, {}),
    kind,
    message,
    createdAt: now,
    deadlineAt: deadlineOf(channel.kind, now),
  }
  await store.deliveries.enqueue(sharedOut(delivery, channel.settings))
  return true
}
