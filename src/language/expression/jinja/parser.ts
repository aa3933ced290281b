import { LIMITS } from '../budget.ts'
import { fail } from '../failure.ts'
import { type Token, tokenize } from '../lexer.ts'
import { nearestSentence } from '../nearest.ts'
import { above, accept, chainOf, compareOf, expect, type Parsing, peek, unexpected } from '../parsing.ts'
import type { BinaryOperator, CompareOperator, Node, Slice } from '../tree.ts'
import type { Callable, Value } from '../value.ts'
import { filters } from './filters.ts'
import { undefinedValue } from './semantics.ts'
import { concatenate, tests } from './tests.ts'

const CONSTANTS = new Map<string, Value>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])
const WORDS = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else'])
const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>='])

/** Reads an expression of Jinja2; `at` is where it begins in the text around it. */
export function parseJinja(text: string, at: number): Node {
  // Within brackets line ends are blanks; they take the place of the delimiters' last and first character.
  const source = `${' '.repeat(Math.max(0, at - 1))}(${text})`
  const found = tokenize(source).flatMap((token) => asWritten(token, source))
  const shift = at === 0 ? 1 : 0
  const inside = found.slice(1, -2).map((token) => ({ ...token, at: token.at - shift, end: token.end - shift }))
  const place = at + text.trimEnd().length
  const tokens: Token[] = [...inside, { kind: 'end', text: '', value: 0, at: place, end: place }]
  const parsing: Parsing = { tokens, next: 0, depth: 0, expression, operand: either }
  if (inside.length === 0) fail('SyntaxError', 'The expression is empty.', at)
  const node = tuple(parsing, 'end')
  if (peek(parsing).kind !== 'end') unexpected(peek(parsing))
  return node
}

/** Python's other keywords are names here, and no number begins with a point: `list.0` is an item. */
function asWritten(token: Token, source: string): Token[] {
  const { kind, text, at, end } = token
  if (kind === 'number' && source.charAt(at) === '.' && /^\d+$/.test(source.slice(at + 1, end))) {
    const point: Token = { kind: 'operator', text: '.', value: 0, at, end: at + 1 }
    return [point, { ...token, value: BigInt(source.slice(at + 1, end)), at: at + 1 }]
  }
  return [kind === 'keyword' && !WORDS.has(text) && !CONSTANTS.has(text) ? { ...token, kind: 'name' } : token]
}

function tuple(parsing: Parsing, closer: string): Node {
  const first = expression(parsing)
  if (peek(parsing).text !== ',' || peek(parsing).kind !== 'operator') return first
  const items = [first]
  while (accept(parsing, ',')) {
    if (peek(parsing).kind === 'end' || peek(parsing).text === closer) break
    items.push(expression(parsing))
  }
  return { kind: 'tuple', items, ...above(first.at, peek(parsing).at, items) }
}

function expression(parsing: Parsing): Node {
  return deeper(parsing, () => {
    const yes = either(parsing)
    const { at } = peek(parsing)
    if (!accept(parsing, 'if')) return yes
    const test = either(parsing)
    const place = { at, end: at, height: 0 }
    const nothing: Node = { kind: 'constant', value: undefinedValue('the else branch'), ...place }
    const no = accept(parsing, 'else') ? expression(parsing) : nothing
    return { kind: 'choice', test, yes, no, ...above(at, no.end, [test, yes, no]) }
  })
}

function deeper(parsing: Parsing, read: () => Node): Node {
  parsing.depth += 1
  if (parsing.depth > LIMITS.depth) {
    fail('Budget', `The expression is nested more than ${LIMITS.depth} levels deep.`, peek(parsing).at)
  }
  const node = read()
  parsing.depth -= 1
  return node
}

function either(parsing: Parsing): Node {
  return logic(parsing, 'or', (inner) => logic(inner, 'and', negation))
}

function logic(parsing: Parsing, kind: 'and' | 'or', operand: (parsing: Parsing) => Node): Node {
  const items = [operand(parsing)]
  const { at } = peek(parsing)
  while (accept(parsing, kind)) items.push(operand(parsing))
  const [first, ...others] = items
  if (first !== undefined && others.length === 0) return first
  return { kind, items, ...above(at, items.at(-1)?.end ?? at, items) }
}

function negation(parsing: Parsing): Node {
  const { at } = peek(parsing)
  if (!accept(parsing, 'not')) return comparison(parsing)
  return negated(
    deeper(parsing, () => negation(parsing)),
    at,
  )
}

function negated(operand: Node, at: number): Node {
  return { kind: 'unary', operator: 'not', operand, ...above(at, operand.end, [operand]) }
}

