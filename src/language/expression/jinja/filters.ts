import { pythonJson } from '../../jinja/print.ts'
import { bind, type Signature } from '../arguments.ts'
import { allowList, allowText, type Budget, charge, chargeText } from '../budget.ts'
import { Failure, fail } from '../failure.ts'
import { functions } from '../functions.ts'
import { collect } from '../iterate.ts'
import { jsonText } from '../json.ts'
import { boundMethod } from '../methods.ts'
import { truthy } from '../operators.ts'
import { toText } from '../print.ts'
import { size } from '../sequences.ts'
import { type Call, type Callable, type Keywords, list, type Value } from '../value.ts'
import { defined, isUndefined, jinjaSemantics, undefinedValue } from './semantics.ts'
import { passes } from './tests.ts'

type Given = readonly (Value | undefined)[]
type Body = (value: Value, given: Given, budget: Budget) => Value

const NO_KEYWORDS: Keywords = new Map()
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/** Jinja2's filters that conditions use, by name; others run in the Jinja engine. */
export const filters: ReadonlyMap<string, Callable> = new Map<string, Callable>([
  ...alias(['default', 'd'], ['default_value', 'boolean'], 0, (value, [other = '', anyFalse = false]) =>
    isUndefined(value) || (truthy(anyFalse) && !truthy(value)) ? other : value,
  ),
  ...alias(['length', 'count'], [], 0, (value, _, budget) => (isUndefined(value) ? 0n : size(value, budget))),
  ofText('upper', 'upper'),
  ofText('lower', 'lower'),
  ofText('capitalize', 'capitalize'),
  ofText('trim', 'strip', ['chars']),
  ofText('replace', 'replace', ['old', 'new', 'count']),
  ...alias(['escape', 'e'], [], 0, (value, _, budget) =>
    toText(value, budget).replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char),
  ),
  filter('safe', [], 0, (value) => value),
  filter('string', [], 0, (value, _, budget) => toText(value, budget)),
  filter('int', ['default', 'base'], 0, (value, [other = 0n, base = 10n], budget) =>
    toInt(defined(value), other, base, budget),
  ),
  filter(
    'float',
    ['default'],
    0,
    (value, [other = 0], budget) => converted('float', [defined(value)], budget) ?? other,
  ),
  filter('abs', [], 0, (value, _, budget) => call('abs', [defined(value)], budget)),
  filter('round', ['precision', 'method'], 0, round),
  filter('list', [], 0, (value, _, budget) => list([...itemsOf(value, budget)])),
  filter('first', [], 0, (value, _, budget) => itemsOf(value, budget)[0] ?? undefinedValue('the first item')),
  filter('last', [], 0, (value, _, budget) => itemsOf(value, budget).at(-1) ?? undefinedValue('the last item')),
  filter('reverse', [], 0, (value, _, budget) =>
    typeof value === 'string' ? [...value].reverse().join('') : list([...itemsOf(value, budget)].reverse()),
  ),
  filter('join', ['d', 'attribute'], 0, (value, [between = '', path], budget) => {
    const pieces = itemsOf(value, budget).map((item) => toText(at(item, path, budget), budget))
    const separator = toText(between, budget)
    allowText(
      budget,
      pieces.reduce((sum, piece) => sum + piece.length + separator.length, 0),
    )
    return pieces.join(separator)
  }),
  filter('sum', ['attribute', 'start'], 0, (value, [path, start = 0n], budget) =>
    itemsOf(value, budget).reduce<Value>(
      (sum, item) => jinjaSemantics.binary('+', sum, at(item, path, budget), budget),
      start,
    ),
  ),
  filter('min', ['case_sensitive', 'attribute'], 0, (value, [exact, path], budget) =>
    extreme(value, exact, path, budget, false),
  ),
  filter('max', ['case_sensitive', 'attribute'], 0, (value, [exact, path], budget) =>
    extreme(value, exact, path, budget, true),
  ),
  filter('sort', ['reverse', 'case_sensitive', 'attribute'], 0, (value, [falling = false, exact, path], budget) =>
    list(sorted(value, exact, path, budget, truthy(falling))),
  ),
  filter('unique', ['case_sensitive', 'attribute'], 0, (value, [exact, path], budget) =>
    unique(value, exact, path, budget),
  ),
  filter('items', [], 0, (value, _, budget) =>
    isUndefined(value) ? list([]) : boundMethod(value, 'items')([], NO_KEYWORDS, budget),
  ),
  filter('dictsort', [], 0, (value, _, budget) => {
    const pairs = collect(boundMethod(defined(value), 'items')([], NO_KEYWORDS, budget), budget)
    return list(sorted(list(pairs), undefined, 0n, budget, false))
  }),
  filter('tojson', ['indent'], 0, (value) =>
    pythonJson(jsonText(defined(value))).replace(
      /[<>&']/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  ),
  filter('wordcount', [], 0, (value, _, budget) =>
    BigInt(toText(value, budget).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  ),
  selecting('select', true),
  selecting('reject', false),
  selectingByAttribute('selectattr', true),
  selectingByAttribute('rejectattr', false),
  ['map', { kind: 'function', name: 'map', call: mapped }],
])

function filter(name: string, places: string[], required: number, body: Body): [string, Callable] {
  const signature: Signature = { places, required }
  const call: Call = ([value = null, ...args], keywords, budget) =>
    body(value, bind(name, signature, args, keywords), budget)
  return [name, { kind: 'function', name, call }]
}

function alias(names: string[], places: string[], required: number, body: Body) {
  return names.map((name) => filter(name, places, required, body))
}

/** A filter that is a method of texts. */
function ofText(name: string, method: string, places: string[] = []): [string, Callable] {
  return filter(name, places, 0, (value, given, budget) => {
    const text = toText(value, budget)
    chargeText(budget, text.length)
    return boundMethod(text, method)(
      given.filter((item) => item !== undefined),
      NO_KEYWORDS,
      budget,
    )
  })
}

function call(name: string, args: readonly Value[], budget: Budget): Value {
  return functions.get(name)?.call(args, NO_KEYWORDS, budget) ?? null
}

/** What Python's function makes of a value; undefined where it raises. */
function converted(name: 'int' | 'float', args: readonly Value[], budget: Budget): Value | undefined {
  try {
    return call(name, args, budget)
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.kind !== 'Budget') return undefined
    throw thrown
  }
}

/** Text such as `"42.7"` is cut to its whole part, as Jinja2 does. */
function toInt(value: Value, other: Value, base: Value, budget: Budget): Value {
  const hasBase = typeof value === 'string' && base !== 10n
  const exact = converted('int', hasBase ? [value, base] : [value], budget)
  if (exact !== undefined) return exact
  const float = converted('float', [value], budget)
  return (float === undefined ? undefined : converted('int', [float], budget)) ?? other
}

function round(value: Value, [precision = 0n, method = 'common']: Given, budget: Budget): Value {
  if (method === 'common') return call('round', [defined(value), precision], budget)
  const number = call('float', [defined(value)], budget)
  const digits = Number(precision)
  if (typeof number !== 'number' || (method !== 'ceil' && method !== 'floor')) {
    return fail('TypeError', 'method must be common, ceil or floor')
  }
  return Math[method](number * 10 ** digits) / 10 ** digits
}

function itemsOf(value: Value, budget: Budget): readonly Value[] {
  return isUndefined(value) ? [] : collect(value, budget)
}

/** An attribute by its path, such as `status.code`, or the value itself. */
function at(value: Value, path: Value | undefined, budget: Budget): Value {
  if (path === undefined || path === null) return value
  if (typeof path !== 'string') return jinjaSemantics.subscript(value, path, budget)
  return path.split('.').reduce((object, key) => jinjaSemantics.attribute(object, key, budget), value)
}

/** The key items are ordered by: letter case does not matter unless asked for. */
function keyOf(item: Value, exact: Value | undefined, path: Value | undefined, budget: Budget): Value {
  const key = at(item, path, budget)
  return typeof key === 'string' && !truthy(exact ?? false) ? key.toLowerCase() : key
}

function extreme(
  value: Value,
  exact: Value | undefined,
  path: Value | undefined,
  budget: Budget,
  most: boolean,
): Value {
  const [first, ...others] = itemsOf(value, budget)
  if (first === undefined) return undefinedValue('an item of nothing')
  const better = (a: Value, b: Value) =>
    jinjaSemantics.comparison(most ? '>' : '<', keyOf(a, exact, path, budget), keyOf(b, exact, path, budget), budget)
  return others.reduce((best, item) => (better(item, best) ? item : best), first)
}

function sorted(
  value: Value,
  exact: Value | undefined,
  path: Value | undefined,
  budget: Budget,
  falling: boolean,
): Value[] {
  const keyed = itemsOf(value, budget).map((item) => ({ item, key: keyOf(item, exact, path, budget) }))
  const sign = falling ? -1 : 1
  keyed.sort((a, b) => {
    charge(budget, 1)
    if (jinjaSemantics.comparison('<', a.key, b.key, budget)) return -sign
    return jinjaSemantics.comparison('<', b.key, a.key, budget) ? sign : 0
  })
  return keyed.map(({ item }) => item)
}

function unique(value: Value, exact: Value | undefined, path: Value | undefined, budget: Budget): Value {
  const kept: { item: Value; key: Value }[] = []
  for (const item of itemsOf(value, budget)) {
    const key = keyOf(item, exact, path, budget)
    const isNew = kept.every((other) => {
      charge(budget, 1)
      return !jinjaSemantics.comparison('==', other.key, key, budget)
    })
    if (isNew) kept.push({ item, key })
  }
  return list(kept.map(({ item }) => item))
}

function selecting(name: string, wanted: boolean): [string, Callable] {
  const select: Call = ([value = null, test = null, ...args], _, budget) =>
    list(itemsOf(value, budget).filter((item) => passes(test, item, args, budget) === wanted))
  return [name, { kind: 'function', name, call: select }]
}

function selectingByAttribute(name: string, wanted: boolean): [string, Callable] {
  const select: Call = ([value = null, path = null, test = null, ...args], _, budget) =>
    list(itemsOf(value, budget).filter((item) => passes(test, at(item, path, budget), args, budget) === wanted))
  return [name, { kind: 'function', name, call: select }]
}

/** `map("upper")`, or `map(attribute="v", default=…)`. */
function mapped([value = null, name, ...args]: readonly Value[], keywords: Keywords, budget: Budget): Value {
  const items = itemsOf(value, budget)
  allowList(budget, items.length)
  const path = keywords.get('attribute')
  if (path !== undefined) {
    const other = keywords.get('default')
    return list(
      items.map((item) => {
        const found = at(item, path, budget)
        return isUndefined(found) ? (other ?? found) : found
      }),
    )
  }
  const found = typeof name === 'string' ? filters.get(name) : undefined
  if (found === undefined)
    return fail('Refused', `There is no filter '${toText(name ?? null, budget).slice(0, 40)}' here.`)
  return list(items.map((item) => found.call([item, ...args], keywords, budget)))
}
