import type { Json, JsonObject } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import type { Surroundings } from './variables.ts'

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
 * What the column holds in the rows of the message's alerts, or in all rows where the alerts have none and have not ended;
 * undefined when that is nothing. Throws when the query has no such column.
 */
export function recipientsOf(
  { fromColumn, each }: ColumnSetting,
  { alerts, kind, result }: Pick<Surroundings, 'alerts' | 'kind' | 'result'>,
): Json | undefined {
  if (result === null) return undefined
  const names = result.columns.map(({ name }) => name)
  const column = names.indexOf(fromColumn)
  if (column < 0) throw new Error(`the query returns no column "${fromColumn}".${didYouMean(fromColumn, names)}`)
  const indexes = new Set(alerts.flatMap(({ rows }) => rows))
  const isOfAll = indexes.size === 0 && kind !== 'resolved' && kind !== 'recovered'
  const rows = isOfAll ? result.rows : [...indexes].flatMap((index) => [result.rows[index] ?? []])
  const named = rows.filter((row) => textOf(row[column]) !== '')
  if (named.length === 0) return undefined
  if (each !== true) return [...new Set(named.map((row) => textOf(row[column])))]
  const variablesOf = (row: Json[]) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? null]))
  return { mails: named.map((row) => ({ to: textOf(row[column]), variables: variablesOf(row) })) }
}

function textOf(cell: Json | undefined): string {
  return cell === null || cell === undefined ? '' : String(cell).trim()
}
