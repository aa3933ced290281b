import { cleanLine, cleanLines, escapeHtml, safeUrl } from './clean.ts'
import { markdownText, parseMarkdown } from './markdown.ts'
import {
  codeBlock,
  type Flavour,
  markdownLine,
  markdownLines,
  markdownLink,
  markdownParagraph,
} from './markdown-text.ts'
import { tableText } from './plain.ts'

/** How text is written for one kind of reader. Whatever it is given is text from data, but for a paragraph's mark-up. */
export interface Writer {
  line(text: string): string
  lines(text: string): string
  /** The light Markdown of paragraphs. */
  paragraph(text: string): string
  /** Text that was already written, made to stand out. */
  strong(written: string): string
  link(text: string, url: string): string
  code(text: string): string
  /** Lines that were already written, each an item. */
  list(items: readonly string[]): string
  /** Between parts, and between links. */
  between: { parts: string; links: string }
  table(columns: readonly string[], rows: readonly string[][]): string
}

/** Markdown. Where tables are not known they are shown in fixed width. */
export function markdownWriter(flavour: Flavour & { tables: boolean }): Writer {
  return {
    line: (text) => markdownLine(text, flavour),
    lines: (text) => markdownLines(text, flavour),
    paragraph: (text) => markdownParagraph(text, flavour),
    strong: (written) => `**${written}**`,
    link: (text, url) => markdownLink(text, url, flavour),
    code: codeBlock,
    list: (items) => items.map((item) => `- ${item}`).join('\n'),
    between: { parts: '\n\n', links: ' · ' },
    table: (columns, rows) => {
      if (!flavour.tables) return codeBlock(tableText({ columns: [...columns], rows: [...rows], more: 0 }))
      const row = (cells: readonly string[]) => `| ${cells.map((cell) => markdownLine(cell, flavour)).join(' | ')} |`
      return [row(columns), `|${columns.map(() => ' --- ').join('|')}|`, ...rows.map(row)].join('\n')
    },
  }
}

/** The little HTML of chat cards: bold, italic, links and line breaks. */
export const htmlWriter: Writer = {
  line: (text) => escapeHtml(cleanLine(text)),
  lines: (text) => escapeHtml(text).replaceAll('\n', '<br>'),
  paragraph: (text) =>
    parseMarkdown(text)
      .map(({ text: inner, style, url = '' }) => {
        if (style === 'link') return htmlWriter.link(inner, url)
        const shown = htmlWriter.lines(inner)
        return style === 'bold' ? `<b>${shown}</b>` : style === 'italic' ? `<i>${shown}</i>` : shown
      })
      .join(''),
  strong: (written) => `<b>${written}</b>`,
  link: (text, url) => {
    const address = safeUrl(url)
    const shown = htmlWriter.line(text === '' ? url : text)
    return address === null ? shown : `<a href="${escapeHtml(address)}">${shown}</a>`
  },
  code: (text) => htmlWriter.lines(text),
  list: (items) => items.join('<br>'),
  between: { parts: '<br><br>', links: ' · ' },
  table: (columns, rows) => [columns, ...rows].map((cells) => cells.map(htmlWriter.line).join(' · ')).join('<br>'),
}

/** Text without mark-up. */
export const plainWriter: Writer = {
  line: cleanLine,
  lines: cleanLines,
  paragraph: (text) => cleanLines(markdownText(text)),
  strong: (written) => written,
  link: (text, url) => (text === '' || text === url ? cleanLine(url) : `${cleanLine(text)}: ${cleanLine(url)}`),
  code: cleanLines,
  list: (items) => items.join('\n'),
  between: { parts: '\n\n', links: '\n' },
  table: (columns, rows) => tableText({ columns: [...columns], rows: [...rows], more: 0 }),
}
