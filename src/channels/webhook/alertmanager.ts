import { createHash } from 'node:crypto'
import type { JsonObject } from '../../model/json.ts'
import type { Message, MessageAlert, MessageKind } from '../../model/message.ts'
import { cleanLine, cleanLines, cut, safeUrl } from '../content/clean.ts'
import { isGood } from '../content/colour.ts'
import { stepLines } from '../content/steps.ts'

/** For so long an alert that is not told of again stands in Alertmanager, in ms. */
const STANDS = 7 * 86_400_000
const NEVER = '0001-01-01T00:00:00Z'
/** Tell of what happened once: nothing will end them, so they stand as long as Alertmanager lets them (`resolve_timeout`). */
const EVENTS: readonly MessageKind[] = ['run', 'message', 'test']
const LONGEST = 2000

/** What Alertmanager sends to webhooks, version 4. */
export function webhookMessage(message: Message): JsonObject {
  const alerts = alertsOf(message).map((alert) => {
    const { startsAt, endsAt = NEVER, annotations, generatorURL = '', ...rest } = described(message, alert)
    const labels: Record<string, string> = rest.labels
    const isOver = statusOf(message) === 'resolved'
    const fingerprint = createHash('sha256').update(`${message.rule}\n${alert.fingerprint}`).digest('hex').slice(0, 16)
    const status = statusOf(message)
    return { status, labels, annotations, startsAt, endsAt: isOver ? endsAt : NEVER, generatorURL, fingerprint }
  })
  const [first] = alerts
  const common = Object.entries(first?.labels ?? {}).filter(([name, value]) =>
    alerts.every(({ labels }) => labels[name] === value),
  )
  const groupLabels = { alertname: nameOf(message) }
  return {
    version: '4',
    groupKey: `{}:{alertname=${JSON.stringify(groupLabels.alertname)}}`,
    truncatedAlerts: 0,
    status: statusOf(message),
    receiver: 'tocsin',
    groupLabels,
    commonLabels: Object.fromEntries(common),
    commonAnnotations: annotationsOf(message),
    externalURL:
      message.traceUrl !== undefined && URL.canParse(message.traceUrl) ? new URL(message.traceUrl).origin : '',
    alerts,
  }
}

/** What Alertmanager takes at /api/v2/alerts. */
export function postableAlerts(message: Message): JsonObject[] {
  return alertsOf(message).map((alert) => described(message, alert))
}

function described(message: Message, { labels, since, value }: MessageAlert) {
  const url = message.traceUrl === undefined ? null : safeUrl(message.traceUrl)
  const isOver = statusOf(message) === 'resolved'
  const end = isOver ? message.time : message.time + STANDS
  return {
    labels: { ...labelsOf(labels), alertname: nameOf(message), severity: message.severity },
    annotations: { ...annotationsOf(message), ...(value === '' ? {} : { value: cut(cleanLine(value), LONGEST) }) },
    startsAt: new Date(Math.min(since, end)).toISOString(),
    ...(EVENTS.includes(message.kind) && !isOver ? {} : { endsAt: new Date(end).toISOString() }),
    ...(url === null ? {} : { generatorURL: url }),
  }
}

/** A message about no alert in particular is one itself. */
function alertsOf({ alerts, time }: Message): MessageAlert[] {
  return alerts.length > 0 ? alerts : [{ fingerprint: '', labels: {}, since: time, value: '' }]
}

function statusOf(message: Message): 'firing' | 'resolved' {
  return isGood(message) ? 'resolved' : 'firing'
}

function nameOf({ rule, title }: Message): string {
  return cut(cleanLine(rule === '' ? title : rule), LONGEST) || 'Tocsin'
}

/** Names of labels are letters, digits and underscores; the two that are ours keep to themselves. */
function labelsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(labels).map(([name, value]) => {
    const plain = name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d|$)|^__+/, '_')
    const own = plain === 'alertname' || plain === 'severity' ? `label_${plain}` : plain
    return [own, cut(cleanLine(value), LONGEST)] as const
  })
  return Object.fromEntries(named.filter(([, value]) => value !== ''))
}

function annotationsOf(message: Message): Record<string, string> {
  const { title, summary, why } = message
  const steps = stepLines(message).join('\n')
  const texts = { summary: cleanLine(title), description: cleanLines(summary), steps, why: cleanLine(why) }
  return Object.fromEntries(
    Object.entries(texts)
      .filter(([, text]) => text !== '')
      .map(([name, text]) => [name, cut(text, LONGEST)]),
  )
}
