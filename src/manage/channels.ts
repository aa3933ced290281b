import * as v from 'valibot'
import type { Channel, Share } from '../channels/channel.ts'
import { channels } from '../channels/index.ts'
import { AppError } from '../errors.ts'
import { sharesOf } from '../flow/routes.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../model/json.ts'
import { blankMessage, type Message, severities } from '../model/message.ts'
import { name } from '../model/rule.ts'
import { validate } from '../model/validate.ts'
import type { ChannelRow } from '../store/channels.ts'
import type { NameFilter } from '../store/connections.ts'
import { type Caller, editable, find, inUse, type ManageContext, showing } from './context.ts'
import { anySettings, checkOverrides, kindOf, openSecrets, openSettings, sealSettings } from './settings.ts'

const text = (most: number) => v.pipe(v.string('must be text'), v.maxLength(most, `must be at most ${most} characters`))
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

/** A message given by a caller; keys of the message tree that only rules fill are not among these. */
export const sendRequest = v.strictObject({
  message: v.strictObject({
    title: v.pipe(text(10_000), v.nonEmpty('must not be empty')),
    summary: v.optional(text(50_000), ''),
    severity: v.optional(v.picklist(severities, `must be one of ${severities.join(', ')}`), 'info'),
    facts: v.optional(v.array(v.strictObject({ name: text(500), value: text(5_000) })), []),
    table: v.optional(v.strictObject({ columns: v.array(text(500)), rows: v.array(v.array(text(5_000))) })),
    links: v.optional(v.array(v.strictObject({ text: text(500), url: text(5_000) })), []),
  }),
  settings: v.optional(anySettings, {}),
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

  async function enqueue(caller: Caller, row: ChannelRow, message: Message, overrides: JsonObject): Promise<string[]> {
    if (row.disabledReason !== null)
      throw new AppError('conflict', `The channel "${row.name}" is disabled: ${row.disabledReason}. Enable it first.`)
    const channel = kindOf<Channel>(channels, row.kind)
    const full = { ...openSettings(row, secrets, identity(row.id)), ...overrides }
    const destination = channel.destination(full)
    const target = { channelId: row.id, kind: row.kind, destination, settings: overrides, sealed: null }
    const shares: (Share | null)[] = sharesOf(row.kind, { ...row.settings, ...overrides })
    const ids = (shares.length === 0 ? [null] : shares).map(() => newId('msg', clock.now()))
    const deliveries = ids.map((id, index) => {
      const share = shares[index] ?? null
      return {
        id,
        project: caller.project,
        ruleId: null,
        evaluationId: null,
        route: message.kind === 'test' ? 'test' : 'send',
        fingerprints: [],
        target: { ...target, settings: { ...overrides, ...share?.settings } },
        kind: message.kind,
        message,
        createdAt: clock.now(),
        ...(share === null ? {} : { recipient: share.recipient, partOf: ids[0] ?? id }),
      }
    })
    await store.deliveries.enqueue(deliveries)
    await record(caller, message.kind === 'test' ? 'test' : 'send', row)
    return deliveries.map(({ id }) => id)
  }

  return {
    list: async (filter: NameFilter): Promise<ChannelView[]> => (await store.channels.list(filter)).map(view),

    get: async (project: string, idOrName: string): Promise<ChannelView> =>
      view(await find(store.channels, 'channel', project, idOrName)),

    async create(caller: Caller, input: unknown): Promise<ChannelView> {
      const wanted = validate(newChannel, input)
      const id = newId('chn', clock.now())
      const kind = kindOf<Channel>(channels, wanted.kind)
      const seal = (plain: string) => secrets.seal(plain, identity(id))
      const stored = sealSettings(kind, wanted.settings, null, seal)
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
      const kind = kindOf<Channel>(channels, edit.kind ?? row.kind)
      const before = kind.kind === row.kind ? openSettings(row, secrets, identity(row.id)) : null
      const given = edit.settings ?? row.settings
      const stored = sealSettings(kind, given, before, (plain) => secrets.seal(plain, identity(row.id)))
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

    /** Queues a message; answers the ids of its deliveries. */
    async send(caller: Caller, idOrName: string, input: unknown): Promise<string[]> {
      const wanted = validate(sendRequest, input)
      const row = await named(caller, idOrName)
      const overrides = wanted.settings
      const full = openSettings(row, secrets, identity(row.id))
      checkOverrides(kindOf<Channel>(channels, row.kind), full, overrides, 'settings', false)
      const { table, ...rest } = wanted.message
      const why = `Sent by ${caller.actor} through the API`
      const message = blankMessage('message', clock.now(), { ...rest, why })
      if (table !== undefined) message.table = { ...table, more: 0 }
      return enqueue(caller, row, message, overrides)
    },

    /** Queues a test message, marked as one. */
    async test(caller: Caller, idOrName: string): Promise<string[]> {
      const row = await named(caller, idOrName)
      const title = `Test of the channel "${row.name}"`
      const summary = 'If you can read this, messages of Tocsin arrive here.'
      const why = `Test sent by ${caller.actor}`
      return enqueue(caller, row, blankMessage('test', clock.now(), { title, summary, why }), {})
    },
  }
}

function identity(id: string): string {
  return `channels|${id}`
}
