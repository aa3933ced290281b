import { type BoundSql, bindParameters } from '../parameters.ts'
import { requireQuery } from '../verbs.ts'

/** What is known about a text before it is sent. */
export interface Plan {
  bound: BoundSql
  /** Runs in a transaction of its own that is rolled back, whatever the session is like. */
  wrapped: boolean
  /** May leave something in its session, which is then not used again. */
  sticky: boolean
}

/** Throws `refused` for what is no query. */
export function planQuery(sql: string): Plan {
  const bound = bindParameters(sql, 'postgres', (_name, number) => `$${number}`)
  requireQuery(bound.verb, QUERIES)
  const sticky = STICKY.test(sql)
  // EXPLAIN ANALYZE CREATE TABLE AS makes its table in a read-only transaction too.
  return { bound, wrapped: sticky || bound.verb === 'explain', sticky }
}

/** Plans are kept, since rules ask the same again and again. */
export function createPlanner(): (sql: string) => Plan {
  const plans = new Map<string, Plan>()
  return (sql) => {
    const known = plans.get(sql)
    if (known !== undefined) return known
    if (plans.size >= MOST_PLANS) plans.clear()
    const plan = planQuery(sql)
    plans.set(sql, plan)
    return plan
  }
}

const MOST_PLANS = 2000

/**
 * First words of what the server's read-only mode holds back. The words that are not here could step out of the
 * read-only transaction (DO, CALL) or reach the server's files (COPY).
 */
const QUERIES = new Set(['select', 'with', 'values', 'table', 'show', 'explain'])

/** What changes a session, and writes that Postgres lets pass as reads: large objects, before version 16. */
const STICKY = /set_config|advisory|dblink|\blo_|\bu&/i
