import { bind, type Signature } from './arguments.ts'
import { allowList, type Budget, charge, chargeText } from './budget.ts'
import { compare, isNoRow } from './compare.ts'
import { isDecimal } from './decimal.ts'
import { fail } from './failure.ts'
import { collect, itemsOf, iterate } from './iterate.ts'
import { parseFloatText, parseIntText } from './number-text.ts'
import { roundFloat, roundInt, roundToInt, toFloat, toInt } from './numbers.ts'
import { binary, numeric, truthy } from './operators.ts'
import { toText } from './print.ts'
import { asIndex, size } from './sequences.ts'
import { type Callable, type Keywords, list, noRow, set, tuple, typeName, type Value } from './value.ts'

type Body = (given: readonly (Value | undefined)[], budget: Budget) => Value

const one: Signature = { places: [''], required: 1 }
/** What rounding costs: it looks at the exact value. */
const ROUND_STEPS = 10
const optional: Signature = { places: [''], required: 0 }

/** The functions of the language by name. */
export const functions: ReadonlyMap<string, Callable> = new Map(
  [
    define('len', one, ([value = null], budget) => size(value, budget)),
    define('any', one, ([value = null], budget) => some(value, budget, true)),
    define('all', one, ([value = null], budget) => !some(value, budget, false)),
    define('abs', one, ([value = null]) => absolute(value)),
    define('bool', optional, ([value = false]) => truthy(value)),
    define('str', { places: ['object', 'encoding', 'errors'], required: 0 }, textOf),
    define('int', { places: ['', 'base'], required: 0 }, integerOf),
    define('float', optional, floatOf),
    define('round', { places: ['number', 'ndigits'], required: 1 }, ([value = null, digits = null], budget) => {
      charge(budget, ROUND_STEPS)
      return round(value, digits)
    }),
    define('sum', { places: ['', 'start'], required: 1 }, ([items = null, start = 0n], budget) =>
      sum(items, start, budget),
    ),
    define('list', optional, ([items = list([])], budget) => list([...collect(items, budget)])),
    define('set', optional, ([items = list([])], budget) => set(collect(items, budget))),
    define('sorted', { places: [''], required: 1, keywords: ['key', 'reverse'] }, sorted),
    define('range', { places: ['', '', ''], required: 1 }, range),
    define('enumerate', { places: ['iterable', 'start'], required: 1 }, ([items = null, start = 0n], budget) =>
      iteration('enumerate', numbered(itemsOf(items, budget), asIndex(start))),
    ),
    extreme('min', '<'),
    extreme('max', '>'),
    zip(),
  ].map((callable) => [callable.name, callable]),
)

/** Calls a function value; anything else cannot be called. */
export function callValue(callee: Value, args: readonly Value[], keywords: Keywords, budget: Budget): Value {
  if (typeof callee === 'object' && callee !== null && callee.kind === 'function') {
    return callee.call(args, keywords, budget)
  }
  return isNoRow(callee) ? noRow : fail('TypeError', `'${typeName(callee)}' object is not callable`)
}

/** Functions that have an answer of their own for a missing row; all others give it back. */
const KNOW_MISSING = new Set(['bool', 'list', 'set', 'any', 'all', 'sum', 'sorted', 'enumerate'])

function define(name: string, signature: Signature, body: Body): Callable {
  const call = (args: readonly Value[], keywords: Keywords, budget: Budget) => {
    const given = bind(name, signature, args, keywords)
    if (!KNOW_MISSING.has(name) && given.some((value) => value !== undefined && isNoRow(value))) return noRow
    return body(given, budget)
  }
  return { kind: 'function', name, call }
}

function some(value: Value, budget: Budget, wanted: boolean): boolean {
  for (const item of iterate(value, budget)) if (truthy(item) === wanted) return true
  return false
}

function absolute(value: Value): Value {
  const number = numeric(value)
  if (number === undefined) return fail('TypeError', `bad operand type for abs(): '${typeName(value)}'`)
  if (typeof number === 'number') return Math.abs(number)
  return number < 0n ? -number : number
}

function textOf([value = '', encoding, errors]: readonly (Value | undefined)[], budget: Budget): Value {
  if (encoding === undefined && errors === undefined) return toText(value, budget)
  const fault = typeof value === 'string' ? 'decoding str is not supported' : 'need a bytes-like object'
  return fail('TypeError', fault)
}

function integerOf([value, base]: readonly (Value | undefined)[], budget: Budget): Value {
  if (base !== undefined) {
    if (value === undefined) fail('TypeError', 'int() missing string argument')
    const radix = asIndex(base)
    if (radix !== 0n && (radix < 2n || radix > 36n)) fail('ValueError', 'int() base must be >= 2 and <= 36, or 0')
    if (typeof value !== 'string') fail('TypeError', "int() can't convert non-string with explicit base")
    chargeText(budget, value.length)
    return parseIntText(value, radix)
  }
  if (value === undefined) return 0n
  if (typeof value === 'string') {
    chargeText(budget, value.length)
    return parseIntText(value, 10n)
  }
  if (isDecimal(value) && /^-?\d+(\.\d*)?$/.test(value.text)) return parseIntText(value.text.replace(/\..*/, ''), 10n)
  const number = numeric(value)
  if (number !== undefined) return typeof number === 'bigint' ? number : toInt(number)
  return fail(
    'TypeError',
    `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`,
  )
}

