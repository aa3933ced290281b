import type { ConnectionKind } from '../connection.ts'
import { openPostgres } from './connection.ts'
import { postgresSettings, targetOf } from './settings.ts'

/** Postgres and what speaks its protocol. */
export const postgres = {
  kind: 'postgres',
  label: 'PostgreSQL',
  documentation: 'https://www.postgresql.org/docs/current/',
  settings: postgresSettings,
  destination(settings) {
    const { host, port, database } = targetOf(settings)
    return `postgres://${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}`
  },
  open: openPostgres,
} satisfies ConnectionKind<typeof postgresSettings>
