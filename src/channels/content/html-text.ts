/** HTML as text, for readers without HTML. Takes time in proportion to the text's length, whatever it holds. */
export function htmlText(html: string): string {
  return withoutHidden(html)
    .replace(/<(br|\/p|\/div|\/tr|\/h[1-6]|\/li)\b[^<>]*>/gi, '\n')
    .replace(/<[^<>]*>/g, '')
    .replace(/&(lt|gt|quot|#39|nbsp|amp);/g, (entity) => characters[entity] ?? entity)
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

const characters: Record<string, string> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
  '&amp;': '&',
}

function withoutHidden(html: string): string {
  const lower = html.toLowerCase()
  let text = ''
  let from = 0
  for (const found of lower.matchAll(/<(style|script|head)\b/g)) {
    if (found.index < from) continue
    text += html.slice(from, found.index)
    const end = lower.indexOf(`</${found[1]}`, found.index)
    if (end === -1) return text
    const close = lower.indexOf('>', end)
    from = close === -1 ? html.length : close + 1
  }
  return text + html.slice(from)
}
