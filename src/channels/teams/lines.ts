import type { JsonObject } from '../../model/json.ts'
import type { MessageTable } from '../../model/message.ts'
import { cleanLine, cleanLines, cut } from '../content/clean.ts'
import { moreOf, moreRows } from '../content/plain.ts'
import { cutBytes, isTame, jsonBytes, run, runs, textLine } from './text.ts'

const LONGEST_CELL = 150
const LONGEST_LINE = 500
/** Bytes that a row or a line takes at least: more of them than that need not be made. */
const SMALLEST = 50
/** Characters side by side in a card, and how many of them the space around a cell takes. */
const WIDTH = 84
const PADDING = 3
const small = { size: 'Small', isSubtle: true } as const

/** As many as have room, and how many have not. */
export function upTo(elements: JsonObject[], most: number, noun: string): JsonObject[] {
  let size = 0
  const kept = elements.findIndex((element) => {
    size += jsonBytes(element) + 1
    return size > most
  })
  if (kept === -1) return elements
  return [...elements.slice(0, kept), textLine(moreOf(elements.length - kept, noun), small)]
}

/** The same for lines of text; the last one that has some room is cut. */
export function linesUpTo(
  lines: string[],
  most: number,
  make: (line: string, place: JsonObject) => JsonObject,
): JsonObject[] {
  const elements: JsonObject[] = []
  let room = most
  for (const [index, line] of lines.entries()) {
    const place = index === 0 ? {} : { spacing: 'None' }
    const element = make(line, place)
    room -= jsonBytes(element)
    if (room >= 0) {
      elements.push(element)
      continue
    }
    const left = room + jsonBytes(element) - ELEMENT
    if (left > ELEMENT / 4) elements.push(make(cutBytes(line, left), place))
    const rest = moreOf(lines.length - elements.length, 'line')
    return rest === '' ? elements : [...elements, textLine(rest, small)]
  }
  return elements
}

/** What an element takes besides its text. */
const ELEMENT = 250

/** A table of about `most` bytes. Rows are left out from the end until the table has room. */
export function fittingTable(table: MessageTable, most: number): JsonObject[] {
  const rows = [table.columns, ...table.rows.slice(0, Math.ceil(most / SMALLEST))].map((cells) => ({
    type: 'TableRow',
    cells: table.columns.map((_, column) => cellOf(cells[column] ?? '', table.columns.length)),
  }))
  const total = table.rows.length + table.more
  const fallback = textLine(`A table of ${total} rows, which this version of Teams cannot show.`, small)
  const columns = table.columns.map(() => ({ width: 1 }))
  let size = jsonBytes({ columns, fallback }) + BESIDES
  const end = rows.findIndex((row) => {
    size += jsonBytes(row) + 1
    return size > most
  })
  const shown = end === -1 ? rows : rows.slice(0, end)
  const more = moreRows({ ...table, more: total + 1 - Math.max(1, shown.length) })
  const note = more === '' ? [] : [textLine(more, small)]
  return shown.length === 0 ? note : [{ type: 'Table', columns, rows: shown, fallback }, ...note]
}

/** For the names of a table's keys, and the note below it. */
const BESIDES = 200

/** Runs of text are not broken within words, so those get what a column has room for. */
function cellOf(text: string, columns: number): JsonObject {
  const longest = isTame(cleanLine(text)) ? LONGEST_CELL : Math.max(4, Math.floor(WIDTH / columns) - PADDING)
  return { type: 'TableCell', items: [textLine(cut(cleanLine(text), longest))] }
}

/** The end of a log in about `most` bytes, since there it says what went wrong. */
export function logTail(code: string, most: number): JsonObject[] {
  const lines = cleanLines(code).split('\n')
  const items = lines
    .slice(-Math.ceil(most / SMALLEST))
    .map((line) => runs([run(cut(unbroken(line), LONGEST_LINE), { fontType: 'Monospace', size: 'Small' })], none))
  let first = items.length
  for (let size = 0; first > 0; first -= 1) {
    size += jsonBytes(items[first - 1]) + 1
    if (size > most) break
  }
  const before = lines.length - items.length + first
  const note = before === 0 ? [] : [textLine(`… ${before} lines before`, small)]
  return [{ type: 'Container', style: 'emphasis', items: [...note, ...items.slice(first)] }]
}

const none = { spacing: 'None' }

/** Spaces that are kept, for indents and columns. */
function unbroken(line: string): string {
  return line === '' ? '\u00a0' : line.replace(/^ +| {2,}/g, (spaces) => '\u00a0'.repeat(spaces.length))
}
