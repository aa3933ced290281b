import type { Decimal, Value } from './value.ts'

const DIGITS = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/

export function isDecimal(value: Value): value is Decimal {
  return typeof value === 'object' && value !== null && value.kind === 'decimal'
}

/** Compares a decimal with a number exactly: negative, 0 or positive, NaN when they have no order. */
export function compareDecimal(a: Decimal, b: Decimal | bigint | number): number {
  const other = typeof b === 'bigint' ? { digits: b, scale: 0 } : typeof b === 'number' ? undefined : scaled(b.text)
  const own = scaled(a.text)
  // A float stands for the decimal it is written as.
  if (own === undefined || other === undefined) return order(Number(a.text), typeof b === 'object' ? Number(b.text) : b)
  const scale = Math.max(own.scale, other.scale)
  return order(own.digits * 10n ** BigInt(scale - own.scale), other.digits * 10n ** BigInt(scale - other.scale))
}

/**
 * What equal decimals have in common: the int or float they equal, or a text of their digits where no float has as many.
 */
export function decimalKey({ text }: Decimal): bigint | number | string {
  const own = scaled(text)
  if (own === undefined) return Number(text)
  let { digits, scale } = own
  while (scale > 0 && digits % 10n === 0n) [digits, scale] = [digits / 10n, scale - 1]
  if (scale === 0) return digits
  const near = Number(text)
  return compareDecimal({ kind: 'decimal', text }, { kind: 'decimal', text: String(near) }) === 0
    ? near
    : `${digits}e-${scale}`
}

/** Negative, 0 or positive; NaN when one is NaN. An int and a float are compared exactly. */
export function order(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : a >= b ? 0 : Number.NaN
}

/** The digits as an int, and how many of them stand behind the point. */
function scaled(text: string): { digits: bigint; scale: number } | undefined {
  const match = DIGITS.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const scale = fraction.length - Number(exponent)
  const digits = BigInt(`${whole}${fraction}` || '0') * 10n ** BigInt(Math.max(0, -scale))
  return { digits: sign === '-' ? -digits : digits, scale: Math.max(0, scale) }
}
