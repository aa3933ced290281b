import { createBudget } from '../language/expression/budget.ts'
import { fail } from '../language/expression/failure.ts'
import { nearestSentence } from '../language/expression/nearest.ts'
import { asIndex, unknownKey } from '../language/expression/sequences.ts'
import { type Container, dict, list, noRow, type Value } from '../language/expression/value.ts'
import type { Json } from '../model/json.ts'
import type { Reason } from '../model/reason.ts'
import type { QueryResult } from '../model/result.ts'
import { cellValue } from './cells.ts'

/** How columns are found, and where it is told that one was read in another way than it is written. */
export interface Reading {
  /** Imported rules: letter case does not matter, and a result's only column stands for any. */
  lenient: boolean
  report(reason: Reason): void
}

/**
 * The rows of a result as conditions see them. Indexed by a column it gives the first row's value, by a number a row;
 * `len`, iteration and truth are about rows. A column of a first row that is not there is `noRow`, and is reported.
 */
export class Rows implements Container {
  readonly kind = 'container'
  readonly type = 'query_result'
  readonly shape = 'list'
  readonly result: QueryResult
  readonly #reading: Reading
  #texts: ReadonlySet<string> | undefined

  constructor(result: QueryResult, reading: Reading) {
    this.result = result
    this.#reading = reading
  }

  size(): number {
    return this.result.rows.length
  }

  *items(): Iterable<Value> {
    for (let index = 0; index < this.result.rows.length; index += 1) yield this.row(index)
  }

  /** The row with this number, counted from 0. */
  row(index: number): Row {
    return new Row(this.result, index, this.#reading)
  }

  item(key: Value): Value {
    const count = this.result.rows.length
    if (typeof key === 'string') {
      const column = columnIndex(this.result, key, this.#reading)
      if (count > 0) return valueAt(this.result, 0, column)
      this.#reading.report({ code: 'no-rows' })
      return noRow
    }
    const wanted = asIndex(key)
    const index = wanted < 0n ? wanted + BigInt(count) : wanted
    if (index >= 0n && index < BigInt(count)) return this.row(Number(index))
    if (count > 0) fail('IndexError', `There is no row ${wanted}; the query returned ${count}.`)
    this.#reading.report({ code: 'no-rows' })
    return noRow
  }

  has(key: Value): boolean | undefined {
    if (typeof key === 'string') return findColumn(this.result, key, this.#reading.lenient) >= 0
    if (!(key instanceof Row) || !sameColumns(key.result, this.result)) return undefined
    this.#texts ??= new Set(this.result.rows.map((row) => JSON.stringify(row)))
    return this.#texts.has(key.text())
  }

  names(): string[] {
    return this.result.columns.map(({ name }) => name)
  }

  plain(): Value {
    return list([...this.items()])
  }

  same(other: Container): boolean | undefined {
    if (!(other instanceof Rows)) return undefined
    const [own, others] = [this.result, other.result]
    if (!sameColumns(own, others) || own.rows.length !== others.rows.length) return false
    return own.rows.every((row, index) => sameCells(row, others.rows[index] ?? []))
  }
}

/** One row, as conditions see it: a dict of its columns. */
export class Row implements Container {
  readonly kind = 'container'
  readonly type = 'row'
  readonly shape = 'dict'
  readonly result: QueryResult
  readonly index: number
  readonly #reading: Reading

  constructor(result: QueryResult, index: number, reading: Reading) {
    this.result = result
    this.index = index
    this.#reading = reading
  }

  size(): number {
    return this.result.columns.length
  }

  items(): Iterable<Value> {
    return this.names()
  }

  item(key: Value): Value {
    if (typeof key !== 'string') return unknownKey('column', key, this.names(), createBudget())
    return valueAt(this.result, this.index, columnIndex(this.result, key, this.#reading))
  }

  has(key: Value): boolean {
    return typeof key === 'string' && findColumn(this.result, key, this.#reading.lenient) >= 0
  }

  names(): string[] {
    return this.result.columns.map(({ name }) => name)
  }

  plain(): Value {
    return dict(this.result.columns.map(({ name }, index) => [name, valueAt(this.result, this.index, index)] as const))
  }

  same(other: Container): boolean | undefined {
    if (!(other instanceof Row) || !sameColumns(this.result, other.result)) return undefined
    return sameCells(this.result.rows[this.index] ?? [], other.result.rows[other.index] ?? [])
  }

  /** The row's cells as JSON. */
  text(): string {
    return JSON.stringify(this.result.rows[this.index])
  }
}

/** The place of a column by name, or in lenient reading by its only possible meaning. Fails naming the nearest ones. */
export function columnIndex(result: QueryResult, name: string, { lenient, report }: Reading): number {
  const found = findColumn(result, name, lenient)
  if (found >= 0) return found
  const names = result.columns.map((column) => column.name)
  if (lenient && names.length === 1) {
    report({ code: 'single-column-fallback', detail: `"${name}" was read as "${names[0]}"` })
    return 0
  }
  return fail('KeyError', `The query returns no column '${name.slice(0, 200)}'. ${nearestSentence(name, names)}`)
}

function findColumn({ columns }: QueryResult, name: string, lenient: boolean): number {
  const exact = columns.findIndex((column) => column.name === name)
  if (exact >= 0 || !lenient) return exact
  const wanted = name.toLowerCase()
  const matches = columns.flatMap((column, index) => (column.name.toLowerCase() === wanted ? [index] : []))
  return matches.length === 1 ? (matches[0] ?? -1) : -1
}

function valueAt({ rows, columns }: QueryResult, row: number, column: number): Value {
  return cellValue(rows[row]?.[column], columns[column]?.type ?? 'text')
}

function sameColumns(a: QueryResult, b: QueryResult): boolean {
  return (
    a.columns === b.columns ||
    (a.columns.length === b.columns.length && a.columns.every(({ name }, index) => name === b.columns[index]?.name))
  )
}

function sameCells(a: readonly Json[], b: readonly Json[]): boolean {
  return a.every((cell, index) => {
    const other = b[index]
    return cell === other || (typeof cell === 'object' && JSON.stringify(cell) === JSON.stringify(other))
  })
}
