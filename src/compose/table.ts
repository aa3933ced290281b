import type { Json } from '../model/json.ts'
import type { MessageTable } from '../model/message.ts'
import type { ComposeInput } from './variables.ts'
import { oneLine } from './words.ts'

const MOST_ROWS = 20
const MOST_COLUMNS = 8
const LONGEST_CELL = 200

/** The rows of a message's alerts as a table, as its rule wants it; undefined when there are none to show. */
export function alertTable({ alerts, result, rule }: ComposeInput): MessageTable | undefined {
  const { table: wanted = true } = rule.definition.message
  if (result === null || wanted === false) return undefined
  const indexes = [...new Set(alerts.flatMap((alert) => alert.rows))].filter((index) => index < result.rows.length)
  if (indexes.length === 0) return undefined
  const { columns: names, rows: most = MOST_ROWS } = wanted === true ? {} : wanted
  const all = result.columns.map(({ name }) => name)
  const shown = names?.filter((name) => all.includes(name)) ?? all.slice(0, MOST_COLUMNS)
  if (shown.length === 0) return undefined
  const places = shown.map((name) => all.indexOf(name))
  const rows = indexes
    .slice(0, most)
    .map((index) => places.map((column) => oneLine(cellText(result.rows[index]?.[column] ?? null), LONGEST_CELL)))
  return { columns: shown.map((name) => oneLine(name, LONGEST_CELL)), rows, more: indexes.length - rows.length }
}

/** A cell as text; nothing for NULL. */
export function cellText(cell: Json): string {
  if (cell === null) return ''
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
}
