import type { StoreContext } from './context.ts'

export type ProjectQueries = ReturnType<typeof projectQueries>

export function projectQueries({ database: { raw } }: StoreContext) {
  const names = raw
    .prepare<[], string>(
      `WITH RECURSIVE of_runs(project) AS (
         SELECT min(project) FROM runs
         UNION ALL SELECT (SELECT min(project) FROM runs r WHERE r.project > of_runs.project) FROM of_runs WHERE project IS NOT NULL)
       SELECT project FROM rules UNION SELECT project FROM channels UNION SELECT project FROM connections
       UNION SELECT project FROM of_runs WHERE project IS NOT NULL ORDER BY 1`,
    )
    .pluck()
  return {
    /** Names of the projects that something is in, in order. */
    names: async (): Promise<string[]> => names.all(),
  }
}
