import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { cell, count } from '../format.ts'
import type { Data } from '../live.ts'
import { addressOf, usePlace } from '../router.tsx'
import type { Column, Json, Page } from '../types.ts'
import { Empty, Pending, Text } from './basics.tsx'

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

interface ListProps<Item> extends Omit<TableProps<Item>, 'items'> {
  found: Pick<Data<Page<Item>>, 'data' | 'error'>
  /** What there is instead of nothing, and what to do next. */
  empty: ComponentChildren
}

/** The page of a list that the address names, and the ways to the others. */
export function List<Item>({ found: { data, error }, empty, ...table }: ListProps<Item>) {
  const { path, query } = usePlace()
  if (data === undefined) return <Pending error={error} />
  return (
    <>
      {data.items.length === 0 ? <Empty>{empty}</Empty> : <Table {...table} items={data.items} />}
      <div class="actions pages">
        {query['after'] === undefined ? null : <a href={addressOf(path, { ...query, after: '' })}>Back to the first</a>}
        {data.next == null ? null : <a href={addressOf(path, { ...query, after: data.next })}>More</a>}
      </div>
    </>
  )
}

/** Looks for part of a name in the list of the address; `all` leads to all of it, where it is not shown. */
export function Search({ all, children }: { all: ComponentChildren; children?: ComponentChildren }) {
  const { path, query, go } = usePlace()
  const { search = '' } = query
  const [text, setText] = useState(search)
  useEffect(() => setText(search), [search])
  return (
    <form
      class="search"
      onSubmit={(event) => {
        event.preventDefault()
        go(addressOf(path, { ...query, search: text, after: '' }))
      }}
    >
      <input
        type="search"
        aria-label="Part of the name"
        placeholder="Part of the name"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <button type="submit">Search</button>
      {Object.keys(query).length === 0 ? null : <a href={path}>{all}</a>}
      {children}
    </form>
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
