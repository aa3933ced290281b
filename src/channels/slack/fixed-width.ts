import type { MessageTable } from '../../model/message.ts'
import { largest } from '../content/fit.ts'
import { tableText } from '../content/plain.ts'
import { fenceable, fenced } from './mrkdwn.ts'

/** Longer lines are broken on most screens, so cells of wide tables are cut first. */
const WIDEST_LINE = 100
const cells = [60, 40, 24] as const
const NARROWEST = 16

/** A table in fixed width of at most `most` characters; rows are left out from the end, and counted. */
export function fittingTable({ columns, rows, more }: MessageTable, most: number): string {
  // Each row takes a line, so more than that many have no room.
  const some = rows.slice(0, most)
  const widthOf = (widest: number) => tableText({ columns, rows: some, more: 0 }, widest).indexOf('\n')
  const widest = cells.find((width) => widthOf(width) <= WIDEST_LINE) ?? NARROWEST
  const withRows = (kept: number) =>
    fenced(tableText({ columns, rows: some.slice(0, kept), more: more + rows.length - kept }, widest))
  const kept = largest(some.length, (count) => withRows(count).length <= most)
  return kept === null ? `A table of ${rows.length + more} rows has no room here.` : withRows(kept)
}

/** The end of a log in at most `most` characters, since there it says what went wrong. */
export function logTail(code: string, most: number): string {
  const whole = fenced(code)
  if (whole.length <= most) return whole
  const lines = fenceable(code).split('\n')
  const room = most - NOTE
  let size = 0
  let first = lines.length
  while (first > 0 && size + lengthOf(lines, first - 1) <= room) {
    first -= 1
    size += lengthOf(lines, first)
  }
  if (first < lines.length) return `\`\`\`\n… ${first} lines before\n${lines.slice(first).join('\n')}\n\`\`\``
  const end = (lines.at(-1) ?? '').slice(-room).replace(/^[a-z]{1,3};|^[\udc00-\udfff]/, '')
  return `\`\`\`\n…${end}\n\`\`\``
}

/** For the fences and the count of what is left out. */
const NOTE = 60

function lengthOf(lines: readonly string[], at: number): number {
  return (lines[at]?.length ?? 0) + 1
}
