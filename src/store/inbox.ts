import { and, count, desc, eq, inArray, isNull, lt, lte, type SQL, sql } from 'drizzle-orm'
import type { Delivery } from '../model/delivery.ts'
import type { InboxEntry, InboxItem } from '../model/inbox.ts'
import type { Message } from '../model/message.ts'
import type { StoreContext } from './context.ts'
import type { Database } from './database.ts'
import { deliveries, inbox } from './schema.ts'

export interface InboxFilter {
  project: string
  channelId?: string
  isUnread?: boolean
}

export type InboxQueries = ReturnType<typeof inboxQueries>

/** Messages that were delivered into Tocsin itself. */
export function inboxQueries({ database: { orm }, writer, clock }: StoreContext) {
  const seqOf = (id: string) => sql`(select seq from inbox where id = ${id})`
  const unreadIn = (project: string) => and(eq(inbox.project, project), isNull(inbox.readAt))

  return {
    /** Newest first; `after` is the id of the last one of the page before. */
    list: async (filter: InboxFilter, limit: number, after?: string): Promise<InboxItem[]> =>
      orm
        .select(COLUMNS)
        .from(inbox)
        .leftJoin(deliveries, eq(deliveries.id, inbox.id))
        .where(
          and(
            eq(inbox.project, filter.project),
            filter.channelId === undefined ? undefined : eq(inbox.channelId, filter.channelId),
            filter.isUnread === true ? isNull(inbox.readAt) : undefined,
            after === undefined ? undefined : lt(inbox.seq, seqOf(after)),
          ),
        )
        .orderBy(desc(inbox.seq))
        .limit(limit)
        .all(),

    get: async (project: string, id: string): Promise<(InboxItem & { message: Message }) | undefined> =>
      orm
        .select({ ...COLUMNS, message: inbox.message })
        .from(inbox)
        .leftJoin(deliveries, eq(deliveries.id, inbox.id))
        .where(and(eq(inbox.project, project), eq(inbox.id, id)))
        .get(),

    unread: async (project: string): Promise<number> =>
      orm.select({ count: count() }).from(inbox).where(unreadIn(project)).get()?.count ?? 0,

    /** Marks messages as read, or as unread again; those that are already keep their time. */
    mark: (project: string, ids: readonly string[], isRead: boolean): Promise<void> =>
      writer.write(() => {
        orm
          .update(inbox)
          .set({ readAt: isRead ? sql`coalesce(read_at, ${clock.now()})` : null })
          .where(and(eq(inbox.project, project), inArray(inbox.id, [...ids])))
          .run()
      }),

    /** Marks everything as read that arrived no later than the message `upTo`; without it, everything. */
    markAll: (project: string, upTo?: string): Promise<void> =>
      writer.write(() => {
        orm
          .update(inbox)
          .set({ readAt: clock.now() })
          .where(and(unreadIn(project), upTo === undefined ? undefined : lte(inbox.seq, seqOf(upTo))))
          .run()
      }),
  }
}

/** For use inside a unit of the writer: a delivered message that is sent once more comes in as a new one. */
export function inboxKeeper({ raw }: Database): (delivery: Delivery, entry: InboxEntry, at: number) => void {
  const insert = raw.prepare(
    `INSERT OR REPLACE INTO inbox (id, project, channel_id, rule_id, kind, severity, title, summary, rule, message, at, until)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return ({ id, project, ruleId, target }, { message, until }, at) => {
    const { kind, severity, title, summary, rule } = message
    const texts = [kind, severity, title, summary.slice(0, SHOWN), rule, JSON.stringify(message)]
    insert.run(id, project, target.channelId, ruleId, ...texts, at, until)
  }
}

/** Characters of the summary that lists show. */
const SHOWN = 500

const COLUMNS = {
  id: inbox.id,
  project: inbox.project,
  channelId: inbox.channelId,
  ruleId: inbox.ruleId,
  evaluationId: deliveries.evaluationId,
  hasDelivery: sql`${deliveries.id} is not null`.mapWith(Boolean) as SQL<boolean>,
  kind: inbox.kind,
  severity: inbox.severity,
  title: inbox.title,
  summary: inbox.summary,
  rule: inbox.rule,
  at: inbox.at,
  readAt: inbox.readAt,
  until: inbox.until,
}
