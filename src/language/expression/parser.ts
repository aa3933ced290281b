import { parseAtom } from './atoms.ts'
import { LIMITS } from './budget.ts'
import { fail } from './failure.ts'
import type { Token } from './lexer.ts'
import { above, accept, chainOf, compareOf, endsList, expect, type Parsing, peek, unexpected } from './parsing.ts'
import type { BinaryOperator, CompareOperator, Node } from './tree.ts'

const OR = 1
const AND = 2
const NOT = 3
const COMPARE = 4
const UNARY = 11
const POWER = 12

/** How tightly the operators between two operands bind. */
const POWERS: Record<string, number> = {
  or: OR,
  and: AND,
  ...Object.fromEntries(['==', '!=', '<', '<=', '>', '>=', 'in', 'not', 'is'].map((text) => [text, COMPARE])),
  '|': 5,
  '^': 6,
  '&': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '//': 10,
  '%': 10,
  '@': 10,
  '**': POWER,
}

/** Reads the tokens of a whole expression; a comma outside brackets makes a tuple. */
export function parseWhole(tokens: readonly Token[]): Node {
  const parsing: Parsing = { tokens, next: 0, depth: 0, expression: parseExpression, operand: parseOperand }
  const node = parseTuple(parsing)
  const rest = peek(parsing)
  if (rest.text === ':=') fail('Refused', 'Assignments are not supported.', rest.at)
  if (rest.kind !== 'end') unexpected(rest)
  return node
}

/** Reads one expression, with `if … else` at its top. */
function parseExpression(parsing: Parsing): Node {
  const yes = parseOperators(parsing, OR)
  const mark = peek(parsing)
  if (!accept(parsing, 'if')) return yes
  const test = parseOperators(parsing, OR)
  expect(parsing, 'else')
  const no = deeper(parsing, parseExpression)
  return { kind: 'choice', test, yes, no, ...above(mark.at, no.end, [test, yes, no]) }
}

/** Reads an expression without `if … else` at its top. */
function parseOperand(parsing: Parsing): Node {
  return parseOperators(parsing, OR)
}

/** Reads operands and the operators between them that bind at least as tightly as `least`. */
function parseOperators(parsing: Parsing, least: number): Node {
  let left = parsePrefix(parsing, least)
  for (;;) {
    const token = peek(parsing)
    const power = token.kind === 'operator' || token.kind === 'keyword' ? POWERS[token.text] : undefined
    if (power === undefined || power < least) return left
    if (power === COMPARE) left = parseComparisons(parsing, left)
    else if (power === POWER) left = parsePower(parsing, left)
    else if (power <= AND) left = parseLogic(parsing, left, power)
    else left = parseChain(parsing, left, power)
  }
}

/** Reads `a` or `a, b` or `a,`. */
function parseTuple(parsing: Parsing): Node {
  const first = parseExpression(parsing)
  if (peek(parsing).text !== ',' || peek(parsing).kind !== 'operator') return first
  const items = [first]
  while (accept(parsing, ',')) {
    if (endsList(peek(parsing))) break
    items.push(parseExpression(parsing))
  }
  return { kind: 'tuple', items, ...above(first.at, peek(parsing).at, items) }
}

/** Reads something nested, so that a long row of operators cannot exhaust the stack. */
function deeper(parsing: Parsing, read: (parsing: Parsing) => Node): Node {
  parsing.depth += 1
  if (parsing.depth > LIMITS.depth) {
    fail('Budget', `The expression is nested more than ${LIMITS.depth} levels deep.`, peek(parsing).at)
  }
  const node = read(parsing)
  parsing.depth -= 1
  return node
}

function parsePrefix(parsing: Parsing, least: number): Node {
  const token = peek(parsing)
  if (token.kind === 'keyword' && token.text === 'not' && least <= NOT) {
    parsing.next += 1
    const operand = deeper(parsing, (inner) => parseOperators(inner, NOT))
    return { kind: 'unary', operator: 'not', operand, ...above(token.at, operand.end, [operand]) }
  }
  if (token.kind === 'operator' && (token.text === '-' || token.text === '+' || token.text === '~')) {
    parsing.next += 1
    const operand = deeper(parsing, (inner) => parseOperators(inner, UNARY))
    return { kind: 'unary', operator: token.text, operand, ...above(token.at, operand.end, [operand]) }
  }
  return parseAtom(parsing)
}

function parsePower(parsing: Parsing, first: Node): Node {
  const { at } = expect(parsing, '**')
  const operand = deeper(parsing, (inner) => parseOperators(inner, UNARY))
  return { kind: 'chain', first, rest: [{ operator: '**', operand, at }], ...above(at, operand.end, [first, operand]) }
}

function parseLogic(parsing: Parsing, first: Node, power: number): Node {
  const kind = power === OR ? 'or' : 'and'
  const items = [first]
  const { at } = peek(parsing)
  while (accept(parsing, kind)) items.push(parseOperators(parsing, power + 1))
  return { kind, items, ...above(at, items.at(-1)?.end ?? at, items) }
}

function parseChain(parsing: Parsing, first: Node, power: number): Node {
  const rest: { operator: BinaryOperator; operand: Node; at: number }[] = []
  const start = peek(parsing).at
  for (;;) {
    const { text, kind, at } = peek(parsing)
    if (kind !== 'operator' || POWERS[text] !== power) break
    parsing.next += 1
    rest.push({ operator: text as BinaryOperator, operand: parseOperators(parsing, power + 1), at })
  }
  return chainOf(first, rest, start)
}

function parseComparisons(parsing: Parsing, first: Node): Node {
  const rest: { operator: CompareOperator; operand: Node; at: number }[] = []
  const start = peek(parsing).at
  for (;;) {
    const { at } = peek(parsing)
    const operator = acceptComparison(parsing)
    if (operator === undefined) break
    rest.push({ operator, operand: parseOperators(parsing, COMPARE + 1), at })
  }
  return compareOf(first, rest, start)
}

function acceptComparison(parsing: Parsing): CompareOperator | undefined {
  const { text, kind } = peek(parsing)
  if ((kind !== 'operator' && kind !== 'keyword') || POWERS[text] !== COMPARE) return undefined
  parsing.next += 1
  if (text === 'not') {
    expect(parsing, 'in')
    return 'not in'
  }
  if (text === 'is' && accept(parsing, 'not')) return 'is not'
  return text as CompareOperator
}
