import type { JsonObject } from '../model/json.ts'
import { blankMessage, type Message, type MessageTable } from '../model/message.ts'
import type { OwnedNotification } from '../model/rule.ts'
import { failedFirst, type RunState, type RunView, resultsText, runPage, type StepView } from '../model/run.ts'
import { messageRuns, mlrunRuns } from './mlrun-run.ts'
import { type RunComposeInput, runAlert, runTraceUrl, severityOf } from './run-variables.ts'
import { oneLine } from './words.ts'

const LONGEST_TITLE = 250
const LONGEST_CELL = 1000
const MOST_ROWS = 100
const FEW_STEPS = 20

const verbs: Partial<Record<RunState, string>> = {
  completed: 'completed',
  error: 'failed',
  aborted: 'aborted',
  running: 'started',
}

/** The message of a notification of MLRun: its header, its name, and the table of the run and its steps. */
export function mlrunMessage(input: RunComposeInput, notification: OwnedNotification): Message {
  const { rule, run, kind, at, why } = input
  const text = textOf(input, notification)
  const { name, severity } = notification
  const isComment = notification.kind === 'git' && name !== ''
  const whole = `[${severity ?? 'info'}] ${isComment ? `${name}: ` : ''}${text}`
  const title = oneLine(whole, LONGEST_TITLE)
  const url = runPage(run, input.baseUrl)
  const trace = runTraceUrl(input)
  const body = webhookBody(input, notification, text)
  const summary = [isComment ? '' : name, title === whole ? '' : whole].filter((part) => part !== '').join('\n')
  return {
    ...blankMessage(kind, at, {
      title,
      severity: severityOf(input),
      summary,
      links: url === undefined ? [] : [{ text: run.name, url }],
      why: oneLine(why, LONGEST_CELL),
      rule: rule.definition.name,
      tags: [...rule.definition.tags],
      runs: messageRuns(run, url),
      alerts: [runAlert(input)],
    }),
    table: tableOf(run),
    ...(body === null ? {} : { body: { text: JSON.stringify(body), contentType: 'application/json' as const } }),
    ...(trace === undefined ? {} : { traceUrl: trace }),
  }
}

/** `Run failed in project p (workflow: w): text of the notification`, and what there is to say of retries. */
function textOf({ run, occurrence }: RunComposeInput, { message }: OwnedNotification): string {
  const workflow = run.labels['workflow'] ?? ''
  const what = `${run.kind === 'pipeline' ? 'workflow' : 'Run'} ${verbs[occurrence.state] ?? occurrence.state}`
  const said = `${what} in project ${run.project}${workflow === '' ? '' : ` (workflow: ${workflow})`}`
  return `${said}${message === '' ? '' : `: ${message}`}${retriesOf(run, occurrence.state)}`
}

/** MLRun counts the attempts after the first. */
function retriesOf({ attempt, maxAttempts }: RunView, state: RunState): string {
  if (attempt === 1) return ''
  const isLast = state === 'error' && maxAttempts !== null && attempt >= maxAttempts
  const end = isLast ? '\nRetry limit reached - run has failed after all retry attempts.' : ''
  return `\nRetries attempted: ${attempt - 1}${end}`
}

/** MLRun's own body of a webhook, where the notification brings none. */
function webhookBody({ run }: RunComposeInput, notification: OwnedNotification, message: string): JsonObject | null {
  const { kind, params, severity } = notification
  const own = params['override_body']
  const isOwn = own !== undefined && own !== null && own !== '' && Object.keys(own).length > 0
  return kind !== 'webhook' || isOwn ? null : { message, severity: severity ?? 'info', runs: mlrunRuns(run) }
}

function tableOf(run: RunView): MessageTable {
  const row = ({ name, state, results, error }: RunView | StepView, uid: string) =>
    [state, name, uid, state === 'error' ? (error?.message ?? '') : resultsText(results)].map((cell) =>
      oneLine(cell, LONGEST_CELL),
    )
  const rows = [row(run, `..${run.uid.slice(-6)}`), ...inOrder(run.steps).map((step) => row(step, ''))]
  return {
    columns: ['status', 'name', 'uid', 'results'],
    rows: rows.slice(0, MOST_ROWS),
    more: Math.max(0, rows.length - MOST_ROWS),
    of: 'runs',
  }
}

/** Of many steps those that failed come first, since some channels show the beginning of a table alone. */
function inOrder(steps: readonly StepView[]): readonly StepView[] {
  return steps.length <= FEW_STEPS ? steps : failedFirst(steps)
}
