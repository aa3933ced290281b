import type { ConnectionKind } from '../connection.ts'
import { lazily } from '../lazy.ts'
import { clickhouseSettings } from './settings.ts'

/** ClickHouse over HTTP. */
export const clickhouse = {
  kind: 'clickhouse',
  label: 'ClickHouse',
  documentation: 'https://clickhouse.com/docs/interfaces/http',
  settings: clickhouseSettings,
  destination: ({ url, database = 'default' }) => `${new URL(url).origin} ${database}`,
  open: (settings, context) => lazily(async () => (await import('./connection.ts')).openClickhouse(settings, context)),
} satisfies ConnectionKind<typeof clickhouseSettings>
