import { closeCache } from '../channels/cache.ts'
import type { Channel } from '../channels/channel.ts'
import { messageOf } from '../errors.ts'
import type { Delivery } from '../model/delivery.ts'
import type { JsonObject } from '../model/json.ts'
import type { Reason } from '../model/reason.ts'
import { referenceIn } from '../model/secret-reference.ts'
import { fromTexts, secretKeys } from '../model/settings.ts'
import { validate } from '../model/validate.ts'
import { secretForms } from '../redact.ts'
import type { Secrets } from '../secrets.ts'
import type { ChannelQueries, ChannelRow } from '../store/channels.ts'
import type { NotificationListQueries } from '../store/notification-lists.ts'
import { openReference } from './resolve-reference.ts'

/** A way to send that is ready for use: the channel's code and its whole settings, secrets included. */
export interface OpenTarget {
  channel: Channel
  settings: unknown
  /** Texts that must not be kept, from `secretForms`. */
  secrets: readonly string[]
  /** ms that one send may take by these settings; 0 when they do not say. */
  longest: number
  /** Lives as long as the stored channel does unchanged. */
  cache: Map<string, unknown>
  /** What the instance gives for settings that are left out. */
  defaults?: JsonObject
}

/** Opens where a delivery goes, or says why nothing can go there. */
export type TargetOpener = (delivery: Delivery) => Promise<OpenTarget | { closed: Reason }>

export interface TargetSources {
  channels: Pick<ChannelQueries, 'get' | 'closedBy'>
  channelOf: (kind: string) => Channel | undefined
  secrets: Pick<Secrets, 'open'>
  projectSecrets: Pick<NotificationListQueries, 'sealedSecret'>
  /** What the instance gives for settings of a kind that are left out: the same object until it changes. */
  defaultsOf?: (kind: string) => JsonObject | undefined
}

/** Opened secrets of inline channels that are remembered at a time. */
const REMEMBERED = 500
const NONE: JsonObject = {}

/** The only place where secrets of channels are opened. */
export function createTargetOpener(sources: TargetSources): TargetOpener {
  const { channels, channelOf, secrets, defaultsOf } = sources
  const stored = new WeakMap<ChannelRow, Keeping>()
  const caches = new Map<string, { version: number; cache: Map<string, unknown> }>()
  const inline = new Map<string, Keeping>()

  const unseal = (sealed: string | null, identity: string) =>
    sealed === null ? {} : (JSON.parse(secrets.open(sealed, identity)) as JsonObject)

  function cacheOf({ id, version }: ChannelRow): Map<string, unknown> {
    const known = caches.get(id)
    if (known?.version === version) return known.cache
    if (known !== undefined) closeCache(known.cache)
    const cache = new Map<string, unknown>()
    caches.set(id, { version, cache })
    return cache
  }

  function keepingOf(row: ChannelRow): Keeping {
    let known = stored.get(row)
    if (known === undefined) {
      known = { opened: unseal(row.sealed, `channels|${row.id}`), cache: cacheOf(row) }
      stored.set(row, known)
    }
    return known
  }

  function forgetInline() {
    for (const { cache } of inline.values()) closeCache(cache)
    inline.clear()
  }

  function inlineKeeping({ ruleId, route, target: { sealed } }: Delivery): Keeping {
    if (sealed === null) return { opened: {}, cache: new Map() }
    let known = inline.get(sealed)
    if (known === undefined) {
      if (inline.size >= REMEMBERED) forgetInline()
      known = { opened: unseal(sealed, `rules|${ruleId}|${route}`), cache: new Map() }
      inline.set(sealed, known)
    }
    return known
  }

  function ready(kind: string, settings: JsonObject, keeping: Keeping, own: JsonObject) {
    const channel = channelOf(kind)
    if (channel === undefined) return closed('channel-missing', kind)
    const defaults = defaultsOf?.(kind) ?? NONE
    try {
      const full = { ...fromTexts(channel.settings, { ...settings, ...own }), ...keeping.opened }
      const valid = validate(channel.settings, full, 'settings')
      const hidden = secretKeys(channel.settings).map((key) => defaults[key] ?? null)
      const forms = secretForms([keeping.opened, hidden])
      return { channel, settings: valid, secrets: forms, longest: longestOf(valid), cache: keeping.cache, defaults }
    } catch (thrown) {
      return closed('rejected', `the settings are not valid: ${messageOf(thrown)}`)
    }
  }

  function ofRow(row: ChannelRow, own: JsonObject): OpenTarget | { closed: Reason } {
    const keeping = keepingOf(row)
    if (Object.keys(own).length > 0) return ready(row.kind, row.settings, keeping, own)
    const defaults = defaultsOf?.(row.kind) ?? NONE
    if (keeping.plain === undefined || keeping.defaults !== defaults) {
      keeping.plain = ready(row.kind, row.settings, keeping, {})
      keeping.defaults = defaults
    }
    return keeping.plain
  }

  return async (delivery) => {
    const { channelId, kind, settings, destination, sealed } = delivery.target
    try {
      const stopped = channels.closedBy(destination)
      if (stopped !== null) return closed('channel-disabled', stopped)
      const reference = channelId === null && sealed !== null ? referenceIn(sealed) : undefined
      if (reference !== undefined) {
        const opened = await openReference(sources, delivery, reference)
        return 'closed' in opened ? opened : ready(kind, {}, { opened: opened.settings, cache: new Map() }, {})
      }
      if (channelId === null) return ready(kind, settings, inlineKeeping(delivery), {})
      const row = await channels.get(channelId)
      if (row === undefined) return closed('channel-missing', kind)
      return row.disabledReason === null ? ofRow(row, settings) : closed('channel-disabled', row.disabledReason)
    } catch (thrown) {
      return closed('rejected', `the channel's secrets cannot be opened: ${messageOf(thrown)}`)
    }
  }
}

/** What is remembered of a channel while it stays as it is. */
interface Keeping {
  opened: JsonObject
  cache: Map<string, unknown>
  /** With no settings of the route's own. */
  plain?: OpenTarget | { closed: Reason }
  /** Those it was made with. */
  defaults?: JsonObject
}

function longestOf(settings: unknown): number {
  const { timeoutSeconds = 0 } = settings as { timeoutSeconds?: number }
  return timeoutSeconds * 1000
}

function closed(code: Reason['code'], detail: string): { closed: Reason } {
  return { closed: { code, detail } }
}
