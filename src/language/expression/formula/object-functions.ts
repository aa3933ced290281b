import { allowText, type Budget } from '../budget.ts'
import { fail } from '../failure.ts'
import { jsonText } from '../json.ts'
import { clampIndex } from '../sequences.ts'
import { asDict, type Dict, dict, hashKey, isContainer, list, type Value } from '../value.ts'
import { type Body, define, MANY } from './function.ts'
import { arrayOf, autoTyped, described, numberOf, objectOf, readJson, textOf, wholeOf } from './values.ts'

/** The functions of objects and JSON, and those that take a part of a text or array. */
export const objectFunctions = [
  define('parseJson', 1, 1, ([value = null], budget) => {
    if (value === null || value === '') return null
    const read = readJson(value, budget)
    return read === undefined ? fail('ValueError', `parseJson: ${described(value)} is no JSON.`) : read
  }),
  define('jsonize', 1, 1, ([value = null], budget) => {
    const text = jsonText(value)
    allowText(budget, text.length)
    return text
  }),
  define('get', 2, 3, (args, budget) => get(args, budget)),
  define('slice', 2, 3, (args, budget) => part(args, budget)),
  define('substring', 2, 3, (args, budget) => part(args, budget)),
  define('hasField', 2, 2, ([value = null, field = null], budget) => {
    const object = objectOf(value, budget)
    return object?.entries.has(hashKey(textOf(field))) === true
  }),
  ofObject('objectKeys', 1, 1, (object) => list([...object.entries.values()].map(([key]) => key))),
  ofObject('objectValues', 1, 1, (object) => list([...object.entries.values()].map(([, value]) => value))),
  define('objectNew', 0, MANY, (args) => {
    if (args.length % 2 !== 0) fail('TypeError', 'objectNew takes a value for each key.')
    return dict(args.flatMap((key, at) => (at % 2 === 0 ? [[textOf(key), args[at + 1] ?? null] as const] : [])))
  }),
  ofObject('objectPut', 3, 3, (object, [key = null, value = null]) =>
    dict([...object.entries.values(), [textOf(key), value]]),
  ),
  ofObject('objectDel', 2, 2, (object, [key = null]) => {
    const gone = textOf(key)
    return dict([...object.entries.values()].filter(([name]) => name !== gone))
  }),
]

function ofObject(name: string, least: number, most: number, body: (object: Dict, args: readonly Value[]) => Value) {
  const checked: Body = ([value = null, ...args], budget) =>
    body(objectOf(value, budget) ?? fail('TypeError', `${name} needs an object, not ${described(value)}.`), args)
  return define(name, least, most, checked)
}

/** A field or its default, or a part of a text or array. What is no object has no field: the default stands for it. */
function get([value = null, key = null, other = null]: readonly Value[], budget: Budget): Value {
  if (isContainer(value) && value.shape === 'dict') return value.has(key) === true ? autoTyped(value.item(key)) : other
  if (typeof key === 'string' || asDict(value) !== undefined) {
    return objectOf(value, budget)?.entries.get(hashKey(textOf(key)))?.[1] ?? other
  }
  return part(other === null ? [value, key] : [value, key, other], budget)
}

/** From an index to before another; with one index the single element there. */
function part([value = null, from = null, to]: readonly Value[], budget: Budget): Value {
  const start = BigInt(wholeOf(numberOf(from, 'get'), 'get'))
  const isText = typeof value !== 'object' && !(typeof value === 'string' && /^\s*\[/.test(value))
  const items = isText ? [...textOf(value)] : arrayOf(value, 'get', budget)
  const first = clampIndex(start, items.length)
  if (to === undefined) return start < -BigInt(items.length) ? null : (items[first] ?? null)
  const last = clampIndex(BigInt(wholeOf(numberOf(to, 'get'), 'get')), items.length)
  const taken = items.slice(first, last)
  return isText ? taken.join('') : list(taken)
}
