/** A stretch of text in one style. */
export interface Span {
  text: string
  style: 'plain' | 'bold' | 'italic' | 'code' | 'link'
  /** Of links. */
  url?: string
}

/**
 * The light Markdown of paragraphs: `**bold**`, `*italic*`, `_italic_`, code between backticks and `[text](url)`. A
 * backslash takes the meaning from the punctuation after it. Anything else is text.
 */
export function parseMarkdown(text: string): Span[] {
  const spans: Span[] = []
  let plain = ''
  const flush = () => {
    if (plain !== '') spans.push({ text: plain, style: 'plain' })
    plain = ''
  }
  for (let at = 0; at < text.length; ) {
    const found = spanAt(text, at)
    if (found === null) {
      const escaped = ESCAPED.test(text.slice(at, at + 2))
      plain += escaped ? text[at + 1] : text[at]
      at += escaped ? 2 : 1
      continue
    }
    flush()
    spans.push(found.span)
    at = found.end
  }
  flush()
  return spans
}

/** The text without its mark-up; links keep their address in brackets. */
export function markdownText(text: string): string {
  return parseMarkdown(text)
    .map((span) => (span.url === undefined || span.url === span.text ? span.text : `${span.text} (${span.url})`))
    .join('')
}

const ESCAPED = /^\\[!-/:-@[-`{-~]$/

// Bounded, so that no text can make the search take long.
const forms: [RegExp, Span['style']][] = [
  [/`([^`\n]{1,500})`/y, 'code'],
  [/\*\*((?:\\.|[^*\\\n]){1,1000})\*\*/y, 'bold'],
  [/\*((?:\\.|[^*\\\s])(?:(?:\\.|[^*\\\n]){0,1000}(?:\\.|[^*\\\s]))?)\*/y, 'italic'],
  [/(?<![\p{L}\p{N}_])_((?:\\.|[^_\\\s])(?:(?:\\.|[^_\\\n]){0,1000}(?:\\.|[^_\\\s]))?)_(?![\p{L}\p{N}_])/uy, 'italic'],
  [/\[((?:\\.|[^\]\\\n]){1,500})\]\(([^()\s]{1,2000})\)/y, 'link'],
]

function spanAt(text: string, at: number): { span: Span; end: number } | null {
  if (!'`*_['.includes(text[at] ?? ' ')) return null
  for (const [form, style] of forms) {
    form.lastIndex = at
    const found = form.exec(text)
    if (found === null) continue
    const inner = found[1] ?? ''
    const shown = style === 'code' ? inner : inner.replace(/\\([!-/:-@[-`{-~])/g, '$1')
    const url = found[2]
    return { span: url === undefined ? { text: shown, style } : { text: shown, style, url }, end: form.lastIndex }
  }
  return null
}
