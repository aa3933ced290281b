import * as v from 'valibot'
import { newId } from '../ids.ts'
import type { JsonObject } from '../model/json.ts'
import { name } from '../model/rule.ts'
import { validate } from '../model/validate.ts'
import type { ChannelRow } from '../store/channels.ts'
import type { NameFilter } from '../store/connections.ts'
import { type Caller, channelKind, editable, find, inUse, type ManageContext, showing } from './context.ts'
import { anySettings, checkProgram, openSecrets, openSettings, sealSettings } from './settings.ts'

export const newChannel = v.strictObject({
  name,
  kind: v.string('must be text'),
  settings: v.optional(anySettings, {}),
  /** Takes the instance's own notices, and messages no route takes. */
  fallback: v.optional(v.boolean('must be true or false'), false),
})
export const channelEdit = v.strictObject({
  name: v.optional(name),
  kind: v.optional(v.string('must be text')),
  settings: v.optional(anySettings),
  fallback: v.optional(v.boolean('must be true or false')),
  version: v.number('must be the version that was read'),
})

/** A channel as the API shows it: secrets are only named. */
export interface ChannelView {
  id: string
  name: string
  kind: string
  settings: JsonObject
  /** Names of the secret settings that are set. */
  secrets: string[]
  fallback: boolean
  destination: string
  /** Why nothing is sent through it; null while it works. */
  disabled: string | null
  version: number
  createdAt: number
  updatedAt: number
}

/** Keys it is shown with that an edit may carry and that change nothing. */
const READ_ONLY = ['id', 'secrets', 'destination', 'disabled', 'createdAt', 'updatedAt']

export type ChannelManager = ReturnType<typeof manageChannels>

export function manageChannels(context: ManageContext) {
  const { store, secrets, clock } = context
  const record = (caller: Caller, action: string, row: ChannelRow) =>
    store.audit.record({ ...caller, action, entity: 'channel', entityId: row.id, detail: { name: row.name } })
  const named = (caller: Caller, idOrName: string) => find(store.channels, 'channel', caller.project, idOrName)

  function view(row: ChannelRow): ChannelView {
    const { sealed, disabledReason, project: _, ...shown } = row
    return { ...shown, secrets: Object.keys(openSecrets(sealed, secrets, identity(row.id))), disabled: disabledReason }
  }

  return {
    list: async (filter: NameFilter): Promise<ChannelView[]> => (await store.channels.list(filter)).map(view),

    get: async (project: string, idOrName: string): Promise<ChannelView> =>
      view(await find(store.channels, 'channel', project, idOrName)),

    async create(caller: Caller, input: unknown): Promise<ChannelView> {
      const wanted = validate(newChannel, input)
      const id = newId('chn', clock.now())
      const kind = channelKind(context, wanted.kind)
      const seal = (plain: string) => secrets.seal(plain, identity(id))
      const stored = sealSettings(kind, wanted.settings, null, seal)
      checkProgram(kind, stored.settings, context.programs)
      const row = await store.channels.create({
        ...wanted,
        ...stored,
        id,
        project: caller.project,
        createdAt: clock.now(),
      })
      await record(caller, 'create', row)
      return view(row)
    },

    /** What is absent stays. Throws `conflict` with the stored channel when `version` is an older one. */
    async update(caller: Caller, idOrName: string, input: unknown, force = false): Promise<ChannelView> {
      const edit = validate(channelEdit, editable(input, READ_ONLY))
      const row = await named(caller, idOrName)
      const isRenamed = edit.name !== undefined && edit.name !== row.name
      const users = isRenamed ? await store.channels.usedBy(row.project, row.name) : []
      if (users.length > 0 && !force) throw inUse('channel', row.name, users)
      const kind = channelKind(context, edit.kind ?? row.kind)
      const before = kind.kind === row.kind ? openSettings(row, secrets, identity(row.id)) : null
      const given = edit.settings ?? row.settings
      const stored = sealSettings(kind, given, before, (plain) => secrets.seal(plain, identity(row.id)))
      checkProgram(kind, stored.settings, context.programs)
      const { name, fallback } = { name: row.name, fallback: row.fallback, ...edit }
      const changes = { ...stored, name: name ?? row.name, kind: kind.kind, fallback: fallback ?? row.fallback }
      const changed = await store.channels.update(row.id, edit.version, changes).catch(showing(view))
      await record(caller, 'update', changed)
      return view(changed)
    },

    /** Throws `conflict` while rules use it, unless forced: their traces then say that it is missing. */
    async remove(caller: Caller, idOrName: string, force = false): Promise<void> {
      const row = await named(caller, idOrName)
      const users = force ? [] : await store.channels.usedBy(row.project, row.name)
      if (users.length > 0) throw inUse('channel', row.name, users)
      await store.channels.remove(row.id)
      await record(caller, 'remove', row)
    },

    async enable(caller: Caller, idOrName: string): Promise<ChannelView> {
      const row = await named(caller, idOrName)
      await store.channels.enable(row.id)
      await record(caller, 'enable', row)
      return view({ ...row, disabledReason: null })
    },

    async disable(caller: Caller, idOrName: string): Promise<ChannelView> {
      const row = await named(caller, idOrName)
      const reason = row.disabledReason ?? `disabled by ${caller.actor}`
      await store.channels.disable(row.id, reason)
      await record(caller, 'disable', row)
      return view({ ...row, disabledReason: reason })
    },
  }
}

/** What the secrets of a stored channel are sealed for. */
export function identity(id: string): string {
  return `channels|${id}`
}
