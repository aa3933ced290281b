import type { Message, MessageTable, Severity } from '../../model/message.ts'
import { cut, safeUrl } from '../content/clean.ts'
import {
  codeBlock,
  type Flavour,
  markdownLine,
  markdownLines,
  markdownLink,
  markdownParagraph,
} from '../content/markdown-text.ts'
import { moreRows } from '../content/plain.ts'

/** Characters of a comment that GitHub takes, less what the marker needs. */
export const MOST = 65_000

const flavour: Flavour = { entities: true }
const icons: Record<Severity, string> = { debug: '⚪', info: '🔵', warning: '🟡', error: '🟠', critical: '🔴' }
const LONGEST = { title: 250, text: 8000, value: 2000, cell: 200, code: 8000 }
const MOST_FACTS = 50

/** A message as the Markdown of a comment. What does not fit is left out, rows and the log first, and said to be. */
export function commentText(message: Message): string {
  const { title, kind, severity, rule, table, code } = message
  const isOver = kind === 'resolved' || kind === 'recovered'
  const head = `### ${isOver ? '✅' : icons[severity]} ${markdownLine(cut(title, LONGEST.title), flavour)}`
  const line = [`**${severity}**`, kind, markdownLine(cut(rule, LONGEST.title), flavour)]
  const begin = [head, line.filter((part) => part !== '').join(' · ')]
  const end = [links(message), why(message)].filter((part) => part !== '')
  const middle = [
    markdownLines(cut(message.summary, LONGEST.text), flavour),
    ...message.paragraphs.map((text) => markdownParagraph(cut(text, LONGEST.text), flavour)),
    facts(message),
    picture(message),
  ]
  let left = MOST - [...begin, ...end, OMITTED].join('\n\n').length - 10
  const taken: string[] = []
  let isCut = false
  const take = (part: string) => {
    if (part === '') return
    const fits = part.length + 2 <= left
    if (fits) taken.push(part)
    left -= fits ? part.length + 2 : 0
    isCut ||= !fits
  }
  for (const part of middle) take(part)
  if (table !== undefined) take(tableText(table, left - 100))
  if (code !== undefined && code.trim() !== '') take(codeBlock(code.slice(-LONGEST.code)))
  return [...begin, ...taken, ...(isCut ? [OMITTED] : []), ...end].join('\n\n')
}

const OMITTED = '*A part of this message was too long for a comment.*'

function facts({ facts: all }: Message): string {
  const lines = all.slice(0, MOST_FACTS).map(({ name, value }) => {
    const shown = markdownLine(cut(value, LONGEST.value), flavour)
    return `- **${markdownLine(cut(name, LONGEST.cell), flavour)}:** ${shown}`
  })
  return [...lines, ...(all.length > MOST_FACTS ? [`- +${all.length - MOST_FACTS} more`] : [])].join('\n')
}

/** As many rows as fit; the others are counted with those the message leaves out already. */
function tableText(table: MessageTable, room: number): string {
  const rowText = (cells: readonly string[]) =>
    `| ${cells.map((cell) => markdownLine(cut(cell, LONGEST.cell), flavour)).join(' | ')} |`
  const lines = [rowText(table.columns), `|${table.columns.map(() => ' --- ').join('|')}|`]
  let size = lines.join('\n').length
  let shown = 0
  for (const row of table.rows) {
    const line = rowText(row)
    size += line.length + 1
    if (size > room) break
    lines.push(line)
    shown += 1
  }
  const more = moreRows({ ...table, more: table.more + table.rows.length - shown })
  return [lines.join('\n'), ...(more === '' ? [] : [more])].join('\n\n')
}

function picture({ image }: Message): string {
  const address = image === undefined ? null : safeUrl(image)
  return address === null ? '' : `!${markdownLink('picture', address, flavour)}`
}

function links({ actions, links: others }: Message): string {
  const all = [...actions, ...others].slice(0, 20)
  return all.map(({ text, url }) => markdownLink(cut(text, LONGEST.cell), url, flavour)).join(' · ')
}

function why({ why: text, traceUrl }: Message): string {
  const parts = [markdownLine(cut(text, LONGEST.value), flavour)]
  if (traceUrl !== undefined) parts.push(markdownLink('why?', traceUrl, flavour))
  const shown = parts.filter((part) => part !== '').join(' · ')
  return shown === '' ? '' : `<sub>${shown}</sub>`
}
