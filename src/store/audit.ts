import { and, desc, eq, lt } from 'drizzle-orm'
import { newId } from '../ids.ts'
import type { JsonObject } from '../model/json.ts'
import type { StoreContext } from './context.ts'
import { audit } from './schema.ts'

export type AuditRow = typeof audit.$inferSelect

/** Who did what to what; `detail` holds no secret. */
export interface AuditEntry {
  project: string | null
  actor: string
  action: string
  entity:
    | 'connection'
    | 'channel'
    | 'rule'
    | 'delivery'
    | 'ping'
    | 'variables'
    | 'token'
    | 'session'
    | 'key'
    | 'secret'
    | 'notifications'
  entityId: string
  detail?: JsonObject
}

export type AuditQueries = ReturnType<typeof auditQueries>

export function auditQueries({ database: { orm }, writer, clock }: StoreContext) {
  return {
    record: (entry: AuditEntry): Promise<void> =>
      writer.write(() => {
        const at = clock.now()
        orm
          .insert(audit)
          .values({ ...entry, detail: entry.detail ?? null, id: newId('aud', at), at })
          .run()
      }),

    /** Newest first; `after` is the id of the last one of the page before. */
    list: async (filter: { project?: string; entityId?: string; after?: string; limit: number }): Promise<AuditRow[]> =>
      orm
        .select()
        .from(audit)
        .where(
          and(
            filter.project === undefined ? undefined : eq(audit.project, filter.project),
            filter.entityId === undefined ? undefined : eq(audit.entityId, filter.entityId),
            filter.after === undefined ? undefined : lt(audit.id, filter.after),
          ),
        )
        .orderBy(desc(audit.id))
        .limit(filter.limit)
        .all(),
  }
}
