import type * as v from 'valibot'
import type { QueryResult } from '../model/result.ts'

/** Values of the bind parameters a query may name, as `:scheduled_at`, `:now` and `:since`. ms since 1970. */
export interface QueryTimes {
  scheduledAt: number
  now: number
  /** The last success; the beginning of 1970 before the first. */
  since: number
}

export interface QueryOptions {
  signal: AbortSignal
  /** In ms. The server is told to stop by then; the client gives up a little later. */
  timeout: number
  maxRows: number
  times: QueryTimes
}

/** What `check` found. A connection that cannot be reached throws instead. */
export interface CheckReport {
  /** The server's product and version, for people. */
  server: string
  /** Things to mend, such as a role that could write. */
  warnings: string[]
}

/** A connection to an outside database: queried, never written to. Every method throws `QueryError`. */
export interface Connection {
  check(signal: AbortSignal): Promise<CheckReport>
  /** Runs exactly one statement, read-only by the server's own means. */
  query(sql: string, options: QueryOptions): Promise<QueryResult>
  close(): Promise<void>
}

/** `unavailable` is the connection's fault and opens its breaker; the others are the query's. */
export type QueryFailure = 'unavailable' | 'timeout' | 'query' | 'refused' | 'aborted'

export class QueryError extends Error {
  override readonly name = 'QueryError'
  readonly failure: QueryFailure

  constructor(failure: QueryFailure, message: string) {
    super(message)
    this.failure = failure
  }
}

/** What every connection gets besides its settings. */
export interface ConnectionContext {
  /** Queries at a time. */
  poolSize: number
  /** Folders under which SQLite files may be queried; and paths that never are. */
  sqlitePaths: readonly string[]
  deniedPaths: readonly string[]
  /** Command that runs this executable, to start the SQLite child. */
  self: readonly string[]
  /** PEM of trusted authorities besides the runtime's. */
  authorities: readonly string[]
}

/** One kind of database. `settings` fields carry their title, hint and secret flag. */
export interface ConnectionKind<Schema extends v.GenericSchema = v.GenericSchema> {
  kind: string
  label: string
  documentation: string
  settings: Schema
  /** Where it leads, such as `postgres://host:5432/database`; holds no secret. A change asks for the secrets again. */
  destination(settings: v.InferOutput<Schema>): string
  open(settings: v.InferOutput<Schema>, context: ConnectionContext): Connection
}
