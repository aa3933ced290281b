import { describe, expect, test } from 'bun:test'
import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { compile } from '../../../src/language/expression/program.ts'
import type { Node, Slice, Target } from '../../../src/language/expression/tree.ts'

/** A tree as text with every bracket written. */
function written(node: Node | Slice | undefined): string {
  if (node === undefined) return ''
  switch (node.kind) {
    case 'constant':
      return typeof node.value === 'string' ? JSON.stringify(node.value) : String(node.value)
    case 'name':
      return node.name
    case 'list':
    case 'tuple':
    case 'set':
      return `${node.kind}(${node.items.map(written).join(' ')})`
    case 'dict':
      return `dict(${node.entries.map(([key, value]) => `${written(key)}:${written(value)}`).join(' ')})`
    case 'chain':
    case 'compare':
      return `(${[written(node.first), ...node.rest.map(({ operator, operand }) => `${operator} ${written(operand)}`)].join(' ')})`
    case 'unary':
      return `(${node.operator} ${written(node.operand)})`
    case 'and':
    case 'or':
      return `(${node.items.map(written).join(` ${node.kind} `)})`
    case 'choice':
      return `(${written(node.yes)} if ${written(node.test)} else ${written(node.no)})`
    case 'subscript':
      return `${written(node.object)}[${written(node.index)}]`
    case 'slice':
      return `${written(node.start)}:${written(node.stop)}:${written(node.step)}`
    case 'attribute':
      return `${written(node.object)}.${node.name}`
    case 'call':
      return `${written(node.callee)}(${[...node.args.map(written), ...node.keywords.map(([name, value]) => `${name}=${written(value)}`)].join(' ')})`
    case 'form':
      return `form(${node.args.map(written).join(' ')})`
    case 'comprehension':
      return `${node.form}(${written(node.element)} for ${target(node.target)} in ${written(node.source)}${node.conditions.map((condition) => ` if ${written(condition)}`).join('')})`
  }
}

function target(given: Target): string {
  return given.kind === 'one' ? given.name : `<${given.items.map(target).join(' ')}>`
}

function errorOf(text: string): ExpressionError {
  try {
    compile('python', text)
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown
    throw thrown
  }
  throw new Error(`${text} can be read`)
}

