import { LIMITS } from '../budget.ts'
import { fail } from '../failure.ts'
import type { Token } from '../lexer.ts'
import { nearestSentence } from '../nearest.ts'
import { above, accept, chainOf, compareOf, expect, type Parsing, peek, unexpected } from '../parsing.ts'
import type { BinaryOperator, CompareOperator, Node } from '../tree.ts'
import type { Value } from '../value.ts'
import { type FormulaForm, forms } from './forms.ts'
import { type FormulaFunction, functions } from './functions.ts'
import { tokenizeFormula } from './lexer.ts'
import { compilePattern } from './pattern.ts'
import { textOfVariable, VARIABLES } from './variables.ts'

const OR = 1
const AND = 2
const EQUAL = 3
const ORDER = 4
const SUM = 5
const POWERS: Record<string, number> = {
  '||': OR,
  '&&': AND,
  '==': EQUAL,
  '!=': EQUAL,
  '<': ORDER,
  '<=': ORDER,
  '>': ORDER,
  '>=': ORDER,
  '+': SUM,
  '-': SUM,
  '*': 6,
  '/': 6,
  '//': 6,
  '%': 6,
}

const CONSTANTS = new Map<string, Value>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['null', null],
])

/** What is written by habit from other languages, and how formulas write it. */
const HABITS = new Map([
  ['or', 'write || (or the function or(a, b))'],
  ['and', 'write && (or the function and(a, b))'],
  ['OR', 'write ||'],
  ['AND', 'write &&'],
  ['in', 'write arrayContains(array, item) or contains(text, part)'],
  ['is', 'write == or isNull(x)'],
  ['=', 'write =='],
  ['===', 'write =='],
  ['!==', 'write !='],
  ['<>', 'write !='],
  ['|', 'write ||'],
  ['&', 'write &&'],
  ['?', 'write if(condition, then, else)'],
  ['^', 'write pow(a, b)'],
])

/** Reads a whole formula. */
export function parseFormula(text: string): Node {
  const parsing: Parsing = { tokens: tokenizeFormula(text), next: 0, depth: 0, expression, operand: expression }
  if (peek(parsing).kind === 'end') fail('SyntaxError', 'The formula is empty.', 0)
  const node = expression(parsing)
  const rest = peek(parsing)
  if (rest.kind !== 'end') refuse(rest)
  return node
}

function expression(parsing: Parsing): Node {
  parsing.depth += 1
  if (parsing.depth > LIMITS.depth) {
    fail('Budget', `The formula is nested more than ${LIMITS.depth} levels deep.`, peek(parsing).at)
  }
  const node = operators(parsing, OR)
  parsing.depth -= 1
  return node
}

function operators(parsing: Parsing, least: number): Node {
  let left = prefix(parsing)
  for (;;) {
    const token = peek(parsing)
    const power = token.kind === 'operator' ? POWERS[token.text] : undefined
    if (power === undefined || power < least) {
      if (power === undefined && HABITS.has(token.text) && token.kind !== 'string') refuse(token)
      return left
    }
    if (power <= AND) left = logic(parsing, left, power)
    else if (power <= ORDER) left = comparison(parsing, left, power)
    else left = chain(parsing, left, power)
  }
}

function logic(parsing: Parsing, first: Node, power: number): Node {
  const items = [first]
  const { at } = peek(parsing)
  while (accept(parsing, power === OR ? '||' : '&&')) items.push(operators(parsing, power + 1))
  return { kind: power === OR ? 'or' : 'and', items, ...above(at, items.at(-1)?.end ?? at, items) }
}

/** One comparison; what stands behind it compares its result. */
function comparison(parsing: Parsing, first: Node, power: number): Node {
  const { text, at } = peek(parsing)
  parsing.next += 1
  const operand = operators(parsing, power + 1)
  const rest = [{ operator: text as CompareOperator, operand, at }]
  return compareOf(first, rest, at)
}

