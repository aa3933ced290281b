import { allowBits } from './budget.ts'
import { BLANKS } from './characters.ts'
import { fail } from './failure.ts'
import { bitLength } from './numbers.ts'
import { quoted } from './print.ts'

const EDGES = new RegExp(`^[${BLANKS}]+|[${BLANKS}]+$`, 'g')
const FLOAT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/
const SPECIAL = /^([+-]?)(?:(inf|infinity)|nan)$/i
const PREFIXES: Record<string, number> = { x: 16, o: 8, b: 2 }
const FOREIGN_DIGIT = /(?![0-9])\p{Nd}/gu

/** What `int(text, base)` gives, for a base of 0 or 2 to 36. */
export function parseIntText(text: string, base: bigint): bigint {
  const match = /^([+-]?)(0([xXoObB])_?)?(.*)$/s.exec(asciiDigits(text).replaceAll(EDGES, ''))
  const [, sign = '', prefix = '', letter = '', rest = ''] = match ?? []
  const prefixed = PREFIXES[letter.toLowerCase()]
  const usesPrefix = prefixed !== undefined && (base === 0n || base === BigInt(prefixed))
  const digits = usesPrefix ? rest : prefix + rest
  const radix = usesPrefix ? prefixed : base === 0n ? 10 : Number(base)
  const leadingZero = base === 0n && !usesPrefix && /^0[0_]*[1-9]/.test(digits)
  if (!/^[0-9a-z]+(_[0-9a-z]+)*$/i.test(digits) || leadingZero) invalid(text, base)
  allowBits((digits.length - 1) * Math.log2(radix) - (/^[0_]*/.exec(digits)?.[0].length ?? 0) * Math.log2(radix))
  return signed(sign, readDigits(digits.replaceAll('_', ''), radix) ?? invalid(text, base))
}

/** What `float(text)` gives. */
export function parseFloatText(text: string): number {
  const bare = asciiDigits(text).replaceAll(EDGES, '')
  const special = SPECIAL.exec(bare)
  if (special !== null) return special[2] === undefined ? Number.NaN : special[1] === '-' ? -Infinity : Infinity
  if (!FLOAT.test(bare)) fail('ValueError', `could not convert string to float: ${quoted(text.slice(0, 100))}`)
  return Number(bare.replaceAll('_', ''))
}

function invalid(text: string, base: bigint): never {
  return fail('ValueError', `invalid literal for int() with base ${base}: ${quoted(text.slice(0, 100))}`)
}

function readDigits(digits: string, radix: number): bigint | undefined {
  let value = 0n
  for (const char of digits) {
    const digit = Number.parseInt(char, 36)
    if (digit >= radix) return undefined
    value = value * BigInt(radix) + BigInt(digit)
  }
  allowBits(bitLength(value))
  return value
}

function signed(sign: string, value: bigint): bigint {
  return sign === '-' ? -value : value
}

/** Digits of other scripts count as digits; each script has its ten in a row. */
function asciiDigits(text: string): string {
  return text.replaceAll(FOREIGN_DIGIT, (char) => {
    let value = 0
    const code = char.codePointAt(0) ?? 0
    while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1
    return String(value)
  })
}
