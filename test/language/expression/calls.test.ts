import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { bind, type Signature } from '../../../src/language/expression/arguments.ts'
import { createBudget } from '../../../src/language/expression/budget.ts'
import { compareText, lengthOf, part } from '../../../src/language/expression/characters.ts'
import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { functions } from '../../../src/language/expression/functions.ts'
import { represent } from '../../../src/language/expression/print.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'
import { slice, subscript } from '../../../src/language/expression/sequences.ts'
import { textMethods } from '../../../src/language/expression/text-methods.ts'
import { list, type Value } from '../../../src/language/expression/value.ts'

const of = (text: string, values: Record<string, Value> = {}) =>
  evaluate(compile('python', text), new Map(Object.entries(values)))

function errorOf(text: string, values: Record<string, Value> = {}): string {
  try {
    of(text, values)
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return `${thrown.kind}: ${thrown.message}`
    throw thrown
  }
  throw new Error(`${text} has a value`)
}

describe('arguments are put to their parameters', () => {
  const signature: Signature = { places: ['', 'b', 'c'], required: 1, keywords: ['d'] }
  const given = (args: Value[], keywords: Record<string, Value> = {}) =>
    bind('f', signature, args, new Map(Object.entries(keywords)))

  test('by place, then by name', () => {
    expect(given([1n])).toEqual([1n, undefined, undefined, undefined])
    expect(given([1n, 2n, 3n])).toEqual([1n, 2n, 3n, undefined])
    expect(given([1n], { d: 4n, c: 3n })).toEqual([1n, undefined, 3n, 4n])
    expect(given([null], { b: null })).toEqual([null, null, undefined, undefined])
  })

  const refused: [string, Value[], Record<string, Value>, string][] = [
    ['too many', [1n, 2n, 3n, 4n], {}, 'f() takes at most 3 arguments (4 given)'],
    ['too few', [], {}, 'f() is missing an argument (1 required)'],
    ['an unknown name', [1n], { x: 1n }, "'x' is an invalid keyword argument for f()"],
    ['one twice', [1n, 2n], { b: 2n }, "f() got multiple values for argument 'b'"],
    ['a name for what has none', [1n], { '': 1n }, "f() got multiple values for argument ''"],
  ]
  for (const [title, args, keywords, message] of refused)
    test(`${title} is a TypeError`, () => expect(() => given(args, keywords)).toThrow(message))

  test('how many there may be is told in words', () => {
    const takes = (places: string[]) => () => bind('f', { places, required: 0 }, Array(5).fill(null), new Map())
    expect(takes([])).toThrow('f() takes no arguments (5 given)')
    expect(takes(['a'])).toThrow('f() takes one argument (5 given)')
    expect(takes(['a', 'b'])).toThrow('f() takes at most 2 arguments (5 given)')
  })
})

