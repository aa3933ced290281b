import { LIMITS } from './budget.ts'
import { fail } from './failure.ts'
import type { Token } from './lexer.ts'
import type { Chain, Compare, Node, Slice } from './tree.ts'

/** Where the parser is, and how its parts reach the whole grammar. */
export interface Parsing {
  readonly tokens: readonly Token[]
  next: number
  /** Operators whose right side is being read. */
  depth: number
  /** Reads one expression. */
  readonly expression: (parsing: Parsing) => Node
  /** Reads an expression without `if … else` at its top. */
  readonly operand: (parsing: Parsing) => Node
}

export function peek(parsing: Parsing, ahead = 0): Token {
  const token = parsing.tokens[Math.min(parsing.next + ahead, parsing.tokens.length - 1)]
  return token ?? fail('SyntaxError', 'The expression is empty.', 0)
}

/** Takes the next token if it is this operator or keyword. */
export function accept(parsing: Parsing, text: string): boolean {
  const token = peek(parsing)
  if (token.text !== text || (token.kind !== 'operator' && token.kind !== 'keyword')) return false
  parsing.next += 1
  return true
}

/** Takes the next token, which must be this operator or keyword. */
export function expect(parsing: Parsing, text: string): Token {
  const token = peek(parsing)
  if (accept(parsing, text)) return token
  if (token.text === ':=') fail('Refused', 'Assignments are not supported.', token.at)
  return fail('SyntaxError', `Expected '${text}' but found ${described(token)}.`, token.at)
}

export function unexpected(token: Token): never {
  return fail(
    'SyntaxError',
    token.kind === 'end' ? 'The expression ends too early.' : `Unexpected ${described(token)}.`,
    token.at,
  )
}

/** The common parts of a node above others; refuses trees that are too deep. */
export function above(at: number, end: number, below: readonly (Node | Slice | undefined)[]) {
  const height = 1 + below.reduce((most, node) => Math.max(most, node?.height ?? 0), 0)
  if (height > LIMITS.depth) fail('Budget', `The expression is nested more than ${LIMITS.depth} levels deep.`, at)
  return { at, end, height }
}

/** Operators of one precedence in a row; `at` is the place of the first. */
export function chainOf(first: Node, rest: Chain['rest'], at: number): Node {
  const operands = rest.map(({ operand }) => operand)
  return { kind: 'chain', first, rest, ...above(at, operands.at(-1)?.end ?? at, [first, ...operands]) }
}

/** Comparisons in a row; `at` is the place of the first. */
export function compareOf(first: Node, rest: Compare['rest'], at: number): Node {
  const operands = rest.map(({ operand }) => operand)
  return { kind: 'compare', first, rest, ...above(at, operands.at(-1)?.end ?? at, [first, ...operands]) }
}

/** Whether a list of items ends before this token. */
export function endsList(token: Token): boolean {
  return token.kind === 'end' || (token.kind === 'operator' && [')', ']', '}', ':', '='].includes(token.text))
}

function described(token: Token): string {
  if (token.kind === 'end') return 'the end'
  return token.kind === 'number' ? 'a number' : token.kind === 'string' ? 'a text' : `'${token.text}'`
}