const groups: Record<string, [string, string][]> = {
  'operators bind as in Python': [
    ['a + b * c', '(a + (b * c))'],
    ['a * b + c', '((a * b) + c)'],
    ['a - b - c', '(a - b - c)'],
    ['a / b * c // d % e', '(a / b * c // d % e)'],
    ['a ** b ** c', '(a ** (b ** c))'],
    ['-a ** b', '(- (a ** b))'],
    ['a ** -b', '(a ** (- b))'],
    ['a ** -b ** c', '(a ** (- (b ** c)))'],
    ['~a ** b', '(~ (a ** b))'],
    ['- - + ~a', '(- (- (+ (~ a))))'],
    ['-a * b', '((- a) * b)'],
    ['a << b + c', '(a << (b + c))'],
    ['a & b << c', '(a & (b << c))'],
    ['a ^ b & c', '(a ^ (b & c))'],
    ['a | b ^ c', '(a | (b ^ c))'],
    ['a | b == c', '((a | b) == c)'],
    ['a & 1 == 0', '((a & 1) == 0)'],
    ['not a == b', '(not (a == b))'],
    ['not a and b', '((not a) and b)'],
    ['a and not b', '(a and (not b))'],
    ['not not a', '(not (not a))'],
    ['a or b and c', '(a or (b and c))'],
    ['a and b or c', '((a and b) or c)'],
    ['a or b or c and d and e', '(a or b or (c and d and e))'],
    ['a @ b', '(a @ b)'],
  ],
  'comparisons are chains': [
    ['a < b', '(a < b)'],
    ['a < b <= c != d', '(a < b <= c != d)'],
    ['(a < b) < c', '((a < b) < c)'],
    ['a < (b < c)', '(a < (b < c))'],
    ['a in b', '(a in b)'],
    ['a not in b', '(a not in b)'],
    ['a is b', '(a is b)'],
    ['a is not b', '(a is not b)'],
    ['a is (not b)', '(a is (not b))'],
    ['a is not None and b', '((a is not null) and b)'],
    ['a == b in c', '(a == b in c)'],
    ['a + 1 > b * 2', '((a + 1) > (b * 2))'],
  ],
  'choices hang to the right': [
    ['a if b else c', '(a if b else c)'],
    ['a if b else c if d else e', '(a if b else (c if d else e))'],
    ['(a if b else c) if d else e', '((a if b else c) if d else e)'],
    ['a or b if c and d else not e', '((a or b) if (c and d) else (not e))'],
    ['a, b if c else d', 'tuple(a (b if c else d))'],
  ],
  'what stands behind a value': [
    ['a.b.c', 'a.b.c'],
    ['a[b][c]', 'a[b][c]'],
    ['a(b)(c)', 'a(b)(c)'],
    ['a.b(c)[d].e', 'a.b(c)[d].e'],
    ['-a.b', '(- a.b)'],
    ['a.b ** c[d]', '(a.b ** c[d])'],
    ['"x".upper()', '"x".upper()'],
    ['a(b, c=d, e=f)', 'a(b c=d e=f)'],
    ['a(b,)', 'a(b)'],
    ['a(b for b in c)', 'a(generator(b for b in c))'],
    ['a[1,]', 'a[tuple(1)]'],
    ['a[1, 2]', 'a[tuple(1 2)]'],
  ],
  slices: [
    ['a[:]', 'a[::]'],
    ['a[::]', 'a[::]'],
    ['a[b:]', 'a[b::]'],
    ['a[:b]', 'a[:b:]'],
    ['a[b:c]', 'a[b:c:]'],
    ['a[b:c:d]', 'a[b:c:d]'],
    ['a[::-1]', 'a[::(- 1)]'],
    ['a[b if c else d:]', 'a[(b if c else d)::]'],
  ],
  'brackets of all kinds': [
    ['()', 'tuple()'],
    ['(a)', 'a'],
    ['(a,)', 'tuple(a)'],
    ['a,', 'tuple(a)'],
    ['a, b', 'tuple(a b)'],
    ['((a, b), c)', 'tuple(tuple(a b) c)'],
    ['[]', 'list()'],
    ['[a, b,]', 'list(a b)'],
    ['{}', 'dict()'],
    ['{a}', 'set(a)'],
    ['{a, b,}', 'set(a b)'],
    ['{a: b, c: d,}', 'dict(a:b c:d)'],
    ['{a: b if c else d}', 'dict(a:(b if c else d))'],
    ['"a" "b" \'c\'', '"abc"'],
  ],
  comprehensions: [
    ['[a for b in c]', 'list(a for b in c)'],
    ['(a for b in c)', 'generator(a for b in c)'],
    ['[a for b in c if d if e]', 'list(a for b in c if d if e)'],
    ['[a if b else c for d in e]', 'list((a if b else c) for d in e)'],
    ['[a for b, c in d]', 'list(a for <b c> in d)'],
    ['[a for (b, c), d in e]', 'list(a for <<b c> d> in e)'],
    ['[a for [b] in c]', 'list(a for <b> in c)'],
    ['[a for b, in c]', 'list(a for <b> in c)'],
    ['[a for b in c or d]', 'list(a for b in (c or d))'],
    ['[(a, b) for a in c]', 'list(tuple(a b) for a in c)'],
  ],
}

for (const [title, cases] of Object.entries(groups))
  describe(title, () => {
    for (const [text, expected] of cases) test(text, () => expect(written(compile('python', text).tree)).toBe(expected))
  })

