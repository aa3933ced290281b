import { INVISIBLE, isTame, tame } from '../../language/tame.ts'
import { cleanLine, cleanLines, safeUrl } from '../content/clean.ts'
import { parseMarkdown, type Span } from '../content/markdown.ts'

/**
 * Text as Slack wants it: `&`, `<` and `>` are escaped, and nothing else has to be. Then nothing in it is a mention or a
 * link (https://docs.slack.dev/messaging/formatting-message-text#escaping). At most `most` characters long, never cut
 * inside an entity or a character; a sign says that it is cut.
 */
export function escapeSlack(text: string, most = Number.POSITIVE_INFINITY): string {
  // Escaping never shortens, so what lies beyond cannot be shown.
  const escaped = cleanLines(text.slice(0, most + 1)).replace(/[&<>]/g, (char) => entities[char] ?? char)
  if (text.length <= most && escaped.length <= most) return escaped
  const kept = escaped.slice(0, Math.max(0, most - 1)).replace(/&[a-z]{0,3}$/, '')
  return `${kept.replace(/[\ud800-\udbff]$/, '')}…`
}

/** Text among mark-up: what could begin or end a style is parted from its neighbours by a space nobody sees. */
export function plainMrkdwn(text: string, most = Number.POSITIVE_INFINITY): string {
  const escaped = escapeSlack(text, most)
  if (isTame(escaped)) return escaped
  const tamed = tame(escaped)
  return tamed.length <= most ? tamed : tame(escapeSlack(text, Math.floor(most / 2)))
}

/** A link, or its text and address where the address is none that a link may lead to. */
export function slackLink(text: string, url: string): string {
  const href = safeUrl(url)
  const shown = plainMrkdwn(cleanLine(text).trim())
  if (href === null) return `${shown} (${plainMrkdwn(cleanLine(url))})`
  const address = escapeSlack(href).replaceAll('|', '%7C')
  return `<${address}|${shown === '' ? address : shown}>`
}

/** Light Markdown as Slack has it, at most `most` characters long; a style is left out whole rather than cut. */
export function slackMarkdown(markdown: string, most: number): string {
  let text = ''
  for (const span of parseMarkdown(cleanLines(markdown))) {
    const styled = styledSpan(span)
    const left = most - 1 - text.length
    if (styled.length <= left) text += styled
    else return `${text}${span.style === 'plain' && left > 1 ? plainMrkdwn(span.text, left) : '…'}`
  }
  return text
}

/** Text in fixed width; what would end it early is parted by spaces nobody sees. */
export function fenced(text: string): string {
  return `\`\`\`\n${fenceable(text)}\n\`\`\``
}

/** Escaped text as it may stand in fixed width. */
export function fenceable(text: string): string {
  return escapeSlack(text).replaceAll('```', `\`${INVISIBLE}\`${INVISIBLE}\``)
}

function styledSpan({ text, style, url }: Span): string {
  if (url !== undefined) return slackLink(text, url)
  if (style === 'code') return `\`${escapeSlack(text)}\``
  const inner = plainMrkdwn(text)
  if (style === 'bold') return `*${inner}*`
  return style === 'italic' ? `_${inner}_` : inner
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
