import { AppError, type Issue } from '../errors.ts'
import { type ChannelLookup, mailKinds } from '../importers/vianops/endpoint.ts'
import type { Notification, Reading } from '../importers/vianops/notification.ts'
import { fieldOf } from '../importers/vianops/read.ts'
import { writeNotification } from '../importers/vianops/write.ts'
import type { JsonObject } from '../model/json.ts'
import { type QueryRule, type QueryRuleDefinition, type Rule, routeKeys } from '../model/rule.ts'
import { faulty } from '../model/validate.ts'
import type { ManageContext } from './context.ts'
import { openSettings } from './settings.ts'

/** A notification with what there is to say of it, which its own form has no place for. */
export interface Told {
  notification: Notification
  warnings: string[]
}

type Context = Pick<ManageContext, 'store' | 'secrets'>

const MOST_CHANNELS = 500

/** The stored channels of a project by name, with the settings that are no secrets. */
export async function channelsOf({ store }: Context, project: string): Promise<ChannelLookup> {
  const rows = await store.channels.list({ project, limit: MOST_CHANNELS })
  const byName = new Map(rows.map((row) => [row.name, row]))
  return (name) => byName.get(name)
}

/** The channel that mail targets go to: the only mail channel, or the fallback channel if it is one. */
export async function mailChannelOf({ store }: Context, project: string): Promise<string | null> {
  const rows = await store.channels.list({ project, limit: MOST_CHANNELS })
  const mails = rows.filter(({ kind }) => mailKinds.includes(kind))
  const [only] = mails.length === 1 ? mails : mails.filter(({ fallback }) => fallback)
  return only?.name ?? null
}

/** The rule as a notification. */
export function show(context: Context, rule: QueryRule, index: number, channelOf: ChannelLookup): Told {
  const definition = withSecrets(context, rule)
  const notification = writeNotification({ ...rule, definition }, index, channelOf)
  return { notification, warnings: standingWarnings(rule) }
}

/** What is said of a rule as it stands, in the words of a notification. */
export function standingWarnings({ warnings, blocked }: Pick<Rule, 'warnings' | 'blocked'>): string[] {
  return [
    ...warnings.map(inItsWords),
    ...(blocked === null ? [] : [`${blocked} The rule begins to run when one of that name is made.`]),
  ]
}

/** What is kept of a notification beside its rule. The address of a webhook is left out: it is sealed with the route. */
export function keptOf({ object, definition }: Reading, more: JsonObject = {}): JsonObject {
  const isWebhook = definition?.routes.some(({ channel }) => typeof channel === 'object' && channel?.kind === 'webhook')
  const { restendpoint, ...rest } = object
  return { ...rest, ...more, ...(isWebhook || restendpoint === undefined ? {} : { restendpoint }) }
}

/** Turns the paths of a failure into fields of the notification. */
export function inFields(thrown: unknown): unknown {
  if (!(thrown instanceof AppError) || thrown.issues.length === 0) return thrown
  const issues = fieldIssues(thrown.issues)
  return thrown.code === 'invalid' ? faulty(issues) : new AppError(thrown.code, thrown.message, issues)
}

export function fieldIssues(issues: readonly Issue[]): Issue[] {
  return issues.map(({ path, message }) => ({ path: fieldOf(path), message }))
}

function inItsWords(warning: string): string {
  const [, path, text] = /^([\w.]+): ([\s\S]*)$/.exec(warning) ?? []
  return path === undefined ? warning : `${fieldOf(path)}: ${text}`
}

function withSecrets({ secrets }: Context, rule: QueryRule): QueryRuleDefinition {
  const keys = routeKeys(rule.definition)
  const routes = rule.definition.routes.map((route, place) => {
    const key = keys[place] ?? ''
    if (route.channel === null || typeof route.channel === 'string') return route
    const { kind, settings } = route.channel
    const stored = { settings, sealed: rule.inline[key]?.sealed ?? null }
    return { ...route, channel: { kind, settings: openSettings(stored, secrets, `rules|${rule.id}|${key}`) } }
  })
  return { ...rule.definition, routes }
}
