import { and, asc, eq, gt } from 'drizzle-orm'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../model/json.ts'
import type { StoreContext } from './context.ts'
import { keptRows } from './named-rows.ts'
import { connections, rules } from './schema.ts'

/** A stored connection with its breaker; `sealed` is one JSON object of its secret settings. */
export type ConnectionRow = typeof connections.$inferSelect

export type NewConnection = Pick<
  ConnectionRow,
  'id' | 'project' | 'name' | 'kind' | 'settings' | 'sealed' | 'createdAt'
>

export interface ConnectionChanges {
  name: string
  kind: string
  settings: JsonObject
  sealed: string | null
}

/** A page of things that are listed by name; `after` is the last name of the page before. */
export interface NameFilter {
  project: string
  after?: string
  limit: number
}

export type ConnectionQueries = ReturnType<typeof connectionQueries>

/** Failures in a row that open the breaker. */
const TOLERATED = 3
/** Wait before the first probe of an open breaker, and the longest one, in ms. */
const FIRST_PROBE = 15_000
const LONGEST_PROBE = 300_000

export function connectionQueries({ database: { orm }, writer, clock }: StoreContext) {
  const kept = keptRows<ConnectionRow>(writer, () => orm.select().from(connections).all())
  const { write } = kept
  const stored = (id: string) => orm.select().from(connections).where(eq(connections.id, id)).get()
  const named = (project: string, name: string) =>
    orm
      .select()
      .from(connections)
      .where(and(eq(connections.project, project), eq(connections.name, name)))
      .get()

  return {
    /** Throws `conflict` when the name is taken. */
    create: (row: NewConnection): Promise<ConnectionRow> =>
      write(() => {
        if (named(row.project, row.name) !== undefined) throw nameTaken(row.name)
        return orm
          .insert(connections)
          .values({ ...row, updatedAt: row.createdAt })
          .returning()
          .get()
      }),

    /** Closes the breaker too. Throws `conflict`, with the stored row, when it is no longer at `expectedVersion`. */
    update: (id: string, expectedVersion: number, changes: ConnectionChanges): Promise<ConnectionRow> =>
      write(() => {
        const current = stored(id)
        if (current === undefined) throw new AppError('not-found', `There is no connection ${id}.`)
        if (current.version !== expectedVersion) throw changedMeanwhile('connection', expectedVersion, current)
        if (changes.name !== current.name && named(current.project, changes.name) !== undefined)
          throw nameTaken(changes.name)
        return orm
          .update(connections)
          .set({ ...changes, ...calm, version: current.version + 1, updatedAt: clock.now() })
          .where(eq(connections.id, id))
          .returning()
          .get()
      }),

    remove: (id: string): Promise<void> =>
      write(() => {
        orm.delete(connections).where(eq(connections.id, id)).run()
      }),

    get: async (id: string): Promise<ConnectionRow | undefined> => kept.get(id),

    byName: async (project: string, name: string): Promise<ConnectionRow | undefined> => kept.byName(project, name),

    /** By name. */
    list: async (filter: NameFilter): Promise<ConnectionRow[]> =>
      orm
        .select()
        .from(connections)
        .where(and(eq(connections.project, filter.project), gt(connections.name, filter.after ?? '')))
        .orderBy(asc(connections.name))
        .limit(filter.limit)
        .all(),

    names: async (project: string): Promise<string[]> => kept.names(project),

    /** Names of the rules that query it. */
    usedBy: async (project: string, name: string): Promise<string[]> =>
      orm
        .select({ name: rules.name })
        .from(rules)
        .where(and(eq(rules.project, project), eq(rules.connection, name)))
        .orderBy(asc(rules.name))
        .all()
        .map((rule) => rule.name),

    /** Counts a failure to reach it; the third in a row opens the breaker. `opened` tells that it was this one. */
    recordFailure: (id: string, error: string, now: number): Promise<{ opened: boolean; probeAt: number | null }> =>
      write(() => {
        const current = stored(id)
        if (current === undefined) return { opened: false, probeAt: null }
        const failures = current.failures + 1
        const open = failures >= TOLERATED
        const wait = Math.min(LONGEST_PROBE, FIRST_PROBE * 2 ** Math.min(failures - TOLERATED, 10))
        const probeAt = open ? now + wait : null
        const openSince = open ? (current.openSince ?? now) : null
        orm
          .update(connections)
          .set({ failures, openSince, probeAt, lastError: error })
          .where(eq(connections.id, id))
          .run()
        return { opened: open && current.openSince === null, probeAt }
      }),

    /** Closes the breaker; `closed` tells that it was open until now. Costs nothing while all is well. */
    recordSuccess: async (id: string): Promise<{ closed: boolean }> => {
      if ((kept.get(id)?.failures ?? 0) === 0) return { closed: false }
      return write(() => {
        const closed = (stored(id)?.openSince ?? null) !== null
        orm.update(connections).set(calm).where(eq(connections.id, id)).run()
        return { closed }
      })
    },

    /** Those of a kind, of all projects. */
    ofKind: async (kind: string): Promise<ConnectionRow[]> => kept.all().filter((row) => row.kind === kind),

    /** Connections whose breaker is open. */
    failing: async (): Promise<ConnectionRow[]> => kept.all().filter(({ openSince }) => openSince !== null),
  }
}

/** The failure of an edit that came too late. */
export function changedMeanwhile(entity: string, expected: number, current: { version: number }): AppError {
  return new AppError(
    'conflict',
    `The ${entity} was changed meanwhile: you edited version ${expected}, it is at ${current.version}. Read it again and repeat the change.`,
    [{ path: 'version', message: `must be ${current.version}` }],
    current,
  )
}

const calm = { failures: 0, openSince: null, probeAt: null, lastError: null }

function nameTaken(name: string): AppError {
  return new AppError(
    'conflict',
    `There is a connection named "${name}" already. Choose another name or edit that one.`,
    [{ path: 'name', message: 'is taken by another connection of this project' }],
  )
}
