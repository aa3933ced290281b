import { datetime } from '../language/expression/datetime.ts'
import type { Program } from '../language/expression/program.ts'
import { list, type Value } from '../language/expression/value.ts'
import type { QueryResult } from '../model/result.ts'
import { type Reading, Rows } from './rows.ts'

/** The names that a condition may use, `row` only where columns tell alerts apart. */
export const conditionNames = [
  'query_result',
  'query_results',
  'rows',
  'row',
  'row_count',
  'previous',
  'now',
  'tags',
  'createdby',
  'createdtime',
] as const

/** What the names of a condition stand for. Times in ms since 1970. */
export interface NamedInput {
  result: QueryResult
  /** The result of the evaluation before; null when there was none. */
  previous: QueryResult | null
  now: number
  tags: readonly string[]
  createdBy: string
  /** When the alert event takes place. */
  createdAt: number
}

/** Whether a condition asks for names only that there are, whatever the query returns. */
export function isKnown({ names, readsAny }: Program): boolean {
  return !readsAny && [...names].every(isConditionName)
}

export function isConditionName(name: string): boolean {
  return (conditionNames as readonly string[]).includes(name)
}

/**
 * The names a condition asks for; all of them when it asks for one there is not, so that the error can name the nearest.
 * In formulas the columns of the first row are names too.
 */
export function bindings(input: NamedInput, reading: Reading, program: Program): Map<string, Value> {
  const rows = new Rows(input.result, reading)
  const names = new Map<string, Value>()
  for (const name of isKnown(program) ? program.names : conditionNames) {
    const value = bindingOf(name, input, rows, reading)
    if (value !== undefined) names.set(name, value)
  }
  for (const column of columnsAsked(program, rows)) names.set(column, rows.item(column))
  return names
}

/** Binds one row, and in formulas its columns. */
export function bindRow(names: Map<string, Value>, rows: Rows, index: number, program: Program): void {
  const row = rows.row(index)
  names.set('row', row)
  for (const column of columnsAsked(program, rows)) names.set(column, row.item(column))
}

/** Whether a condition gives each row a verdict of its own. */
export function looksAtRows({ dialect, names, readsAny }: Program): boolean {
  if (dialect !== 'formula') return names.has('row')
  return readsAny || [...names].some((name) => name === 'row' || !isConditionName(name))
}

/** The columns that a formula names; all where it may name any, or one that there is not. */
function columnsAsked(program: Program, rows: Rows): string[] {
  if (program.dialect !== 'formula' || isKnown(program)) return []
  const columns = rows.names().filter((name) => !isConditionName(name))
  const all = program.readsAny || [...program.names].some((name) => !isConditionName(name) && !columns.includes(name))
  return all ? columns : columns.filter((name) => program.names.has(name))
}

function bindingOf(name: string, input: NamedInput, rows: Rows, reading: Reading): Value | undefined {
  switch (name as (typeof conditionNames)[number]) {
    case 'query_result':
    case 'query_results':
    case 'rows':
      return rows
    case 'row_count':
      return BigInt(input.result.rows.length)
    case 'previous':
      return input.previous === null ? null : new Rows(input.previous, reading)
    case 'now':
      return datetime(input.now) ?? null
    case 'tags':
      return list(input.tags)
    case 'createdby':
      return input.createdBy
    case 'createdtime':
      return datetime(input.createdAt) ?? null
    case 'row':
      return undefined
  }
}
