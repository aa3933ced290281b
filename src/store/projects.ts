import type { StoreContext } from './context.ts'

export type ProjectQueries = ReturnType<typeof projectQueries>

export function projectQueries({ database: { raw } }: StoreContext) {
  const names = raw
    .prepare<[], string>(
      `SELECT project FROM rules UNION SELECT project FROM channels UNION SELECT project FROM connections ORDER BY 1`,
    )
    .pluck()
  return {
    /** Names of the projects that something is in, in order. */
    names: async (): Promise<string[]> => names.all(),
  }
}
