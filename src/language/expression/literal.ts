import { allowBits } from './budget.ts'
import { fail } from './failure.ts'

const ESCAPES: Record<string, string> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
}

const HEX_DIGITS: Record<string, number> = { x: 2, u: 4, U: 8 }

const NUMBER =
  /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][+-]?\d(?:_?\d)*)?|\d(?:_?\d)*(?:\.(?:[eE][+-]?\d(?:_?\d)*)?|[eE][+-]?\d(?:_?\d)*)?/y

/** Reads the number that begins at `at`: an int as bigint, a float as number. */
export function readNumber(text: string, at: number): { value: bigint | number; end: number } {
  NUMBER.lastIndex = at
  const source = NUMBER.exec(text)?.[0] ?? ''
  const end = at + source.length
  checkEnd(text, at, end)
  const digits = source.replaceAll('_', '')
  if (/^0[xXoObB]/.test(digits)) return { value: bounded(BigInt(digits)), end }
  if (/[.eE]/.test(digits)) return { value: Number(digits), end }
  if (/^0+[1-9]/.test(digits)) fail('SyntaxError', 'Whole numbers must not begin with 0.', at)
  // A decimal digit is more than three bits.
  allowBits(digits.length * 3)
  return { value: bounded(BigInt(digits)), end }
}

/** Replaces the escapes of a text literal; `at` is where its inside begins. */
export function unescapeText(inside: string, at: number): string {
  let result = ''
  for (let index = 0; index < inside.length; index += 1) {
    const char = inside[index] ?? ''
    if (char !== '\\') {
      result += char
      continue
    }
    const { text, length } = readEscape(inside, index + 1, at)
    result += text
    index += length
  }
  return result
}

function readEscape(inside: string, start: number, at: number): { text: string; length: number } {
  const letter = inside[start] ?? ''
  const simple = ESCAPES[letter]
  if (simple !== undefined) return { text: simple, length: 1 }
  const octal = /^[0-7]{1,3}/.exec(inside.slice(start, start + 3))?.[0]
  if (octal !== undefined) return { text: String.fromCodePoint(Number.parseInt(octal, 8)), length: octal.length }
  if (letter === 'N') fail('Refused', 'Characters by name are not supported.', at + start - 1)
  const digits = HEX_DIGITS[letter]
  // An unknown escape stands for itself.
  if (digits === undefined) return { text: `\\${letter}`, length: 1 }
  const hex = inside.slice(start + 1, start + 1 + digits)
  const code = new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(hex) ? Number.parseInt(hex, 16) : -1
  if (code < 0 || code > 0x10ffff) {
    fail('SyntaxError', `\\${letter} must be followed by ${digits} hexadecimal digits.`, at + start - 1)
  }
  return { text: String.fromCodePoint(code), length: digits + 1 }
}

function checkEnd(text: string, at: number, end: number): void {
  const rest = text.slice(end, end + 5)
  if (/^[jJ]/.test(rest)) fail('Refused', 'Complex numbers are not supported.', at)
  if (/^(and|else|for|if|in|is|not|or)/.test(rest)) return
  if (/^[\p{L}\p{N}_]/u.test(rest)) fail('SyntaxError', 'This is not a number.', at)
}

function bounded(value: bigint): bigint {
  allowBits(value.toString(16).length * 4 - 3)
  return value
}
