import type { Condition, QueryRule, RuleInput } from './types.ts'

export const triggers = [
  ['threshold', 'A column compared with a value'],
  ['rows', 'The query returns rows'],
  ['no-rows', 'The query returns no rows'],
  ['changed', 'The result has changed'],
  ['stale', 'The newest time is too old'],
  ['expression', 'An expression'],
] as const
export const operators = ['>', '>=', '<', '<=', '==', '!='] as const
export const phases = ['firing', 'resolved', 'error', 'no-data'] as const
export const severities = ['debug', 'info', 'warning', 'error', 'critical'] as const

type StoredRoute = NonNullable<RuleInput['routes']>[number]

export interface RouteDraft {
  /** Tells it from the others while it is edited. */
  key: number
  /** Name of a channel; empty: as it is in `kept`. */
  channel: string
  when: readonly string[]
  kept: Partial<StoredRoute>
}

/** A rule while it is written: every input as it was typed. */
export interface RuleDraft {
  name: string
  description: string
  tags: string
  severity: string
  connection: string
  query: string
  trigger: string
  expression: string
  column: string
  operator: string
  value: string
  rows: string
  olderThan: string
  fingerprint: string
  timing: 'every' | 'cron'
  every: string
  cron: string
  timezone: string
  hold: string
  title: string
  summary: string
  routes: readonly RouteDraft[]
}

export const emptyDraft: RuleDraft = {
  name: '',
  description: '',
  tags: '',
  severity: 'warning',
  connection: '',
  query: '',
  trigger: 'threshold',
  expression: '',
  column: '',
  operator: '>',
  value: '',
  rows: 'any',
  olderThan: '1h',
  fingerprint: '',
  timing: 'every',
  every: '1m',
  cron: '*/5 * * * *',
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  hold: '0s',
  title: '',
  summary: '',
  routes: [],
}

/** A query that runs after runs keeps its schedule as long as the editor has no field for it. */
function timingOf(schedule: QueryRule['schedule']): Partial<RuleDraft> {
  if ('every' in schedule) return { timing: 'every', every: schedule.every }
  return 'cron' in schedule ? { timing: 'cron', ...schedule } : {}
}

/** A stored rule as it is edited. */
export function draftOf(rule: QueryRule): RuleDraft {
  const { name, description, tags, severity, connection, query, fingerprint, schedule, message, routes } = rule
  return {
    ...emptyDraft,
    name,
    description,
    tags: tags.join(', '),
    severity,
    connection,
    query,
    ...conditionDraft(rule.condition),
    fingerprint: fingerprint.join(', '),
    ...timingOf(schedule),
    hold: typeof rule.for === 'string' ? rule.for : JSON.stringify(rule.for),
    title: message.title ?? '',
    summary: message.summary ?? '',
    routes: routes.map((kept, key) => ({
      key,
      channel: typeof kept.channel === 'string' ? kept.channel : '',
      when: kept.when,
      kept: kept as StoredRoute,
    })),
  }
}

function conditionDraft(condition: Condition): Partial<RuleDraft> {
  if ('text' in condition) return { trigger: 'expression', expression: condition.text }
  if (condition.trigger === 'threshold') return { ...condition, value: String(condition.value) }
  return condition
}

/** What is sent: the draft over what a stored rule has beside it. */
export function inputOf(draft: RuleDraft, before: QueryRule | null): Record<string, unknown> {
  const { name, description, severity, connection, query, title, summary, hold } = draft
  return {
    ...before,
    name,
    description,
    tags: listOf(draft.tags),
    severity,
    connection,
    query,
    condition: conditionOf(draft),
    fingerprint: listOf(draft.fingerprint),
    schedule: scheduleOf(draft),
    for: hold.startsWith('{') ? (JSON.parse(hold) as unknown) : hold,
    message: { ...before?.message, title, summary },
    routes: draft.routes.map(({ channel, when, kept }) => ({
      ...kept,
      channel: channel === '' ? (kept.channel ?? null) : channel,
      when,
    })),
  }
}

export function scheduleOf({ timing, every, cron, timezone }: RuleDraft): object {
  return timing === 'every' ? { every } : { cron, timezone }
}

export function conditionOf({ trigger, expression, column, operator, value, rows, olderThan }: RuleDraft): object {
  switch (trigger) {
    case 'threshold':
      return { trigger, column, operator, value: literal(value), rows }
    case 'stale':
      return { trigger, column, olderThan }
    case 'expression':
      return { dialect: 'python', text: expression }
    default:
      return { trigger }
  }
}

/** A number, true or false where it reads like one, else text. */
function literal(text: string): number | string | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
