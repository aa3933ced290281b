import type { ConnectionKind } from '../connection.ts'
import { openClickhouse } from './connection.ts'
import { clickhouseSettings } from './settings.ts'

/** ClickHouse over HTTP. */
export const clickhouse = {
  kind: 'clickhouse',
  label: 'ClickHouse',
  documentation: 'https://clickhouse.com/docs/interfaces/http',
  settings: clickhouseSettings,
  destination: ({ url, database = 'default' }) => `${new URL(url).origin} ${database}`,
  open: openClickhouse,
} satisfies ConnectionKind<typeof clickhouseSettings>