function comparison(parsing: Parsing): Node {
  const first = sum(parsing)
  const rest: { operator: CompareOperator; operand: Node; at: number }[] = []
  const start = peek(parsing).at
  for (;;) {
    const { text, kind, at } = peek(parsing)
    const isNot = text === 'not' && kind === 'keyword' && peek(parsing, 1).text === 'in'
    const isIn = text === 'in' && kind === 'keyword'
    if (!isNot && !isIn && !(kind === 'operator' && COMPARISONS.has(text))) break
    parsing.next += isNot ? 2 : 1
    const operator = isNot ? 'not in' : (text as CompareOperator)
    rest.push({ operator, operand: sum(parsing), at })
  }
  if (rest.length === 0) return first
  return compareOf(first, rest, start)
}

function sum(parsing: Parsing): Node {
  return chain(parsing, ['+', '-'], concatenation)
}

/** `a ~ b`: the texts of both, one behind the other. */
function concatenation(parsing: Parsing): Node {
  const items = [product(parsing)]
  const { at } = peek(parsing)
  while (accept(parsing, '~')) items.push(product(parsing))
  const [first, ...others] = items
  return first !== undefined && others.length === 0 ? first : callOf(concatenate, items, [], at)
}

function product(parsing: Parsing): Node {
  return chain(parsing, ['*', '/', '//', '%'], (inner) => chain(inner, ['**'], (deepest) => signed(deepest, true)))
}

function chain(parsing: Parsing, operators: readonly BinaryOperator[], operand: (parsing: Parsing) => Node): Node {
  const first = operand(parsing)
  const rest: { operator: BinaryOperator; operand: Node; at: number }[] = []
  const start = peek(parsing).at
  for (;;) {
    const { text, kind, at } = peek(parsing)
    const operator = operators.find((one) => one === text)
    if (kind !== 'operator' || operator === undefined) break
    parsing.next += 1
    rest.push({ operator, operand: operand(parsing), at })
  }
  if (rest.length === 0) return first
  return chainOf(first, rest, start)
}

/** A sign binds tighter than a filter: `-5|abs` is 5. */
function signed(parsing: Parsing, withFilters: boolean): Node {
  const token = peek(parsing)
  const sign = token.kind === 'operator' && (token.text === '-' || token.text === '+') ? token.text : undefined
  let node: Node
  if (sign === undefined) node = postfix(parsing, primary(parsing))
  else {
    parsing.next += 1
    const operand = deeper(parsing, () => signed(parsing, false))
    node = { kind: 'unary', operator: sign, operand, ...above(token.at, operand.end, [operand]) }
  }
  return withFilters ? filtered(parsing, node) : node
}

function filtered(parsing: Parsing, first: Node): Node {
  let node = first
  for (;;) {
    const { at } = peek(parsing)
    if (accept(parsing, '|')) {
      const [callable, place] = named(parsing, filters, 'filter')
      const [args, keywords] = peek(parsing).text === '(' ? arguments_(parsing) : [[], []]
      node = callOf(callable, [node, ...args], keywords, place)
    } else if (accept(parsing, 'is')) node = tested(parsing, node, at)
    else if (peek(parsing).text === '(' && peek(parsing).kind === 'operator') node = call(parsing, node)
    else return node
  }
}

function tested(parsing: Parsing, subject: Node, at: number): Node {
  const isNot = accept(parsing, 'not')
  const [callable] = named(parsing, tests, 'test')
  const { kind, text } = peek(parsing)
  let args: Node[] = []
  if (text === '(' && kind === 'operator') [args] = arguments_(parsing)
  else {
    const begins = kind === 'name' || kind === 'number' || kind === 'string' || CONSTANTS.has(text)
    if (begins || (kind === 'operator' && (text === '[' || text === '{'))) args = [postfix(parsing, primary(parsing))]
  }
  const node = callOf(callable, [subject, ...args], [], at)
  return isNot ? negated(node, at) : node
}

function named(parsing: Parsing, known: ReadonlyMap<string, Callable>, kind: string): [Callable, number] {
  const { text, at } = peek(parsing)
  const word = peek(parsing).kind
  if (word !== 'name' && word !== 'keyword' && !(word === 'operator' && /^[=!<>]=?$/.test(text)))
    unexpected(peek(parsing))
  parsing.next += 1
  const found = known.get(text)
  if (found !== undefined) return [found, at]
  return fail('Refused', `There is no ${kind} '${text}' here. ${nearestSentence(text, known.keys())}`, at)
}

