import { bind, type Method, type Signature } from './arguments.ts'
import type { Budget } from './budget.ts'
import { equals, isNoRow } from './compare.ts'
import { fail } from './failure.ts'
import { iterate } from './iterate.ts'
import { nearestSentence } from './nearest.ts'
import { asIndex, clampIndex } from './sequences.ts'
import { textMethods } from './text-methods.ts'
import { type Call, dict, hashKey, list, noRow, typeName, type Value } from './value.ts'

/** Methods of CPython's values that are not offered: those that change their object, and those that could be abused. */
export const refusedMethods: ReadonlySet<string> = new Set(
  (
    'format format_map encode decode append extend insert remove pop popitem clear sort reverse update setdefault add ' +
    'discard copy fromkeys union intersection difference symmetric_difference issubset issuperset isdisjoint center ljust ' +
    'rjust zfill expandtabs translate maketrans partition rpartition removeprefix removesuffix casefold swapcase rfind ' +
    'rindex isalnum isascii isdecimal isidentifier islower isnumeric isprintable isspace istitle isupper bit_length ' +
    'bit_count to_bytes from_bytes as_integer_ratio conjugate is_integer hex fromhex intersection_update ' +
    'difference_update symmetric_difference_update real imag numerator denominator mapping'
  ).split(' '),
)

const none: Signature = { places: [], required: 0 }

const sequenceMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  [
    'count',
    { signature: { places: [''], required: 1 }, call: (object, [item = null], budget) => count(object, item, budget) },
  ],
  ['index', { signature: { places: ['', '', ''], required: 1 }, call: indexOf }],
])

const dictMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  [
    'get',
    {
      signature: { places: ['', ''], required: 1 },
      call: (object, [key = null, other = null]) => get(object, key, other),
    },
  ],
  ['keys', { signature: none, call: (object) => view(object, 'keys') }],
  ['values', { signature: none, call: (object) => view(object, 'values') }],
  ['items', { signature: none, call: (object) => view(object, 'items') }],
])

/** Finds a method by name, ready to be called; as in CPython before its arguments are evaluated. */
export function boundMethod(object: Value, name: string): Call {
  if (isNoRow(object)) return () => noRow
  const method = methodOf(object, name)
  if (method !== undefined) {
    return (args, keywords, budget) => method.call(object, bind(name, method.signature, args, keywords), budget)
  }
  return isTextType(object) && textMethods.has(name) ? textMethod(name) : unknownAttribute(object, name)
}

/** The value of an attribute that is not called: a column, or a method of `str` for `key=`. */
export function attribute(object: Value, name: string): Value {
  if (typeof object === 'object' && object !== null && object.kind === 'container') return object.item(name)
  if (isNoRow(object)) return noRow
  if (isTextType(object) && textMethods.has(name)) {
    return { kind: 'function', name: `str.${name}`, call: textMethod(name) }
  }
  if (methodOf(object, name) !== undefined) fail('Refused', `A method must be called: '${name}()'.`)
  return unknownAttribute(object, name)
}

function methodOf(object: Value, name: string): Method | undefined {
  if (typeof object === 'string') return textMethods.get(name)
  if (typeof object !== 'object' || object === null) return undefined
  switch (object.kind) {
    case 'list':
    case 'tuple':
    case 'range':
      return sequenceMethods.get(name)
    case 'dict':
      return dictMethods.get(name)
    case 'container':
      return dictMethods.get(name) ?? (object.shape === 'list' ? sequenceMethods.get(name) : undefined)
    default:
      return undefined
  }
}

/** A method of the type, called with its text as first argument: `str.lower(x)`. */
function textMethod(name: string): Call {
  return ([text, ...rest], keywords, budget) => {
    if (text !== undefined && isNoRow(text)) return noRow
    if (typeof text !== 'string') {
      return fail('TypeError', `str.${name}() needs a text, not '${typeName(text ?? null)}'`)
    }
    return boundMethod(text, name)(rest, keywords, budget)
  }
}

function isTextType(object: Value): boolean {
  return typeof object === 'object' && object !== null && object.kind === 'function' && object.name === 'str'
}

function unknownAttribute(object: Value, name: string): never {
  if (refusedMethods.has(name)) fail('Refused', `'${name}' is not supported.`)
  const isDict = typeof object === 'object' && object !== null && object.kind === 'dict'
  const keys = isDict ? [...object.entries.values()].flatMap(([key]) => (typeof key === 'string' ? [key] : [])) : []
  const hint = isDict ? ` Keys are read with ["…"]. ${nearestSentence(name, keys)}` : ''
  return fail('AttributeError', `'${typeName(object)}' object has no attribute '${name}'.${hint}`)
}

function count(object: Value, item: Value, budget: Budget): bigint {
  let found = 0n
  for (const other of iterate(object, budget)) if (equals(other, item, budget)) found += 1n
  return found
}

function indexOf(
  object: Value,
  [item = null, start = 0n, stop]: readonly (Value | undefined)[],
  budget: Budget,
): Value {
  const length = Number.MAX_SAFE_INTEGER
  const size = typeof object === 'object' && object !== null && 'items' in object && Array.isArray(object.items)
  const items = size ? object.items.length : length
  const from = clampIndex(asIndex(start), items)
  const to = stop === undefined ? items : clampIndex(asIndex(stop), items)
  let at = 0
  for (const other of iterate(object, budget)) {
    if (at >= from && at < to && equals(other, item, budget)) return BigInt(at)
    at += 1
  }
  return fail('ValueError', 'the value is not in the list')
}

function get(object: Value, key: Value, other: Value): Value {
  if (typeof object !== 'object' || object === null) return other
  if (object.kind === 'container') return object.has(key) === true ? object.item(key) : other
  if (object.kind !== 'dict') return other
  const entry = object.entries.get(hashKey(key))
  return entry === undefined ? other : entry[1]
}

function view(object: Value, of: 'keys' | 'values' | 'items'): Value {
  if (typeof object !== 'object' || object === null) return list([])
  if (object.kind === 'dict') return { kind: 'view', of, dict: object }
  if (object.kind !== 'container') return list([])
  return { kind: 'view', of, dict: dict(object.names().map((name) => [name, object.item(name)])) }
}
