import type { Json } from '../../model/json.ts'
import type { ColumnType, QueryResult } from '../../model/result.ts'
import { cellText } from '../table.ts'

/** A workbook is made in one go, at some 200 cells a ms; no other work is done in that time. */
const MOST_CELLS = 100_000
/** Characters of one cell: a limit of the format. */
const LONGEST_CELL = 32_767
/** Digits a cell of the format keeps of a number. */
const DIGITS = 15

const TIME = 'yyyy-mm-dd hh:mm:ss'
const DATE = 'yyyy-mm-dd'

/**
 * Rows of a query as an Excel workbook. Numbers are numbers where the format keeps all their digits, else text; dates and
 * times are such, in UTC; nothing is a formula. Throws when there are too many cells.
 */
export async function workbook({ columns, rows }: QueryResult, title: string): Promise<Uint8Array> {
  const cells = columns.length * (rows.length + 1)
  if (cells > MOST_CELLS)
    throw new Error(`${cells} cells are too many for xlsx, of which ${MOST_CELLS} are made; use csv.`)
  // It takes memory that a daemon without workbooks need not give.
  const { default: write } = await import('write-excel-file/universal')
  const head = columns.map(({ name }) => ({ value: fitting(name), type: String, fontWeight: 'bold' as const }))
  const body = rows.map((row) => columns.map(({ type }, index) => cellOf(row[index] ?? null, type)))
  const blob = await write([head, ...body], {
    sheet: sheetName(title),
    stickyRowsCount: 1,
    columns: columns.map(({ name }, index) => ({ width: widthOf(name, rows, index) })),
  }).toBlob()
  return new Uint8Array(await blob.arrayBuffer())
}

function cellOf(cell: Json, type: ColumnType) {
  if (cell === null) return null
  if (typeof cell === 'boolean') return { value: cell, type: Boolean }
  if (type === 'integer' || type === 'float' || type === 'decimal') {
    const text = String(cell)
    const isKept = /^-?\d+(?:\.\d+)?$/.test(text) && text.replace(/^-?0*\.?0*|[-.]/g, '').length <= DIGITS
    if (isKept || (typeof cell === 'number' && Number.isFinite(cell))) return { value: Number(cell), type: Number }
  }
  const time = typeof cell === 'string' ? timeOf(cell, type) : null
  if (time !== null) return { value: time, type: Date, format: type === 'date' ? DATE : TIME }
  return { value: fitting(cellText(cell)), type: String }
}

/** The time of a cell; null for one that a workbook cannot hold. */
function timeOf(text: string, type: ColumnType): Date | null {
  if (type !== 'timestamp' && type !== 'date') return null
  const time = new Date(type === 'timestamp' && !/Z$|[+-]\d\d:?\d\d$/.test(text) ? `${text}Z` : text)
  const year = time.getUTCFullYear()
  return Number.isNaN(time.getTime()) || year < 1901 || year > 9999 ? null : time
}

/** What XML cannot hold is left out by the library. */
function fitting(text: string): string {
  return text.slice(0, LONGEST_CELL)
}

function sheetName(title: string): string {
  const text = fitting(title)
    .replace(/[\\/?*[\]:\r\n\t]/g, ' ')
    .trim()
    .replace(/^'+|'+$/g, '')
    .slice(0, 31)
  return text === '' ? 'Rows' : text
}

function widthOf(name: string, rows: readonly Json[][], index: number): number {
  const longest = rows
    .slice(0, 100)
    .reduce((most, row) => Math.max(most, cellText(row[index] ?? null).length), name.length)
  return Math.min(60, Math.max(8, longest + 2))
}
