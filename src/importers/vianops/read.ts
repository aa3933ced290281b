import * as v from 'valibot'
import type { Issue } from '../../errors.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import { type QueryRuleDefinition, queryRule } from '../../model/rule.ts'
import { adviseOnColumns } from './condition.ts'
import { readEndpoint, type Target } from './endpoint.ts'
import { connectionName, methods, type Notification, type Reading, readOnlyFields } from './notification.ts'
import { outlineQuery } from './query.ts'
import { readPaused, readStatus } from './switches.ts'

export interface ReadOptions {
  /** The channel mail targets go to; null: none is known, so such routes wait. */
  mailChannel: string | null
  /** What is stored under this index now: a field that is not changed is not complained of. */
  stored?: Notification
}

interface Notes {
  issues: Issue[]
  warnings: string[]
}

const READING_WORDS = ['SELECT', 'WITH', 'VALUES', 'TABLE', 'SHOW', 'EXPLAIN', 'DESCRIBE', 'DESC', 'EXISTS']

/** Reads a notification object, tolerant where its document contradicts itself and strict elsewhere. Never throws. */
export function readNotification(value: unknown, options: ReadOptions): Reading {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const issue = { path: '', message: 'must be a notification object with name, connection, query, condition, …' }
    return { definition: null, object: {}, origin: {}, warnings: [], fixes: [], issues: [issue] }
  }
  const given = value as JsonObject
  const notes: Notes = { issues: [], warnings: [] }
  const object = ownFields(given, notes)
  const query = requiredText(given, 'query', 'the SQL to run', notes)
  const condition = requiredText(given, 'condition', 'such as query_result["cnt"] > 0', notes)
  const target = endpoint(given, options, notes)
  const input = {
    name: requiredText(given, 'name', 'any text that tells it apart', notes),
    description: optionalText(given, 'description', notes),
    connection: connectionName(requiredText(given, 'connection', 'the name of a connection', notes)),
    query,
    schedule: { cron: cron(given, notes), timezone: 'UTC' },
    condition: { dialect: 'python', text: condition },
    tags: tags(given['tags'], notes),
    paused: stopped(given, notes),
    suppressionMinutes: minutes(given['alertsuppressiontime'], notes),
    notify: 'every',
    resolve: false,
    ...(target === undefined ? {} : { routes: [target.route], message: target.message }),
  }
  const outline = outlineQuery(query)
  checkQuery(outline, notes)
  const advice = adviseOnColumns(condition, outline.columns)
  notes.warnings.push(...(target?.warnings ?? []), ...advice.warnings)
  const definition = checked(input, notes)
  return { definition, object, origin: originOf(given), fixes: advice.fixes, ...notes }
}

/** The field of a notification that a path within our rule comes from. */
export function fieldOf(path: string): string {
  const fields: [RegExp, string][] = [
    [/^schedule\b/, 'runschedule'],
    [/^condition\b/, 'condition'],
    [/^suppressionMinutes\b/, 'alertsuppressiontime'],
    [/^routes\.\d+\.channel\.settings\.method\b/, 'restrequestmethod'],
    [/^routes\.\d+\.(channel|name)\b/, 'restendpoint'],
    [/^(routes\.\d+\.(body|settings)|message)\b/, 'restbodytemplate'],
  ]
  return fields.find(([pattern]) => pattern.test(path))?.[1] ?? path
}

function ownFields(given: JsonObject, notes: Notes): JsonObject {
  const object: JsonObject = { ...given }
  for (const key of readOnlyFields) delete object[key]
  if ('schedule' in object) {
    if (object['runschedule'] === undefined) object['runschedule'] = object['schedule'] ?? null
    else notes.warnings.push('schedule: is ignored, since runschedule is given too')
    delete object['schedule']
  }
  return object
}

function requiredText(given: JsonObject, field: string, hint: string, { issues }: Notes): string {
  const value = given[field]
  if (typeof value === 'string' && value.trim() !== '') return field === 'name' ? value.trim() : value
  const what =
    value === undefined || value === null ? 'is missing' : value === '' ? 'must not be empty' : 'must be text'
  issues.push({ path: field, message: `${what}; give ${hint}` })
  return '?'
}

function optionalText(given: JsonObject, field: string, { issues }: Notes): string {
  const value = given[field] ?? ''
  if (typeof value === 'string') return value
  issues.push({ path: field, message: 'must be text' })
  return ''
}

