import { parseDuration } from '../../model/duration.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { Condition, QueryRule, QueryRuleDefinition, Route } from '../../model/rule.ts'
import { type ChannelLookup, endpointRoute, MAIL_ROUTE, writeEndpoint } from './endpoint.ts'
import type { Notification } from './notification.ts'
import { readNotification } from './read.ts'
import { readPaused, readStatus } from './switches.ts'

/** The parts of a rule that a notification decides. */
const PARTS = [
  'name',
  'description',
  'connection',
  'query',
  'schedule',
  'condition',
  'tags',
  'paused',
  'suppressionMinutes',
] as const satisfies readonly (keyof QueryRuleDefinition)[]

type Part = (typeof PARTS)[number] | 'endpoint'

/**
 * Shows a rule as a notification, as far as it fits. A field that still means what was imported is given back as it
 * came, any other as the rule has it now. The settings of the rule's inline channels must be complete.
 */
export function writeNotification(rule: QueryRule, index: number, channelOf: ChannelLookup): Notification {
  const { definition } = rule
  const origin = completeOrigin(rule, channelOf)
  const imported = rule.origin === null ? null : readNotification(origin, { mailChannel: null }).definition
  const same = (part: Part) => imported !== null && equalPart(part, imported, definition, channelOf)
  const text = (field: string, part: Part, now: string): string => {
    const given = origin[field]
    return typeof given === 'string' && same(part) ? given : now
  }
  const goes =
    same('endpoint') && imported !== null
      ? writeImported(origin, imported, channelOf)
      : writeEndpoint(definition, channelOf)
  const { createddate, lastrun, lastalert } = origin
  const known: Notification = {
    index,
    name: definition.name,
    description: definition.description,
    connection: definition.connection,
    query: text('query', 'query', definition.query),
    condition: text('condition', 'condition', conditionText(definition.condition)),
    runschedule: cronText(definition.schedule),
    restrequestmethod: goes.method,
    restendpoint: goes.url,
    restbodytemplate: goes.template,
    tags: definition.tags,
    lastrun: rule.lastRunAt ?? time(lastrun),
    lastalert: rule.lastAlertAt ?? time(lastalert),
    createdby: rule.createdBy,
    createddate: time(createddate) ?? rule.createdAt,
    ...switches(definition.paused, imported?.paused, origin),
    alertsuppressiontime: definition.suppressionMinutes,
    edit_mode: typeof origin['edit_mode'] === 'string' ? origin['edit_mode'] : 'code',
  }
  return { ...known, ...origin, ...known }
}

/**
 * The rule's definition after a notification was written over it: what the notification changes is taken from it, and
 * what it cannot say, such as fingerprint columns or further routes, stays as it is.
 */
export function replaceDefinition(
  current: QueryRuleDefinition,
  shown: Notification,
  wanted: QueryRuleDefinition,
  channelOf: ChannelLookup,
): QueryRuleDefinition {
  const before = readNotification(shown, { mailChannel: null, stored: shown }).definition
  if (before === null) return wanted
  const next: QueryRuleDefinition = { ...current }
  for (const part of PARTS)
    if (!equalPart(part, before, wanted, channelOf)) Object.assign(next, { [part]: wanted[part] })
  if ('cron' in next.schedule && 'cron' in current.schedule)
    next.schedule = { ...next.schedule, timezone: current.schedule.timezone }
  const at = endpointRoute(current, channelOf)
  const [old, fresh] = [current.routes[at], wanted.routes[0]]
  const isWaiting = old?.channel === null && typeof fresh?.channel === 'string'
  if (equalPart('endpoint', before, wanted, channelOf) && !isWaiting) return next
  const mails = fresh?.name === MAIL_ROUTE || old?.name === MAIL_ROUTE
  const message = mails ? wanted.message : current.message
  const routes = [...current.routes]
  routes.splice(Math.max(at, 0), at === -1 ? 0 : 1, ...(fresh === undefined ? [] : [mergeRoute(old, fresh)]))
  return { ...next, routes, message }
}