function callOf(callable: Callable, args: readonly Node[], keywords: [string, Node][], at: number): Node {
  const callee: Node = { kind: 'constant', value: callable, at, end: at, height: 0 }
  const below = [...args, ...keywords.map(([, value]) => value)]
  return { kind: 'call', callee, args, keywords, ...above(at, below.at(-1)?.end ?? at, below) }
}

function postfix(parsing: Parsing, first: Node): Node {
  let node = first
  for (;;) {
    const { at } = peek(parsing)
    if (accept(parsing, '.')) {
      const { kind, text, value, at: place, end } = peek(parsing)
      if (kind !== 'name' && kind !== 'keyword' && kind !== 'number') unexpected(peek(parsing))
      parsing.next += 1
      const name = kind === 'number' ? String(value) : text
      node = { kind: 'attribute', object: node, name, ...above(place, end, [node]) }
    } else if (accept(parsing, '[')) node = subscript(parsing, node, at)
    else if (peek(parsing).text === '(' && peek(parsing).kind === 'operator') node = call(parsing, node)
    else return node
  }
}

function call(parsing: Parsing, callee: Node): Node {
  const { at } = peek(parsing)
  const [args, keywords] = arguments_(parsing)
  const below = [callee, ...args, ...keywords.map(([, value]) => value)]
  return { kind: 'call', callee, args, keywords, ...above(at, peek(parsing).at, below) }
}

function arguments_(parsing: Parsing): [Node[], [string, Node][]] {
  expect(parsing, '(')
  const args: Node[] = []
  const keywords: [string, Node][] = []
  while (!accept(parsing, ')')) {
    if (args.length + keywords.length > 0) {
      expect(parsing, ',')
      if (accept(parsing, ')')) break
    }
    const token = peek(parsing)
    if (token.kind === 'name' && peek(parsing, 1).text === '=' && peek(parsing, 1).kind === 'operator') {
      parsing.next += 2
      keywords.push([token.text, expression(parsing)])
    } else args.push(expression(parsing))
  }
  return [args, keywords]
}

function subscript(parsing: Parsing, object: Node, at: number): Node {
  const ends = () => peek(parsing).kind === 'operator' && [':', ']'].includes(peek(parsing).text)
  const part = () => (ends() ? undefined : expression(parsing))
  const start = part()
  if (!accept(parsing, ':')) {
    const { end } = expect(parsing, ']')
    if (start === undefined) return unexpected(peek(parsing))
    return { kind: 'subscript', object, index: start, ...above(at, end, [object, start]) }
  }
  const stop = part()
  const step = accept(parsing, ':') ? part() : undefined
  const { end } = expect(parsing, ']')
  const index: Slice = { kind: 'slice', start, stop, step, ...above(at, end, [start, stop, step]) }
  return { kind: 'subscript', object, index, ...above(at, end, [object, index]) }
}

function primary(parsing: Parsing): Node {
  const token = peek(parsing)
  const { at, end, text } = token
  const place = { at, end, height: 0 }
  parsing.next += 1
  if (token.kind === 'number') return { kind: 'constant', value: token.value, ...place }
  if (token.kind === 'string') {
    let value = text
    for (; peek(parsing).kind === 'string'; parsing.next += 1) value += peek(parsing).text
    return { kind: 'constant', value, ...place }
  }
  const constant = CONSTANTS.get(text)
  if (constant !== undefined) return { kind: 'constant', value: constant, ...place }
  if (token.kind === 'name') return { kind: 'name', name: text, ...place }
  if (token.kind === 'operator' && text === '(') {
    if (accept(parsing, ')')) return { kind: 'tuple', items: [], ...place }
    const node = tuple(parsing, ')')
    expect(parsing, ')')
    return node
  }
  if (token.kind === 'operator' && text === '[') {
    const items = itemsTo(parsing, ']', expression)
    return { kind: 'list', items, ...above(at, peek(parsing).at, items) }
  }
  if (token.kind === 'operator' && text === '{') {
    const entries = itemsTo(parsing, '}', entry)
    return { kind: 'dict', entries, ...above(at, peek(parsing).at, entries.flat()) }
  }
  return unexpected(token)
}

function entry(parsing: Parsing): [Node, Node] {
  const key = expression(parsing)
  expect(parsing, ':')
  return [key, expression(parsing)]
}

function itemsTo<T>(parsing: Parsing, closer: string, read: (parsing: Parsing) => T): T[] {
  const items: T[] = []
  while (!accept(parsing, closer)) {
    if (items.length > 0) {
      expect(parsing, ',')
      if (accept(parsing, closer)) break
    }
    items.push(read(parsing))
  }
  return items
}
