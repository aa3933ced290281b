import { allowBits } from '../budget.ts'
import { fail } from '../failure.ts'
import { type Token, trackBrackets } from '../lexer.ts'
import { unescapeText } from '../literal.ts'

const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/y
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy
/** A variable as other products put it into the text of a formula; its name may hold blanks. */
const VARIABLE = /\$\{([^{}\n]+)\}/y
const OPERATOR = /===|!==|&&|\|\||\/\/|==|!=|<=|>=|<>|[-+*/%<>()[\],.=!&|{}?:;^~]/y
const PATTERN = /\/((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([a-z]*)/y
const BLANK = /\s/

/** Splits a formula into tokens; the last one is `end`. A `/` where a value is expected begins a regular expression. */
export function tokenizeFormula(text: string): Token[] {
  const tokens: Token[] = []
  const open: string[] = []
  for (let at = 0; at < text.length; ) {
    if (BLANK.test(text[at] ?? '')) {
      at += 1
      continue
    }
    const token = readToken(text, at, endsValue(tokens.at(-1)))
    if (token.kind === 'operator') trackBrackets(open, token)
    tokens.push(token)
    at = token.end
  }
  if (open.length > 0) fail('SyntaxError', `'${open.at(-1)}' is missing at the end.`, text.length)
  tokens.push({ kind: 'end', text: '', value: 0, at: text.trimEnd().length, end: text.length })
  return tokens
}

function endsValue(token: Token | undefined): boolean {
  if (token === undefined) return false
  return token.kind !== 'operator' || token.text === ')' || token.text === ']'
}

function readToken(text: string, at: number, behindValue: boolean): Token {
  const char = text[at] ?? ''
  const found = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  if (char === '"' || char === "'") return readString(text, at, char)
  const number = /[\d.]/.test(char) && !(behindValue && char === '.') ? found(NUMBER) : null
  if (number !== null) return readNumber(text, at, number[0])
  if (char === '/' && !behindValue) return readPattern(at, found(PATTERN))
  const variable = found(VARIABLE)
  if (variable !== null) {
    return { kind: 'name', text: (variable[1] ?? '').trim(), value: 0, at, end: at + variable[0].length }
  }
  for (const kind of ['name', 'operator'] as const) {
    const written = found(kind === 'name' ? NAME : OPERATOR)?.[0]
    if (written !== undefined) return { kind, text: written, value: 0, at, end: at + written.length }
  }
  return fail('SyntaxError', `'${String.fromCodePoint(text.codePointAt(at) ?? 0)}' has no meaning here.`, at)
}

function readNumber(text: string, at: number, digits: string): Token {
  const end = at + digits.length
  if (/^[\p{L}\p{N}_]/u.test(text.slice(end, end + 2))) fail('SyntaxError', 'This is not a number.', at)
  const whole = /^\d+$/.test(digits)
  // A decimal digit is more than three bits.
  if (whole) allowBits(digits.length * 3)
  return { kind: 'number', text: '', value: whole ? BigInt(digits) : Number(digits), at, end }
}

function readString(text: string, at: number, quote: string): Token {
  let end = at + 1
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1
  if (end >= text.length) fail('SyntaxError', 'The text is not closed.', at)
  const value = unescapeText(text.slice(at + 1, end), at + 1)
  return { kind: 'string', text: value, value: 0, at, end: end + 1 }
}

function readPattern(at: number, match: RegExpExecArray | null): Token {
  if (match === null) return fail('SyntaxError', 'The regular expression is not closed; it ends with /.', at)
  const [whole, source = '', flags = ''] = match
  if (!/^i?$/.test(flags)) fail('SyntaxError', `Regular expressions have the flag i only, not '${flags}'.`, at)
  return { kind: 'pattern', text: `${flags === 'i' ? '(?i)' : ''}${source}`, value: 0, at, end: at + whole.length }
}
