import type { ComponentChildren } from 'preact'
import { cell, count } from '../format.ts'
import type { Column, Json } from '../types.ts'
import { Text } from './basics.tsx'

interface TableProps<Item> {
  /** What the table is about, for those who hear it. */
  label: string
  columns: readonly string[]
  items: readonly Item[]
  keyOf: (item: Item) => string
  row: (item: Item) => ComponentChildren[]
}

/** A list that is a table on a wide screen and cards on a narrow one. */
export function Table<Item>({ label, columns, items, keyOf, row }: TableProps<Item>) {
  return (
    <table class="list" aria-label={label}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={keyOf(item)}>
            {row(item).map((content, index) => (
              <td key={columns[index]} data-label={columns[index]}>
                {content}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Rows of a database, as they are. */
export function DataRows({
  columns,
  rows,
  more,
}: {
  columns: readonly { name: string; type?: Column['type'] }[]
  rows: readonly Json[][]
  more?: string
}) {
  if (rows.length === 0) return <p class="muted">No rows.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label={count(rows.length, 'row')}>
      <table class="data">
        <thead>
          <tr>
            {columns.map(({ name, type }) => (
              <th key={name} scope="col">
                <Text>{name}</Text> {type === undefined ? null : <small>{type}</small>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((value, at) => (
                <td
                  key={columns[at]?.name}
                  class={typeof value === 'number' ? 'number' : value === null ? 'muted' : ''}
                >
                  <Text>{cell(value)}</Text>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {more === undefined ? null : <p class="muted">{more}</p>}
    </section>
  )
}
