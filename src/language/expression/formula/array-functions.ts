import { allowList, charge } from '../budget.ts'
import { compareText } from '../characters.ts'
import { isDatetime } from '../datetime.ts'
import { order } from '../decimal.ts'
import { fail } from '../failure.ts'
import { binary, numeric } from '../operators.ts'
import { list, type Value } from '../value.ts'
import { type Body, define } from './function.ts'
import { isEqual } from './semantics.ts'
import { joined } from './text-functions.ts'
import { arrayOf, asNumber, described, numberOf, textOf } from './values.ts'

/** The functions of arrays; JSON text of one does as well. */
export const arrayFunctions = [
  define('arrayLen', 1, 1, ([array = null], budget) => BigInt(arrayOf(array, 'arrayLen', budget).length)),
  define('join', 2, 2, ([array = null, separator = null], budget) =>
    joined(arrayOf(array, 'join', budget).map(textOf), textOf(separator), budget),
  ),
  define('arrayContains', 2, 2, (args, budget) => indexIn(args, budget) >= 0),
  define('arrayIndexOf', 2, 2, (args, budget) => BigInt(indexIn(args, budget))),
  define('arrayReverse', 1, 1, ([array = null], budget) => list(arrayOf(array, 'arrayReverse', budget).toReversed())),
  define('arrayDedup', 1, 1, ([array = null], budget) => {
    const seen = new Map<string, Value>()
    for (const item of arrayOf(array, 'arrayDedup', budget)) {
      charge(budget, 1)
      const key = `${typeof item} ${textOf(item)}`
      if (!seen.has(key)) seen.set(key, item)
    }
    return list([...seen.values()])
  }),
  define('arraySort', 1, 1, ([array = null], budget) =>
    list(
      arrayOf(array, 'arraySort', budget).toSorted((a, b) => {
        charge(budget, 1)
        return ordered(a, b)
      }),
    ),
  ),
  define('sum', 1, 1, ([array = null], budget) =>
    arrayOf(array, 'sum', budget).reduce<Value>((sum, item) => {
      charge(budget, 1)
      return binary('+', sum, numberOf(item, 'sum'), budget)
    }, 0n),
  ),
  define('avg', 1, 1, ([array = null], budget) => {
    const items = arrayOf(array, 'avg', budget)
    allowList(budget, items.length)
    return items.length === 0
      ? null
      : items.reduce((sum: number, item) => sum + Number(numberOf(item, 'avg')), 0) / items.length
  }),
]

function indexIn([array = null, wanted = null]: Parameters<Body>[0], budget: Parameters<Body>[1]): number {
  return arrayOf(array, 'arrayContains', budget).findIndex((item) => {
    charge(budget, 1)
    return isEqual(item, wanted, budget)
  })
}

function ordered(a: Value, b: Value): number {
  const [left, right] = [sortable(a), sortable(b)]
  if (left !== undefined && right !== undefined) return order(left, right)
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  return fail('TypeError', `arraySort cannot order ${described(a)} and ${described(b)}.`)
}

function sortable(value: Value): bigint | number | undefined {
  if (isDatetime(value)) return value.ms
  if (typeof value === 'boolean') return Number(value)
  return typeof value === 'string' ? undefined : numeric(asNumber(value) ?? null)
}
