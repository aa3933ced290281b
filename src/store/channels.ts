import { and, asc, eq, gt, sql } from 'drizzle-orm'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../model/json.ts'
import { changedMeanwhile, type NameFilter } from './connections.ts'
import type { StoreContext } from './context.ts'
import { keptRows } from './named-rows.ts'
import { channels, rules } from './schema.ts'

/** A stored channel; `sealed` is one JSON object of its secret settings. */
export type ChannelRow = typeof channels.$inferSelect

export interface ChannelChanges {
  name: string
  kind: string
  settings: JsonObject
  sealed: string | null
  destination: string
  fallback: boolean
}

export type NewChannel = ChannelChanges & Pick<ChannelRow, 'id' | 'project' | 'createdAt'>
export type ChannelQueries = ReturnType<typeof channelQueries>

export function channelQueries({ database: { orm }, writer, clock }: StoreContext) {
  const kept = keptRows<ChannelRow>(writer, () => orm.select().from(channels).all())
  const { write } = kept
  const named = (project: string, name: string) =>
    orm
      .select()
      .from(channels)
      .where(and(eq(channels.project, project), eq(channels.name, name)))
      .get()
  /** A project has one fallback channel at most. */
  const clearFallback = (project: string) =>
    orm.update(channels).set({ fallback: false }).where(eq(channels.project, project)).run()

  return {
    /** Throws `conflict` when the name is taken. */
    create: (row: NewChannel): Promise<ChannelRow> =>
      write(() => {
        if (named(row.project, row.name) !== undefined) throw nameTaken(row.name)
        if (row.fallback) clearFallback(row.project)
        return orm
          .insert(channels)
          .values({ ...row, updatedAt: row.createdAt })
          .returning()
          .get()
      }),

    /** Enables it too. Throws `conflict`, with the stored row, when it is no longer at `expectedVersion`. */
    update: (id: string, expectedVersion: number, changes: ChannelChanges): Promise<ChannelRow> =>
      write(() => {
        const current = orm.select().from(channels).where(eq(channels.id, id)).get()
        if (current === undefined) throw new AppError('not-found', `There is no channel ${id}.`)
        if (current.version !== expectedVersion) throw changedMeanwhile('channel', expectedVersion, current)
        if (changes.name !== current.name && named(current.project, changes.name) !== undefined)
          throw nameTaken(changes.name)
        if (changes.fallback) clearFallback(current.project)
        return orm
          .update(channels)
          .set({ ...changes, disabledReason: null, version: current.version + 1, updatedAt: clock.now() })
          .where(eq(channels.id, id))
          .returning()
          .get()
      }),

    remove: (id: string): Promise<void> =>
      write(() => {
        orm.delete(channels).where(eq(channels.id, id)).run()
      }),

    get: async (id: string): Promise<ChannelRow | undefined> => kept.get(id),

    byName: async (project: string, name: string): Promise<ChannelRow | undefined> => kept.byName(project, name),

    /** By name. */
    list: async (filter: NameFilter): Promise<ChannelRow[]> =>
      orm
        .select()
        .from(channels)
        .where(and(eq(channels.project, filter.project), gt(channels.name, filter.after ?? '')))
        .orderBy(asc(channels.name))
        .limit(filter.limit)
        .all(),

    names: async (project: string): Promise<string[]> => kept.names(project),

    /** Names of the rules with a route to it. */
    usedBy: async (project: string, name: string): Promise<string[]> =>
      orm
        .select({ name: rules.name })
        .from(rules)
        .where(
          and(
            eq(rules.project, project),
            sql`exists (select 1 from json_each(${rules.definition}, '$.routes') where json_extract(value, '$.channel') = ${name})`,
          ),
        )
        .orderBy(asc(rules.name))
        .all()
        .map((rule) => rule.name),

    /** Stops sending through it. False when it was disabled already. */
    disable: (id: string, reason: string): Promise<boolean> =>
      write(
        () =>
          orm
            .update(channels)
            .set({ disabledReason: reason })
            .where(and(eq(channels.id, id), sql`${channels.disabledReason} is null`))
            .run().changes > 0,
      ),

    enable: (id: string): Promise<void> =>
      write(() => {
        orm.update(channels).set({ disabledReason: null }).where(eq(channels.id, id)).run()
      }),

    /** The channel for the instance's own notices and for rules without routes. */
    fallback: async (project: string): Promise<ChannelRow | undefined> =>
      kept.all().find((row) => row.project === project && row.fallback),
  }
}

function nameTaken(name: string): AppError {
  return new AppError('conflict', `There is a channel named "${name}" already. Choose another name or edit that one.`, [
    { path: 'name', message: 'is taken by another channel of this project' },
  ])
}
