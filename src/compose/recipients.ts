import type { Json, JsonObject } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import type { QueryResult } from '../model/result.ts'
import type { ComposeInput } from './variables.ts'

/** A setting that is filled from a column of the rows a message is about. */
interface ColumnSetting {
  fromColumn: string
  /** A mail of its own for each row, which knows the row's columns. */
  each?: boolean
}

export function readsColumn(value: Json): value is JsonObject & ColumnSetting {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value['fromColumn'] === 'string'
}

/**
 * What the column holds in the rows of the message's alerts, or in all rows where the alerts have none; undefined when that
 * is nothing. An end goes to those who were told of what has ended, whose rows may be gone. Throws when the query has no
 * such column.
 */
export function recipientsOf(
  key: string,
  { fromColumn, each }: ColumnSetting,
  { alerts, result, former = [] }: ComposeInput,
): Json | undefined {
  const names = result?.columns.map(({ name }) => name) ?? []
  const column = names.indexOf(fromColumn)
  if (result !== null && column < 0)
    throw new Error(`the query returns no column "${fromColumn}".${didYouMean(fromColumn, names)}`)
  const told = former.flatMap((settings) => textsIn(settings[key]))
  const indexes = [...new Set(alerts.flatMap(({ rows }) => rows))]
  const rows = rowsOf(result, told.length > 0 ? [] : indexes).filter((row) => textOf(row[column]) !== '')
  const people = told.length > 0 ? told : rows.map((row) => textOf(row[column]))
  if (people.length === 0) return undefined
  if (each !== true) return [...new Set(people)]
  const variablesOf = (row: Json[]) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? null]))
  if (told.length === 0) return { mails: rows.map((row) => ({ to: textOf(row[column]), variables: variablesOf(row) })) }
  const rowOf = (person: string) => rows.find((row) => textOf(row[column]) === person)
  return { mails: told.map((to) => ({ to, variables: variablesOf(rowOf(to) ?? []) })) }
}

function rowsOf(result: QueryResult | null, indexes: readonly number[]): Json[][] {
  const rows = result?.rows ?? []
  return indexes.length === 0 ? rows : indexes.flatMap((index) => [rows[index] ?? []])
}

/** The addresses of a setting that was filled before. */
function textsIn(value: Json | undefined): string[] {
  const texts = Array.isArray(value) ? value : [value]
  return texts.filter((text) => typeof text === 'string')
}

function textOf(cell: Json | undefined): string {
  return cell === null || cell === undefined ? '' : String(cell).trim()
}
