import type { JsonObject } from '../../model/json.ts'
import { cleanLine, cleanLines, cut, safeUrl } from '../content/clean.ts'
import { parseMarkdown, type Span } from '../content/markdown.ts'

/**
 * Texts in Adaptive Cards. A TextBlock understands Markdown and a TextRun does not, so whatever could be mark-up goes into
 * runs (https://adaptivecards.io/explorer/TextRun.html).
 */

/** How text looks; TextBlock and TextRun share these. */
export type Looks = {
  weight?: 'Bolder'
  size?: 'Small' | 'Large'
  isSubtle?: boolean
  fontType?: 'Monospace'
}

/** Whether Markdown takes no part of the text for mark-up, a link or an entity. */
export function isTame(text: string): boolean {
  return !/[\\`*~[\]<>&|\n]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:\/\/|www\.|^\s*([-+#•]|\d+[.)]\s)/u.test(text)
}

/** One line of plain text. */
export function textLine(text: string, looks: Looks = {}, place: JsonObject = {}): JsonObject {
  const line = cleanLine(text)
  if (isTame(line)) return { type: 'TextBlock', text: line, wrap: true, ...looks, ...place }
  return runs([run(line, looks)], place)
}

/** One line of light Markdown. */
export function markdownLine(markdown: string, place: JsonObject = {}): JsonObject {
  return runs(parseMarkdown(markdown).map(spanRun), place)
}

/** A line that leads to an address, or names it where it is none a link may lead to. */
export function linkLine(text: string, url: string, looks: Looks = {}): JsonObject {
  return runs([linkRun(text, url, looks)], { spacing: 'Small' })
}

export function runs(inlines: JsonObject[], place: JsonObject = {}): JsonObject {
  return { type: 'RichTextBlock', inlines, ...place }
}

export function run(text: string, looks: JsonObject = {}): JsonObject {
  return { type: 'TextRun', text, ...looks }
}

export function linkRun(text: string, url: string, looks: Looks = {}): JsonObject {
  const href = safeUrl(url)
  const shown = cleanLine(text).trim()
  if (href === null) return run(`${shown} (${cleanLine(url)})`, { ...looks })
  return run(shown === '' ? href : shown, { ...looks, selectAction: { type: 'Action.OpenUrl', url: href } })
}

/** The lines of a text, empty ones left out. */
export function linesOf(text: string): string[] {
  return cleanLines(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
}

/** Bytes of something as JSON. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

/** A text that takes about so many bytes of JSON. */
export function cutBytes(text: string, most: number): string {
  const size = jsonBytes(text)
  return size <= most ? text : cut(text, Math.max(1, Math.floor((text.length * most) / size)))
}

function spanRun({ text, style, url }: Span): JsonObject {
  if (url !== undefined) return linkRun(text, url)
  if (style === 'bold') return run(text, { weight: 'Bolder' })
  if (style === 'italic') return run(text, { italic: true })
  return run(text, style === 'code' ? { fontType: 'Monospace' } : {})
}
