import type { Message } from '../../model/message.ts'
import { cut } from './clean.ts'
import { fit } from './fit.ts'
import { moreRows } from './plain.ts'
import type { Writer } from './writer.ts'

/** A part of a message, written within a number of characters where that can be done. */
export type Part = (most: number) => string

/** What of a message is its content, in the order in which it is read. */
export function contentParts(message: Message, writer: Writer): Part[] {
  const { summary, paragraphs, facts, table, code } = message
  return [
    (most) => writer.lines(cut(summary, most)),
    ...paragraphs.map(
      (text): Part =>
        (most) =>
          writer.paragraph(cut(text, most)),
    ),
    ...(facts.length === 0 ? [] : [factsPart(message, writer)]),
    ...(table === undefined ? [] : [tablePart(table, writer)]),
    ...(code === undefined || code.trim() === '' ? [] : [(most: number) => writer.code(code.trim().slice(-most))]),
  ]
}

/** Links and actions as one part. */
export function linksPart({ actions, links }: Message, writer: Writer): Part {
  return () =>
    [...actions, ...links]
      .slice(0, 20)
      .map(({ text, url }) => writer.link(cut(text, CELL), url))
      .join(writer.between.links)
}

/**
 * The parts that fit into a number of characters, or of what `measure` counts, parted by `between`. One that does not fit
 * is written shorter or, if that does not help, left out; then `note` says so.
 */
export function fitted(
  parts: readonly Part[],
  most: number,
  between: string,
  note: string,
  measure = lengthOf,
): string {
  const gap = measure(between)
  const numbers = parts.map((_, number) => `${number}` as const)
  const budget = { room: most - measure(note) - gap, spare: 0, worth: numbers.map((number) => [number, most] as const) }
  const { made, left } = fit<`${number}`, string | null>(
    budget,
    (number, room) => {
      const text = shortened(parts[Number(number)] ?? (() => ''), room - gap, measure)
      return text === '' ? [] : [text]
    },
    ([text]) => (typeof text === 'string' ? measure(text) + gap : Number.POSITIVE_INFINITY),
  )
  const taken = numbers.flatMap((number) => made[number] ?? [])
  return [...taken, ...(left.length > 0 ? [note] : [])].join(between)
}

const CELL = 200
const VALUE = 2000
const MOST_FACTS = 50
/** Shorter than this nothing is worth showing. */
const SHORTEST = 40

function lengthOf(text: string): number {
  return text.length
}

/** The part within some room; null when it cannot be written as short as that. */
export function shortened(part: Part, room: number, measure = lengthOf): string | null {
  for (let most = room; most >= SHORTEST; most = Math.floor(most * 0.7)) {
    const text = part(most)
    if (measure(text) <= room) return text
  }
  return part(0) === '' ? '' : null
}

function factsPart({ facts }: Message, writer: Writer): Part {
  return (most) => {
    const shown = facts.slice(0, MOST_FACTS)
    const value = Math.min(VALUE, Math.max(SHORTEST, Math.floor(most / (2 * shown.length))))
    const lines = shown.map(
      (fact) =>
        `${writer.strong(`${writer.line(cut(fact.name, Math.min(CELL, value)))}:`)} ${writer.line(cut(fact.value, value))}`,
    )
    const more = facts.length - shown.length
    return writer.list([...lines, ...(more > 0 ? [`+${more} more`] : [])])
  }
}

function tablePart(table: NonNullable<Message['table']>, writer: Writer): Part {
  return (most) => {
    const rows = [table.columns, ...table.rows].map((cells) => cells.map((cell) => cut(cell, CELL)))
    let size = 0
    const shown = rows.filter((cells, index) => {
      size += cells.reduce((total, cell) => total + cell.length + 3, 3)
      return index === 0 || size <= most
    })
    const more = moreRows({ ...table, more: table.more + rows.length - shown.length })
    const [columns = [], ...shownRows] = shown
    const text = writer.table(columns, shownRows)
    return more === '' ? text : `${text}${writer.between.parts}${more}`
  }
}