/** The condition as an expression; guided triggers become the expression nearest to them. */
export function conditionText(condition: Condition): string {
  if ('text' in condition) return condition.text
  switch (condition.trigger) {
    case 'threshold': {
      const { column, operator, value, rows } = condition
      const literal = typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value)
      return `${rows}(r[${JSON.stringify(column)}] ${operator} ${literal} for r in query_result)`
    }
    case 'rows':
      return 'len(query_result) > 0'
    case 'no-rows':
      return 'len(query_result) == 0'
    case 'changed':
      return 'previous is not None and rows != previous'
    case 'stale':
      return `now - max(r[${JSON.stringify(condition.column)}] for r in query_result) > ${(parseDuration(condition.olderThan) ?? 0) / 1000}`
  }
}

/** A webhook that stays one keeps what a notification cannot say of it, such as headers. */
function mergeRoute(old: Route | undefined, fresh: Route): Route {
  if (!isInline(old?.channel) || !isInline(fresh.channel) || old.channel.kind !== fresh.channel.kind) return fresh
  const { body: _, ...kept } = old as Route
  const channel = { kind: fresh.channel.kind, settings: { ...old.channel.settings, ...fresh.channel.settings } }
  return { ...kept, channel, ...(fresh.body === undefined ? {} : { body: fresh.body }) }
}

/** The address of a webhook is a secret, so it is kept with the route and not with what was imported. */
function completeOrigin({ origin, definition }: QueryRule, channelOf: ChannelLookup): JsonObject {
  if (origin === null || origin.object['restendpoint'] !== undefined) return origin?.object ?? {}
  return { ...origin.object, restendpoint: writeEndpoint(definition, channelOf).url || 'http://none.invalid/' }
}

function writeImported(origin: JsonObject, imported: QueryRuleDefinition, channelOf: ChannelLookup) {
  const shown = writeEndpoint(imported, channelOf)
  const { restrequestmethod, restendpoint, restbodytemplate } = origin
  return {
    method: typeof restrequestmethod === 'string' ? restrequestmethod.trim().toUpperCase() : shown.method,
    url: typeof restendpoint === 'string' ? restendpoint : shown.url,
    template: typeof restbodytemplate === 'string' ? restbodytemplate : shown.template,
  }
}

/** `paused` and `status` both stop a rule, which has one switch for it. */
function switches(
  paused: boolean,
  imported: boolean | undefined,
  origin: JsonObject,
): Pick<Notification, 'paused' | 'status'> {
  if (imported !== paused) return { paused, status: 'Active' }
  return { paused: readPaused(origin['paused']) ?? false, status: readStatus(origin['status']) ?? 'Active' }
}

function equalPart(
  part: Part,
  one: QueryRuleDefinition,
  other: QueryRuleDefinition,
  channelOf: ChannelLookup,
): boolean {
  if (part !== 'endpoint') return stable(one[part]) === stable(other[part])
  return stable(writeEndpoint(one, channelOf)) === stable(writeEndpoint(other, channelOf))
}

function isInline(channel: Route['channel'] | undefined): channel is { kind: string; settings: JsonObject } {
  return typeof channel === 'object' && channel !== null
}

function cronText(schedule: QueryRuleDefinition['schedule']): string {
  if ('cron' in schedule) return schedule.cron
  if ('after' in schedule) return ''
  const minutes = Math.max(1, Math.round((parseDuration(schedule.every) ?? 0) / 60_000))
  if (minutes < 60) return `*/${minutes} * * * *`
  const hours = Math.round(minutes / 60)
  return hours < 24 ? `0 */${hours} * * *` : '0 0 * * *'
}

function time(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null
}

/** Text that is the same for equal values, whatever the order of keys. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1)))
      : item,
  )
}
