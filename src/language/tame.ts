/**
 * Slack and WhatsApp take `*`, `_`, `~` and backticks for styles and have no way to escape them. A space that nobody sees
 * behind each keeps them text.
 */
export const INVISIBLE = '\u200b'

/** What begins or ends a style; within a word `_` does not. */
const STYLE = /[*~`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu

/** Whether no part of the text is taken for a style. */
export function isTame(text: string): boolean {
  return text.search(STYLE) === -1
}

/** The text with nothing left in it that begins or ends a style. */
export function tame(text: string): string {
  return text.replace(STYLE, (char) => `${char}${INVISIBLE}`)
}
