import { type Budget, charge, chargeText } from './budget.ts'
import { compareText } from './characters.ts'
import { isDatetime, momentOf } from './datetime.ts'
import { compareDecimal, isDecimal, order } from './decimal.ts'
import { fail } from './failure.ts'
import { iterate } from './iterate.ts'
import { type Dict, hashKey, type List, type Tuple, typeName, type Value, type ValueSet, type View } from './value.ts'

export type Ordering = '<' | '<=' | '>' | '>='

/** `==`. A missing row equals nothing. */
export function equals(a: Value, b: Value, budget: Budget): boolean {
  if (a === null || b === null) return a === b
  if (typeof a === 'string' && typeof b === 'string') {
    if (a.length === b.length) chargeText(budget, a.length)
    return a === b
  }
  const result = orderOfNumbers(a, b) ?? orderOfMoments(a, b)
  if (result !== undefined) return result === 0
  if (typeof a !== 'object' || typeof b !== 'object') return false
  charge(budget, 1)
  if (a.kind === 'container' || b.kind === 'container') return equalContainers(a, b, budget)
  if (a.kind === 'no-row' || b.kind === 'no-row') return false
  if (a === b) return true
  if (isSequence(a) && isSequence(b)) return a.kind === b.kind && equalItems(a.items, b.items, budget)
  if (isSetLike(a) && isSetLike(b)) return sizeOfSet(a) === sizeOfSet(b) && isSubset(a, b, budget)
  if (a.kind === 'dict' && b.kind === 'dict') return equalDicts(a, b, budget)
  if (a.kind === 'range' && b.kind === 'range') return equalItems(firstAndSize(a), firstAndSize(b), budget)
  if (a.kind === 'function' && b.kind === 'function') return a.name === b.name
  return false
}

/** `<`, `<=`, `>`, `>=`; false with a missing row, a TypeError for what has no order. */
export function compare(operator: Ordering, a: Value, b: Value, budget: Budget): boolean {
  if (isNoRow(a) || isNoRow(b)) return false
  if (typeof a === 'string' && typeof b === 'string') {
    chargeText(budget, Math.min(a.length, b.length))
    return holds(operator, compareText(a, b))
  }
  const result = orderOfNumbers(a, b) ?? orderOfMoments(a, b)
  if (result !== undefined) return holds(operator, result)
  if (isObject(a) && isObject(b)) {
    if (isSequence(a) && isSequence(b) && a.kind === b.kind) return compareItems(operator, a.items, b.items, budget)
    if (isSetLike(a) && isSetLike(b)) return compareSets(operator, a, b, budget)
  }
  return fail('TypeError', `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`)
}

/** `a in b`. */
export function contains(item: Value, whole: Value, budget: Budget): boolean {
  if (isNoRow(item) || isNoRow(whole)) return false
  if (typeof whole === 'string') {
    if (typeof item !== 'string') {
      fail('TypeError', `'in <string>' requires string as left operand, not ${typeName(item)}`)
    }
    chargeText(budget, whole.length)
    return whole.includes(item)
  }
  if (isObject(whole)) {
    if (whole.kind === 'dict' || whole.kind === 'set') return whole.entries.has(hashKey(item))
    if (whole.kind === 'view' && whole.of === 'keys') return whole.dict.entries.has(hashKey(item))
    if (whole.kind === 'container') {
      const known = whole.has(item)
      if (known !== undefined) return known
    }
    if (whole.kind === 'range' && (typeof item === 'bigint' || typeof item === 'boolean')) {
      return inRange(BigInt(item), whole.start, whole.stop, whole.step)
    }
    if (whole.kind !== 'function' && whole.kind !== 'datetime' && whole.kind !== 'decimal') {
      for (const other of iterate(whole, budget)) if (equals(other, item, budget)) return true
      return false
    }
  }
  return fail('TypeError', `argument of type '${typeName(whole)}' is not iterable`)
}

/** `is`: identity with None, True and False; else equality of the same type. */
export function identical(a: Value, b: Value): boolean {
  if (a === b || (typeof a === 'number' && Object.is(a, b))) return true
  return isObject(a) && isObject(b) && a.kind === 'tuple' && b.kind === 'tuple' && a.items.length + b.items.length === 0
}

export function isNoRow(value: Value): boolean {
  return isObject(value) && value.kind === 'no-row'
}

