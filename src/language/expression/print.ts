import { allowText, type Budget, limitText } from './budget.ts'
import { lengthOf, part } from './characters.ts'
import { setItems, type Value } from './value.ts'

const ESCAPED = /[\\\n\r\t]|[^\x20-\x7e]/gu
const UNPRINTABLE = /^[\p{C}\p{Zl}\p{Zp}\p{Zs}]$/u
const NAMED: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
/** What `show` gives at most. */
const SHOWN = 200

/** What `str` gives. */
export function toText(value: Value, budget: Budget): string {
  return typeof value === 'string' ? value : represent(value, budget)
}

/** What CPython's `repr` gives. */
export function represent(value: Value, budget: Budget): string {
  const text = write(value, budget)
  allowText(budget, text.length)
  return text
}

/** A value as short text for people. */
export function show(value: Value): string {
  const budget: Budget = { steps: 5000, listItems: 1000, elapsed: undefined, deadline: 0, nextLook: 0 }
  try {
    const text = toText(value, budget)
    return lengthOf(text) > SHOWN ? `${part(text, 0, SHOWN - 1)}…` : text
  } catch {
    return 'a very large value'
  }
}

/** A float with the fewest digits that give it back, in CPython's form. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [digits = '0', power = '0'] = Math.abs(value).toExponential().split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    return `${sign}${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  const plain = digits.replace('.', '')
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${plain}`
  const whole = plain.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${plain.slice(exponent + 1) || '0'}`
}

/** A text as Python source would have it. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replaceAll(ESCAPED, (char) => NAMED[char] ?? escapeChar(char))
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`
}

function escapeChar(char: string): string {
  if (!UNPRINTABLE.test(char)) return char
  const code = char.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

function write(value: Value, budget: Budget): string {
  if (value === null) return 'None'
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False'
    case 'bigint':
      return value.toString()
    case 'number':
      return floatText(value)
    case 'string':
      return quoted(value)
    default:
  }
  switch (value.kind) {
    case 'list':
      return `[${joined(value.items, budget)}]`
    case 'tuple':
      return `(${joined(value.items, budget)}${value.items.length === 1 ? ',' : ''})`
    case 'set':
      return value.entries.size === 0 ? 'set()' : `{${joined(setItems(value), budget)}}`
    case 'dict': {
      const entries = [...value.entries.values()]
      return `{${entries.map(([key, item]) => `${represent(key, budget)}: ${represent(item, budget)}`).join(', ')}}`
    }
    case 'range':
      return `range(${value.start}, ${value.stop}${value.step === 1n ? '' : `, ${value.step}`})`
    case 'view':
      return `dict_${value.of}([${joined(viewItems(value.of, [...value.dict.entries.values()]), budget)}])`
    case 'datetime':
    case 'decimal':
      return value.text
    case 'no-row':
      return 'no row'
    case 'container':
      return write(value.plain(), budget)
    case 'undefined':
      return ''
    case 'pattern':
      return `/${value.source}/`
    case 'iterator':
      return `<${value.type}>`
    case 'function':
      return `<function ${value.name}>`
  }
}

function viewItems(of: 'keys' | 'values' | 'items', entries: (readonly [Value, Value])[]): Value[] {
  if (of === 'items') return entries.map((items) => ({ kind: 'tuple', items }))
  return entries.map(([key, value]) => (of === 'keys' ? key : value))
}

function joined(items: readonly Value[], budget: Budget): string {
  let text = ''
  for (const [index, item] of items.entries()) {
    text += (index === 0 ? '' : ', ') + represent(item, budget)
    limitText(text.length)
  }
  return text
}
