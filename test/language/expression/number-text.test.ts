import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseFloatText, parseIntText } from '../../../src/language/expression/number-text.ts'
import {
  bitLength,
  divide,
  divideDown,
  roundFloat,
  roundInt,
  roundToInt,
} from '../../../src/language/expression/numbers.ts'
import { floatText } from '../../../src/language/expression/print.ts'

describe('a text as a whole number', () => {
  const read: [string, bigint, bigint][] = [
    ['12', 10n, 12n],
    [' -12\n', 10n, -12n],
    ['+1_000', 10n, 1000n],
    ['007', 10n, 7n],
    ['0', 0n, 0n],
    ['000', 0n, 0n],
    ['0x1F', 0n, 31n],
    ['-0b101', 0n, -5n],
    ['0o_17', 0n, 15n],
    ['0x1f', 16n, 31n],
    ['1f', 16n, 31n],
    ['0b1', 16n, 177n],
    ['zz', 36n, 1295n],
    ['101', 2n, 5n],
    ['٣٤', 10n, 34n],
    ['१२', 10n, 12n],
    ['\u2003 5\u3000', 10n, 5n],
  ]
  for (const [text, base, expected] of read)
    test(`${JSON.stringify(text)} with base ${base} is ${expected}`, () =>
      expect(parseIntText(text, base)).toBe(expected))

  const refused: [string, bigint][] = [
    ['', 10n],
    [' ', 10n],
    ['-', 10n],
    ['1 2', 10n],
    ['1__0', 10n],
    ['_1', 10n],
    ['1_', 10n],
    ['1.0', 10n],
    ['1e3', 10n],
    ['0x1f', 10n],
    ['012', 0n],
    ['0_1', 0n],
    ['2', 2n],
    ['g', 16n],
    ['0x', 16n],
    ['²', 10n],
    ['--1', 10n],
    ['∞', 10n],
  ]
  for (const [text, base] of refused)
    test(`${JSON.stringify(text)} with base ${base} is none`, () =>
      expect(() => parseIntText(text, base)).toThrow(`invalid literal for int() with base ${base}`))

  test('is the one that was written, in every base', () => {
    const int = fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n })
    fc.assert(
      fc.property(int, fc.integer({ min: 2, max: 36 }), (value, base) => {
        expect(parseIntText(value.toString(base), BigInt(base))).toBe(value)
        expect(parseIntText(value.toString(base).toUpperCase(), BigInt(base))).toBe(value)
      }),
    )
  })

  test('of very many digits is refused before it is read', () => {
    const started = performance.now()
    expect(() => parseIntText('9'.repeat(60_000), 10n)).toThrow('more than 4096 bits')
    expect(performance.now() - started).toBeLessThan(500)
    expect(parseIntText('0'.repeat(60_000), 10n)).toBe(0n)
  })
})

describe('a text as a float', () => {
  const read: [string, number][] = [
    ['1', 1],
    [' 1.5 ', 1.5],
    ['-.5', -0.5],
    ['5.', 5],
    ['1_0.0_1', 10.01],
    ['1e3', 1000],
    ['1E+3', 1000],
    ['1e-400', 0],
    ['1e400', Infinity],
    ['-inf', -Infinity],
    ['+Infinity', Infinity],
    ['nAn', Number.NaN],
    ['-0', -0],
    ['٣.٥', 3.5],
  ]
  for (const [text, expected] of read)
    test(`${JSON.stringify(text)} is ${expected}`, () => expect(parseFloatText(text)).toBe(expected))

  for (const text of ['', '.', 'e5', '1e', '1_', '_1', '1__0', '1,5', '0x1', 'infin', 'nan1', '1 2', '1e1.5', '--1'])
    test(`${JSON.stringify(text)} is none`, () =>
      expect(() => parseFloatText(text)).toThrow('could not convert string to float'))
})

describe('a float as a text', () => {
  const written: [number, string][] = [
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [0.1, '0.1'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [123456789012345680, '1.2345678901234568e+17'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [1e100, '1e+100'],
    [5e-324, '5e-324'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [Number.NaN, 'nan'],
  ]
  for (const [value, expected] of written) test(expected, () => expect(floatText(value)).toBe(expected))

  test('reads back as itself', () => {
    fc.assert(fc.property(fc.double(), (value) => expect(parseFloatText(floatText(value))).toBe(value)))
  })
})

describe('arithmetic to the last digit', () => {
  const big = fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }).filter((value) => value !== 0n)

  test('a quotient of ints is as near to it as no other float is', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 60n, max: 2n ** 300n }), fc.bigInt({ min: 1n, max: 2n ** 60n }), (a, b) => {
        // So large a float is a whole number, and so are its neighbours.
        fc.pre(a / b > 2n ** 54n)
        const quotient = divide(a, b)
        const step = 2 ** (Math.floor(Math.log2(quotient)) - 53)
        const off = (float: number) => {
          const difference = a - BigInt(float) * b
          return difference < 0n ? -difference : difference
        }
        expect(off(quotient) <= off(quotient + 2 * step)).toBe(true)
        expect(off(quotient) <= off(quotient - 2 * step)).toBe(true)
      }),
    )
  })

  test('quotient and rest of ints give the number back', () => {
    fc.assert(
      fc.property(big, big, (a, b) => {
        const [quotient, rest] = divideDown(a, b) as [bigint, bigint]
        expect(quotient * b + rest).toBe(a)
        expect(rest === 0n || rest < 0n === b < 0n).toBe(true)
        expect(bitLength(rest) <= bitLength(b)).toBe(true)
      }),
    )
  })

  const rounded: [number, bigint, number][] = [
    [2.675, 2n, 2.67],
    [2.5, 0n, 2],
    [3.5, 0n, 4],
    [-2.5, 0n, -2],
    [0.125, 2n, 0.12],
    [0.375, 2n, 0.38],
    [1e22, -2n, 1e22],
    [1234.5, -2n, 1200],
    [50, -2n, 0],
    [150, -2n, 200],
    [1e-320, 323n, 1e-320],
  ]
  for (const [value, digits, expected] of rounded)
    test(`${value} to ${digits} digits is ${expected}`, () => expect(roundFloat(value, digits)).toBe(expected))

  test('halves go to the even neighbour', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5].map(roundToInt)).toEqual([0n, 2n, 2n, 0n, -2n])
    expect([5n, 15n, 25n, -15n, 149n].map((value) => roundInt(value, -1n))).toEqual([0n, 20n, 20n, -20n, 150n])
  })
})
