import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import type { QueryOptions } from '../connection.ts'

/**
 * What the user's profile says about `readonly`: 0: we make the query read-only; 2: it is, and limits may be set;
 * 1: it is, and nothing may be set.
 */
export type Profile = 0 | 1 | 2

/** Asks the server for it. */
export async function askProfile(client: ClickHouseClient, signal: AbortSignal): Promise<Profile> {
  const answer = await client.query({
    query: "SELECT toString(getSetting('readonly')) AS readonly",
    abort_signal: signal,
    format: 'JSONEachRow',
  })
  const [row] = await answer.json<{ readonly: string }>()
  return row?.readonly === '1' ? 1 : row?.readonly === '2' ? 2 : 0
}

/** What to send with a query. Setting a value that is there already is allowed in a read-only profile, so `readonly` is always sent. */
export function limits(profile: Profile, { timeout, maxRows }: QueryOptions): ClickHouseSettings {
  const whole: ClickHouseSettings = { wait_end_of_query: 1 }
  if (profile === 1) return { ...whole, readonly: '1' }
  return {
    ...whole,
    readonly: profile === 0 ? '1' : '2',
    max_execution_time: timeout / 1000,
    timeout_overflow_mode: 'throw',
    max_result_rows: String(maxRows + 1),
    result_overflow_mode: 'break',
    cancel_http_readonly_queries_on_client_close: 1,
    output_format_json_quote_64bit_integers: 0,
    output_format_json_quote_decimals: 1,
    output_format_json_quote_denormals: 1,
    date_time_output_format: 'iso',
  }
}
