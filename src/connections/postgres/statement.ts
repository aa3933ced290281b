import type { FieldDef, Connection as Wire } from 'pg'
import { messageOf } from '../../errors.ts'
import type { Json } from '../../model/json.ts'
import type { Column } from '../../model/result.ts'
import { QueryError } from '../connection.ts'
import { LARGEST_RESULT, refuseBytes, refuseDuplicates, tooLarge } from '../values.ts'
import type { Naming } from './prepared.ts'
import { type CellType, cellType } from './types.ts'

/** A statement ready to be sent. */
export interface Statement {
  sql: string
  /** Texts of its parameters, each a timestamp with time zone. */
  values: string[]
  maxRows: number
  /** Runs in a read-only transaction of its own that is rolled back, so that nothing of the session changes. */
  wrapped: boolean
  /** ms, where it differs from the session's; needs `wrapped`. */
  timeout: number | null
  naming: Naming
}

export interface Rows {
  columns: Column[]
  rows: Json[][]
  truncated: boolean
}

/** What the driver calls while a statement runs. */
export interface Running {
  submit(wire: Wire): null
  /** Settles when the server is done with the statement. Rejects with what the driver gives, or `QueryError`. */
  done: Promise<Rows>
}

/** Rows beyond the limit are skipped up to here; then the server is told to stop. */
const SKIPPED_ROWS = 10_000

const TIMESTAMPTZ = '1184'

/**
 * One statement in the extended protocol, in one round trip. Rows are read as they arrive and kept up to the limit;
 * `stop` is called when many more come.
 */
export function createStatement(statement: Statement, stop: () => void): Running {
  const { promise, resolve, reject } = Promise.withResolvers<Rows>()
  const rows: Json[][] = []
  let columns: Column[] = []
  let cells: CellType[] = []
  let described = false
  let seen = 0
  let size = 0
  let failure: QueryError | null = null

  function settle(error?: unknown) {
    const truncated = seen > statement.maxRows
    // Told to stop, the server answers with an error although all the rows that are wanted have come.
    if (failure !== null) reject(failure)
    else if (error !== undefined && !(truncated && isCancel(error))) reject(error)
    else if (!described) reject(new QueryError('refused', 'The statement returns no rows; a rule needs a query.'))
    else resolve({ columns, rows, truncated })
  }

  const handlers = {
    callback: () => {},
    submit(wire: Wire) {
      send(wire, statement)
      return null
    },
    handleRowDescription({ fields }: { fields: FieldDef[] }) {
      described = true
      try {
        ;({ columns, cells } = describe(fields))
      } catch (thrown) {
        failure = explainValue(thrown)
      }
    },
    handleDataRow({ fields, length }: { fields: (string | null)[]; length: number }) {
      seen += 1
      if (seen === statement.maxRows + SKIPPED_ROWS) stop()
      if (failure !== null || seen > statement.maxRows) return
      size += length
      if (size > LARGEST_RESULT) {
        failure = tooLarge()
        return stop()
      }
      // What is thrown here would end the process: the driver calls from the socket.
      try {
        rows.push(readRow(fields, cells))
      } catch (thrown) {
        failure = explainValue(thrown)
      }
    },
    handleReadyForQuery: () => settle(),
    handleError: settle,
    handleCommandComplete: () => {},
    handlePortalSuspended: () => {},
    handleEmptyQuery: () => {},
    handleCopyInResponse: () => {},
    handleCopyData: () => {},
    done: promise,
  }
  return handlers
}

/** Whether the server says that it was told to stop the statement. */
export function isCancel(thrown: unknown): boolean {
  return (
    thrown instanceof Error && 'code' in thrown && thrown.code === '57014' && thrown.message.includes('user request')
  )
}

function send(wire: Wire, { sql, values, wrapped, timeout, naming }: Statement) {
  const { name } = naming
  wire.stream.cork()
  for (const old of naming.close) wire.close({ type: 'S', name: old }, true)
  if (wrapped) execute(wire, 'BEGIN READ ONLY')
  if (timeout !== null) execute(wire, `SET LOCAL statement_timeout = ${Math.ceil(timeout)}`)
  if (naming.parse) wire.parse({ name, text: sql, types: values.map(() => TIMESTAMPTZ) }, true)
  wire.bind({ statement: name, values }, true)
  wire.describe({ type: 'P', name: '' }, true)
  wire.execute({}, true)
  if (wrapped) execute(wire, 'ROLLBACK')
  wire.sync()
  wire.stream.uncork()
}

function execute(wire: Wire, text: string) {
  wire.parse({ name: '', text, types: [] }, true)
  wire.bind({}, true)
  wire.execute({}, true)
}

function explainValue(thrown: unknown): QueryError {
  return thrown instanceof QueryError
    ? thrown
    : new QueryError('query', `A value of the result cannot be read: ${messageOf(thrown)}`)
}

function describe(fields: FieldDef[]): { columns: Column[]; cells: CellType[] } {
  const cells = fields.map(({ name, dataTypeID }) => {
    const cell = cellType(dataTypeID)
    if (typeof cell === 'string') throw refuseBytes(name, cell)
    return cell
  })
  const columns = fields.map(({ name }, index) => ({ name, type: cells[index]?.type ?? 'text' }))
  refuseDuplicates(columns)
  return { columns, cells }
}

function readRow(fields: readonly (string | null)[], cells: readonly CellType[]): Json[] {
  const row: Json[] = []
  for (let index = 0; index < fields.length; index += 1) {
    const text = fields[index] ?? null
    const cell = cells[index]
    row.push(text === null || cell === undefined ? text : cell.read(text))
  }
  return row
}
