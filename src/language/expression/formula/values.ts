import { type Budget, chargeText } from '../budget.ts'
import { isNoRow } from '../compare.ts'
import { isDatetime, parseDatetime } from '../datetime.ts'
import { fail } from '../failure.ts'
import { collect } from '../iterate.ts'
import { jsonText, parseJson } from '../json.ts'
import { numeric } from '../operators.ts'
import { floatText } from '../print.ts'
import { asDict, type Datetime, type Dict, isContainer, type Value } from '../value.ts'

/** Digits that a text may have to count as a number; more is an identifier. */
const MOST_DIGITS = 300
const WHOLE = /^-?\d+$/
const DECIMAL = /^-?\d*\.\d+$/
const ANY_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/
const FALSE_WORDS = new Set(['', 'false', 'no', 'n', 'f', 'off', '0'])

/** What a variable or column stands for: text that looks like a number is one. */
export function autoTyped(value: Value): Value {
  if (typeof value !== 'string' || value.length > MOST_DIGITS) return value
  if (WHOLE.test(value)) return BigInt(value)
  return DECIMAL.test(value) ? Number(value) : value
}

/** The number a value stands for, text that is one included; undefined for what is none. */
export function asNumber(value: Value): Value | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  if (typeof value === 'object') return value !== null && value.kind === 'decimal' ? value : undefined
  if (typeof value !== 'string' || value.length > MOST_DIGITS) return undefined
  const text = value.trim()
  if (WHOLE.test(text)) return BigInt(text)
  return ANY_NUMBER.test(text) ? Number(text) : undefined
}

/** The number a function needs. */
export function numberOf(value: Value, name: string): bigint | number {
  const number = asNumber(value)
  const plain = number === undefined ? undefined : numeric(number)
  return plain ?? fail('TypeError', `${name} needs a number, not ${described(value)}.`)
}

/** The whole number a function needs; digits behind the point are cut. */
export function wholeOf(value: Value, name: string): number {
  const number = Math.trunc(Number(numberOf(value, name)))
  return Number.isSafeInteger(number) ? number : fail('ValueError', `${name} needs a smaller number.`)
}

/** What a value is as text: nothing is empty, whole decimals have no `.0`, arrays and objects are JSON. */
export function textOf(value: Value): string {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : floatText(value)
  if (typeof value !== 'object') return String(value)
  switch (value.kind) {
    case 'datetime':
    case 'decimal':
      return value.text
    case 'no-row':
    case 'undefined':
      return ''
    default:
      return jsonText(value)
  }
}

/** Truth: false are nothing, zero, what is empty, and the words false, no and off in any letter case. */
export function isTruthy(value: Value): boolean {
  if (value === null || isNoRow(value)) return false
  if (typeof value === 'boolean') return value
  if (typeof value === 'string') return !FALSE_WORDS.has(value.trim().toLowerCase())
  const number = asNumber(value)
  if (number !== undefined) return Number(numeric(number)) !== 0
  if (typeof value !== 'object') return false
  if (value.kind === 'list') return value.items.length > 0
  return value.kind === 'dict' ? value.entries.size > 0 : !isContainer(value) || value.size() > 0
}

/** The items of an array, of JSON text that is one, or none of nothing. */
export function arrayOf(value: Value, name: string, budget: Budget): readonly Value[] {
  if (value === null || value === '' || isNoRow(value)) return []
  const array = typeof value === 'string' ? readJson(value, budget) : value
  if (typeof array === 'object' && array !== null) {
    if (array.kind === 'list' || array.kind === 'tuple') return collect(array, budget)
    if (array.kind === 'container' && array.shape === 'list') return collect(array, budget)
  }
  return fail('TypeError', `${name} needs an array, not ${described(value)}.`)
}

/** An object, or JSON text that is one; undefined for anything else. */
export function objectOf(value: Value, budget: Budget): Dict | undefined {
  const object = typeof value === 'string' ? readJson(value, budget) : value
  return asDict(object)
}

/** JSON text as a value; undefined when it is none. Anything but text is given back as it is. */
export function readJson(value: Value, budget: Budget): Value | undefined {
  if (typeof value !== 'string') return value
  chargeText(budget, value.length)
  try {
    return parseJson(value)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

/** A date, ISO 8601 text that is one, or a number of ms since 1970. */
export function dateOf(value: Value, name: string): Datetime {
  if (isDatetime(value)) return value
  const read = typeof value === 'string' ? parseDatetime(value.trim()) : undefined
  return read ?? fail('TypeError', `${name} needs a date, not ${described(value)}.`)
}

/** A value as error messages name it. */
export function described(value: Value): string {
  if (value === null || value === '') return 'nothing'
  if (typeof value === 'string') return `the text "${value.slice(0, 40)}"`
  return `the ${typeOf(value)} ${textOf(value).slice(0, 40)}`
}

/** The name of a value's type. */
export function typeOf(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'bigint') return 'integer'
  if (typeof value === 'number') return 'decimal'
  if (typeof value !== 'object') return typeof value
  switch (value.kind) {
    case 'datetime':
      return 'date'
    case 'list':
    case 'tuple':
      return 'array'
    case 'dict':
      return 'object'
    case 'container':
      return value.shape === 'dict' ? 'object' : 'array'
    default:
      return value.kind
  }
}
