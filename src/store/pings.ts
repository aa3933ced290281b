import { and, asc, eq, gt } from 'drizzle-orm'
import { AppError } from '../errors.ts'
import type { StoreContext } from './context.ts'
import { pings } from './schema.ts'

/** A ping address; `hash` is the SHA-256 of its key, which itself is not kept. */
export type PingRow = typeof pings.$inferSelect
export type PingQueries = ReturnType<typeof pingQueries>

export function pingQueries({ database: { orm }, writer }: StoreContext) {
  const one = (project: string, name: string) =>
    orm
      .select()
      .from(pings)
      .where(and(eq(pings.project, project), eq(pings.name, name)))
      .get()
  return {
    /** Throws `conflict` when the name is taken. */
    create: (ping: PingRow): Promise<void> =>
      writer.write(() => {
        if (one(ping.project, ping.name) !== undefined)
          throw new AppError(
            'conflict',
            `There is a ping named "${ping.name}" already. Choose another name or remove that one.`,
            [{ path: 'name', message: 'is taken by another ping of this project' }],
          )
        orm.insert(pings).values(ping).run()
      }),

    byHash: async (hash: string): Promise<PingRow | undefined> =>
      orm.select().from(pings).where(eq(pings.hash, hash)).get(),
    get: async (id: string): Promise<PingRow | undefined> => orm.select().from(pings).where(eq(pings.id, id)).get(),
    byName: async (project: string, name: string): Promise<PingRow | undefined> => one(project, name),
    names: async (project: string): Promise<string[]> =>
      orm
        .select({ name: pings.name })
        .from(pings)
        .where(eq(pings.project, project))
        .limit(500)
        .all()
        .map(({ name }) => name),

    /** By name, `after` being the last one of the page before. */
    list: async (filter: { project: string; after?: string; limit: number }): Promise<PingRow[]> =>
      orm
        .select()
        .from(pings)
        .where(and(eq(pings.project, filter.project), gt(pings.name, filter.after ?? '')))
        .orderBy(asc(pings.name))
        .limit(filter.limit)
        .all(),

    remove: (id: string): Promise<void> =>
      writer.write(() => {
        orm.delete(pings).where(eq(pings.id, id)).run()
      }),
  }
}
