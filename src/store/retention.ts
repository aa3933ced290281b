import type { StoreContext } from './context.ts'

export type RetentionQueries = ReturnType<typeof retentionQueries>

export function retentionQueries(_context: StoreContext) {
  return {}
}
