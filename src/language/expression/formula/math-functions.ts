import { fail } from '../failure.ts'
import { power } from '../numbers.ts'
import type { Value } from '../value.ts'
import { type Body, define, MANY } from './function.ts'
import { numberOf, textOf, wholeOf } from './values.ts'

/** The functions of numbers. Those that the documents show with decimals give decimals. */
export const mathFunctions = [
  ofNumber('abs', Math.abs),
  ofNumber('round', (value) => Math.floor(value + 0.5)),
  ofNumber('floor', Math.floor),
  ofNumber('ceil', Math.ceil),
  ofNumber('sqrt', (value) =>
    value < 0 ? fail('ValueError', 'sqrt needs a number that is not negative.') : Math.sqrt(value),
  ),
  ofNumber('exp', Math.exp),
  ofNumber('ln', (value) => logarithm(value, 'ln', Math.log)),
  ofNumber('log', (value) => logarithm(value, 'log', Math.log10)),
  define('min', 1, MANY, (args) => extreme(args, 'min', (a, b) => a < b)),
  define('max', 1, MANY, (args) => extreme(args, 'max', (a, b) => a > b)),
  define(
    'mod',
    2,
    2,
    wholes('mod', (a, b) => a % b),
  ),
  define(
    'quotient',
    2,
    2,
    wholes('quotient', (a, b) => a / b),
  ),
  define('pow', 2, 2, ([base = null, exponent = null]) =>
    power(Number(numberOf(base, 'pow')), Number(numberOf(exponent, 'pow'))),
  ),
  define('dec2hex', 1, 1, ([value = null]) => wholeOf(value, 'dec2hex').toString(16)),
  define('hex2dec', 1, 1, ([value = null]) => {
    const digits = textOf(value)
    return /^[0-9a-fA-F]{1,32}$/.test(digits)
      ? BigInt(`0x${digits}`)
      : fail('ValueError', 'hex2dec needs hexadecimal digits.')
  }),
  define('PI', 0, 0, () => Math.PI),
]

function ofNumber(name: string, compute: (value: number) => number) {
  return define(name, 1, 1, ([value = null]) => {
    const result = compute(Number(numberOf(value, name)))
    return result === 0 ? 0 : result
  })
}

function logarithm(value: number, name: string, compute: (value: number) => number): number {
  return value > 0 ? compute(value) : fail('ValueError', `${name} needs a number above 0.`)
}

/** Both numbers are cut to whole ones first. */
function wholes(name: string, compute: (a: bigint, b: bigint) => bigint): Body {
  return ([a = null, b = null]) => {
    const divisor = BigInt(wholeOf(b, name))
    if (divisor === 0n) fail('ZeroDivisionError', `${name}: division by zero.`)
    return compute(BigInt(wholeOf(a, name)), divisor)
  }
}

/** Nothing does not count. */
function extreme(
  args: readonly Value[],
  name: string,
  better: (a: bigint | number, b: bigint | number) => boolean,
): Value {
  const numbers = args.filter((value) => value !== null && value !== '').map((value) => numberOf(value, name))
  const [first, ...others] = numbers
  return first === undefined ? null : others.reduce((best, value) => (better(value, best) ? value : best), first)
}
