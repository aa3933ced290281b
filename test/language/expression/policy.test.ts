import { describe, expect, test } from 'bun:test'
import { type ErrorKind, ExpressionError } from '../../../src/language/expression/failure.ts'
import { fromJson } from '../../../src/language/expression/json.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'

const names = new Map([
  ['d', fromJson({ cnt: 3, count: 4, 'odd name': 5 })],
  ['l', fromJson([3, 1, 2])],
  ['nothing', null],
])

function errorOf(text: string): ExpressionError {
  try {
    evaluate(compile('python', text), names)
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown
    throw thrown
  }
  throw new Error(`${text} has a value`)
}

describe('what is outside the language is refused', () => {
  for (const text of [
    'lambda: 1',
    '(lambda x: x)(1)',
    'sorted(l, key=lambda x: -x)',
    'f"{d}"',
    'rf"x"',
    'b"x"',
    '(x := 1)',
    '[x := 1, 2]',
    '[*l]',
    'max(*l)',
    'dict(**d)',
    '{**d}',
    '{x for x in l}',
    '{x: x for x in l}',
    '[x for x in l for y in l]',
    '1j',
    '...',
    'd.__class__',
    '"".__class__.__mro__',
    '().__class__.__bases__[0].__subclasses__()',
    'd._private',
    '__import__("os")',
    '__builtins__',
    '(1).__add__(2)',
    'ｄ.__ｃlass__',
    'open("/etc/passwd")',
    'eval("1")',
    'exec("1")',
    'compile("1", "", "eval")',
    'getattr(d, "x")',
    'type(d)',
    'vars()',
    'dir()',
    'globals()',
    'print(1)',
    'input()',
    'map(str, l)',
    'filter(None, l)',
    'tuple(l)',
    'isinstance(1, int)',
    '"{}".format(1)',
    '"{0.__class__}".format(d)',
    '"{a}".format_map(d)',
    '"%s" % 1',
    '"x".encode()',
    'l.append(1)',
    'l.pop()',
    'l.sort()',
    'd.update({})',
    'd.pop("cnt")',
    'd.setdefault("x", 1)',
    'd.clear()',
    'open',
    '"x".upper',
    'len',
    '(x for x in l)',
    'zip(l, l)',
    '[x for x.y in l]',
    '"\\N{BULLET}"',
    '(-8) ** 0.5',
  ]) {
    test(text, () => expect(errorOf(text).kind).toBe('Refused'))
  }
})

describe('errors name kind, place and remedy', () => {
  const cases: [string, ErrorKind, string, number, number][] = [
    ['d["cmt"] > 1', 'KeyError', "There is no key 'cmt'. Nearest: 'cnt', 'count', 'odd name'.", 1, 3],
    ['d.cnt', 'AttributeError', 'Keys are read with ["…"]. Nearest: \'cnt\'', 1, 3],
    ['dd["cnt"]', 'NameError', "name 'dd' is not defined. Nearest: 'd'", 1, 1],
    ['1 +', 'SyntaxError', 'ends too early', 1, 4],
    ['', 'SyntaxError', 'ends too early', 1, 1],
    ['(1 +\n  2', 'SyntaxError', "')' is missing", 2, 4],
    ['1 + 2)', 'SyntaxError', "')' closes nothing", 1, 6],
    ['d = 1', 'SyntaxError', "Unexpected '='", 1, 3],
    ['1 2', 'SyntaxError', 'Unexpected a number', 1, 3],
    ['a b', 'SyntaxError', "Unexpected 'b'", 1, 3],
    ['1 == not 2', 'SyntaxError', "Unexpected 'not'", 1, 6],
    ['012', 'SyntaxError', 'must not begin with 0', 1, 1],
    ['12abc', 'SyntaxError', 'not a number', 1, 1],
    ['"abc', 'SyntaxError', 'not closed', 1, 1],
    ['"\\x1"', 'SyntaxError', 'hexadecimal', 1, 2],
    ['1 \\ 2', 'SyntaxError', 'last character', 1, 3],
    ['1\n+ 2', 'SyntaxError', 'goes on after its line', 2, 1],
    ['1 $ 2', 'SyntaxError', "'$' has no meaning", 1, 3],
    ['d["cnt"] <> 1', 'SyntaxError', "'<>'", 1, 10],
    ['import os', 'SyntaxError', "'import'", 1, 1],
    ['len(x for x in l, 1)', 'SyntaxError', 'own brackets', 1, 5],
    ['len(a=1, 2)', 'SyntaxError', 'must come first', 1, 10],
    ['nothing > 1', 'TypeError', "'>' not supported between instances of 'NoneType' and 'int'", 1, 9],
    ['"😀" + 1', 'TypeError', "'str' and 'int'", 1, 5],
    ['l[3]', 'IndexError', 'list index out of range', 1, 3],
    ['l["a"]', 'TypeError', 'list indices must be integers or slices, not str', 1, 3],
    ['len()', 'TypeError', 'missing an argument', 1, 4],
    ['len(1, 2)', 'TypeError', 'takes one argument (2 given)', 1, 4],
    ['round(1, digits=2)', 'TypeError', "'digits' is an invalid keyword", 1, 6],
    ['int("x")', 'ValueError', "invalid literal for int() with base 10: 'x'", 1, 4],
    ['7 // (d["cnt"] - 3)', 'ZeroDivisionError', 'division', 1, 3],
    ['2.0 ** 5000', 'OverflowError', 'out of range', 1, 5],
  ]
  for (const [text, kind, message, line, column] of cases) {
    test(text === '' ? 'the empty text' : text, () => {
      const error = errorOf(text)
      expect(error).toMatchObject({ kind, line, column })
      expect(error.message).toContain(message)
    })
  }
})

describe('what surrounds an expression', () => {
  for (const text of [
    '{{ d["cnt"] > 2 }}',
    '  d["cnt"] > 2\n',
    '\n\nd["cnt"] > 2',
    'd["cnt"] > 2 # why',
    'd["cnt"] \\\n > 2',
    '(d["cnt"]\n > 2)',
    'd["cnt"] == 3 and true and not false and null is none',
  ]) {
    test(JSON.stringify(text), () => expect(evaluate(compile('python', text), names)).toBe(true))
  }

  test('places are kept within {{ }}', () => {
    expect(errorOf('{{ d["x"] }}')).toMatchObject({ line: 1, column: 6 })
  })
})

test('the names an expression needs are known without those it makes', () => {
  const { names: needed } = compile('python', 'any(r["a"] > limit for r in rows if len(r) > 1) and r')
  expect([...needed].sort()).toEqual(['limit', 'r', 'rows'])
})
