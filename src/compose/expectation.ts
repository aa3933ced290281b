import { formatDuration } from '../model/duration.ts'
import type { Json } from '../model/json.ts'
import type { Fact, Message } from '../model/message.ts'
import { builtinMessage } from './builtin.ts'
import type { ComposeInput } from './variables.ts'
import { marks, oneLine, timeWords } from './words.ts'

const LONGEST_TITLE = 250
const LONGEST_FACT = 1000
const MOST_NAMED = 10

/** What is said of a run that misses an expectation. */
const words: Record<string, { is: string; fact: string }> = {
  late: { is: 'is late', fact: 'Late' },
  missing: { is: 'is missing', fact: 'Missing' },
  long: { is: 'takes too long', fact: 'Takes' },
  short: { is: 'was too fast', fact: 'Took' },
  silent: { is: 'has gone silent', fact: 'Silent for' },
}

/** The message about what runs fail to do, as it is written when the rule says nothing about it. */
export function builtinExpectation(input: ComposeInput): Message {
  const { table: _, ...message } = builtinMessage(input)
  if (!['firing', 'reminder', 'resolved', 'test'].includes(input.kind)) return message
  const { kind, rule, alerts } = input
  const said = alerts.slice(0, MOST_NAMED).map(({ labels }) => sentence(labels))
  const more = alerts.length > said.length ? ` And ${alerts.length - said.length} more.` : ''
  const subjects = new Set(alerts.map(({ labels }) => subjectOf(labels)))
  const title =
    subjects.size === 1
      ? `${[...subjects][0]} ${alerts.map(({ labels }) => predicateOf(labels)).join(', ')}`
      : `${rule.definition.name}: ${subjects.size} runs`
  return {
    ...message,
    title: oneLine(`[${marks[kind]}] ${title}`, LONGEST_TITLE),
    summary: summaryOf(input, `${said.join('. ')}.${more}`),
    facts: factsOf(input),
  }
}

function sentence(labels: Labels): string {
  return `${subjectOf(labels)} ${predicateOf(labels)}`
}

function subjectOf({ name = '', run = '' }: Labels): string {
  return run === '' ? name : `${name} (${run})`
}

function predicateOf({ expectation = '' }: Labels): string {
  return words[expectation]?.is ?? 'is not as expected'
}

type Labels = Readonly<Record<string, string>>

function summaryOf({ kind, rule, at, alerts, firingFrom }: ComposeInput, said: string): string {
  const from = firingFrom ?? Math.min(at, ...alerts.map(({ since }) => since))
  if (kind === 'resolved')
    return `This is over: ${said} It lasted from ${timeWords(from)} to ${timeWords(at)} (${formatDuration(at - from)}).`
  const { description } = rule.definition
  const still = kind === 'reminder' ? `Still so, for ${formatDuration(at - from)} now: ` : ''
  return description === '' ? `${still}${said}` : `${description}\n${still}${said}`
}

function factsOf({ alerts, result, rule }: ComposeInput): Fact[] {
  const facts: Fact[] = [{ name: 'Rule', value: rule.definition.name }]
  for (const { labels, value, rows } of alerts.slice(0, MOST_NAMED)) {
    const row = result?.rows[rows[0] ?? -1]
    const cell = (name: string): Json => row?.[result?.columns.findIndex((column) => column.name === name) ?? -1] ?? ''
    const { expectation = '', name = '' } = labels
    if (alerts.length > 1) facts.push({ name: 'Run', value: sentence(labels) })
    else facts.push({ name: 'Run', value: name })
    const shown = [
      [words[expectation]?.fact ?? 'Value', value],
      ['Expected', cell('expected')],
      ['Seen', cell('latest')],
    ] as const
    for (const [title, text] of shown) if (text !== '') facts.push({ name: title, value: String(text) })
  }
  return facts.map(({ name, value }) => ({ name, value: oneLine(value, LONGEST_FACT) }))
}