type ObjectValue = Exclude<Value, null | boolean | bigint | number | string>
type SetLike = ValueSet | View

function isObject(value: Value): value is ObjectValue {
  return typeof value === 'object' && value !== null
}

function isSequence(value: ObjectValue): value is List | Tuple {
  return value.kind === 'list' || value.kind === 'tuple'
}

function isSetLike(value: ObjectValue): value is SetLike {
  return value.kind === 'set' || (value.kind === 'view' && value.of !== 'values')
}

function holds(operator: Ordering, result: number): boolean {
  if (operator === '<') return result < 0
  if (operator === '<=') return result <= 0
  return operator === '>' ? result > 0 : result >= 0
}

function orderOfNumbers(a: Value, b: Value): number | undefined {
  if (isDecimal(a)) {
    if (isDecimal(b)) return compareDecimal(a, b)
    const other = numberOf(b)
    return other === undefined ? undefined : compareDecimal(a, other)
  }
  const left = numberOf(a)
  if (left === undefined) return undefined
  if (isDecimal(b)) return -compareDecimal(b, left)
  const right = numberOf(b)
  return right === undefined ? undefined : order(left, right)
}

function numberOf(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  return typeof value === 'boolean' ? BigInt(value) : undefined
}

/** Datetimes have an order among each other and with ISO text. */
function orderOfMoments(a: Value, b: Value): number | undefined {
  if (!isDatetime(a) && !isDatetime(b)) return undefined
  const [left, right] = [momentOf(a), momentOf(b)]
  return left === undefined || right === undefined ? undefined : order(left, right)
}

function equalItems(a: readonly Value[], b: readonly Value[], budget: Budget): boolean {
  if (a.length !== b.length) return false
  return a.every((item, index) => {
    charge(budget, 0.25)
    return equals(item, b[index] ?? null, budget)
  })
}

function equalDicts(a: Dict, b: Dict, budget: Budget): boolean {
  if (a.entries.size !== b.entries.size) return false
  for (const [hash, [, value]] of a.entries) {
    const other = b.entries.get(hash)
    if (other === undefined || !equals(value, other[1], budget)) return false
  }
  return true
}

function equalContainers(a: ObjectValue, b: ObjectValue, budget: Budget): boolean {
  if (a.kind === 'container' && b.kind === 'container') {
    const known = a.same(b)
    if (known !== undefined) return known
  }
  return equals(a.kind === 'container' ? a.plain() : a, b.kind === 'container' ? b.plain() : b, budget)
}

/** The first two items that differ decide; else the longer one is greater. */
function compareItems(operator: Ordering, a: readonly Value[], b: readonly Value[], budget: Budget): boolean {
  for (const [index, item] of a.entries()) {
    charge(budget, 1)
    const other = b[index]
    if (other === undefined) break
    if (!equals(item, other, budget)) return compare(operator, item, other, budget)
  }
  return holds(operator, a.length - b.length)
}

function compareSets(operator: Ordering, a: SetLike, b: SetLike, budget: Budget): boolean {
  const [small, large] = operator.startsWith('<') ? [a, b] : [b, a]
  if (operator.length === 1 && sizeOfSet(small) >= sizeOfSet(large)) return false
  return isSubset(small, large, budget)
}

function isSubset(small: SetLike, large: SetLike, budget: Budget): boolean {
  if (sizeOfSet(small) > sizeOfSet(large)) return false
  for (const item of iterate(small, budget)) if (!contains(item, large, budget)) return false
  return true
}

function sizeOfSet(value: SetLike): number {
  return value.kind === 'set' ? value.entries.size : value.dict.entries.size
}

function firstAndSize({ start, stop, step }: { start: bigint; stop: bigint; step: bigint }): Value[] {
  const size = rangeSize(start, stop, step)
  return size === 0n ? [0n] : size === 1n ? [1n, start] : [size, start, step]
}

/** How many numbers a range has. */
export function rangeSize(start: bigint, stop: bigint, step: bigint): bigint {
  const distance = step > 0n ? stop - start : start - stop
  const width = step > 0n ? step : -step
  return distance <= 0n ? 0n : (distance + width - 1n) / width
}

function inRange(item: bigint, start: bigint, stop: bigint, step: bigint): boolean {
  if (step > 0n ? item < start || item >= stop : item > start || item <= stop) return false
  return (item - start) % step === 0n
}
