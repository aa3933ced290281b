import { eq } from 'drizzle-orm'
import type { VariableList } from '../model/variables.ts'
import type { StoreContext } from './context.ts'
import { variables } from './schema.ts'

export type VariableQueries = ReturnType<typeof variableQueries>

/** Variables of projects, and of the instance, whose project is null. */
export function variableQueries({ database: { orm }, writer, clock }: StoreContext) {
  const keyOf = (project: string | null) => (project === null ? '' : `project|${project}`)
  // They are asked for at every decision on a run, and nobody else writes them.
  const known = new Map<string, VariableList>()
  const read = (project: string | null): VariableList => {
    const owner = keyOf(project)
    const list = known.get(owner) ?? orm.select().from(variables).where(eq(variables.owner, owner)).get()?.list ?? []
    known.set(owner, list)
    return list
  }
  return {
    get: async (project: string | null): Promise<VariableList> => read(project),

    /** Those that hold in a project: the instance's, then its own. */
    holdingIn: async (project: string): Promise<VariableList> => [...read(null), ...read(project)],

    put: async (project: string | null, list: VariableList): Promise<void> => {
      await writer.write(() => {
        const values = { list, updatedAt: clock.now() }
        orm
          .insert(variables)
          .values({ owner: keyOf(project), ...values })
          .onConflictDoUpdate({ target: variables.owner, set: values })
          .run()
      })
      known.set(keyOf(project), list)
    },
  }
}
