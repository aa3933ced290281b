import { formatDuration } from '../model/duration.ts'
import type { Fact, Message, MessageKind, Severity } from '../model/message.ts'
import { alertTable } from './table.ts'
import { type ComposeInput, traceUrl } from './variables.ts'
import { conditionWords, labelWords, marks, oneLine, timeWords } from './words.ts'

const LONGEST_TITLE = 250
const LONGEST_FACT = 1000
const MOST_LABELS = 10

/** Kinds that tell of a condition that is met. */
export const openKinds: readonly MessageKind[] = ['firing', 'reminder', 'test', 'run']

/** The message as it is written when the rule says nothing about it. */
export function builtinMessage(input: ComposeInput): Message {
  const { rule, kind, alerts, at, why } = input
  const { definition } = rule
  const table = openKinds.includes(kind) ? alertTable(input) : undefined
  const trace = traceUrl(input)
  return {
    kind,
    title: builtinTitle(input),
    severity: severityOf(input),
    summary: builtinSummary(input),
    paragraphs: [],
    facts: facts(input).map(({ name, value }) => ({ name, value: oneLine(value, LONGEST_FACT) })),
    ...(table === undefined ? {} : { table }),
    links: [],
    actions: [],
    attachments: [],
    why: oneLine(why, LONGEST_FACT),
    ...(trace === undefined ? {} : { traceUrl: trace }),
    rule: definition.name,
    tags: [...definition.tags],
    alerts: alerts.map(({ rows: _, ...alert }) => alert),
    time: at,
  }
}

/** A title such as `[FIRING:2] Drift is high`, or with the labels of the only alert behind it. */
function builtinTitle({ rule, kind, alerts }: ComposeInput): string {
  const count = alerts.length > 1 ? `:${alerts.length}` : ''
  const labels = alerts.length === 1 ? labelWords(alerts[0]?.labels ?? {}) : ''
  const title = `[${marks[kind]}${count}] ${rule.definition.name}${labels === '' ? '' : ` (${labels})`}`
  return oneLine(title, LONGEST_TITLE)
}

function severityOf({ kind, rule }: ComposeInput): Severity {
  if (kind === 'resolved' || kind === 'recovered') return 'info'
  return kind === 'error' ? 'error' : rule.definition.severity
}

function builtinSummary(input: ComposeInput): string {
  const { rule, kind, alerts, error, at, firingFrom } = input
  const { name, description } = rule.definition
  const met = metSentence(input)
  switch (kind) {
    case 'firing':
      return description === '' ? met : `${description}\n${met}`
    case 'reminder':
      return `Still firing, for ${formatDuration(at - oldest(input))} now. ${met}`
    case 'resolved': {
      const from = firingFrom ?? oldest(input)
      const what = alerts.length > 1 ? `${alerts.length} alerts were` : 'It was'
      return `${what} firing from ${timeWords(from)} to ${timeWords(at)} (${formatDuration(at - from)}).`
    }
    case 'no-data':
      return 'The query returns no data, so it cannot be told whether the condition is met.'
    case 'error':
      return `The rule could not be evaluated: ${error ?? 'the reason is not known'}`
    case 'test':
      return alerts.length === 0 ? `This is a test of the rule "${name}".` : `This is a test. ${met}`
    case 'recovered':
      return 'The rule is evaluated again: there is data, and no error.'
  }
}

function metSentence({ rule, alerts, value }: ComposeInput): string {
  const words = conditionWords(rule.definition.condition)
  if (alerts.length > 1) return `The condition is met for ${alerts.length} alerts: ${words}`
  const shown = alerts[0]?.value ?? value
  return shown === '' ? `The condition is met: ${words}` : `The condition is met: ${words}; the value is ${shown}.`
}

function facts(input: ComposeInput): Fact[] {
  const { rule, kind, alerts, error, value, at, firingFrom } = input
  const single = alerts.length === 1 ? alerts[0] : undefined
  const list: Fact[] = Object.entries(single?.labels ?? {})
    .slice(0, MOST_LABELS)
    .map(([name, label]) => ({ name, value: label }))
  const add = (name: string, text: string | null | undefined) => {
    if (text !== undefined && text !== null && text !== '') list.push({ name, value: text })
  }
  add('Value', single === undefined ? value : single.value)
  add('Condition', conditionWords(rule.definition.condition))
  add('Connection', rule.definition.connection)
  if (kind === 'resolved') {
    const from = firingFrom ?? oldest(input)
    add('Firing from', timeWords(from))
    add('Duration', formatDuration(at - from))
  } else if (alerts.length > 0) add('Since', timeWords(oldest(input)))
  if (kind !== 'error') add('Error', error)
  return list
}

function oldest({ alerts, at }: ComposeInput): number {
  return Math.min(at, ...alerts.map(({ since }) => since))
}
