import { fail } from './failure.ts'
import { above, accept, endsList, expect, type Parsing, peek, unexpected } from './parsing.ts'
import type { Node, Slice, Target } from './tree.ts'
import type { Value } from './value.ts'

const CONSTANTS = new Map<string, Value>([
  ['True', true],
  ['False', false],
  ['None', null],
  ['true', true],
  ['false', false],
  ['null', null],
  ['none', null],
])

const REFUSED_KEYWORDS: Record<string, string> = { lambda: 'lambda is not supported.' }

/** Reads a literal, name or bracket with the calls, subscripts and attributes behind it. */
export function parseAtom(parsing: Parsing): Node {
  let node = parseBare(parsing)
  for (;;) {
    const { at } = peek(parsing)
    if (accept(parsing, '(')) node = parseCall(parsing, node, at)
    else if (accept(parsing, '[')) node = parseSubscript(parsing, node, at)
    else if (accept(parsing, '.')) node = parseAttribute(parsing, node)
    else return node
  }
}

function parseBare(parsing: Parsing): Node {
  const token = peek(parsing)
  const { at, end, text } = token
  const place = { at, end, height: 0 }
  if (token.kind === 'string') return parseStrings(parsing)
  if (accept(parsing, '(')) return parseParentheses(parsing, at)
  if (accept(parsing, '[')) return parseBrackets(parsing, at)
  if (accept(parsing, '{')) return parseBraces(parsing, at)
  if (token.kind === 'number' || token.kind === 'name' || (token.kind === 'keyword' && CONSTANTS.has(text))) {
    parsing.next += 1
    if (token.kind === 'number') return { kind: 'constant', value: token.value, ...place }
    const constant = CONSTANTS.get(text)
    if (constant !== undefined) return { kind: 'constant', value: constant, ...place }
    if (text.startsWith('__')) fail('Refused', `Names that begin with _ are not supported: '${text}'.`, at)
    return { kind: 'name', name: text, ...place }
  }
  if (text === '...' && token.kind === 'operator') fail('Refused', "'...' is not supported.", at)
  refuseStar(parsing)
  const refused = token.kind === 'keyword' ? REFUSED_KEYWORDS[text] : undefined
  return refused === undefined ? unexpected(token) : fail('Refused', refused, at)
}

function parseStrings(parsing: Parsing): Node {
  const { at } = peek(parsing)
  let value = ''
  let end = at
  for (let token = peek(parsing); token.kind === 'string'; token = peek(parsing)) {
    value += token.text
    end = token.end
    parsing.next += 1
  }
  return { kind: 'constant', value, at, end, height: 0 }
}

function parseParentheses(parsing: Parsing, at: number): Node {
  if (accept(parsing, ')')) return { kind: 'tuple', items: [], ...above(at, peek(parsing).at, []) }
  const first = parseItem(parsing)
  if (isKeyword(parsing, 'for', 'async')) {
    const node = parseComprehension(parsing, 'generator', first, at)
    expect(parsing, ')')
    return node
  }
  if (accept(parsing, ')')) return first
  const items = parseItems(parsing, ')', first)
  return { kind: 'tuple', items, ...above(at, peek(parsing).at, items) }
}

function parseBrackets(parsing: Parsing, at: number): Node {
  if (accept(parsing, ']')) return { kind: 'list', items: [], ...above(at, peek(parsing).at, []) }
  const first = parseItem(parsing)
  if (isKeyword(parsing, 'for', 'async')) {
    const node = parseComprehension(parsing, 'list', first, at)
    expect(parsing, ']')
    return node
  }
  const items = parseItems(parsing, ']', first)
  return { kind: 'list', items, ...above(at, peek(parsing).at, items) }
}

function parseBraces(parsing: Parsing, at: number): Node {
  if (accept(parsing, '}')) return { kind: 'dict', entries: [], ...above(at, peek(parsing).at, []) }
  const first = parseItem(parsing)
  if (accept(parsing, ':')) return parseDict(parsing, first, at)
  if (isKeyword(parsing, 'for', 'async')) fail('Refused', 'Set comprehensions are not supported; use set([…]).', at)
  const items = parseItems(parsing, '}', first)
  return { kind: 'set', items, ...above(at, peek(parsing).at, items) }
}

function parseDict(parsing: Parsing, firstKey: Node, at: number): Node {
  const entries: [Node, Node][] = [[firstKey, parsing.expression(parsing)]]
  if (isKeyword(parsing, 'for', 'async')) fail('Refused', 'Dict comprehensions are not supported.', at)
  while (!accept(parsing, '}')) {
    expect(parsing, ',')
    if (accept(parsing, '}')) break
    const key = parseItem(parsing)
    expect(parsing, ':')
    entries.push([key, parsing.expression(parsing)])
  }
  return { kind: 'dict', entries, ...above(at, peek(parsing).at, entries.flat()) }
}

/** Reads the items behind the first one, and the closing bracket. */
function parseItems(parsing: Parsing, closer: string, first: Node): Node[] {
  const items = [first]
  while (!accept(parsing, closer)) {
    expect(parsing, ',')
    if (accept(parsing, closer)) break
    items.push(parseItem(parsing))
    if (isKeyword(parsing, 'for')) unexpected(peek(parsing))
  }
  return items
}

function parseItem(parsing: Parsing): Node {
  refuseStar(parsing)
  const node = parsing.expression(parsing)
  const { kind, text, at } = peek(parsing)
  if (kind === 'operator' && text === ':=') fail('Refused', 'Assignments are not supported.', at)
  return node
}

function refuseStar(parsing: Parsing): void {
  const { kind, text, at } = peek(parsing)
  if (kind === 'operator' && (text === '*' || text === '**'))
    fail('Refused', `Unpacking with ${text} is not supported.`, at)
}

