import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { newId } from '../ids.ts'
import { name } from '../model/rule.ts'
import { runKinds } from '../model/run.ts'
import { filled } from '../model/text.ts'
import { validate } from '../model/validate.ts'
import { digestOf } from '../secrets.ts'
import type { PingRow } from '../store/pings.ts'
import { type Caller, find, type ManageContext } from './context.ts'

/** A ping address as it is made. */
export const newPing = v.strictObject({
  /** The name of its runs. */
  name,
  kind: v.optional(v.picklist(runKinds, `must be one of ${runKinds.join(', ')}`), 'job'),
  labels: v.optional(v.record(v.string(), filled(300)), {}),
})

type ShownPing = Omit<PingRow, 'hash' | 'project'>

export type PingManager = ReturnType<typeof managePings>

/** Makes, lists and ends the addresses that cron lines ask for. Whoever has the key of one can tell of its runs, and no more. */
export function managePings({ store, clock }: Pick<ManageContext, 'store' | 'clock'>) {
  const record = ({ project, actor }: Caller, action: string, { id, name: named }: PingRow) =>
    store.audit.record({ project, actor, action, entity: 'ping', entityId: id, detail: { name: named } })
  return {
    /** The key is shown this once. */
    async create(caller: Caller, input: unknown): Promise<ShownPing & { key: string; path: string }> {
      const wanted = validate(newPing, input)
      const key = randomBytes(24).toString('base64url')
      const now = clock.now()
      const row = { id: newId('png', now), project: caller.project, ...wanted, hash: digestOf(key), createdAt: now }
      await store.pings.create(row)
      await record(caller, 'create', row)
      return { ...shown(row), key, path: `/p/${key}` }
    },

    list: async (filter: { project: string; after?: string; limit: number }): Promise<ShownPing[]> =>
      (await store.pings.list(filter)).map(shown),

    async remove(caller: Caller, idOrName: string): Promise<void> {
      const row = await find(store.pings, 'ping', caller.project, idOrName)
      await store.pings.remove(row.id)
      await record(caller, 'remove', row)
    },
  }
}

function shown({ hash: _, project: __, ...row }: PingRow): ShownPing {
  return row
}
