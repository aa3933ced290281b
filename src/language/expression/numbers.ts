import { allowBits } from './budget.ts'
import { fail } from './failure.ts'
import { wholePower } from './power.ts'

/** An int or a float. */
export type Numeric = bigint | number

/** Digits behind the point at which rounding changes no float, and at which it leaves nothing. */
const MOST_DIGITS = 323
const LEAST_DIGITS = -308

export function toFloat(value: Numeric): number {
  if (typeof value === 'number') return value
  const result = Number(value)
  return Number.isFinite(result) ? result : fail('OverflowError', 'int too large to convert to float')
}

/** The number of bits of an int without its sign. */
export function bitLength(value: bigint): number {
  const size = value < 0n ? -value : value
  if (size === 0n) return 0
  const hex = size.toString(16)
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0] ?? '0', 16)))
}

export function add(a: Numeric, b: Numeric): Numeric {
  if (typeof a === 'bigint' && typeof b === 'bigint') return small(a + b)
  return toFloat(a) + toFloat(b)
}

export function subtract(a: Numeric, b: Numeric): Numeric {
  if (typeof a === 'bigint' && typeof b === 'bigint') return small(a - b)
  return toFloat(a) - toFloat(b)
}

export function multiply(a: Numeric, b: Numeric): Numeric {
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    if (a !== 0n && b !== 0n) allowBits(bitLength(a) + bitLength(b) - 1)
    return small(a * b)
  }
  return toFloat(a) * toFloat(b)
}

/** `/`: always a float, correctly rounded. */
export function divide(a: Numeric, b: Numeric): number {
  if (typeof a !== 'bigint' || typeof b !== 'bigint') {
    const [left, right] = [toFloat(a), toFloat(b)]
    return right === 0 ? fail('ZeroDivisionError', 'float division by zero') : left / right
  }
  if (b === 0n) fail('ZeroDivisionError', 'division by zero')
  if (isSafe(a) && isSafe(b)) return Number(a) / Number(b)
  const negative = a < 0n !== b < 0n
  const result = quotientOf(a < 0n ? -a : a, b < 0n ? -b : b)
  if (!Number.isFinite(result)) fail('OverflowError', 'integer division result too large for a float')
  return negative ? -result : result
}

/** `//` and `%` together: the quotient rounded down, and the rest, which has the divisor's sign. */
export function divideDown(a: Numeric, b: Numeric): [quotient: Numeric, rest: Numeric] {
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    if (b === 0n) fail('ZeroDivisionError', 'integer division or modulo by zero')
    const rest = a % b
    if (rest !== 0n && rest < 0n !== b < 0n) return [a / b - 1n, rest + b]
    return [a / b, rest]
  }
  return divideFloatsDown(toFloat(a), toFloat(b))
}

/** `**`; a negative exponent of ints gives a float. */
export function power(base: Numeric, exponent: Numeric): Numeric {
  if (typeof base === 'bigint' && typeof exponent === 'bigint') {
    if (exponent < 0n) return powerOfFloats(toFloat(base), toFloat(exponent))
    if (base > 1n || base < -1n) {
      if (exponent > 5000n) allowBits(Number.POSITIVE_INFINITY)
      allowBits((bitLength(base) - 1) * Number(exponent) + 1)
    } else {
      if (exponent === 0n || base === 1n) return 1n
      return base === 0n ? 0n : exponent % 2n === 0n ? 1n : -1n
    }
    return small(base ** exponent)
  }
  return powerOfFloats(toFloat(base), toFloat(exponent))
}

export function shiftLeft(value: bigint, by: bigint): bigint {
  if (by < 0n) fail('ValueError', 'negative shift count')
  if (value === 0n) return 0n
  if (by > 5000n) allowBits(Number.POSITIVE_INFINITY)
  allowBits(bitLength(value) + Number(by))
  return value << by
}

export function shiftRight(value: bigint, by: bigint): bigint {
  if (by < 0n) fail('ValueError', 'negative shift count')
  return value >> (by > 5000n ? 5000n : by)
}

/** Cuts a float to an int. */
export function toInt(value: number): bigint {
  if (Number.isNaN(value)) fail('ValueError', 'cannot convert float NaN to integer')
  if (!Number.isFinite(value)) fail('OverflowError', 'cannot convert float infinity to integer')
  return BigInt(Math.trunc(value))
}

