import { allowList, allowText, type Budget } from '../budget.ts'
import { compare, equals, isNoRow } from '../compare.ts'
import { isDatetime } from '../datetime.ts'
import { fail } from '../failure.ts'
import { boundMethod } from '../methods.ts'
import { nearestSentence } from '../nearest.ts'
import { binary, numeric, unary } from '../operators.ts'
import type { Semantics } from '../semantics.ts'
import { subscript } from '../sequences.ts'
import type { BinaryOperator, CompareOperator } from '../tree.ts'
import { list, noRow, type Value } from '../value.ts'
import { asNumber, described, isTruthy, objectOf, textOf } from './values.ts'

/** The operators of formulas. */
export const formulaSemantics: Semantics = {
  truthy: isTruthy,
  decided: isTruthy,
  binary: calculate,
  unary: (operator, value) => {
    const number = asNumber(value)
    if (isNoRow(value)) return noRow
    return number === undefined
      ? fail('TypeError', `'${operator}' needs a number, not ${described(value)}.`)
      : unary(operator, number)
  },
  comparison,
  subscript: item,
  attribute: item,
  method: boundMethod,
  absent: (name, known) => fail('NameError', `There is no variable '${name}'. ${nearestSentence(name, known())}`),
}

/** `==`: numbers also equal text that is that number, booleans the words true and false, and nothing equals empty text. */
export function isEqual(a: Value, b: Value, budget: Budget): boolean {
  if (isNoRow(a) || isNoRow(b)) return false
  if (a === null || b === null) return (a ?? '') === (b ?? '')
  if (typeof a === 'string' && typeof b === 'string') return equals(a, b, budget)
  if (typeof a === 'boolean' || typeof b === 'boolean') return String(a).toLowerCase() === String(b).toLowerCase()
  if (typeof a === 'string' || typeof b === 'string') {
    const [left, right] = [asNumber(a), asNumber(b)]
    if (left !== undefined && right !== undefined) return equals(left, right, budget)
  }
  return equals(a, b, budget)
}

/** `object[index]` and `object.name`; an object may be JSON text. */
function item(object: Value, index: Value, budget: Budget): Value {
  if (object === null) return fail('TypeError', `Nothing has no '${textOf(index)}': the value before it is empty.`)
  if (typeof index === 'string') {
    const read = typeof object === 'string' ? objectOf(object, budget) : object
    if (read === undefined) return fail('TypeError', `${described(object)} has no field '${index}': it is no object.`)
    return subscript(read, index, budget)
  }
  const number = numeric(index)
  return subscript(object, typeof number === 'number' && Number.isInteger(number) ? BigInt(number) : index, budget)
}

function comparison(operator: CompareOperator, a: Value, b: Value, budget: Budget): boolean {
  if (operator === '==') return isEqual(a, b, budget)
  if (isNoRow(a) || isNoRow(b)) return false
  if (operator === '!=') return !isEqual(a, b, budget)
  if (operator !== '<' && operator !== '<=' && operator !== '>' && operator !== '>=') return false
  const [left, right] = typeof a === 'string' && typeof b === 'string' ? [a, b] : [asNumber(a) ?? a, asNumber(b) ?? b]
  const ordered = (value: Value) => asNumber(value) !== undefined || typeof value === 'string' || isDatetime(value)
  if (!ordered(left) || !ordered(right) || (typeof left === 'string') !== (typeof right === 'string')) {
    const dates = [left, right].some(isDatetime)
    if (!dates || !ordered(left) || !ordered(right)) return unordered(operator, a, b)
  }
  return compare(operator, left, right, budget)
}

function unordered(operator: string, a: Value, b: Value): never {
  return fail('TypeError', `'${operator}' cannot compare ${described(a)} with ${described(b)}.`)
}

function calculate(operator: BinaryOperator, a: Value, b: Value, budget: Budget): Value {
  if (isNoRow(a) || isNoRow(b)) return noRow
  if (operator === '+' && (typeof a === 'string' || typeof b === 'string')) {
    const [left, right] = [textOf(a), textOf(b)]
    allowText(budget, left.length + right.length)
    return left + right
  }
  if (operator === '+' && isArray(a) && isArray(b)) {
    allowList(budget, a.items.length + b.items.length)
    return list([...a.items, ...b.items])
  }
  const [left, right] = [asNumber(a), asNumber(b)]
  if (left !== undefined && right !== undefined) return ofNumbers(operator, left, right, budget)
  const wrong = left === undefined ? a : b
  const hint = isDatetime(wrong) ? ' Use diff(a, b, unit) and inc(date, n, unit) for dates.' : ''
  return fail('TypeError', `'${operator}' needs numbers, not ${described(wrong)}.${hint}`)
}

/** Integer division and the rest cut towards zero, as in Java. */
function ofNumbers(operator: BinaryOperator, a: Value, b: Value, budget: Budget): Value {
  if (operator !== '//' && operator !== '%') return binary(operator, a, b, budget)
  const [left, right] = [numeric(a) ?? 0, numeric(b) ?? 0]
  if (Number(right) === 0) fail('ZeroDivisionError', 'Division by zero.')
  if (typeof left === 'bigint' && typeof right === 'bigint') return operator === '//' ? left / right : left % right
  const [x, y] = [Number(left), Number(right)]
  return operator === '//' ? Math.trunc(x / y) : x % y
}

function isArray(value: Value): value is Extract<Value, { kind: 'list' }> {
  return typeof value === 'object' && value !== null && value.kind === 'list'
}
