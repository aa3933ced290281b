import type { Fact, Link, Message, MessageTable } from '../../model/message.ts'
import { cleanLine, cut, escapeHtml, safeUrl } from '../content/clean.ts'
import { colourOf } from '../content/colour.ts'
import { parseMarkdown, type Span } from '../content/markdown.ts'
import { moreRows } from '../content/plain.ts'

// Mail programs know tables and inline styles; little else can be relied on.
const FONT = 'font-family:-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif'
const CELL = 'padding:6px 8px;border-bottom:1px solid #e3e5e8;text-align:left;vertical-align:top;white-space:pre-wrap'

/**
 * A message as an HTML document for mail programs. All that comes with the message is escaped. `override` takes the place
 * of the document's content, as MLRun's `message_body_override` does: `{{ runs }}` in it stands for what it replaces.
 */
export function mailHtml(message: Message, override = '{{ runs }}'): string {
  const content = override.replace(/\{\{ ?runs ?\}\}/g, () => card(message))
  return `<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${titleOf(message)}</title></head>
<body style="margin:0;padding:16px;background:#f4f5f7;color:#1f2328;${FONT};font-size:15px;line-height:1.45">
${content}
</body></html>
`
}

function card(message: Message): string {
  const colour = colourOf(message)
  const parts = [
    message.summary === '' ? '' : `<p style="margin:0 0 12px;white-space:pre-wrap">${escapeHtml(message.summary)}</p>`,
    ...message.paragraphs.map(paragraph),
    facts(message.facts),
    message.table === undefined ? '' : table(message.table),
    message.code === undefined ? '' : code(message.code),
    message.actions.map((action) => button(action, colour)).join(''),
    message.links.length === 0 ? '' : `<p style="margin:0 0 12px">${message.links.map(anchor).join('<br>')}</p>`,
    why(message),
  ]
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="width:100%;max-width:680px;table-layout:fixed;margin:0 auto;background:#ffffff;border-top:4px solid ${colour}"><tr><td style="padding:20px;overflow-wrap:break-word;word-wrap:break-word">
<p style="margin:0 0 4px;font-size:12px;font-weight:bold;color:${colour}">${label(message)}</p>
<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">${titleOf(message)}</h1>
${parts.filter((part) => part !== '').join('\n')}
</td></tr></table>`
}

function titleOf({ title }: Message): string {
  return line(cut(title, LONGEST_TITLE))
}

function line(text: string): string {
  return escapeHtml(cleanLine(text))
}

function label({ kind, severity }: Message): string {
  return kind === 'firing' || kind === 'message' ? severity.toUpperCase() : kind.toUpperCase()
}

function paragraph(text: string): string {
  return `<p style="margin:0 0 12px;white-space:pre-wrap">${parseMarkdown(text).map(span).join('')}</p>`
}

function span({ text, style, url }: Span): string {
  if (url !== undefined) return anchor({ text, url })
  const inner = escapeHtml(text)
  if (style === 'bold') return `<strong>${inner}</strong>`
  if (style === 'italic') return `<em>${inner}</em>`
  return style === 'code' ? `<code style="background:#f0f1f3;padding:1px 4px">${inner}</code>` : inner
}

function facts(list: Fact[]): string {
  const rows = list.map(
    ({ name, value }) =>
      `<tr><td style="${CELL};color:#57606a">${line(name)}</td><td style="${CELL}">${escapeHtml(value)}</td></tr>`,
  )
  return rows.length === 0
    ? ''
    : `<table cellpadding="0" cellspacing="0" style="${GRID};overflow-wrap:anywhere">${rows.join('\n')}</table>`
}

const LONGEST_TITLE = 250
const GRID = 'border-collapse:collapse;margin:0 0 12px;font-size:14px'

function table(content: MessageTable): string {
  const row = (cells: string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag} style="${CELL}">${escapeHtml(cell)}</${tag}>`).join('')}</tr>`
  const rows = [row(content.columns, 'th'), ...content.rows.map((cells) => row(cells, 'td'))]
  const more = moreRows(content)
  const note = more === '' ? '' : `<p style="margin:0 0 12px;color:#57606a">${more}</p>`
  return `<div style="overflow-x:auto"><table cellpadding="0" cellspacing="0" style="${GRID}">${rows.join('\n')}</table></div>${note}`
}

function code(text: string): string {
  return `<pre style="margin:0 0 12px;padding:10px;background:#f0f1f3;font-size:13px;white-space:pre-wrap;overflow-wrap:anywhere">${escapeHtml(text)}</pre>`
}

function button({ text, url }: Link, colour: string): string {
  const href = safeUrl(url)
  if (href === null) return `<p style="margin:0 0 12px">${line(text)}: ${line(url)}</p>`
  return `<p style="margin:0 0 12px"><a href="${escapeHtml(href)}" style="display:inline-block;padding:8px 14px;background:${colour};color:#ffffff;text-decoration:none">${line(text)}</a></p>`
}

function anchor({ text, url }: Link): string {
  const href = safeUrl(url)
  return href === null
    ? `${line(text)} (${line(url)})`
    : `<a href="${escapeHtml(href)}">${line(text === '' ? url : text)}</a>`
}

function why({ why: reason, traceUrl }: Message): string {
  const trace = traceUrl === undefined ? '' : ` ${anchor({ text: 'Why was this sent?', url: traceUrl })}`
  return `<p style="margin:12px 0 0;font-size:12px;color:#57606a">${line(reason)}${trace}</p>`
}
