import { asc, eq } from 'drizzle-orm'
import type { StoreContext } from './context.ts'
import { dataKeys, meta } from './schema.ts'

/** A data key, encrypted by the master key. */
export interface DataKeyRow {
  id: string
  wrapped: string
}

export type KeyQueries = ReturnType<typeof keyQueries>

const CHECK = 'master-key-check'

export function keyQueries({ database: { orm }, writer, clock }: StoreContext) {
  const readCheck = () => orm.select().from(meta).where(eq(meta.key, CHECK)).get()?.value
  const insert = (key: DataKeyRow) =>
    orm
      .insert(dataKeys)
      .values({ ...key, createdAt: clock.now() })
      .run()

  return {
    /** Oldest first; the last one seals. */
    list: async (): Promise<DataKeyRow[]> =>
      orm.select({ id: dataKeys.id, wrapped: dataKeys.wrapped }).from(dataKeys).orderBy(asc(dataKeys.id)).all(),

    /** What tells the right master key from others; undefined before the first start. */
    check: async (): Promise<string | undefined> => readCheck(),

    /** Stores the first data key and the master key's check value; false when another start came first. */
    initialise: (check: string, key: DataKeyRow): Promise<boolean> =>
      writer.write(() => {
        if (readCheck() !== undefined) return false
        orm.insert(meta).values({ key: CHECK, value: check }).run()
        insert(key)
        return true
      }),

    add: (key: DataKeyRow): Promise<void> =>
      writer.write(() => {
        insert(key)
      }),

    /** Puts the same data keys, wrapped by another master key, in the place of those stored: all of them or none. */
    replaceWrapped: (check: string, keys: readonly DataKeyRow[]): Promise<void> =>
      writer.write(() => {
        orm.update(meta).set({ value: check }).where(eq(meta.key, CHECK)).run()
        for (const { id, wrapped } of keys) orm.update(dataKeys).set({ wrapped }).where(eq(dataKeys.id, id)).run()
      }),
  }
}
