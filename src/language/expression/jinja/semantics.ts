import type { Budget } from '../budget.ts'
import { fail } from '../failure.ts'
import { boundMethod } from '../methods.ts'
import { binary, comparison, truthy, unary } from '../operators.ts'
import type { Semantics } from '../semantics.ts'
import { subscript } from '../sequences.ts'
import type { CompareOperator } from '../tree.ts'
import { hashKey, isContainer, type Undefined, type Value } from '../value.ts'

const DICT_METHODS = new Set(['get', 'items', 'keys', 'values'])

/** Jinja2's: Python's operators, and names, keys and attributes that are not there are undefined. */
export const jinjaSemantics: Semantics = {
  truthy,
  decided: (value) => value,
  binary: (operator, a, b, budget) => binary(operator, defined(a), defined(b), budget),
  unary: (operator, value) => unary(operator, defined(value)),
  comparison: compare,
  subscript: item,
  attribute,
  method: (object, name) => {
    const found = isUndefined(object) ? defined(object) : object
    return name.startsWith('_') ? fail('UndefinedError', `'${name}' is undefined.`) : boundMethod(found, name)
  },
  absent: (name) => undefinedValue(name),
}

/** What stands for something of this name that is not there. */
export function undefinedValue(name: string): Undefined {
  return { kind: 'undefined', name: name.slice(0, 100) }
}

export function isUndefined(value: Value): value is Undefined {
  return typeof value === 'object' && value !== null && value.kind === 'undefined'
}

/** The value, where it is no undefined one: that can be printed and tested, and nothing else. */
export function defined(value: Value): Value {
  return isUndefined(value) ? fail('UndefinedError', `'${value.name}' is undefined.`) : value
}

/** Undefined values equal each other, and hold nothing; they have no order. */
function compare(operator: CompareOperator, a: Value, b: Value, budget: Budget): boolean {
  if (operator === '==' || operator === '!=') {
    const both = isUndefined(a) || isUndefined(b) ? isUndefined(a) && isUndefined(b) : undefined
    if (both !== undefined) return operator === '==' ? both : !both
  }
  if ((operator === 'in' || operator === 'not in') && isUndefined(b)) return operator === 'not in'
  if (operator === 'in' || operator === 'not in') return comparison(operator, isUndefined(a) ? null : a, b, budget)
  return comparison(operator, defined(a), defined(b), budget)
}

/** A key, index or attribute. Columns of query results that are not there are errors that name the nearest. */
function item(object: Value, key: Value, budget: Budget): Value {
  const name = typeof key === 'string' ? key : 'the item'
  if (isUndefined(object)) return fail('UndefinedError', `'${object.name}' is undefined, so it has no '${name}'.`)
  if (isUndefined(key)) return undefinedValue(key.name)
  if (isContainer(object)) return subscript(object, key, budget)
  if (typeof object === 'object' && object !== null) {
    if (object.kind === 'dict')
      return object.entries.get(hashKey(key))?.[1] ?? absent(object.entries.has(hashKey(key)), name)
    if (object.kind === 'list' || object.kind === 'tuple') return at(object.items, key) ?? undefinedValue(name)
    return object.kind === 'no-row' ? object : undefinedValue(name)
  }
  return typeof object === 'string' ? (at([...object], key) ?? undefinedValue(name)) : undefinedValue(name)
}

/** Python's attributes come before keys: `results.items` is the method, `results["items"]` the key. */
function attribute(object: Value, name: string, budget: Budget): Value {
  const isDict = typeof object === 'object' && object !== null && object.kind === 'dict'
  if (!isDict || !DICT_METHODS.has(name)) return item(object, name, budget)
  return { kind: 'function', name: `dict.${name}`, call: boundMethod(object, name) }
}

function absent(isNone: boolean, name: string): Value {
  return isNone ? null : undefinedValue(name)
}

/** An item by its number; of text that is a number too, as in `rows.0`. */
function at(items: readonly Value[], key: Value): Value | undefined {
  const index =
    typeof key === 'string' && /^\d{1,9}$/.test(key) ? Number(key) : typeof key === 'bigint' ? Number(key) : undefined
  return index === undefined ? undefined : items.at(index)
}
