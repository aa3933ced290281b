import type { Census, Trouble } from '../model/instance.ts'
import { LAST_BACKUP } from './backup.ts'
import type { StoreContext } from './context.ts'

export type CensusQueries = ReturnType<typeof censusQueries>

/** Figures of the instance as a whole, for metrics, `status` and `doctor`. */
export function censusQueries({ database: { raw } }: StoreContext) {
  const pairs = (sql: string) => Object.fromEntries(raw.prepare(sql).raw().all() as [string, number][])
  const one = (sql: string) => raw.prepare(sql).pluck().get()
  const rows = <Row>(sql: string, limit: number) => raw.prepare(sql).all(limit) as Row[]

  return {
    count: async (): Promise<Census> => ({
      rules: {
        ...{ active: 0, paused: 0, blocked: 0 },
        ...pairs(
          `SELECT CASE WHEN blocked IS NOT NULL THEN 'blocked' WHEN definition ->> '$.paused' THEN 'paused' ELSE 'active' END
           AS state, count(*) FROM rules GROUP BY state`,
        ),
      },
      alerts: pairs("SELECT state, count(*) FROM alerts WHERE state <> 'normal' GROUP BY state"),
      deliveries: pairs(
        `SELECT state, count(*) FROM deliveries INDEXED BY deliveries_open WHERE finished_at IS NULL GROUP BY state
         UNION ALL SELECT state, count(*) FROM deliveries INDEXED BY deliveries_failed
         WHERE finished_at IS NOT NULL AND state <> 'delivered' GROUP BY state`,
      ),
      oldestOpen: one('SELECT min(created_at) FROM deliveries INDEXED BY deliveries_open WHERE finished_at IS NULL') as
        | number
        | null,
      connections: one('SELECT count(*) FROM connections') as number,
      channels: one('SELECT count(*) FROM channels') as number,
      bytes: one('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size') as number,
      lastBackupAt: toNumber(one(`SELECT value FROM meta WHERE key = '${LAST_BACKUP}'`)),
    }),

    /** At most `limit` of each, the longest lasting first. */
    trouble: async (limit: number): Promise<Trouble> => ({
      firing: rows<Omit<Trouble['firing'][number], 'labels'> & { labels: string }>(
        `SELECT r.project, r.name AS rule, a.labels, a.state, coalesce(a.firing_since, a.since) AS since, a.value FROM alerts a
         JOIN rules r ON r.id = a.rule_id WHERE a.state IN ('firing', 'recovering', 'no-data', 'error')
         ORDER BY since LIMIT ?`,
        limit,
      ).map((row) => ({ ...row, labels: JSON.parse(row.labels) as Record<string, string> })),
      connections: rows(
        `SELECT project, name, open_since AS since, coalesce(last_error, '') AS error FROM connections
         WHERE open_since IS NOT NULL ORDER BY open_since LIMIT ?`,
        limit,
      ),
      channels: rows(
        `SELECT project, name, disabled_reason AS reason FROM channels WHERE disabled_reason IS NOT NULL
         ORDER BY project, name LIMIT ?`,
        limit,
      ),
    }),

    /** How many connections have an open breaker, and how many channels are disabled. */
    broken: async (): Promise<{ connections: number; channels: number }> => ({
      connections: one('SELECT count(*) FROM connections WHERE open_since IS NOT NULL') as number,
      channels: one('SELECT count(*) FROM channels WHERE disabled_reason IS NOT NULL') as number,
    }),

    /** Projects that hold a connection or a channel. */
    projects: async (): Promise<string[]> =>
      raw.prepare('SELECT project FROM connections UNION SELECT project FROM channels').pluck().all() as string[],

    /** Time zones that rules name. */
    timeZones: async (): Promise<string[]> =>
      raw
        .prepare("SELECT DISTINCT definition ->> '$.schedule.timezone' AS zone FROM rules WHERE zone IS NOT NULL")
        .pluck()
        .all() as string[],

    /** When the latest evaluation or attempt was stored, ms since 1970. */
    latestWork: async (): Promise<number | null> =>
      one('SELECT max(at) FROM (SELECT max(last_run_at) AS at FROM rule_clocks)') as number | null,
  }
}

function toNumber(text: unknown): number | null {
  return typeof text === 'string' ? Number(text) : null
}
