import type { Message, Severity } from '../../model/message.ts'
import { cut, safeUrl } from '../content/clean.ts'
import { isGood } from '../content/colour.ts'
import { titleOf } from '../content/head.ts'
import { contentParts, fitted, linksPart } from '../content/parts.ts'
import { markdownWriter } from '../content/writer.ts'

/** Characters of a comment that GitHub takes, less what the marker needs. */
export const MOST = 65_000

const writer = markdownWriter({ entities: true, tables: true })
const icons: Record<Severity, string> = { debug: '⚪', info: '🔵', warning: '🟡', error: '🟠', critical: '🔴' }
const LONGEST = { title: 250, part: 20_000, why: 2000 }

/** A message as the Markdown of a comment. What does not fit is cut or left out, and said to be. */
export function commentText(message: Message): string {
  const { kind, severity, rule } = message
  const head = `### ${isGood(message) ? '✅' : icons[severity]} ${writer.line(cut(titleOf(message), LONGEST.title))}`
  const line = [`**${severity}**`, kind, writer.line(cut(rule, LONGEST.title))]
    .filter((part) => part !== '')
    .join(' · ')
  const end = [linksPart(message, writer)(LONGEST.part), why(message)].filter((part) => part !== '')
  const left = MOST - [head, line, ...end].join('\n\n').length
  const parts = contentParts(message, writer).map((part) => (most: number) => part(Math.min(most, LONGEST.part)))
  const middle = fitted([...parts, () => picture(message)], left, '\n\n', OMITTED)
  return [head, line, ...(middle === '' ? [] : [middle]), ...end].join('\n\n')
}

const OMITTED = '*A part of this message was too long for a comment.*'

function picture({ image }: Message): string {
  const address = image === undefined ? null : safeUrl(image)
  return address === null ? '' : `!${writer.link('picture', address)}`
}

function why({ why: text, traceUrl }: Message): string {
  const parts = [writer.line(cut(text, LONGEST.why)), traceUrl === undefined ? '' : writer.link('why?', traceUrl)]
  const shown = parts.filter((part) => part !== '').join(' · ')
  return shown === '' ? '' : `<sub>${shown}</sub>`
}