/** Rounds a float to an int, halves to the even neighbour. */
export function roundToInt(value: number): bigint {
  if (!Number.isFinite(value)) return toInt(value)
  const below = Math.floor(value)
  const rest = value - below
  if (rest > 0.5 || (rest === 0.5 && below % 2 !== 0)) return BigInt(below + 1)
  return BigInt(below)
}

/** Rounds a float to digits behind the point by its exact value, halves to the even neighbour. */
export function roundFloat(value: number, digits: bigint): number {
  if (!Number.isFinite(value) || value === 0 || digits > MOST_DIGITS) return value
  if (digits < LEAST_DIGITS) return value < 0 ? -0 : 0
  const [mantissa, exponent] = parts(Math.abs(value))
  const up = digits > 0n ? 10n ** digits : 1n
  const down = digits < 0n ? 10n ** -digits : 1n
  const numerator = (exponent > 0 ? mantissa << BigInt(exponent) : mantissa) * up
  const denominator = (exponent < 0 ? 1n << BigInt(-exponent) : 1n) * down
  const result = Number(`${value < 0 ? '-' : ''}${halfEven(numerator, denominator)}e${-digits}`)
  return Number.isFinite(result) ? result : fail('OverflowError', 'rounded value too large to represent')
}

/** Rounds an int to tens, hundreds and so on, halves to the even neighbour. */
export function roundInt(value: bigint, digits: bigint): bigint {
  if (digits >= 0n) return value
  if (digits < -1300n) return 0n
  const unit = 10n ** -digits
  const size = halfEven(value < 0n ? -value : value, unit) * unit
  return value < 0n ? -size : size
}

function divideFloatsDown(a: number, b: number): [number, number] {
  if (b === 0) fail('ZeroDivisionError', 'float floor division by zero')
  let rest = a % b
  let quotient = (a - rest) / b
  if (rest === 0) rest = b < 0 ? -0 : 0
  else if (b < 0 !== rest < 0) {
    rest += b
    quotient -= 1
  }
  if (quotient === 0) return [a / b < 0 || Object.is(a / b, -0) ? -0 : 0, rest]
  const below = Math.floor(quotient)
  return [quotient - below > 0.5 ? below + 1 : below, rest]
}

function powerOfFloats(base: number, exponent: number): number {
  if (exponent === 0 || base === 1) return 1
  if (base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent)) return 1
  if (base === 0 && exponent < 0 && Number.isFinite(exponent))
    fail('ZeroDivisionError', '0.0 cannot be raised to a negative power')
  if (base < 0 && Number.isFinite(base) && Number.isFinite(exponent) && !Number.isInteger(exponent)) {
    fail('Refused', 'The result would be a complex number, which is not supported.')
  }
  const result = wholePower(base, exponent) ?? base ** exponent
  if (!Number.isFinite(result) && Number.isFinite(base) && Number.isFinite(exponent)) {
    fail('OverflowError', 'Numerical result out of range')
  }
  return result
}

/** The float nearest to the quotient of two positive ints; infinite when there is none. */
function quotientOf(left: bigint, right: bigint): number {
  const shift = Math.max(0, bitLength(right) - bitLength(left) + 66)
  const shifted = left << BigInt(shift)
  // The last bit stands for all that is cut, so that a tie is seen as none.
  const quotient = Number(shifted % right === 0n ? shifted / right : (shifted / right) | 1n)
  const half = Math.floor(shift / 2)
  return quotient * 2 ** -half * 2 ** (half - shift)
}

/** A positive float as mantissa times two to the exponent. */
function parts(value: number): [mantissa: bigint, exponent: number] {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const whole = bits.getBigUint64(0)
  const exponent = Number(whole >> 52n)
  const fraction = whole & 0xfffffffffffffn
  return exponent === 0 ? [fraction, -1074] : [fraction | 0x10000000000000n, exponent - 1075]
}

function halfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  const twice = (numerator % denominator) * 2n
  return twice > denominator || (twice === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient
}

function isSafe(value: bigint): boolean {
  return value >= -9007199254740991n && value <= 9007199254740991n
}

/** Checks the size of a result that is at most a bit above what was allowed before. */
function small(value: bigint): bigint {
  if (!isSafe(value)) allowBits(bitLength(value))
  return value
}