function parseComprehension(parsing: Parsing, form: 'list' | 'generator', element: Node, at: number): Node {
  expect(parsing, 'for')
  const target = parseTarget(parsing)
  expect(parsing, 'in')
  const source = parsing.operand(parsing)
  const conditions: Node[] = []
  while (accept(parsing, 'if')) conditions.push(parsing.operand(parsing))
  if (isKeyword(parsing, 'for', 'async')) {
    fail('Refused', 'Only one "for" is supported in a comprehension.', peek(parsing).at)
  }
  const place = above(at, peek(parsing).at, [element, source, ...conditions])
  return { kind: 'comprehension', form, element, target, source, conditions, ...place }
}

function parseTarget(parsing: Parsing): Target {
  const first = parseTargetItem(parsing)
  if (peek(parsing).text !== ',') return first
  const items = [first]
  while (accept(parsing, ',')) {
    if (isKeyword(parsing, 'in') || endsList(peek(parsing))) break
    items.push(parseTargetItem(parsing))
  }
  return { kind: 'many', items }
}

function parseTargetItem(parsing: Parsing): Target {
  refuseStar(parsing)
  const token = peek(parsing)
  const closer = token.text === '(' ? ')' : ']'
  if (accept(parsing, '(') || accept(parsing, '[')) {
    if (accept(parsing, closer)) return { kind: 'many', items: [] }
    const inner = parseTarget(parsing)
    expect(parsing, closer)
    return closer === ']' && inner.kind === 'one' ? { kind: 'many', items: [inner] } : inner
  }
  if (token.kind !== 'name') return unexpected(token)
  parsing.next += 1
  const behind = peek(parsing)
  if (behind.kind === 'operator' && ['.', '[', '('].includes(behind.text)) {
    fail('Refused', 'The variable of a comprehension must be a plain name.', behind.at)
  }
  if (token.text.startsWith('__'))
    fail('Refused', `Names that begin with _ are not supported: '${token.text}'.`, token.at)
  return { kind: 'one', name: token.text }
}

function parseCall(parsing: Parsing, callee: Node, at: number): Node {
  const args: Node[] = []
  const keywords: [string, Node][] = []
  while (!accept(parsing, ')')) {
    parseArgument(parsing, args, keywords)
    if (!accept(parsing, ',')) {
      expect(parsing, ')')
      break
    }
  }
  const below = [callee, ...args, ...keywords.map(([, value]) => value)]
  const end = parsing.tokens[parsing.next - 1]?.end ?? at
  return { kind: 'call', callee, args, keywords, ...above(at, end, below) }
}

function parseArgument(parsing: Parsing, args: Node[], keywords: [string, Node][]): void {
  refuseStar(parsing)
  const token = peek(parsing)
  if (token.kind === 'name' && peek(parsing, 1).text === '=' && peek(parsing, 1).kind === 'operator') {
    parsing.next += 2
    if (keywords.some(([name]) => name === token.text)) fail('SyntaxError', `'${token.text}' is given twice.`, token.at)
    keywords.push([token.text, parsing.expression(parsing)])
    return
  }
  const value = parseItem(parsing)
  if (keywords.length > 0) fail('SyntaxError', 'Arguments without a name must come first.', token.at)
  if (!isKeyword(parsing, 'for', 'async')) {
    args.push(value)
    return
  }
  const generator = parseComprehension(parsing, 'generator', value, token.at)
  if (args.length > 0 || peek(parsing).text !== ')') {
    fail('SyntaxError', 'A generator beside other arguments needs its own brackets.', token.at)
  }
  args.push(generator)
}

function parseSubscript(parsing: Parsing, object: Node, at: number): Node {
  const index = parseIndex(parsing)
  if (peek(parsing).text !== ',') {
    const { end } = expect(parsing, ']')
    return { kind: 'subscript', object, index, ...above(at, end, [object, index]) }
  }
  const items: Node[] = []
  for (let item = index; ; item = parseIndex(parsing)) {
    if (item.kind === 'slice') fail('TypeError', 'A slice cannot stand beside other indices.', item.at)
    items.push(item)
    if (!accept(parsing, ',') || peek(parsing).text === ']') break
  }
  const { end } = expect(parsing, ']')
  const key: Node = { kind: 'tuple', items, ...above(at, end, items) }
  return { kind: 'subscript', object, index: key, ...above(at, end, [object, key]) }
}

function parseIndex(parsing: Parsing): Node | Slice {
  const { at } = peek(parsing)
  const part = () => (endsIndex(parsing) ? undefined : parseItem(parsing))
  const start = part()
  if (!accept(parsing, ':')) return start ?? unexpected(peek(parsing))
  const stop = part()
  const step = accept(parsing, ':') ? part() : undefined
  return { kind: 'slice', start, stop, step, ...above(at, peek(parsing).at, [start, stop, step]) }
}

function endsIndex(parsing: Parsing): boolean {
  const { kind, text } = peek(parsing)
  return kind === 'operator' && (text === ':' || text === ']' || text === ',')
}

function parseAttribute(parsing: Parsing, object: Node): Node {
  const token = peek(parsing)
  if (token.kind !== 'name') return unexpected(token)
  parsing.next += 1
  if (token.text.startsWith('_')) {
    fail('Refused', `Attributes that begin with _ are not supported: '${token.text}'.`, token.at)
  }
  return { kind: 'attribute', object, name: token.text, ...above(token.at, token.end, [object]) }
}

function isKeyword(parsing: Parsing, ...texts: string[]): boolean {
  const { kind, text } = peek(parsing)
  return kind === 'keyword' && texts.includes(text)
}
