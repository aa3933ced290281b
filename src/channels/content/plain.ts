import type { Link, Message, MessageTable } from '../../model/message.ts'
import { cleanLine, cleanLines, cut } from './clean.ts'
import { markdownText } from './markdown.ts'

const LONGEST_PART = 50_000
const WIDEST_CELL = 60

/** A message as text without mark-up: parts with an empty line between them, the title not among them. */
export function plainText(message: Message): string {
  const parts = [
    cut(cleanLines(message.summary), LONGEST_PART),
    ...message.paragraphs.map((paragraph) => cut(cleanLines(markdownText(paragraph)), LONGEST_PART)),
    message.facts.map(({ name, value }) => `${cleanLine(name)}: ${cleanLine(value)}`).join('\n'),
    message.table === undefined ? '' : tableText(message.table),
    cut(cleanLines(message.code ?? ''), LONGEST_PART),
    [...message.actions, ...message.links].map(linkText).join('\n'),
    whyText(message),
  ]
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('\n\n')
}

/** The line of why a message was sent, with the address of its trace. */
function whyText({ why, traceUrl }: Message): string {
  return [cleanLine(why), traceUrl === undefined ? '' : cleanLine(traceUrl)].filter((part) => part !== '').join('\n')
}

/** How many rows a table leaves out, in words; empty for none. */
export function moreRows({ more }: MessageTable): string {
  return moreOf(more, 'row')
}

/** How many of something are left out, in words; empty for none. */
export function moreOf(count: number, noun: string): string {
  return count === 0 ? '' : `+${count} more ${count === 1 ? noun : `${noun}s`}`
}

/** A table in fixed width, with the note of what it leaves out; cells are cut to `widest` characters. */
export function tableText(table: MessageTable, widest = WIDEST_CELL): string {
  const lines = [table.columns, ...table.rows].map((cells) => cells.map((cell) => cut(cleanLine(cell), widest)))
  const widths = table.columns.map((_, column) =>
    lines.reduce((most, cells) => Math.max(most, cells[column]?.length ?? 0), 0),
  )
  const text = lines.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  text.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '))
  return [...text, moreRows(table)].filter((line) => line !== '').join('\n')
}

function linkText({ text, url }: Link): string {
  const shown = cleanLine(text)
  return shown === '' || shown === url ? cleanLine(url) : `${shown}: ${cleanLine(url)}`
}
