import { dict, list, type Value } from './expression/value.ts'
import { type TemplateValue, type Variables, wholeFloat } from './template-value.ts'

/** A variable of templates as a value of expressions. */
export function toValue(value: TemplateValue): Value {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof value !== 'object' || value === null) return value
  const float = wholeFloat(value)
  if (float !== undefined) return float
  if (Array.isArray(value)) return list(value.map(toValue))
  return dict(Object.entries(value).map(([key, item]) => [key, toValue(item)] as const))
}

/** All variables as names of expressions. */
export function toNames(variables: Variables): Map<string, Value> {
  return new Map(Object.entries(variables).map(([name, value]) => [name, toValue(value)]))
}
