import type { ConnectionKind } from '../connection.ts'
import { lazily } from '../lazy.ts'
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
  open: (settings, context) => lazily(async () => (await import('./connection.ts')).openPostgres(settings, context)),
} satisfies ConnectionKind<typeof postgresSettings>
