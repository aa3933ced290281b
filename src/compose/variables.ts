import { float, type TemplateValue, type Variables } from '../language/template-value.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { AlertKind, MessageAlert, MessageKind, ValueForm } from '../model/message.ts'
import type { ColumnType, QueryResult } from '../model/result.ts'
import type { QueryRule, Route } from '../model/rule.ts'
import type { AttachmentLimits } from './attachments.ts'

/** An alert of a message, with the indexes of its rows in the result. */
export type ComposeAlert = MessageAlert & { rows: number[] }

/** What a message is written for, whatever it is about. */
export interface Surroundings {
  route: Route
  kind: MessageKind
  alerts: ComposeAlert[]
  /** null when there was no query, or it failed. */
  result: QueryResult | null
  /** Settings of the route that are no templates. */
  fixedSettings?: readonly string[]
  /** How values are written in the route's own body. */
  valueForm?: ValueForm | undefined
  /** Further variables, of the one recipient it is written for. */
  recipient?: JsonObject
  /** Why variables that templates may use are not there, in words. */
  variableProblems?: readonly string[]
  /** What the channel itself is set to, where that is not part of the route's settings. */
  channelSettings?: JsonObject
  /** No files go along without it. */
  attachments?: AttachmentLimits
}

/** Everything a message is made of. Times are ms since 1970. */
export interface ComposeInput extends Surroundings {
  rule: QueryRule
  kind: AlertKind
  evaluationId: string
  /** Time of the evaluation. */
  at: number
  condition: string
  value: string
  /** One line: why this is sent. */
  why: string
  error: string | null
  baseUrl: string | null
  /** Whether it is about what runs fail to do. */
  isExpectation?: boolean
  /** When an alert that has ended began to fire. */
  firingFrom?: number
}

/** Rows templates see; `row_count` is the number of all. */
const MOST_ROWS = 1000

/** The names templates may use, each with what it holds. */
const variableNames = {
  query_result: 'the first row, by column; empty when there is none',
  query_results: 'the same',
  rows: 'the rows of the result, each by column',
  row: "the first alert's first row, by column",
  row_count: 'the number of rows',
  value: "the condition's value as text",
  alerts: 'what the message is about: fingerprint, labels, value, since (ms), since_iso, row',
  alert: 'the first of the alerts',
  labels: "the first alert's labels",
  kind: 'firing, reminder, resolved, no-data, error, test or recovered',
  severity: 'debug, info, warning, error or critical',
  rule: "the rule's name",
  description: "the rule's description",
  tags: "the rule's tags",
  connection: 'the name of the connection',
  condition: 'the text of the condition',
  error: 'what failed; nothing when nothing did',
  why: 'why this message is sent',
  createdtime: 'time of the alert in ms since 1970',
  created_iso: 'the same as text',
  createdby: 'who made the rule',
  now: 'time of the evaluation as text',
  trace_url: 'address of the decision trace; empty without a base URL',
} as const

/** The names templates may use, to check them against. */
export const templateNames: ReadonlySet<string> = new Set(Object.keys(variableNames))

/** The same with what this template calls the variables of single recipients, which are known only when it is sent. */
export function namesFor(template: string): ReadonlySet<string> {
  return new Set([...templateNames, ...recipientNames(template)])
}

/** What a template calls the variables of single recipients. */
export function recipientNames(template: string): readonly string[] {
  return template.match(/\bmailVariables(?:_\w+)?/g) ?? []
}

/** The values of all names, for one message. */
export function variablesOf(input: ComposeInput): Variables {
  const { rule, result, at } = input
  const rows = rowMaps(result, MOST_ROWS)
  const alerts = input.alerts.map((alert) => alertMap(alert, rows))
  const values: Record<keyof typeof variableNames, TemplateValue> = {
    query_result: rows[0] ?? {},
    query_results: rows[0] ?? {},
    rows,
    row: rows[input.alerts[0]?.rows[0] ?? 0] ?? {},
    row_count: result?.rows.length ?? 0,
    value: input.value,
    alerts,
    alert: alerts[0] ?? {},
    labels: { ...input.alerts[0]?.labels },
    kind: input.kind,
    severity: rule.definition.severity,
    rule: rule.definition.name,
    description: rule.definition.description,
    tags: [...rule.definition.tags],
    connection: rule.definition.connection,
    condition: input.condition,
    error: input.error,
    why: input.why,
    createdtime: float(at),
    created_iso: new Date(at).toISOString(),
    createdby: rule.createdBy,
    now: new Date(at).toISOString(),
    trace_url: traceUrl(input) ?? '',
  }
  return { ...input.recipient, ...values }
}

/** Address of the decision trace; undefined when it is not known where people reach this instance. */
export function traceUrl({ baseUrl, evaluationId, rule: { project } }: ComposeInput): string | undefined {
  return traceAddress(baseUrl, evaluationId, project)
}

/** Address of an evaluation of a project in the console. */
export function traceAddress(baseUrl: string | null, evaluationId: string, project: string): string | undefined {
  if (baseUrl === null) return undefined
  const place = project === 'default' ? '' : `?project=${encodeURIComponent(project)}`
  return `${baseUrl.replace(/\/+$/, '')}/evaluations/${evaluationId}${place}`
}

function rowMaps(result: QueryResult | null, most: number): { [key: string]: TemplateValue }[] {
  const { columns, rows } = result ?? { columns: [], rows: [] }
  return rows
    .slice(0, most)
    .map((row) =>
      Object.fromEntries(columns.map(({ name, type }, index) => [name, templateValue(row[index] ?? null, type)])),
    )
}

function alertMap({ fingerprint, labels, value, since, rows: indexes }: ComposeAlert, rows: TemplateValue[]) {
  return {
    fingerprint,
    labels: { ...labels },
    value,
    since: float(since),
    since_iso: new Date(since).toISOString(),
    row: rows[indexes[0] ?? -1] ?? {},
  }
}

/** A cell by its column's type. Decimals become numbers where no digit is lost. */
function templateValue(cell: Json, type: ColumnType): TemplateValue {
  if (type === 'integer') return typeof cell === 'string' && /^-?\d+$/.test(cell) ? BigInt(cell) : cell
  if (type === 'float') return typeof cell === 'number' ? float(cell) : cell
  return type === 'decimal' && typeof cell === 'string' ? decimal(cell) : cell
}

function decimal(text: string): TemplateValue {
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)
  const digits = text.replace(/^-?0*\.?0*|\.|0+$/g, '')
  const fits = /^-?\d+\.\d+$/.test(text) && digits.length <= 15
  return fits ? float(Number(text)) : text
}
