import { allowList, allowText, type Budget, charge } from './budget.ts'
import { compare, contains, equals, identical, isNoRow } from './compare.ts'
import { datetime, isDatetime, momentOf } from './datetime.ts'
import { isDecimal } from './decimal.ts'
import { fail } from './failure.ts'
import { iterate } from './iterate.ts'
import { add, divide, divideDown, multiply, type Numeric, power, shiftLeft, shiftRight, subtract } from './numbers.ts'
import type { BinaryOperator, CompareOperator } from './tree.ts'
import { dict, list, noRow, set, tuple, typeName, type Value } from './value.ts'

/** Truth as Python has it: false are None, zero and what is empty. A missing row is false. */
export function truthy(value: Value): boolean {
  if (value === null || typeof value !== 'object') return Boolean(value) || Number.isNaN(value)
  switch (value.kind) {
    case 'list':
    case 'tuple':
      return value.items.length > 0
    case 'dict':
    case 'set':
      return value.entries.size > 0
    case 'view':
      return value.dict.entries.size > 0
    case 'range':
      return value.step > 0n ? value.start < value.stop : value.start > value.stop
    case 'decimal':
      return Number(value.text) !== 0
    case 'container':
      return value.size() > 0
    case 'no-row':
    case 'undefined':
      return false
    default:
      return true
  }
}

/** The number a value is in arithmetic; undefined for what is none. */
export function numeric(value: Value): Numeric | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  if (typeof value === 'boolean') return BigInt(value)
  return isDecimal(value) ? Number(value.text) : undefined
}

/** An operator between two values. With a missing row the result is one. */
export function binary(operator: BinaryOperator, a: Value, b: Value, budget: Budget): Value {
  const [left, right] = [numeric(a), numeric(b)]
  if (left !== undefined && right !== undefined) {
    const result = typeof a === 'boolean' && typeof b === 'boolean' ? ofBools(operator, a, b) : undefined
    return result ?? arithmetic(operator, left, right) ?? unsupported(operator, a, b)
  }
  if (isNoRow(a) || isNoRow(b)) return noRow
  switch (operator) {
    case '+':
      return concatenate(a, b, budget) ?? shift(a, b, 1) ?? shift(b, a, 1) ?? unsupported(operator, a, b)
    case '*':
      return repeat(a, b, budget) ?? repeat(b, a, budget) ?? unsupported(operator, a, b)
    case '-':
      return difference(a, b) ?? shift(a, b, -1) ?? ofSets(operator, a, b, budget) ?? unsupported(operator, a, b)
    case '%':
      if (typeof a === 'string') fail('Refused', 'Formatting with % is not supported.')
      return unsupported(operator, a, b)
    case '&':
    case '|':
    case '^':
      return ofSets(operator, a, b, budget) ?? unsupported(operator, a, b)
    default:
      return unsupported(operator, a, b)
  }
}

export function unary(operator: '+' | '-' | '~', value: Value): Value {
  const number = numeric(value)
  if (number === undefined || (operator === '~' && typeof number === 'number')) {
    if (isNoRow(value)) return noRow
    return fail('TypeError', `bad operand type for unary ${operator}: '${typeName(value)}'`)
  }
  if (operator === '+') return number
  return operator === '~' ? ~BigInt(number) : typeof number === 'bigint' ? -number : -number
}

/** One comparison of a chain. Every comparison with a missing row is false. */
export function comparison(operator: CompareOperator, a: Value, b: Value, budget: Budget): boolean {
  if (isNoRow(a) || isNoRow(b)) return false
  switch (operator) {
    case '==':
      return equals(a, b, budget)
    case '!=':
      return !equals(a, b, budget)
    case 'in':
      return contains(a, b, budget)
    case 'not in':
      return !contains(a, b, budget)
    case 'is':
      return identical(a, b)
    case 'is not':
      return !identical(a, b)
    default:
      return compare(operator, a, b, budget)
  }
}

function unsupported(operator: BinaryOperator, a: Value, b: Value): never {
  const sign = operator === '**' ? '** or pow()' : operator
  return fail('TypeError', `unsupported operand type(s) for ${sign}: '${typeName(a)}' and '${typeName(b)}'`)
}

function arithmetic(operator: BinaryOperator, a: Numeric, b: Numeric): Numeric | undefined {
  switch (operator) {
    case '+':
      return add(a, b)
    case '-':
      return subtract(a, b)
    case '*':
      return multiply(a, b)
    case '/':
      return divide(a, b)
    case '//':
      return divideDown(a, b)[0]
    case '%':
      return divideDown(a, b)[1]
    case '**':
      return power(a, b)
    default:
      return typeof a === 'bigint' && typeof b === 'bigint' ? ofBits(operator, a, b) : undefined
  }
}

