/** A piece of an expression, with the white space before it. */
export interface Token {
  kind: 'name' | 'number' | 'string' | 'operator'
  text: string
  space: string
}

const PIECES =
  /(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<number>\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<string>"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')|\*\*|\/\/|[=!<>]=|[\s\S]/uy
const SPACE = /\s*/y
const openings: Record<string, string> = { ')': '(', ']': '[', '}': '{' }

/** Cuts an expression into tokens; what it does not know is left as operators of one character. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    SPACE.lastIndex = at
    const space = SPACE.exec(text)?.[0] ?? ''
    at += space.length
    if (at >= text.length) break
    const index = afterDot(tokens) ? (/^\d+/.exec(text.slice(at, at + 20))?.[0] ?? '') : ''
    if (index !== '') tokens.push({ kind: 'number', text: index, space })
    else tokens.push({ ...readPiece(text, at), space })
    at += tokens.at(-1)?.text.length ?? 1
  }
  return tokens
}

/** The text of tokens, with their white space. */
export function textOf(tokens: readonly Token[]): string {
  return tokens.map(({ space, text }) => space + text).join('')
}

export function operator(text: string, space = ''): Token {
  return { kind: 'operator', text, space }
}

export function isOperator(token: Token | undefined, ...texts: string[]): boolean {
  return token?.kind === 'operator' && texts.includes(token.text)
}

/** Index of the bracket that closes the one at `open`; the last token when there is none. */
export function closingOf(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let at = open; at < tokens.length; at += 1) {
    if (isOperator(tokens[at], '(', '[', '{')) depth += 1
    else if (isOperator(tokens[at], ')', ']', '}')) depth -= 1
    if (depth === 0) return at
  }
  return tokens.length - 1
}

/** Splits tokens at the commas that stand in no bracket of their own. */
export function splitArguments(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]]
  for (let at = 0; at < tokens.length; at += 1) {
    const end = isOperator(tokens[at], '(', '[', '{') ? closingOf(tokens, at) : at
    if (isOperator(tokens[at], ',')) parts.push([])
    else parts.at(-1)?.push(...tokens.slice(at, end + 1))
    at = end
  }
  return parts.filter((part) => part.length > 0)
}

/** Where the name, literal or bracket with all its attributes, subscripts and calls begins that ends the tokens. */
export function startOfOperand(tokens: readonly Token[]): number {
  let at = tokens.length - 1
  for (;;) {
    const open = openings[tokens[at]?.kind === 'operator' ? (tokens[at]?.text ?? '') : '']
    if (open !== undefined) at = openingOf(tokens, at)
    const before = tokens[at - 1]
    if (isOperator(before, '.')) at -= 2
    else if (open !== undefined && open !== '{' && before !== undefined && endsOperand(before)) at -= 1
    else return Math.max(0, at)
  }
}

/** Where the operand that begins the tokens ends, exclusive. */
export function endOfOperand(tokens: readonly Token[], start: number): number {
  let at = isOperator(tokens[start], '(', '[', '{') ? closingOf(tokens, start) : start
  for (;;) {
    const next = tokens[at + 1]
    if (isOperator(next, '.')) at += 2
    else if (isOperator(next, '(', '[')) at = closingOf(tokens, at + 1)
    else return Math.min(at + 1, tokens.length)
  }
}

/** Whether something may be subscripted or called after this token. */
export function endsOperand(token: Token): boolean {
  if (token.kind === 'name') return !['and', 'or', 'not', 'in', 'is', 'if', 'else', 'for'].includes(token.text)
  return token.kind === 'string' || isOperator(token, ')', ']', '}')
}

function openingOf(tokens: readonly Token[], close: number): number {
  let depth = 0
  for (let at = close; at >= 0; at -= 1) {
    if (isOperator(tokens[at], ')', ']', '}')) depth += 1
    else if (isOperator(tokens[at], '(', '[', '{')) depth -= 1
    if (depth === 0) return at
  }
  return 0
}

function afterDot(tokens: readonly Token[]): boolean {
  const before = tokens.at(-2)
  return isOperator(tokens.at(-1), '.') && before !== undefined && endsOperand(before)
}

function readPiece(text: string, at: number): Omit<Token, 'space'> {
  PIECES.lastIndex = at
  const match = PIECES.exec(text)
  const groups = match?.groups ?? {}
  const kind = groups['name'] ? 'name' : groups['number'] ? 'number' : groups['string'] ? 'string' : 'operator'
  return { kind, text: match?.[0] ?? text.charAt(at) }
}
