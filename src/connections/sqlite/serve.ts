import { once } from 'node:events'
import { type BigIntStats, statSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import Sqlite from 'better-sqlite3'
import { messageOf } from '../../errors.ts'
import { QueryError } from '../connection.ts'
import { LARGEST_RESULT, refuseDuplicates, tooLarge } from '../values.ts'
import { type Cell, normalise } from './columns.ts'
import { type ChildAnswer, type ChildRequest, createLineReader } from './protocol.ts'

/**
 * Answers queries, a line each, until the input ends. Runs in a process of its own, which can be killed, and ends itself
 * when its parent has gone, also in the middle of a query.
 */
export async function serveSqlite(input: Readable, output: Writable, parent: number): Promise<void> {
  await watchParent(parent)
  const files = createFiles()
  const answer = (line: string) => {
    output.write(`${JSON.stringify(answerOf(files, JSON.parse(line) as ChildRequest))}\n`)
  }
  input.on('data', createLineReader(answer))
  await once(input, 'end')
}

const WATCH_INTERVAL = 1000

/** Resolves when the watch is on: a query would keep it from starting. */
async function watchParent(parent: number) {
  const workerData = { parent, every: WATCH_INTERVAL }
  const watch = new Worker(new URL('./parent-watch.ts', import.meta.url), { workerData })
  await once(watch, 'message')
  watch.unref()
}

function answerOf(files: Files, request: ChildRequest): ChildAnswer {
  try {
    return query(files.open(request.path), request)
  } catch (thrown) {
    const { failure, message } = explain(thrown)
    return { failure, message }
  }
}

interface Files {
  open(path: string): Sqlite.Database
}

/** Keeps the file open between queries, and opens it again when another file has taken its place. */
function createFiles(): Files {
  let current: { path: string; file: BigIntStats; database: Sqlite.Database } | undefined
  return {
    open(path) {
      const file = statSync(path, { bigint: true })
      if (current?.path === path && current.file.ino === file.ino && current.file.dev === file.dev)
        return current.database
      current?.database.close()
      current = undefined
      const database = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 5000 })
      database.pragma('query_only = ON')
      database.pragma('trusted_schema = OFF')
      current = { path, file, database }
      return database
    },
  }
}

function query(database: Sqlite.Database, { sql, parameters, maxRows }: ChildRequest): ChildAnswer {
  const statement = database.prepare<[Record<string, string>], Cell[]>(sql)
  if (!statement.reader || !statement.readonly)
    throw new QueryError('refused', 'The statement is no query: queries are read-only and return rows.')
  const declared = statement.columns().map(({ name, type }) => ({ name, type }))
  refuseDuplicates(declared.map(({ name }) => ({ name, type: 'text' })))
  const rows: Cell[][] = []
  let size = 0
  let truncated = false
  for (const row of statement.raw().safeIntegers().iterate(parameters)) {
    truncated = rows.length === maxRows
    if (truncated) break
    for (const cell of row) size += typeof cell === 'string' ? cell.length : 8
    if (size > LARGEST_RESULT) throw tooLarge()
    rows.push(row)
  }
  return { ...normalise(declared, rows), truncated }
}

function explain(thrown: unknown): QueryError {
  if (thrown instanceof QueryError) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const message = messageOf(thrown)
  if (message.includes('more than one statement'))
    return new QueryError('refused', 'The text holds several statements; a query is exactly one.')
  if (code === 'SQLITE_READONLY' || code.startsWith('SQLITE_READONLY_'))
    return new QueryError('refused', `${message}: queries are read-only.`)
  if (code.startsWith('SQLITE_BUSY')) return new QueryError('timeout', 'The file stayed locked by a writer for 5 s.')
  if (code === 'ENOENT') return new QueryError('unavailable', 'The file does not exist.')
  const unavailable = /^(SQLITE_(CANTOPEN|NOTADB|CORRUPT|IOERR|PERM|AUTH)|E[A-Z]+$)/.test(code)
  return new QueryError(unavailable ? 'unavailable' : 'query', message)
}
