import type { Attempt, DeliveryState } from '../model/delivery.ts'
import { finalStates } from '../model/delivery.ts'
import type { Transition } from '../model/evaluation.ts'
import type { Message } from '../model/message.ts'
import { type Api, type Door, openApi, part } from './api.ts'
import type { Terminal } from './terminal.ts'

/** What the API answers to a run. */
interface RunAnswer {
  verdict: string
  words: string[]
}

/** What the API answers to a preview, as far as it is told. */
interface PreviewAnswer {
  verdict: string
  value: string
  error: string | null
  reasons: { text: string }[]
  transitions: Pick<Transition, 'labels' | 'before' | 'after'>[]
  rows: { count: number; truncated: boolean } | null
  routes: { route: string; channel: string; text: string }[]
  messages: { route: string; kind: string; message: Message }[]
  warnings: string[]
}

/** A delivery as the API shows it, as far as it is told. */
interface DeliveryAnswer {
  id: string
  state: DeliveryState
  reason: { text: string } | null
  attempts: Attempt[]
}

/** How long a sent message is waited for, and how often it is looked at, in ms. */
const PATIENCE = 30_000
const LOOK = 200

/** Evaluates a rule now and says what came of it; a dry run stores and sends nothing. Exit code 1 when it failed. */
export async function runRule(terminal: Terminal, options: Door & { dryRun: boolean }, rule: string): Promise<number> {
  const api = openApi(terminal, options)
  if (options.dryRun) {
    const preview = await api.post<PreviewAnswer>(`/rules/${part(rule)}/preview`)
    for (const line of tellPreview(preview)) terminal.out(line)
    return preview.error === null ? 0 : 1
  }
  const { verdict, words } = await api.post<RunAnswer>(`/rules/${part(rule)}/run`)
  for (const line of words) terminal.out(line)
  return verdict === 'error' ? 1 : 0
}

/** Says in words why a rule, an evaluation or a delivery did or did not send. */
export async function explain(terminal: Terminal, options: Door, what: string): Promise<number> {
  const { lines } = await openApi(terminal, options).get<{ lines: string[] }>(`/explain/${part(what)}`)
  for (const line of lines) terminal.out(line)
  return 0
}

/** Sends a test message and waits for its end. Exit code 1 when it was not delivered. */
export async function send(terminal: Terminal, options: Door, channel: string): Promise<number> {
  const api = openApi(terminal, options)
  const { deliveries } = await api.post<{ deliveries: string[] }>(`/channels/${part(channel)}/test`)
  let code = 0
  for (const id of deliveries) {
    const { state, reason, attempts } = await settled(api, id, terminal.signal)
    const latest = attempts.at(-1)
    const answer = latest === undefined ? '' : ` ${[latest.reason, latest.response].filter(Boolean).join(', ')}`
    terminal.out(`${id}: ${state}.${answer}${reason === null ? '' : ` ${reason.text}`}`)
    if (state !== 'delivered') code = 1
  }
  return code
}

function tellPreview({ verdict, value, error, reasons, transitions, rows, routes, messages, warnings }: PreviewAnswer) {
  const found =
    rows === null ? '' : ` (${rows.count} ${rows.count === 1 ? 'row' : 'rows'}${rows.truncated ? ', cut' : ''})`
  return [
    `verdict: ${verdict}${value === '' ? '' : `, value ${value}`}${found}`,
    ...(error === null ? [] : [`error: ${error}`]),
    ...reasons.map(({ text }) => text),
    ...transitions.map(
      ({ labels, before, after }) => `alert ${Object.values(labels).join(', ')}: ${before} to ${after}`,
    ),
    ...routes.map(({ route, channel, text }) => `route ${route} (${channel}): ${text}`),
    ...messages.flatMap(({ route, kind, message }) => [
      `message of ${route} (${kind}): ${message.title}`,
      ...message.summary.split('\n').map((line) => `  ${line}`),
    ]),
    ...warnings.map((warning) => `warning: ${warning}`),
    'Nothing was stored or sent.',
  ]
}

/** The delivery once it is final or its first attempt has failed. */
async function settled(api: Api, id: string, signal: AbortSignal): Promise<DeliveryAnswer> {
  const end = Date.now() + PATIENCE
  for (;;) {
    const delivery = await api.get<DeliveryAnswer>(`/deliveries/${part(id)}`)
    const failed = delivery.attempts.some(({ outcome }) => outcome !== null && outcome !== 'delivered')
    if (finalStates.includes(delivery.state) || failed || signal.aborted || Date.now() > end) return delivery
    await new Promise((resolve) => setTimeout(resolve, LOOK))
  }
}
