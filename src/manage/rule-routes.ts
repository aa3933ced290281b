import type { Channel } from '../channels/channel.ts'
import { channels, isChannelKind } from '../channels/index.ts'
import { AppError, type Issue } from '../errors.ts'
import type { JsonObject } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import { type InlineChannel, type Route, type Rule, type RuleDefinition, routeKeys } from '../model/rule.ts'
import { defaultsOf, secretKeys } from '../model/settings.ts'
import { faulty } from '../model/validate.ts'
import { channelKind, type ManageContext } from './context.ts'
import { formerRoutes } from './route-match.ts'
import { checkOverrides, checkProgram, kindOf, openSecrets, openSettings, sealSettings } from './settings.ts'

export interface StoredRoutes {
  routes: Route[]
  inline: Record<string, InlineChannel>
}

/** The rule the routes are part of: its id, and how it was before this edit. */
export interface RouteOwner {
  id: string
  project: string
  before: Pick<Rule, 'definition' | 'inline'> | null
}

type RouteContext = Pick<ManageContext, 'store' | 'secrets' | 'programs' | 'defaultsOf'>

/**
 * Checks that every route's channel exists or, written into the route, is valid; seals the secrets of the latter. Throws
 * `invalid` with all that is wrong.
 */
export async function sealRoutes(
  context: RouteContext,
  owner: RouteOwner,
  definition: RuleDefinition,
): Promise<StoredRoutes> {
  const keys = routeKeys(definition)
  const former =
    owner.before === null ? [] : formerRoutes(owner.before.definition.routes, definition.routes.map(asStored))
  const issues: Issue[] = []
  const inline: Record<string, InlineChannel> = {}
  const routes: Route[] = []
  for (const [index, route] of definition.routes.entries()) {
    const key = keys[index] ?? ''
    try {
      const { channel, kept } = await sealRoute(
        context,
        owner,
        route,
        { key, former: former[index] },
        `routes.${index}`,
      )
      if (kept !== null) inline[key] = kept
      routes.push({ ...route, channel })
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'invalid') throw thrown
      issues.push(...thrown.issues)
    }
  }
  if (issues.length > 0) throw faulty(issues)
  return { routes, inline }
}

/** A route as it is once its settings are stored, as far as that is known before it is known which route it was. */
function asStored(route: Route): Route {
  const { channel } = route
  if (channel === null || typeof channel === 'string' || !isChannelKind(channel.kind)) return route
  const schema = channels[channel.kind].settings
  const hidden = secretKeys(schema)
  const settings = Object.entries({ ...defaultsOf(schema), ...channel.settings })
  const open = settings.filter(([key]) => !hidden.includes(key))
  return { ...route, channel: { ...channel, settings: Object.fromEntries(open) } }
}

async function sealRoute(
  context: RouteContext,
  owner: RouteOwner,
  route: Route,
  { key, former }: { key: string; former: number | undefined },
  path: string,
): Promise<{ channel: Route['channel']; kept: InlineChannel | null }> {
  const { store, secrets } = context
  const { channel } = route
  if (channel === null) return { channel, kept: null }
  if (typeof channel === 'string') {
    const row = await store.channels.byName(owner.project, channel)
    if (row === undefined) throw await noChannel(context, owner.project, channel, `${path}.channel`)
    const full = openSettings(row, secrets, `channels|${row.id}`)
    checkOverrides(kindOf<Channel>(channels, row.kind), full, route.settings, `${path}.settings`, true)
    return { channel, kept: null }
  }
  const kind = channelKind(context, channel.kind, `${path}.channel.kind`)
  const identity = `rules|${owner.id}|${key}`
  const before = inlineBefore(context, owner, channel.kind, former)
  const seal = (plain: string) => secrets.seal(plain, identity)
  const stored = sealSettings(kind, channel.settings, before, seal, `${path}.channel.settings`, true)
  const full = { ...stored.settings, ...openSecrets(stored.sealed, secrets, identity) }
  checkProgram(kind, stored.settings, context.programs, `${path}.channel.settings`)
  checkOverrides(kind, full, route.settings, `${path}.settings`, true)
  return {
    channel: { kind: channel.kind, settings: stored.settings },
    kept: { destination: stored.destination, sealed: stored.sealed },
  }
}

/** All settings the inline channel of a route had before the edit. */
function inlineBefore(
  { secrets }: RouteContext,
  { id, before }: RouteOwner,
  kind: string,
  former: number | undefined,
): JsonObject | null {
  if (before === null || former === undefined) return null
  const channel = before.definition.routes[former]?.channel ?? null
  if (channel === null || typeof channel === 'string' || channel.kind !== kind) return null
  const key = routeKeys(before.definition)[former] ?? ''
  const sealed = before.inline[key]?.sealed ?? null
  return openSettings({ settings: channel.settings, sealed }, secrets, `rules|${id}|${key}`)
}

async function noChannel({ store }: RouteContext, project: string, name: string, path: string): Promise<AppError> {
  const names = await store.channels.names(project)
  const remedy = names.length === 0 ? ' There are no channels yet: make one first.' : didYouMean(name, names)
  return faulty([{ path, message: `there is no channel "${name}".${remedy}` }])
}
