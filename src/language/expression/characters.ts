/** Text by characters (code points); JavaScript counts UTF-16 units. */

const SURROGATE = /[\ud800-\udfff]/
/** What Python strips and splits at. */
export const BLANKS = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

/** Whether every character is one UTF-16 unit, so that offsets are the same in both. */
export function isPlain(text: string): boolean {
  return !SURROGATE.test(text)
}

export function lengthOf(text: string): number {
  if (isPlain(text)) return text.length
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** The characters from `start` to before `end`, both within the text. */
export function part(text: string, start: number, end: number): string {
  return isPlain(text) ? text.slice(start, end) : [...text].slice(start, end).join('')
}

/** Negative, 0 or positive, by code points. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  const shorter = Math.min(a.length, b.length)
  let index = 0
  while (index < shorter && a.charCodeAt(index) === b.charCodeAt(index)) index += 1
  if (index === shorter) return a.length - b.length
  return weight(a.charCodeAt(index)) - weight(b.charCodeAt(index))
}

/** Surrogates stand for characters above all others. */
function weight(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
