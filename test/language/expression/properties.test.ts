import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createBudget } from '../../../src/language/expression/budget.ts'
import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { fromJson, jsonText, parseJson, toJson } from '../../../src/language/expression/json.ts'
import { represent } from '../../../src/language/expression/print.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'
import type { Value } from '../../../src/language/expression/value.ts'

const of = (text: string, values: Record<string, Value> = {}) =>
  evaluate(compile('python', text), new Map(Object.entries(values)))

const int = fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n })
const float = fc.double({ noNaN: true, noDefaultInfinity: true })

describe('numbers', () => {
  test('quotient and rest give the number back, the rest has the sign of the divisor', () => {
    fc.assert(
      fc.property(int, int, (a, b) => {
        fc.pre(b !== 0n)
        expect(of('a // b * b + a % b == a and (a % b == 0 or (a % b < 0) == (b < 0))', { a, b })).toBe(true)
      }),
    )
  })

  test('a float is the same after it was written and read', () => {
    fc.assert(fc.property(float, (a) => expect(Object.is(of('float(str(a))', { a }), a)).toBe(true)))
  })

  test('ints and floats are compared by their exact values', () => {
    fc.assert(
      fc.property(float, (a) => {
        expect(of('int(a) <= a < int(a) + 1 or int(a) - 1 < a <= int(a)', { a })).toBe(true)
        expect(of('a + 1 != a or int(a) + 1 != a', { a })).toBe(true)
      }),
    )
  })

  test('rounding stays within half a unit', () => {
    const digits = fc.bigInt({ min: -3n, max: 6n })
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), digits, (a, n) => {
        expect(of('abs(round(a, n) - a) <= 0.5000001 * 10.0 ** -n', { a, n })).toBe(true)
      }),
    )
  })
})

describe('texts and lists', () => {
  test('what was split can be joined', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, (s, sep) => {
        fc.pre(sep !== '')
        expect(of('sep.join(s.split(sep)) == s', { s, sep })).toBe(true)
      }),
    )
  })

  test('slices by every bound are what taking single items gives', () => {
    const bound = fc.option(fc.integer({ min: -9, max: 9 }))
    const step = fc.integer({ min: -4, max: 4 }).filter((value) => value !== 0)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 6 }), bound, bound, step, (s, start, stop, by) => {
        const names = {
          s,
          a: start === null ? null : BigInt(start),
          b: stop === null ? null : BigInt(stop),
          c: BigInt(by),
        }
        expect(of('s[a:b:c] == "".join([s[i] for i in list(range(len(s)))[a:b:c]])', names)).toBe(true)
      }),
    )
  })

  test('sorted is in order and keeps every item', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.double({ noNaN: true }))), (items) => {
        const l = fromJson(items.filter(Number.isFinite))
        const text =
          'all(x <= y for x, y in zip(sorted(l), sorted(l)[1:])) and all(l.count(x) == sorted(l).count(x) for x in l)'
        expect(of(text, { l })).toBe(true)
      }),
    )
  })

  test('a value reads back from its own writing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (json) => {
        const value = fromJson(json as never)
        const written = represent(value, createBudget())
        expect(of('a == b', { a: value, b: of(written) })).toBe(true)
        expect(represent(of(written), createBudget())).toBe(written)
      }),
    )
  })
})

describe('JSON', () => {
  test('integers keep their digits and floats their kind', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }), (a) => expect(parseJson(String(a))).toBe(a)),
    )
    expect(parseJson('[2.0, 2, 1e2, -0]')).toEqual({ kind: 'list', items: [2, 2n, 100, 0n] })
  })

  test('plain JSON comes back the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        fc.pre(!JSON.stringify(json).includes('e'))
        expect(toJson(fromJson(json as never))).toEqual(JSON.parse(JSON.stringify(json)))
      }),
    )
  })

  test('what JSON has no form for is shown as text', () => {
    expect(jsonText(of('[2**60, float("inf"), {1: None, (1, 2): True}, 1e16, 2.0]'))).toBe(
      '["1152921504606846976","inf",{"1":null,"(1, 2)":true},1e+16,2.0]',
    )
  })
})

test('no text makes anything but a value or an ExpressionError', () => {
  const piece = fc.constantFrom(
    ...'a b r 1 2.5 "x" None ( ) [ ] { } , : . + - * / // % ** < > == != in not is and or if else for lambda = := | & ~ len sum get \\ \n # {{ }}'.split(
      ' ',
    ),
  )
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(' '))
  fc.assert(
    fc.property(fc.oneof(text, fc.string(), fc.string({ unit: 'binary' })), (source) => {
      try {
        of(source, { a: 1n, b: 'x', r: fromJson([1, 'x']) })
      } catch (thrown) {
        if (!(thrown instanceof ExpressionError)) throw thrown
        expect(thrown.line).toBeGreaterThan(0)
        expect(thrown.column).toBeGreaterThan(0)
      }
    }),
    { numRuns: 3000 },
  )
})