describe('a faulty text is told by place', () => {
  const cases: [string, string, number][] = [
    ['a +', 'The expression ends too early.', 4],
    ['a b', "Unexpected 'b'.", 3],
    ['a and or b', "Unexpected 'or'.", 7],
    ['* a', 'Unpacking with * is not supported.', 1],
    ['a ** ** b', 'Unpacking with ** is not supported.', 6],
    ['a if b', "Expected 'else' but found the end.", 7],
    ['a if b else', 'The expression ends too early.', 12],
    ['a not b', "Expected 'in' but found 'b'.", 7],
    ['a is is b', "Unexpected 'is'.", 6],
    ['a.', 'The expression ends too early.', 3],
    ['a.1', 'Unexpected a number.', 2],
    ['a."b"', 'Unexpected a text.', 3],
    ['a.if', "Unexpected 'if'.", 3],
    ['a[]', "Unexpected ']'.", 3],
    ['a[b', "']' is missing at the end.", 4],
    ['(a b)', "Expected ',' but found 'b'.", 4],
    ['[a, , b]', "Unexpected ','.", 5],
    ['{a: b, c}', "Expected ':' but found '}'.", 9],
    ['{a, b: c}', "Expected ',' but found ':'.", 6],
    ['a(b c)', "Expected ')' but found 'c'.", 5],
    ['a(b=c, b=d)', 'b', 8],
    ['[a for in b]', "Unexpected 'in'.", 8],
    ['[a for b c]', "Expected 'in' but found 'c'.", 10],
    ['[for a in b]', "Unexpected 'for'.", 2],
    ['a = b', "Unexpected '='.", 3],
    ['a; b', "Unexpected ';'.", 2],
    ['return a', "Unexpected 'return'.", 1],
    ['a := b', 'Assignments are not supported.', 3],
  ]
  for (const [text, message, column] of cases)
    test(text, () => {
      const error = errorOf(text)
      expect(error.message).toContain(message)
      expect([error.line, error.column]).toEqual([1, column])
    })

  test('by line too, in characters rather than units', () => {
    expect(errorOf('(a +\n  "😀" "é" b)')).toMatchObject({ line: 2, column: 11 })
    expect(errorOf('(\n\n\na ? b)')).toMatchObject({ line: 4, column: 3 })
  })
})

describe('depth', () => {
  const deep: [string, (depth: number) => string][] = [
    ['brackets', (depth) => `${'('.repeat(depth)}a${')'.repeat(depth)}`],
    ['minus signs', (depth) => `${'-'.repeat(depth)}a`],
    ['negations', (depth) => `${'not '.repeat(depth)}a`],
    ['powers', (depth) => `${'a ** '.repeat(depth)}a`],
    ['choices', (depth) => `${'a if b else '.repeat(depth)}c`],
    ['calls', (depth) => `${'a('.repeat(depth)}b${')'.repeat(depth)}`],
    ['attributes', (depth) => `a${'.b'.repeat(depth)}`],
    ['subscripts', (depth) => `a${'[b]'.repeat(depth)}`],
    ['lists', (depth) => `${'['.repeat(depth)}a${']'.repeat(depth)}`],
  ]
  for (const [title, text] of deep)
    test(`${title} may be nested to a depth of some forty, and a thousand are refused by budget`, () => {
      expect(() => compile('python', text(40))).not.toThrow()
      for (const depth of [60, 1000]) expect(errorOf(text(depth)).kind).toBe('Budget')
    })

  const long: [string, (length: number) => string][] = [
    ['sums', (length) => `${'a + '.repeat(length)}a`],
    ['conjunctions', (length) => `${'a and '.repeat(length)}a`],
    ['comparisons', (length) => `${'a < '.repeat(length)}a`],
    ['lists', (length) => `[${'a, '.repeat(length)}a]`],
    ['texts', (length) => '"a" '.repeat(length)],
  ]
  for (const [title, text] of long)
    test(`${title} may be as long as the text may be`, () => expect(() => compile('python', text(5000))).not.toThrow())

  test('a text beyond 64 kB is refused', () => {
    expect(errorOf(`"${'x'.repeat(65_536)}"`)).toMatchObject({ kind: 'Budget', line: 1, column: 1 })
  })
})
