import { TemplateError } from './template-error.ts'

const FLOAT: unique symbol = Symbol('float')

/** A float without decimals: Python prints 2.0 where JavaScript cannot tell it from 2. */
interface WholeFloat {
  readonly [FLOAT]: number
}

/** What a template can show. Integers beyond 2^53 are bigints. */
export type TemplateValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | WholeFloat
  | TemplateValue[]
  | { [key: string]: TemplateValue }

export type Variables = Readonly<Record<string, TemplateValue>>

/** A number that is a float even when it is whole. */
export function float(value: number): TemplateValue {
  return Number.isInteger(value) ? { [FLOAT]: value } : value
}

/** The number a value made by `float` holds; undefined for any other. */
export function wholeFloat(value: TemplateValue): number | undefined {
  return typeof value === 'object' && value !== null && FLOAT in value ? (value as WholeFloat)[FLOAT] : undefined
}

/** The same value without the mark of floats. Keys such as `__proto__` stay keys. */
export function plain(value: TemplateValue): unknown {
  if (typeof value !== 'object' || value === null) return value
  const number = wholeFloat(value)
  if (number !== undefined) return number
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

/** JSON text in which integers beyond 2^53 keep their digits. `indent` is the number of spaces for each level. */
export function jsonText(value: unknown, indent = 0): string {
  const mark = `\u0000${crypto.randomUUID()}`
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? mark + item : item), indent)
  const quoted = JSON.stringify(mark).slice(1, -1)
  return (text ?? 'null').replaceAll(new RegExp(`"${quoted.replaceAll('\\', '\\\\')}(-?\\d+)"`, 'g'), '$1')
}

/**
 * Reads a JSON object of variables. Integers beyond 2^53 and whole floats such as `2.0` keep their kind. Throws
 * `TemplateError` when the text is no JSON object.
 */
export function parseVariables(text: string): Variables {
  const parsed = parse(text)
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) && wholeFloat(parsed) === undefined)
    return parsed as Variables
  throw new TemplateError('the data must be a JSON object of variables, such as {"name": "value"}')
}

type Reviver = (key: string, value: TemplateValue, context?: { source?: string }) => TemplateValue

function parse(text: string): TemplateValue {
  const revive: Reviver = (_, value, context) => {
    const source = context?.source
    if (typeof value !== 'number' || source === undefined) return value
    if (!/^-?\d+$/.test(source)) return float(value)
    return Number.isSafeInteger(value) ? value : BigInt(source)
  }
  try {
    return JSON.parse(text, revive) as TemplateValue
  } catch (thrown) {
    throw new TemplateError(`the data is no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
}
