import { allowList, allowText, type Budget, charge, chargeText } from './budget.ts'
import { isPlain } from './characters.ts'
import { rangeSize } from './compare.ts'
import { fail } from './failure.ts'
import { collect } from './iterate.ts'
import { nearestSentence } from './nearest.ts'
import { toText } from './print.ts'
import { type Dict, hashKey, list, noRow, type Range, tuple, typeName, type Value } from './value.ts'

export interface SliceBounds {
  readonly start: Value
  readonly stop: Value
  readonly step: Value
}

/** `object[index]`. */
export function subscript(object: Value, index: Value, budget: Budget): Value {
  if (typeof object === 'string') {
    const chars = isPlain(object) ? object : characters(object, budget)
    return chars[position(index, chars.length, 'string')] ?? ''
  }
  if (typeof object === 'object' && object !== null) {
    switch (object.kind) {
      case 'list':
      case 'tuple':
        return object.items[position(index, object.items.length, object.kind)] ?? null
      case 'dict':
        return fromDict(object, index, budget)
      case 'container':
        return isNoRowValue(index) ? noRow : object.item(index)
      case 'range':
        return fromRange(object, index)
      case 'no-row':
        return noRow
      default:
    }
  }
  return fail('TypeError', `'${typeName(object)}' object is not subscriptable`)
}

/** `object[start:stop:step]`. */
export function slice(object: Value, bounds: SliceBounds, budget: Budget): Value {
  if (typeof object === 'string') {
    const chars = isPlain(object) ? object : [...object]
    allowText(budget, chars.length)
    const [start, stop, step] = resolve(bounds, chars.length)
    if (step === 1) return typeof chars === 'string' ? chars.slice(start, stop) : chars.slice(start, stop).join('')
    charge(budget, chars.length / 4)
    return picked(start, stop, step).reduce((text, at) => text + (chars[at] ?? ''), '')
  }
  if (typeof object === 'object' && object !== null) {
    if (object.kind === 'range') return sliceRange(object, bounds)
    if (object.kind === 'no-row') return noRow
    if (object.kind === 'dict' || (object.kind === 'container' && object.shape === 'dict')) {
      fail('TypeError', "unhashable type: 'slice'")
    }
    if (object.kind === 'list' || object.kind === 'tuple' || object.kind === 'container') {
      return sliceItems(object.kind === 'tuple', collect(object, budget), bounds, budget)
    }
  }
  return fail('TypeError', `'${typeName(object)}' object is not subscriptable`)
}

/** `len(value)`. */
export function size(value: Value, budget: Budget): Value {
  if (typeof value === 'string') return BigInt(isPlain(value) ? value.length : characters(value, budget).length)
  if (typeof value === 'object' && value !== null) {
    switch (value.kind) {
      case 'list':
      case 'tuple':
        return BigInt(value.items.length)
      case 'dict':
      case 'set':
        return BigInt(value.entries.size)
      case 'view':
        return BigInt(value.dict.entries.size)
      case 'range':
        return rangeSize(value.start, value.stop, value.step)
      case 'container':
        return BigInt(value.size())
      case 'no-row':
        return noRow
      default:
    }
  }
  return fail('TypeError', `object of type '${typeName(value)}' has no len()`)
}

/** An int that stands for a place or a count; bools count, floats do not. */
export function asIndex(value: Value): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return BigInt(value)
  return fail('TypeError', `'${typeName(value)}' object cannot be interpreted as an integer`)
}

/** A place in a sequence of `length`, or of a slice of it, counted from the end when negative and kept within. */
export function clampIndex(index: bigint, length: number): number {
  const at = index < 0n ? index + BigInt(length) : index
  return at < 0n ? 0 : at > BigInt(length) ? length : Number(at)
}

/** Says that a dict or container has no such key, and which are nearest. */
export function unknownKey(what: string, key: Value, names: Iterable<string>, budget: Budget): never {
  const text = toText(key, budget).slice(0, 200)
  return fail(
    'KeyError',
    `There is no ${what} ${typeof key === 'string' ? `'${text}'` : text}. ${nearestSentence(text, names)}`,
  )
}

/** The characters of a text with some that are two units each: only counting finds them. */
function characters(text: string, budget: Budget): string[] {
  chargeText(budget, text.length)
  return [...text]
}

function isNoRowValue(value: Value): boolean {
  return typeof value === 'object' && value !== null && value.kind === 'no-row'
}

function fromDict(object: Dict, index: Value, budget: Budget): Value {
  const entry = object.entries.get(hashKey(index))
  if (entry !== undefined) return entry[1]
  const names = [...object.entries.values()].slice(0, 1000).map(([key]) => toText(key, budget))
  return unknownKey('key', index, names, budget)
}

function position(index: Value, length: number, type: string): number {
  if (typeof index !== 'bigint' && typeof index !== 'boolean') {
    const ending = type === 'string' ? `, not '${typeName(index)}'` : ` or slices, not ${typeName(index)}`
    fail('TypeError', `${type} indices must be integers${ending}`)
  }
  const wanted = BigInt(index)
  const at = wanted < 0n ? wanted + BigInt(length) : wanted
  if (at < 0n || at >= BigInt(length)) fail('IndexError', `${type} index out of range`)
  return Number(at)
}

function fromRange({ start, stop, step }: Range, index: Value): Value {
  if (typeof index !== 'bigint' && typeof index !== 'boolean') {
    fail('TypeError', `range indices must be integers or slices, not ${typeName(index)}`)
  }
  const length = rangeSize(start, stop, step)
  const at = BigInt(index) < 0n ? BigInt(index) + length : BigInt(index)
  return at < 0n || at >= length ? fail('IndexError', 'range object index out of range') : start + at * step
}

function sliceRange({ start, stop, step }: Range, bounds: SliceBounds): Value {
  const length = rangeSize(start, stop, step)
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) fail('Budget', 'The range is too long.')
  const [from, to] = resolve(bounds, Number(length))
  const by = bounds.step === null ? 1n : bound(bounds.step)
  return { kind: 'range', start: start + BigInt(from) * step, stop: start + BigInt(to) * step, step: step * by }
}

function sliceItems(isTuple: boolean, items: readonly Value[], bounds: SliceBounds, budget: Budget): Value {
  const [start, stop, step] = resolve(bounds, items.length)
  allowList(budget, step === 1 ? Math.max(0, stop - start) : items.length)
  const found = step === 1 ? items.slice(start, stop) : picked(start, stop, step).map((at) => items[at] ?? null)
  return isTuple ? tuple(found) : list(found)
}

/** Bounds within a length, as CPython's `slice.indices` gives them. */
function resolve({ start, stop, step }: SliceBounds, length: number): [number, number, number] {
  const by = step === null ? 1n : bound(step)
  if (by === 0n) fail('ValueError', 'slice step cannot be zero')
  const limit = BigInt(length + 1)
  const width = Number(by > limit ? limit : by < -limit ? -limit : by)
  const [least, most] = by < 0n ? [-1, length - 1] : [0, length]
  const within = (value: Value, absent: number) => {
    if (value === null) return absent
    const index = bound(value)
    const at = index < 0n ? index + BigInt(length) : index
    return at < BigInt(least) ? least : at > BigInt(most) ? most : Number(at)
  }
  return by < 0n ? [within(start, most), within(stop, least), width] : [within(start, least), within(stop, most), width]
}

function bound(value: Value): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return BigInt(value)
  return fail('TypeError', 'slice indices must be integers or None or have an __index__ method')
}

function picked(start: number, stop: number, step: number): number[] {
  const places: number[] = []
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) places.push(at)
  return places
}
