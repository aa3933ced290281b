import * as v from 'valibot'
import type { CheckReport } from '../connections/connection.ts'
import { connectionKinds } from '../connections/index.ts'
import { messageOf } from '../errors.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../model/json.ts'
import { name } from '../model/rule.ts'
import { validate } from '../model/validate.ts'
import { redact, secretForms } from '../redact.ts'
import type { ConnectionRow, NameFilter } from '../store/connections.ts'
import { type Caller, editable, find, inUse, type ManageContext, showing } from './context.ts'
import { releaseRules } from './schedule.ts'
import { anySettings, kindOf, openSecrets, openSettings, sealSettings } from './settings.ts'

export const newConnection = v.strictObject({
  name,
  kind: v.string('must be text'),
  settings: v.optional(anySettings, {}),
})
export const connectionEdit = v.strictObject({
  name: v.optional(name),
  kind: v.optional(v.string('must be text')),
  settings: v.optional(anySettings),
  version: v.number('must be the version that was read'),
})

/** A connection as the API shows it: secrets are only named. */
export interface ConnectionView {
  id: string
  name: string
  kind: string
  settings: JsonObject
  /** Names of the secret settings that are set. */
  secrets: string[]
  version: number
  createdAt: number
  updatedAt: number
  status: 'ok' | 'failing'
  failingSince: number | null
  lastError: string | null
}

export type CheckAnswer = ({ ok: true } & CheckReport) | { ok: false; error: string }

/** Keys it is shown with that an edit may carry and that change nothing. */
const READ_ONLY = ['id', 'secrets', 'createdAt', 'updatedAt', 'status', 'failingSince', 'lastError']

export type ConnectionManager = ReturnType<typeof manageConnections>

const CHECK_TIMEOUT = 15_000

export function manageConnections(context: ManageContext) {
  const { store, secrets, clock, sources } = context
  const record = (caller: Caller, action: string, row: ConnectionRow) =>
    store.audit.record({ ...caller, action, entity: 'connection', entityId: row.id, detail: { name: row.name } })
  const hiddenOf = (row: ConnectionRow) => openSecrets(row.sealed, secrets, identity(row.id))

  function view(row: ConnectionRow): ConnectionView {
    const { id, name, kind, settings, version, createdAt, updatedAt, openSince, lastError } = row
    const named = { id, name, kind, settings, secrets: Object.keys(hiddenOf(row)), version, createdAt, updatedAt }
    return { ...named, status: openSince === null ? 'ok' : 'failing', failingSince: openSince, lastError }
  }

  return {
    list: async (filter: NameFilter): Promise<ConnectionView[]> => (await store.connections.list(filter)).map(view),

    get: async (project: string, idOrName: string): Promise<ConnectionView> =>
      view(await find(store.connections, 'connection', project, idOrName)),

    /** Rules that waited for a connection of this name begin to run. */
    async create(caller: Caller, input: unknown): Promise<ConnectionView> {
      const wanted = validate(newConnection, input)
      const id = newId('con', clock.now())
      const kind = kindOf(connectionKinds, wanted.kind)
      const sealed = sealSettings(kind, wanted.settings, null, (plain) => secrets.seal(plain, identity(id)))
      const base = { id, project: caller.project, name: wanted.name, kind: wanted.kind, createdAt: clock.now() }
      const row = await store.connections.create({ ...base, settings: sealed.settings, sealed: sealed.sealed })
      await record(caller, 'create', row)
      await releaseRules(context, caller.project, row.name)
      return view(row)
    },

    /** What is absent stays. Throws `conflict` with the stored connection when `version` is an older one. */
    async update(caller: Caller, idOrName: string, input: unknown, force = false): Promise<ConnectionView> {
      const edit = validate(connectionEdit, editable(input, READ_ONLY))
      const row = await find(store.connections, 'connection', caller.project, idOrName)
      const users =
        edit.name === undefined || edit.name === row.name ? [] : await store.connections.usedBy(row.project, row.name)
      if (users.length > 0 && !force) throw inUse('connection', row.name, users)
      const kind = kindOf(connectionKinds, edit.kind ?? row.kind)
      const before = kind.kind === row.kind ? openSettings(row, secrets, identity(row.id)) : null
      const given = edit.settings ?? row.settings
      const { settings, sealed } = sealSettings(kind, given, before, (plain) => secrets.seal(plain, identity(row.id)))
      const changes = { name: edit.name ?? row.name, kind: kind.kind, settings, sealed }
      const changed = await store.connections.update(row.id, edit.version, changes).catch(showing(view))
      await record(caller, 'update', changed)
      await releaseRules(context, caller.project, changed.name)
      return view(changed)
    },

    /** Throws `conflict` while rules use it, unless forced: their evaluations then say that it is missing. */
    async remove(caller: Caller, idOrName: string, force = false): Promise<void> {
      const row = await find(store.connections, 'connection', caller.project, idOrName)
      const users = force ? [] : await store.connections.usedBy(row.project, row.name)
      if (users.length > 0) throw inUse('connection', row.name, users)
      await store.connections.remove(row.id)
      await record(caller, 'remove', row)
    },

    /** Connects and tells what it found; a failure is an answer too. */
    async check(caller: Caller, idOrName: string): Promise<CheckAnswer> {
      const row = await find(store.connections, 'connection', caller.project, idOrName)
      try {
        return { ok: true, ...(await sources.open(row).check(AbortSignal.timeout(CHECK_TIMEOUT))) }
      } catch (thrown) {
        return { ok: false, error: redact(messageOf(thrown), secretForms(hiddenOf(row))) }
      }
    },
  }
}

function identity(id: string): string {
  return `connections|${id}`
}