function ofBits(operator: BinaryOperator, a: bigint, b: bigint): bigint | undefined {
  switch (operator) {
    case '&':
      return a & b
    case '|':
      return a | b
    case '^':
      return a ^ b
    case '<<':
      return shiftLeft(a, b)
    case '>>':
      return shiftRight(a, b)
    default:
      return undefined
  }
}

/** Bits of bools are bools. */
function ofBools(operator: BinaryOperator, a: boolean, b: boolean): boolean | undefined {
  if (operator === '&') return a && b
  if (operator === '|') return a || b
  return operator === '^' ? a !== b : undefined
}

function concatenate(a: Value, b: Value, budget: Budget): Value | undefined {
  if (typeof a === 'string' && typeof b === 'string') {
    allowText(budget, a.length + b.length)
    return a + b
  }
  const [left, right] = [itemsOf(a), itemsOf(b)]
  if (left === undefined || right === undefined || left.kind !== right.kind) return undefined
  allowList(budget, left.items.length + right.items.length)
  const items = [...left.items, ...right.items]
  return left.kind === 'list' ? list(items) : tuple(items)
}

function repeat(a: Value, b: Value, budget: Budget): Value | undefined {
  if (typeof b !== 'bigint' && typeof b !== 'boolean') return undefined
  if (typeof a !== 'string' && itemsOf(a) === undefined) return undefined
  if (BigInt.asIntN(64, BigInt(b)) !== BigInt(b)) {
    fail('OverflowError', "cannot fit 'int' into an index-sized integer")
  }
  const times = BigInt(b) < 0n ? 0 : Number(b)
  if (typeof a === 'string') {
    if (a === '') return a
    allowText(budget, a.length * times)
    return a.repeat(times)
  }
  const sequence = itemsOf(a)
  if (sequence === undefined) return undefined
  if (sequence.items.length === 0) return sequence
  allowList(budget, sequence.items.length * times)
  const items = Array.from({ length: times }, () => sequence.items).flat()
  return sequence.kind === 'list' ? list(items) : tuple(items)
}

function itemsOf(value: Value) {
  if (typeof value !== 'object' || value === null) return undefined
  if (value.kind === 'list' || value.kind === 'tuple') return value
  if (value.kind !== 'container') return undefined
  const plain = value.plain()
  return typeof plain === 'object' && plain !== null && plain.kind === 'list' ? plain : undefined
}

/** A datetime and seconds. */
function shift(moment: Value, seconds: Value, sign: 1 | -1): Value | undefined {
  const number = numeric(seconds)
  if (!isDatetime(moment) || number === undefined) return undefined
  return datetime(moment.ms + sign * Number(number) * 1000) ?? fail('OverflowError', 'date value out of range')
}

/** Seconds between two datetimes, one of which may be ISO text. */
function difference(a: Value, b: Value): number | undefined {
  if (!isDatetime(a) && !isDatetime(b)) return undefined
  const [left, right] = [momentOf(a), momentOf(b)]
  return left === undefined || right === undefined ? undefined : (left - right) / 1000
}

function ofSets(operator: '-' | '&' | '|' | '^', a: Value, b: Value, budget: Budget): Value | undefined {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return undefined
  if (a.kind === 'dict' && b.kind === 'dict' && operator === '|') {
    charge(budget, a.entries.size + b.entries.size)
    return dict([...a.entries.values(), ...b.entries.values()])
  }
  const isView = (value: typeof a) => value.kind === 'view' && value.of !== 'values'
  // Views take anything that can be gone over on their other side, sets only sets and views.
  if (!isView(a) && !isView(b) && (a.kind !== 'set' || b.kind !== 'set')) return undefined
  const [left, right] = [set(iterate(a, budget)), set(iterate(b, budget))]
  const only = (one: typeof left, other: typeof left) =>
    [...one.entries].filter(([hash]) => !other.entries.has(hash)).map(([, item]) => item)
  if (operator === '-') return set(only(left, right))
  if (operator === '|') return set([...left.entries.values(), ...right.entries.values()])
  if (operator === '^') return set([...only(left, right), ...only(right, left)])
  return set([...left.entries].filter(([hash]) => right.entries.has(hash)).map(([, item]) => item))
}
