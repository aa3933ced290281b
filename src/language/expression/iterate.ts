import { allowList, type Budget, charge } from './budget.ts'
import { fail } from './failure.ts'
import { setItems, tuple, typeName, type Value, type View } from './value.ts'

/** Goes over the items of a value, each at the price of a step; a missing row has none. */
export function* iterate(value: Value, budget: Budget): Generator<Value, void, undefined> {
  for (const item of itemsOf(value, budget)) {
    charge(budget, 1)
    yield item
  }
}

/** All items of a value as an array. */
export function collect(value: Value, budget: Budget): readonly Value[] {
  if (typeof value === 'object' && value !== null && (value.kind === 'list' || value.kind === 'tuple')) {
    allowList(budget, value.items.length)
    return value.items
  }
  const items: Value[] = []
  for (const item of iterate(value, budget)) {
    if (items.length >= budget.listItems) allowList(budget, items.length + 1)
    items.push(item)
  }
  return items
}

/** The items without paying for them; fails at once for what has none. */
export function itemsOf(value: Value, budget: Budget): Iterable<Value> {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null) {
    switch (value.kind) {
      case 'list':
      case 'tuple':
        return value.items
      case 'set':
        charge(budget, value.entries.size / 2)
        return setItems(value)
      case 'dict':
        return keysOf(value.entries.values())
      case 'view':
        return viewItems(value)
      case 'range':
        return numbers(value.start, value.stop, value.step)
      case 'iterator':
        return { [Symbol.iterator]: () => onlyNext(value.items) }
      case 'container':
        return value.items()
      case 'no-row':
        return []
      default:
    }
  }
  return fail('TypeError', `'${typeName(value)}' object is not iterable`)
}

function* keysOf(entries: Iterable<readonly [Value, Value]>): Iterable<Value> {
  for (const [key] of entries) yield key
}

function* viewItems({ of, dict }: View): Iterable<Value> {
  for (const entry of dict.entries.values()) {
    yield of === 'keys' ? entry[0] : of === 'values' ? entry[1] : tuple(entry)
  }
}

function* numbers(start: bigint, stop: bigint, step: bigint): Iterable<bigint> {
  for (let value = start; step > 0n ? value < stop : value > stop; value += step) yield value
}

/** A loop that ends early must not end the iterator with it: its remaining items can still be taken. */
function onlyNext(items: Iterator<Value>): Iterator<Value> {
  return { next: () => items.next() }
}