function floatOf([value = 0]: readonly (Value | undefined)[], budget: Budget): Value {
  if (typeof value === 'string') {
    chargeText(budget, value.length)
    return parseFloatText(value)
  }
  const number = numeric(value)
  if (number !== undefined) return toFloat(number)
  return fail('TypeError', `float() argument must be a string or a real number, not '${typeName(value)}'`)
}

function round(value: Value, digits: Value): Value {
  const number = numeric(value)
  if (number === undefined) return fail('TypeError', `type ${typeName(value)} doesn't define __round__ method`)
  if (digits === null) return typeof number === 'bigint' ? number : roundToInt(number)
  return typeof number === 'bigint' ? roundInt(number, asIndex(digits)) : roundFloat(number, asIndex(digits))
}

function sum(items: Value, start: Value, budget: Budget): Value {
  if (typeof start === 'string') fail('TypeError', "sum() can't sum strings [use ''.join(seq) instead]")
  let total: Value = start
  for (const item of iterate(items, budget)) total = binary('+', total, item, budget)
  return total
}

function sorted([items = null, key = null, reverse = false]: readonly (Value | undefined)[], budget: Budget): Value {
  const keyed = collect(items, budget).map((item) => ({ item, key: keyOf(key, item, budget) }))
  charge(budget, keyed.length)
  // Reversing before and after keeps equal items in their order.
  const falling = asIndex(reverse) !== 0n
  if (falling) keyed.reverse()
  keyed.sort((a, b) => {
    charge(budget, 1)
    if (compare('<', a.key, b.key, budget)) return -1
    return compare('<', b.key, a.key, budget) ? 1 : 0
  })
  if (falling) keyed.reverse()
  return list(keyed.map(({ item }) => item))
}

function keyOf(key: Value, item: Value, budget: Budget): Value {
  return key === null ? item : callValue(key, [item], new Map(), budget)
}

function extreme(name: 'min' | 'max', operator: '<' | '>'): Callable {
  const signature: Signature = { places: [], required: 0, keywords: ['key', 'default'] }
  const call = (args: readonly Value[], keywords: Keywords, budget: Budget): Value => {
    const [key = null, fallback] = bind(name, signature, [], keywords)
    if (args.length === 0) fail('TypeError', `${name} expected at least 1 argument, got 0`)
    if (args.length > 1 && fallback !== undefined) {
      fail('TypeError', `Cannot specify a default for ${name}() with multiple positional arguments`)
    }
    const items = args.length === 1 ? (args[0] ?? null) : list(args)
    let best: { item: Value; key: Value } | undefined
    for (const item of iterate(items, budget)) {
      const own = keyOf(key, item, budget)
      if (best === undefined || compare(operator, own, best.key, budget)) best = { item, key: own }
    }
    if (best !== undefined) return best.item
    if (isNoRow(items)) return noRow
    return fallback === undefined ? fail('ValueError', `${name}() arg is an empty sequence`) : fallback
  }
  return { kind: 'function', name, call }
}

function range([first = 0n, second, third]: readonly (Value | undefined)[]): Value {
  const [start, stop] = second === undefined ? [0n, asIndex(first)] : [asIndex(first), asIndex(second)]
  const step = third === undefined ? 1n : asIndex(third)
  if (step === 0n) fail('ValueError', 'range() arg 3 must not be zero')
  return { kind: 'range', start, stop, step }
}

function zip(): Callable {
  const signature: Signature = { places: [], required: 0, keywords: ['strict'] }
  const call = (args: readonly Value[], keywords: Keywords, budget: Budget): Value => {
    const [strict = false] = bind('zip', signature, [], keywords)
    allowList(budget, args.length)
    const sources = args.map((arg) => itemsOf(arg, budget)[Symbol.iterator]())
    return iteration('zip', zipped(sources, truthy(strict)))
  }
  return { kind: 'function', name: 'zip', call }
}

function* zipped(sources: Iterator<Value>[], strict: boolean): Generator<Value, void, undefined> {
  while (sources.length > 0) {
    const items: Value[] = []
    for (const [index, source] of sources.entries()) {
      const next = source.next()
      if (next.done !== true) items.push(next.value)
      else if (!strict) return
      else if (index > 0) fail('ValueError', `zip() argument ${index + 1} is shorter than argument 1`)
      else if (sources.slice(1).some((other) => other.next().done !== true)) {
        fail('ValueError', 'zip() argument 2 is longer than argument 1')
      } else return
    }
    yield tuple(items)
  }
}

function* numbered(items: Iterable<Value>, start: bigint): Generator<Value, void, undefined> {
  let number = start
  for (const item of items) {
    yield tuple([number, item])
    number += 1n
  }
}

function iteration(type: string, items: Iterator<Value>): Value {
  return { kind: 'iterator', type, items }
}