function chain(parsing: Parsing, first: Node, power: number): Node {
  const rest: { operator: BinaryOperator; operand: Node; at: number }[] = []
  const start = peek(parsing).at
  for (;;) {
    const { text, kind, at } = peek(parsing)
    if (kind !== 'operator' || POWERS[text] !== power) break
    parsing.next += 1
    rest.push({ operator: text as BinaryOperator, operand: operators(parsing, power + 1), at })
  }
  return chainOf(first, rest, start)
}

function prefix(parsing: Parsing): Node {
  const token = peek(parsing)
  if (token.kind === 'operator' && (token.text === '-' || token.text === '+')) {
    parsing.next += 1
    parsing.depth += 1
    if (parsing.depth > LIMITS.depth) fail('Budget', 'Too many signs stand in a row.', token.at)
    const operand = prefix(parsing)
    parsing.depth -= 1
    return { kind: 'unary', operator: token.text, operand, ...above(token.at, operand.end, [operand]) }
  }
  return postfix(parsing, atom(parsing))
}

function postfix(parsing: Parsing, first: Node): Node {
  let node = first
  for (;;) {
    const { at } = peek(parsing)
    if (accept(parsing, '[')) node = subscript(parsing, node, at)
    else if (accept(parsing, '.')) node = member(parsing, node)
    else return node
  }
}

/** `a[i]`, or `a[from, to]` for a part. */
function subscript(parsing: Parsing, object: Node, at: number): Node {
  const index = expression(parsing)
  if (accept(parsing, ',')) {
    const args = [object, index, expression(parsing)]
    const { end } = expect(parsing, ']')
    return callOf('slice', args, { at, end })
  }
  const { end } = expect(parsing, ']')
  return { kind: 'subscript', object, index, ...above(at, end, [object, index]) }
}

/** `x.f(a)` is the call f(x, a); `x.f` is a field. */
function member(parsing: Parsing, object: Node): Node {
  const token = peek(parsing)
  if (token.kind !== 'name') return unexpected(token)
  parsing.next += 1
  const { text, at, end } = token
  if (peek(parsing).text === '(' && peek(parsing).kind === 'operator') {
    if (forms.has(text)) fail('SyntaxError', `${text} is written before its arguments: ${text}(…).`, at)
    return call(parsing, token, [object])
  }
  const key: Node = { kind: 'constant', value: text, at, end, height: 0 }
  return { kind: 'subscript', object, index: key, ...above(at, end, [object, key]) }
}

function atom(parsing: Parsing): Node {
  const token = peek(parsing)
  const { at, end, text } = token
  const place = { at, end, height: 0 }
  parsing.next += 1
  if (token.kind === 'number') return { kind: 'constant', value: token.value, ...place }
  if (token.kind === 'string') return textWithVariables(token)
  if (token.kind === 'pattern') return { kind: 'constant', value: compilePattern(text, at), ...place }
  if (token.kind === 'name') {
    if (peek(parsing).text === '(' && peek(parsing).kind === 'operator') return call(parsing, token, [])
    const constant = CONSTANTS.get(text)
    return constant === undefined
      ? { kind: 'name', name: text, ...place }
      : { kind: 'constant', value: constant, ...place }
  }
  if (token.kind === 'operator' && text === '(') {
    const inside = expression(parsing)
    expect(parsing, ')')
    return inside
  }
  if (token.kind === 'operator' && text === '[') {
    const items = list(parsing, ']')
    return { kind: 'list', items, ...above(at, peek(parsing).at, items) }
  }
  if (text === '{') fail('Refused', 'Objects are made by objectNew("key", value, …).', at)
  if (text === '!') fail('Refused', "'!' is not part of the formula language: write not(…).", at)
  return unexpected(token)
}

