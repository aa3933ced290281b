/**
 * Texts come from databases: these make them harmless for where they go. Bidirectional controls are text and stay; what
 * steers terminals and mail programs does not.
 */

/** Control characters but line break and tab as visible escapes, and every kind of line break as `\n`. */
export function cleanLines(text: string): string {
  return text.replace(/\r\n?|\u2028|\u2029/g, '\n').replace(CONTROLS, visible)
}

/** The same on one line. */
export function cleanLine(text: string): string {
  return cleanLines(text).replace(/[\n\t]/g, ' ')
}

/** Cuts at a number of characters, never inside one, and says so. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  const kept = text.slice(0, most - 1)
  return `${kept.replace(/[\ud800-\udbff]$/, '')}…`
}

/** For text and attribute values in HTML. */
export function escapeHtml(text: string): string {
  return cleanLines(text).replace(/[&<>"']/g, (char) => entities[char] ?? char)
}

/** The address when it is one a link may lead to; null for `javascript:` and its like. */
export function safeUrl(text: string): string | null {
  if (!/^(https?:\/\/|mailto:)/i.test(text) || !URL.canParse(text)) return null
  return new URL(text).href
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

function visible(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
