import { and, asc, eq, gt, sql } from 'drizzle-orm'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../model/json.ts'
import { changedMeanwhile, type NameFilter } from './connections.ts'
import type { StoreContext } from './context.ts'
import { keptRows } from './named-rows.ts'
import { channels, destinations, rules } from './schema.ts'

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

export function channelQueries({ database: { orm, raw }, writer, clock }: StoreContext) {
  const closedReasons = raw.prepare<[], { destination: string; closed_reason: string }>(
    'SELECT destination, closed_reason FROM destinations WHERE closed_reason IS NOT NULL',
  )
  /** Few, and asked for at every delivery. */
  let closed: Map<string, string> | undefined
  const closedAt = () => {
    closed ??= new Map(closedReasons.all().map(({ destination, closed_reason }) => [destination, closed_reason]))
    return closed
  }
  const changeClosed = <T>(unit: () => T): Promise<T> =>
    write(unit).finally(() => {
      closed = undefined
    })
  const reopen = (destination: string) =>
    orm.update(destinations).set({ closedReason: null }).where(eq(destinations.destination, destination)).run()
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
      changeClosed(() => {
        if (named(row.project, row.name) !== undefined) throw nameTaken(row.name)
        if (row.fallback) clearFallback(row.project)
        reopen(row.destination)
        return orm
          .insert(channels)
          .values({ ...row, updatedAt: row.createdAt })
          .returning()
          .get()
      }),

    /** Enables it, and its destination, too. Throws `conflict`, with the stored row, when it is no longer at `expectedVersion`. */
    update: (id: string, expectedVersion: number, changes: ChannelChanges): Promise<ChannelRow> =>
      changeClosed(() => {
        const current = orm.select().from(channels).where(eq(channels.id, id)).get()
        if (current === undefined) throw new AppError('not-found', `There is no channel ${id}.`)
        if (current.version !== expectedVersion) throw changedMeanwhile('channel', expectedVersion, current)
        if (changes.name !== current.name && named(current.project, changes.name) !== undefined)
          throw nameTaken(changes.name)
        if (changes.fallback) clearFallback(current.project)
        reopen(changes.destination)
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

    /** Sends through it, and to its destination, again. */
    enable: (id: string): Promise<void> =>
      changeClosed(() => {
        const row = orm.update(channels).set({ disabledReason: null }).where(eq(channels.id, id)).returning().get()
        if (row !== undefined) reopen(row.destination)
      }),

    /**
     * Stops sending to a destination, by stored channels and by those written into rules. Answers the stored ones that
     * led there and worked until now; null when it was stopped before.
     */
    closeDestination: (destination: string, reason: string): Promise<ChannelRow[] | null> =>
      changeClosed(() => {
        const isNew = !closedReasons.all().some((row) => row.destination === destination)
        const set = { closedReason: reason }
        orm
          .insert(destinations)
          .values({ destination, ...set })
          .onConflictDoUpdate({ target: destinations.destination, set })
          .run()
        const stopped = orm
          .update(channels)
          .set({ disabledReason: reason })
          .where(and(eq(channels.destination, destination), sql`${channels.disabledReason} is null`))
          .returning()
          .all()
        return isNew || stopped.length > 0 ? stopped : null
      }),

    /** Why nothing is sent to a destination; null when something may be. */
    closedBy: (destination: string): string | null => closedAt().get(destination) ?? null,

    /** Sends to these destinations again. */
    reopen: async (all: readonly string[]): Promise<void> => {
      const stopped = all.filter((destination) => closedAt().has(destination))
      if (stopped.length > 0) await changeClosed(() => void stopped.forEach(reopen))
    },

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
