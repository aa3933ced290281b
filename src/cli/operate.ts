import type { Attempt, DeliveryState } from '../model/delivery.ts'
import type { Transition } from '../model/evaluation.ts'
import type { Message } from '../model/message.ts'
import { type Door, openApi, part } from './api.ts'
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

/** What the API answers to a send that is waited for. */
interface SendAnswer {
  results: {
    delivery: string
    recipient: string
    state: DeliveryState
    reason: string
    attempt: Pick<Attempt, 'reason' | 'response' | 'startedAt' | 'finishedAt'> | null
  }[]
}

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

/** What is sent: a test, or a message when it has a title. */
interface Sending extends Door {
  title?: string | undefined
  summary: string
  severity: string
}

/** Sends a test message, or one that is given, and waits for the receiver's answer. Exit code 1 when it was not delivered. */
export async function send(terminal: Terminal, options: Sending, channel: string): Promise<number> {
  const api = openApi(terminal, options)
  const { title, summary, severity } = options
  const path = `/channels/${part(channel)}`
  const { results } =
    title === undefined
      ? await api.post<SendAnswer>(`${path}/test?wait=true`)
      : await api.post<SendAnswer>(`${path}/send?wait=true`, { message: { title, summary, severity } })
  for (const { delivery, recipient, state, reason, attempt } of results) {
    const to = recipient === '' ? '' : ` to ${recipient}`
    terminal.out(`${delivery}${to}: ${state}.${reason === '' ? '' : ` ${reason}`}`)
    if (attempt === null) continue
    const took = attempt.finishedAt === null ? '' : ` after ${attempt.finishedAt - attempt.startedAt} ms`
    terminal.out(`  The receiver's answer${took} (${attempt.reason ?? 'none yet'}): ${attempt.response ?? ''}`)
  }
  return results.every(({ state }) => state === 'delivered') ? 0 : 1
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
