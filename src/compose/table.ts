import type { Json } from '../model/json.ts'
import type { MessageTable } from '../model/message.ts'
import type { ComposeInput } from './variables.ts'
import { oneLine } from './words.ts'

const MOST_ROWS = 20
const MOST_COLUMNS = 8
const LONGEST_CELL = 200

/** The rows of a message's alerts as a table; undefined when there are none to show. */
export function alertTable({ alerts, result }: ComposeInput): MessageTable | undefined {
  if (result === null) return undefined
  const indexes = [...new Set(alerts.flatMap((alert) => alert.rows))].filter((index) => index < result.rows.length)
  if (indexes.length === 0) return undefined
  const columns = result.columns.slice(0, MOST_COLUMNS)
  const rows = indexes
    .slice(0, MOST_ROWS)
    .map((index) => columns.map((_, column) => cellText(result.rows[index]?.[column] ?? null)))
  return { columns: columns.map(({ name }) => oneLine(name, LONGEST_CELL)), rows, more: indexes.length - rows.length }
}

function cellText(cell: Json): string {
  if (cell === null) return ''
  return oneLine(typeof cell === 'object' ? JSON.stringify(cell) : String(cell), LONGEST_CELL)
}
