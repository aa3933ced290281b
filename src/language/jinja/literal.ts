import { jsonText, plain, type TemplateValue, type Variables, wholeFloat } from '../template-value.ts'

/** Deeper values are shown as JSON text: the engine's parser stops at some depth. */
const DEEPEST = 60
const LARGEST = 2n ** 127n
const MOST_SHAPES = 200

/** Words no variable can be set under. */
const reserved = new Set('and or not in is if else true false none True False None loop self'.split(' '))

/**
 * A template's beginning that sets the variables. As literals floats stay floats, and it is quicker than handing the
 * engine objects.
 */
export function prelude(variables: Variables): string {
  return Object.entries(variables)
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name) && !reserved.has(name))
    .map(([name, value]) => `{% set ${name} = ${literal(value, 0)} %}`)
    .join('')
}

/** The keys of the maps inside the variables that are not in the order of the alphabet, which the engine prints in. */
export function shapesOf(variables: Variables): string[][] {
  const shapes = new Map<string, string[]>()
  const seen = new Set<string>()
  const visit = (value: TemplateValue) => {
    if (typeof value !== 'object' || value === null || wholeFloat(value) !== undefined) return
    const keys = Array.isArray(value) ? [] : Object.keys(value)
    if (keys.length > 1 && !seen.has(keys.join('\0'))) {
      seen.add(keys.join('\0'))
      const sorted = sortedKeys(keys)
      if (shapes.size < MOST_SHAPES && keys.join() !== sorted.join()) shapes.set(JSON.stringify(sorted), keys)
    }
    for (const item of Object.values(value)) visit(item)
  }
  for (const value of Object.values(variables)) visit(value)
  return [...shapes.values()]
}

/** Keys in the order the engine keeps them: by code points. */
export function sortedKeys(keys: readonly string[]): string[] {
  return [...keys].sort((one, other) => {
    const [left, right] = [[...one], [...other]]
    const at = left.findIndex((char, index) => char !== right[index])
    if (at < 0) return left.length - right.length
    return (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? -1)
  })
}

function literal(value: TemplateValue, depth: number): string {
  if (value === null) return 'none'
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return text(value)
  if (typeof value === 'bigint') return value < LARGEST && value > -LARGEST ? String(value) : text(String(value))
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : floatLiteral(value)
  const number = wholeFloat(value)
  if (number !== undefined) return floatLiteral(number)
  if (depth > DEEPEST) return text(jsonText(plain(value)))
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, depth + 1)).join(',')}]`
  const pairs = Object.entries(value).map(([key, item]) => `${text(key)}:${literal(item, depth + 1)}`)
  return `{${pairs.join(',')}}`
}

function text(value: string): string {
  return JSON.stringify(value.toWellFormed())
}

function floatLiteral(value: number): string {
  if (Number.isNaN(value)) return '"nan"'
  if (!Number.isFinite(value)) return value > 0 ? '"inf"' : '"-inf"'
  const digits = String(value).replace('+', '')
  return /[.e]/.test(digits) ? digits : `${digits}.0`
}
