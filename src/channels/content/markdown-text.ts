import { cleanLine, cleanLines, safeUrl } from './clean.ts'
import { parseMarkdown } from './markdown.ts'

/** How those who read the Markdown differ. */
export interface Flavour {
  /** Whether entities such as `&amp;` are read as characters; HTML then is too, and has to be kept from it. */
  entities: boolean
}

/** Takes no room, and keeps the character before it from having a meaning together with the one after. */
const BREAK = '\u200b'

/**
 * Text from data, on one line, as Markdown that shows exactly it: no mark-up, mention, reference, link or picture. What
 * a backslash cannot keep from it, such as a mention that is looked for once the mark-up is gone, is broken by a space
 * of no width.
 */
export function markdownLine(text: string, { entities }: Flavour): string {
  const quiet = cleanLine(text)
    .trim()
    // Addresses, people, and references to issues, labels, milestones and the like.
    .replace(/(:)(?=\/\/)|(www)(?=\.)|@|[#~%^](?=[\p{L}\p{N}_"])|[!&$](?=\p{N})/giu, `$&${BREAK}`)
    .replace(/(mailto|xmpp)(?=:)|(GH)(?=-\d)/gi, `$&${BREAK}`)
    // Names of pictures, such as :tada:, but not times.
    .replace(/:(?!\d+:)(?=[a-z0-9_+-]+:)/gi, `:${BREAK}`)
    // Commits.
    .replace(/\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b/gi, (id) => id.replace(/.{6}(?=.)/g, `$&${BREAK}`))
  const escaped = quiet.replace(/[\\`*_{}[\]|~#]/g, '\\$&').replace(/^([-+=]|\d+(?=[.)](\s|$)))/, begun)
  return entities
    ? escaped.replace(/[&<>$]/g, (char) => entityOf[char] ?? char)
    : escaped.replace(/<(?=[@#!:/a-z])/gi, `<${BREAK}`).replace(/[<>]/g, '\\$&')
}

/** The same over several lines, which stay lines. */
export function markdownLines(text: string, flavour: Flavour): string {
  return cleanLines(text)
    .split('\n')
    .map((line) => markdownLine(line, flavour))
    .join('\n')
    .trim()
    .replace(/\n{3,}/g, '\n\n')
    .replace(/([^\n])\n(?=[^\n])/g, flavour.entities ? '$1\\\n' : '$1\n')
}

/** The light Markdown of a paragraph, in which nothing else of Markdown has a meaning. */
export function markdownParagraph(text: string, flavour: Flavour): string {
  return parseMarkdown(text)
    .map(({ text: inner, style, url = '' }) => {
      if (style === 'link') return markdownLink(inner, url, flavour)
      if (style === 'code') return codeSpan(inner)
      const shown = spaced(inner, (middle) => markdownLines(middle, flavour))
      return style === 'plain' ? shown : style === 'bold' ? `**${shown}**` : `*${shown}*`
    })
    .join('')
}

/** A link, or its text where the address is none that a link may lead to. */
export function markdownLink(text: string, url: string, flavour: Flavour): string {
  const address = safeUrl(url)
  const shown = markdownLine(text === '' ? url : text, flavour)
  // Round brackets would end the address for some readers.
  return address === null
    ? shown
    : `[${shown}](${address.replace(/[()\\]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)})`
}

/** Text in fixed width on one line, in which nothing has a meaning. */
export function codeSpan(text: string): string {
  const line = cleanLine(text)
  const fence = '`'.repeat(longestRun(line) + 1)
  const pad = /^[` ]|[` ]$/.test(line) ? ' ' : ''
  return line === '' ? '' : `${fence}${pad}${line}${pad}${fence}`
}

/** Lines in fixed width, in which nothing has a meaning. */
export function codeBlock(text: string): string {
  const lines = cleanLines(text)
  const fence = '`'.repeat(Math.max(3, longestRun(lines) + 1))
  return `${fence}\n${lines}\n${fence}`
}

const entityOf: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', $: '&#36;' }

/** A line must not begin as a list or the line under a heading does. */
function begun(start: string): string {
  return /^\d/.test(start) ? `${start}\\` : `\\${start}`
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0)
}

/** Spaces around a stretch of text belong to the text around it. */
function spaced(text: string, write: (middle: string) => string): string {
  const [, before = '', middle = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? []
  return `${before}${write(middle)}${after}`
}
