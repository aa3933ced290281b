import { LIMITS } from './budget.ts'
import { fail } from './failure.ts'
import { readNumber, unescapeText } from './literal.ts'

export interface Token {
  readonly kind: 'number' | 'string' | 'pattern' | 'name' | 'keyword' | 'operator' | 'end'
  /** The operator, keyword or name; of a string, its value. */
  readonly text: string
  readonly value: bigint | number
  readonly at: number
  readonly end: number
}

const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global ' +
    'if import in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
)

const OPERATOR =
  /\*\*=|\/\/=|>>=|<<=|\.\.\.|!=|==|<=|>=|<>|<<|>>|\*\*|\/\/|:=|->|\+=|-=|\*=|\/=|%=|&=|\|=|\^=|@=|[-+*/%@&|^~<>()[\]{},:.=;]/y
const NAME = /[\p{XID_Start}_]\p{XID_Continue}*/uy
const STRING_START = /([A-Za-z]{0,2})("""|'''|"|')/y
const CLOSERS: Record<string, string> = { '(': ')', '[': ']', '{': '}' }

/** Splits a text into tokens by Python's rules; the last one is `end`. Line breaks count as blanks within brackets. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  const open: string[] = []
  let at = 0
  let lineEnded = false
  while (at < text.length) {
    const char = text[at] ?? ''
    if (char === '\n' || char === '\r') {
      if (open.length === 0 && tokens.length > 0) lineEnded = true
      at += 1
    } else if (char === ' ' || char === '\t' || char === '\f') at += 1
    else if (char === '#') at = lineEnd(text, at)
    else if (char === '\\') at = continuation(text, at)
    else {
      if (lineEnded)
        fail('SyntaxError', 'The expression goes on after its line; end the line with \\ or use brackets.', at)
      const token = readToken(text, at)
      if (token.kind === 'operator') trackBrackets(open, token)
      tokens.push(token)
      at = token.end
    }
  }
  if (open.length > 0) fail('SyntaxError', `'${open.at(-1)}' is missing at the end.`, text.length)
  tokens.push({ kind: 'end', text: '', value: 0, at: text.trimEnd().length, end: text.length })
  return tokens
}

function readToken(text: string, at: number): Token {
  const char = text[at] ?? ''
  if (/\d/.test(char) || (char === '.' && /\d/.test(text[at + 1] ?? ''))) {
    return { kind: 'number', text: '', at, ...readNumber(text, at) }
  }
  const string = readString(text, at)
  if (string !== undefined) return string
  NAME.lastIndex = at
  const written = NAME.exec(text)?.[0]
  if (written !== undefined) {
    const name = written.normalize('NFKC')
    return { kind: KEYWORDS.has(name) ? 'keyword' : 'name', text: name, value: 0, at, end: at + written.length }
  }
  OPERATOR.lastIndex = at
  const operator = OPERATOR.exec(text)?.[0]
  if (operator !== undefined) return { kind: 'operator', text: operator, value: 0, at, end: at + operator.length }
  return fail('SyntaxError', `'${String.fromCodePoint(text.codePointAt(at) ?? 0)}' has no meaning here.`, at)
}

function readString(text: string, at: number): Token | undefined {
  STRING_START.lastIndex = at
  const start = STRING_START.exec(text)
  if (start === null) return undefined
  const [opening, prefix = '', quote = ''] = start
  const flavour = prefix.toLowerCase()
  if (!['', 'r', 'u', 'b', 'br', 'rb', 'f', 'fr', 'rf'].includes(flavour)) return undefined
  if (flavour.includes('f')) fail('Refused', 'f-strings are not supported.', at)
  if (flavour.includes('b')) fail('Refused', 'Bytes are not supported.', at)
  const from = at + opening.length
  const to = closing(text, from, quote)
  if (to < 0) fail('SyntaxError', 'The text is not closed.', at)
  const inside = text.slice(from, to).replaceAll(/\r\n?/g, '\n')
  const value = flavour === 'r' ? inside : unescapeText(inside, from)
  return { kind: 'string', text: value, value: 0, at, end: to + quote.length }
}

/** Where the closing quote begins, or -1. */
function closing(text: string, from: number, quote: string): number {
  for (let index = from; index < text.length; index += 1) {
    if (text.startsWith(quote, index)) return index
    if (text[index] === '\n' && quote.length === 1) return -1
    if (text[index] === '\\') index += text.startsWith('\r\n', index + 1) ? 2 : 1
  }
  return -1
}

/** Follows the brackets that are open; refuses one that closes nothing and too many. */
export function trackBrackets(open: string[], { text, at }: Token): void {
  const closer = CLOSERS[text]
  if (closer !== undefined) {
    open.push(closer)
    if (open.length > LIMITS.depth) fail('Budget', `More than ${LIMITS.depth} brackets are open.`, at)
  } else if (text === ')' || text === ']' || text === '}') {
    if (open.pop() !== text) fail('SyntaxError', `'${text}' closes nothing.`, at)
  }
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function continuation(text: string, at: number): number {
  const end = /^\\\r?\n/.exec(text.slice(at, at + 3))?.[0].length
  return end === undefined ? fail('SyntaxError', 'A \\ must be the last character of its line.', at) : at + end
}