describe('wrong arguments are told by function', () => {
  const cases: [string, string][] = [
    ['len(5)', "TypeError: object of type 'int' has no len()"],
    ['len(None)', "TypeError: object of type 'NoneType' has no len()"],
    ['abs("a")', "TypeError: bad operand type for abs(): 'str'"],
    ['any(5)', "TypeError: 'int' object is not iterable"],
    ['list(None)', "TypeError: 'NoneType' object is not iterable"],
    ['sum("ab")', "TypeError: unsupported operand type(s) for +: 'int' and 'str'"],
    ['sum([], "")', "TypeError: sum() can't sum strings [use ''.join(seq) instead]"],
    ['sum([1, None])', "TypeError: unsupported operand type(s) for +: 'int' and 'NoneType'"],
    ['round("1")', "TypeError: type str doesn't define __round__ method"],
    ['round(1.5, 1.0)', "TypeError: 'float' object cannot be interpreted as an integer"],
    ['int([])', "TypeError: int() argument must be a string, a bytes-like object or a real number, not 'list'"],
    ['int("1.5")', "ValueError: invalid literal for int() with base 10: '1.5'"],
    ['int("z", 37)', 'ValueError: int() base must be >= 2 and <= 36, or 0'],
    ['int(5, 10)', "TypeError: int() can't convert non-string with explicit base"],
    ['int(base=10)', 'TypeError: int() missing string argument'],
    ['int(float("nan"))', 'ValueError: cannot convert float NaN to integer'],
    ['int(float("inf"))', 'OverflowError: cannot convert float infinity to integer'],
    ['float("x")', "ValueError: could not convert string to float: 'x'"],
    ['float(None)', "TypeError: float() argument must be a string or a real number, not 'NoneType'"],
    ['str("a", "utf-8")', 'TypeError: decoding str is not supported'],
    ['min()', 'TypeError: min expected at least 1 argument, got 0'],
    ['max([])', 'ValueError: max() arg is an empty sequence'],
    ['max(1, "a")', "TypeError: '>' not supported between instances of 'str' and 'int'"],
    ['min(1, 2, default=3)', 'TypeError: Cannot specify a default for min() with multiple positional arguments'],
    ['sorted([1, "a"])', "TypeError: '<' not supported between instances of 'str' and 'int'"],
    ['sorted([1], lambda_=1)', "TypeError: 'lambda_' is an invalid keyword argument for sorted()"],
    ['range(1.5)', "TypeError: 'float' object cannot be interpreted as an integer"],
    ['range(1, 2, 0)', 'ValueError: range() arg 3 must not be zero'],
    ['set([[]])', "TypeError: unhashable type: 'list'"],
    ['{[]: 1}', "TypeError: unhashable type: 'list'"],
    ['list(zip([1], [], strict=True))', 'ValueError: zip() argument 2 is shorter than argument 1'],
    ['list(zip([], [1], strict=True))', 'ValueError: zip() argument 2 is longer than argument 1'],
    ['[a for a, b in [(1, 2, 3)]]', 'ValueError: too many values to unpack (expected 2, got 3)'],
    ['[a for a, b in [(1,)]]', 'ValueError: not enough values to unpack (expected 2, got 1)'],
    ['"a".find(1)', 'TypeError: the argument must be str, not int'],
    ['"a".index("b")', 'ValueError: substring not found'],
    ['"a".split("")', 'ValueError: empty separator'],
    ['"a".startswith(["a"])', 'TypeError: the argument must be str, not list'],
    ['"a".join([1])', 'TypeError: sequence item 0: expected str instance, int found'],
    ['"a".strip(1)', 'TypeError: strip arg must be str, not int'],
    ['"a".replace("a", None)', 'TypeError: replace() argument 2 must be str, not NoneType'],
    ['"a".upper(1)', 'TypeError: upper() takes no arguments (1 given)'],
    ['[1].index(2)', 'ValueError: the value is not in the list'],
    ['[1].count()', 'TypeError: count() is missing an argument (1 required)'],
    ['{}.get()', 'TypeError: get() is missing an argument (1 required)'],
    ['str.upper(1)', "TypeError: str.upper() needs a text, not 'int'"],
    ['5()', "TypeError: 'int' object is not callable"],
    ['None[0]', "TypeError: 'NoneType' object is not subscriptable"],
    ['{}[0:1]', "TypeError: unhashable type: 'slice'"],
    ['[1][::0]', 'ValueError: slice step cannot be zero'],
    ['[1]["a":]', 'TypeError: slice indices must be integers or None or have an __index__ method'],
    ['"abc"[1.0]', "TypeError: string indices must be integers, not 'float'"],
    ['range(3)[5]', 'IndexError: range object index out of range'],
    ['"a" * 10 ** 30', "OverflowError: cannot fit 'int' into an index-sized integer"],
    ['1 << -1', 'ValueError: negative shift count'],
    ['-"a"', "TypeError: bad operand type for unary -: 'str'"],
    ['~1.5', "TypeError: bad operand type for unary ~: 'float'"],
    ['0.0 ** -1', 'ZeroDivisionError: 0.0 cannot be raised to a negative power'],
    ['(-8) ** 0.5', 'Refused: The result would be a complex number, which is not supported.'],
    ['"a".lower', "Refused: A method must be called: 'lower()'."],
    ['len', 'Refused: The result is a function; call it with (…).'],
    ['(x for x in [1])', 'Refused: The result is a generator, which is always true; use any(…), all(…) or list(…).'],
  ]
  for (const [text, expected] of cases) test(text, () => expect(errorOf(text)).toBe(expected))

  test('every function and method meets wrong numbers and kinds of arguments with an error of its own', () => {
    const odd: Value[] = [null, true, 5n, 1.5, 'a', list([]), list([null])]
    const calls = [...functions.keys()].map((name) => `${name}(ARGS)`)
    const methods = [...textMethods.keys()].map((name) => `"a b".${name}(ARGS)`)
    const args = fc.array(fc.constantFrom(...odd.keys()), { maxLength: 4 })
    fc.assert(
      fc.property(fc.constantFrom(...calls, ...methods), args, (call, places) => {
        const names = places.map((place) => `v${place}`)
        const values = Object.fromEntries(odd.map((value, place) => [`v${place}`, value]))
        try {
          represent(of(call.replace('ARGS', names.join(', ')), values), createBudget())
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ExpressionError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

const bound = fc.option(fc.integer({ min: -8, max: 8 }), { nil: null })
const step = fc.option(
  fc.integer({ min: -3, max: 3 }).filter((by) => by !== 0),
  { nil: null },
)
const whole = (value: number | null): Value => (value === null ? null : BigInt(value))

/** What Python's documents say of `s[i:j:k]`, taken word by word. */
function placesOf(length: number, start: number | null, stop: number | null, by: number | null): number[] {
  const k = by ?? 1
  const within = (value: number, least: number, most: number) =>
    Math.min(most, Math.max(least, value < 0 ? value + length : value))
  const [least, most] = k > 0 ? [0, length] : [-1, length - 1]
  const from = start === null ? (k > 0 ? 0 : length - 1) : within(start, least, most)
  const to = stop === null ? (k > 0 ? length : -1) : within(stop, least, most)
  const places: number[] = []
  for (let at = from; k > 0 ? at < to : at > to; at += k) places.push(at)
  return places
}

describe('slices', () => {
  test('of lists, ranges and texts take the same places', () => {
    fc.assert(
      fc.property(fc.nat(6), bound, bound, step, (length, start, stop, by) => {
        const places = placesOf(length, start, stop, by)
        const bounds = { start: whole(start), stop: whole(stop), step: whole(by) }
        const numbers = Array.from({ length }, (_, index) => BigInt(index))
        const letters = Array.from({ length }, (_, index) => ['a', '😀', 'é', '🇪', 'b', '\ud83d'][index] ?? '')
        expect(slice(list(numbers), bounds, createBudget())).toEqual(list(places.map(BigInt)))
        const range: Value = { kind: 'range', start: 0n, stop: BigInt(length), step: 1n }
        expect(of('list(r)', { r: slice(range, bounds, createBudget()) })).toEqual(list(places.map(BigInt)))
        const text = letters.join('')
        fc.pre([...text].length === length)
        expect(slice(text, bounds, createBudget())).toBe(places.map((place) => letters[place]).join(''))
      }),
    )
  })

  test('of one item are what its place gives', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.integer({ min: -10, max: 10 }), (text, at) => {
        const length = lengthOf(text)
        const inside = at >= -length && at < length
        const take = () => subscript(text, BigInt(at), createBudget())
        if (inside) expect(take()).toBe([...text].at(at) ?? '')
        else expect(take).toThrow('string index out of range')
      }),
    )
  })
})

describe('texts are counted and ordered by characters', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 })

  test('in length and in parts', () => {
    fc.assert(
      fc.property(text, fc.nat(12), fc.nat(12), (given, start, end) => {
        expect(lengthOf(given)).toBe([...given].length)
        expect(part(given, start, end)).toBe([...given].slice(start, end).join(''))
      }),
    )
  })

  test('in order, as their code points are', () => {
    const points = (given: string) => [...given].map((char) => char.codePointAt(0) ?? 0)
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [left, right] = [points(a), points(b)]
        const differs = left.findIndex((point, index) => point !== right[index])
        const expected = differs < 0 ? left.length - right.length : (left[differs] ?? 0) - (right[differs] ?? -1)
        expect(Math.sign(compareText(a, b))).toBe(Math.sign(expected))
      }),
    )
    expect(compareText('\uffff', '😀')).toBeLessThan(0)
  })
})

test('a generator gives its items once, and a search takes no more than it needs', () => {
  expect(of('[x for x in [1, 2, 3] if x in g]', { g: of('list(range(3))') })).toEqual(list([1n, 2n]))
  expect(of('any(x > 1 for x in range(10 ** 15))')).toBe(true)
  expect(of('[list(z) for z in [zip([1, 2], [3, 4])]]')).toEqual(of('[[(1, 3), (2, 4)]]'))
  expect(of('[(2 in e, 2 in e) for e in [(x for x in [1, 2, 3])]]')).toEqual(of('[(True, False)]'))
})