/** Markdown puts backslashes before asterisks; five fields, as the document says. */
function cron(given: JsonObject, { issues }: Notes): string {
  const value = given['runschedule'] ?? given['schedule']
  const text = typeof value === 'string' ? value.replaceAll('\\*', '*').trim().replace(/\s+/g, ' ') : ''
  const fields = text === '' ? 0 : text.split(' ').length
  const remedy = 'give a cron expression of five fields, such as "0 8 * * *"'
  if (fields === 0) issues.push({ path: 'runschedule', message: `is missing; ${remedy}` })
  else if (fields !== 5) issues.push({ path: 'runschedule', message: `has ${fields} fields; ${remedy}` })
  return fields === 5 ? text : '0 8 * * *'
}

function tags(value: Json | undefined, { issues }: Notes): string[] {
  if (value === undefined || value === null) return []
  const list = typeof value === 'string' ? value.split(',') : value
  if (Array.isArray(list) && list.every((tag) => typeof tag === 'string'))
    return [...new Set(list.map((tag) => tag.trim()).filter((tag) => tag !== ''))]
  issues.push({ path: 'tags', message: 'must be a list of texts, or one text with commas' })
  return []
}

function minutes(value: Json | undefined, { issues }: Notes): number {
  if (value === undefined || value === null) return 0
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  issues.push({ path: 'alertsuppressiontime', message: 'must be a whole number of minutes, 0 or more' })
  return 0
}

/** Two switches stop a notification: it runs only when neither does. */
function stopped(given: JsonObject, { issues }: Notes): boolean {
  const paused = readPaused(given['paused'])
  const status = readStatus(given['status'])
  if (paused === undefined) issues.push({ path: 'paused', message: 'must be true or false' })
  if (status === undefined) issues.push({ path: 'status', message: 'must be "Active" or "Inactive"' })
  return paused === true || status === 'Inactive'
}

function endpoint(given: JsonObject, { mailChannel, stored }: ReadOptions, notes: Notes): Target | undefined {
  const raw = given['restrequestmethod'] ?? 'POST'
  const method = methods.find((known) => known === String(raw).trim().toUpperCase())
  if (method === undefined)
    notes.issues.push({ path: 'restrequestmethod', message: `must be one of ${methods.join(', ')}` })
  const body = given['restbodytemplate'] ?? ''
  if (typeof body !== 'string') notes.warnings.push('restbodytemplate: was given as JSON and is kept as its text')
  const template = typeof body === 'string' ? body : JSON.stringify(body)
  if (stored?.restendpoint === '' && given['restendpoint'] === '') return undefined
  const url = requiredText(given, 'restendpoint', 'an address that begins with http:// or https://', notes).trim()
  if (url === '?' || method === undefined) return undefined
  if (!/^https?:\/\/[^/]/i.test(url) || !URL.canParse(url)) {
    notes.issues.push({ path: 'restendpoint', message: 'must be an address that begins with http:// or https://' })
    return undefined
  }
  return readEndpoint({ method, url, template }, mailChannel)
}

function checkQuery({ firstWord, statements, openQuote }: ReturnType<typeof outlineQuery>, notes: Notes): void {
  if (notes.issues.some((issue) => issue.path === 'query')) return
  if (openQuote !== null) {
    const { quote, line, column } = openQuote
    notes.warnings.push(
      `query: the quote ${quote} at line ${line}, column ${column} is never closed; the database will refuse it`,
    )
  } else if (statements > 1)
    notes.issues.push({
      path: 'query',
      message: `must be one statement; it holds ${statements}. Make one rule of each`,
    })
  if (firstWord !== '' && !READING_WORDS.includes(firstWord))
    notes.issues.push({ path: 'query', message: `must only read, with SELECT or WITH; it begins with ${firstWord}` })
}

function checked(input: object, { issues }: Notes): QueryRuleDefinition | null {
  const result = v.safeParse(queryRule, input)
  if (!result.success) {
    for (const issue of result.issues) {
      const path = fieldOf(v.getDotPath(issue) ?? '')
      if (!issues.some((known) => known.path === path)) issues.push({ path, message: issue.message })
    }
  }
  return result.success && issues.length === 0 ? result.output : null
}

function originOf(given: JsonObject): Reading['origin'] {
  const origin: Reading['origin'] = {}
  const { index, createdby } = given
  if (typeof index === 'number' && Number.isSafeInteger(index) && index > 0) origin.index = index
  if (typeof createdby === 'string' && createdby !== '') origin.createdby = createdby
  for (const key of ['lastrun', 'lastalert', 'createddate'] as const) {
    const time = given[key]
    if (typeof time === 'number' && time >= 0) origin[key] = time
  }
  return origin
}