/** A call of a function or form by its name; `before` is what it was written behind. */
function call(parsing: Parsing, { text: name, at }: Token, before: readonly Node[]): Node {
  expect(parsing, '(')
  const given = [...before, ...list(parsing, ')')]
  const { end } = parsing.tokens[parsing.next - 1] ?? { end: at }
  const form = forms.get(name)
  const found = form ?? functions.get(name)
  if (found === undefined) return unknown(name, at)
  checkCount(found, given.length, at)
  if (form !== undefined) return formCall(form, given, at, end)
  if (name === 'and' || name === 'or') return { kind: name, items: given, ...above(at, end, given) }
  if (name === 'now') return { kind: 'name', name, at, end, height: 0 }
  return callOf(name, given, { at, end })
}

function callOf(name: string, given: readonly Node[], { at, end }: Pick<Node, 'at' | 'end'>): Node {
  const known = functions.get(name)
  if (known === undefined) return unknown(name, at)
  const place = { at, end: at + name.length, height: 0 }
  const args: readonly Node[] = known.reads ? [{ kind: 'name', name: VARIABLES, ...place }, ...given] : given
  const callee: Node = { kind: 'constant', value: known.callable, ...place }
  return { kind: 'call', callee, args, keywords: [], ...above(at, end, args) }
}

/** The names of its variables stand for themselves. */
function formCall(form: FormulaForm, given: readonly Node[], at: number, end: number): Node {
  const binds = form.variables.map((index) => variableName(given[index], at))
  const args = given.map(
    (arg, index): Node =>
      form.variables.includes(index) ? { kind: 'constant', value: null, at: arg.at, end: arg.end, height: 0 } : arg,
  )
  return { kind: 'form', args, binds, inner: form.inner, run: form.make(binds, args.length), ...above(at, end, args) }
}

function list(parsing: Parsing, closer: string): Node[] {
  const items: Node[] = []
  while (!accept(parsing, closer)) {
    if (items.length > 0) expect(parsing, ',')
    items.push(expression(parsing))
  }
  return items
}

function variableName(node: Node | undefined, at: number): string {
  if (node?.kind === 'name') return node.name
  return fail('SyntaxError', 'A plain name for the variable is expected here.', node?.at ?? at)
}

function checkCount(
  { name, least, most }: Pick<FormulaFunction, 'name' | 'least' | 'most'>,
  count: number,
  at: number,
) {
  if (count >= least && count <= most) return
  const wanted =
    least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`
  fail('TypeError', `${name} takes ${wanted} ${wanted === '1' ? 'argument' : 'arguments'}, not ${count}.`, at)
}

function unknown(name: string, at: number): never {
  const names = [...forms.keys(), ...functions.keys()]
  return fail('Refused', `There is no function '${name}' in formulas here. ${nearestSentence(name, names)}`, at)
}

function refuse(token: Token): never {
  const fix = token.kind === 'name' || token.kind === 'operator' ? HABITS.get(token.text) : undefined
  if (fix === undefined) return unexpected(token)
  return fail('Refused', `'${token.text}' is not an operator of the formula language: ${fix}.`, token.at)
}

/** A text literal; `${name}` in it stands for the variable's text. */
function textWithVariables({ text, at, end }: Token): Node {
  const place = { at, end, height: 0 }
  const pieces = text.split(/\$\{([^{}\n]+)\}/)
  const parts = pieces.map((piece, index): Node => {
    const constant: Node = { kind: 'constant', value: index % 2 === 0 ? piece : piece.trim(), ...place }
    if (index % 2 === 0) return constant
    const args: Node[] = [{ kind: 'name', name: VARIABLES, ...place }, constant]
    const callee: Node = { kind: 'constant', value: textOfVariable, ...place }
    return { kind: 'call', callee, args, keywords: [], ...above(at, end, args) }
  })
  const [first, ...others] = parts
  if (first === undefined || others.length === 0) return { kind: 'constant', value: text, ...place }
  const rest = others.map((operand) => ({ operator: '+' as const, operand, at }))
  return { kind: 'chain', first, rest, ...above(at, end, parts) }
}
