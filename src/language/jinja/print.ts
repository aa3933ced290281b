import { sortedKeys } from './literal.ts'

const numbers = /^-?\d[\d.]*(?:e-?\d+)?$/
const words = new Map(Object.entries({ true: 'True', false: 'False', none: 'None', undefined: 'Undefined' }))

/**
 * The engine's text for a value that is no string, as Python prints it. `shapes` are the keys of maps in their own
 * order. Text it does not understand is given back as it is.
 */
export function pythonText(text: string, shapes: readonly string[][] = []): string {
  // The engine gives infinity where Python raises.
  if (text === 'inf' || text === '-inf' || text === 'NaN') throw new Error('division by zero, or a number is too large')
  const orders = ordersOf(shapes)
  const read = readValue(text, 0, orders)
  return read === undefined || read.end !== text.length ? text : read.text
}

/** The keys of a map in the order it was given in, where that is one of the shapes. */
export function keysInOrder(keys: string[], shapes: readonly string[][]): string[] {
  return ordersOf(shapes).get(JSON.stringify(sortedKeys(keys))) ?? keys
}

/** A float as Python prints it. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value === 0 || (power >= -4 && power < 16)) {
    const text = Object.is(value, -0) ? '-0' : String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** JSON text as Python writes it: with a space after commas and colons, ASCII only, floats as Python prints them. */
export function pythonJson(text: string): string {
  return text
    .replace(/"(?:[^"\\]|\\.)*"|[,:](?!\s)|-?\d[\d.]*(?:e[+-]?\d+)?/g, (piece) => {
      if (piece === ',' || piece === ':') return `${piece} `
      return /^-?\d/.test(piece) && /[.e]/.test(piece) ? pythonFloat(Number(piece)) : piece
    })
    .replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

interface Read {
  text: string
  end: number
}

type Orders = ReadonlyMap<string, string[]>

function ordersOf(shapes: readonly string[][]): Orders {
  return new Map(shapes.map((keys) => [JSON.stringify(sortedKeys(keys)), keys]))
}

function readValue(text: string, at: number, orders: Orders): Read | undefined {
  const char = text.charAt(at)
  if (char === '[') return readItems(text, at, orders)
  if (char === '{') return readMap(text, at, orders)
  if (char === '"') {
    const read = readString(text, at)
    return read && { text: pythonString(read.text), end: read.end }
  }
  const word = matchAt(/[^,\]}]+/y, text, at)?.[0] ?? ''
  const end = at + word.length
  if (numbers.test(word) && /[.e]/.test(word)) return { text: pythonFloat(Number(word)), end }
  return word === '' ? undefined : { text: words.get(word) ?? word, end }
}

function readItems(text: string, at: number, orders: Orders): Read | undefined {
  const items: string[] = []
  let next = at + 1
  while (text.charAt(next) !== ']') {
    const item = readValue(text, next, orders)
    if (item === undefined) return undefined
    items.push(item.text)
    next = item.end + (text.startsWith(', ', item.end) ? 2 : 0)
  }
  return { text: `[${items.join(', ')}]`, end: next + 1 }
}

function readMap(text: string, at: number, orders: Orders): Read | undefined {
  const pairs = new Map<string, string>()
  let next = at + 1
  while (text.charAt(next) !== '}') {
    const quoted = text.charAt(next) === '"'
    const key = quoted ? readString(text, next) : readKey(text, next)
    if (key === undefined || !text.startsWith(': ', key.end)) return undefined
    const value = readValue(text, key.end + 2, orders)
    if (value === undefined) return undefined
    pairs.set(key.text, `${quoted ? pythonString(key.text) : key.text}: ${value.text}`)
    next = value.end + (text.startsWith(', ', value.end) ? 2 : 0)
  }
  const keys = orders.get(JSON.stringify([...pairs.keys()])) ?? [...pairs.keys()]
  return { text: `{${keys.map((key) => pairs.get(key)).join(', ')}}`, end: next + 1 }
}

function readKey(text: string, at: number): Read | undefined {
  const word = matchAt(/[^:,\]}]+/y, text, at)?.[0]
  return word === undefined ? undefined : { text: words.get(word) ?? word, end: at + word.length }
}

/** Reads a string literal with Rust's escapes. */
function readString(text: string, at: number): Read | undefined {
  const literal = matchAt(/"((?:[^"\\]|\\.)*)"/sy, text, at)
  if (literal?.[1] === undefined) return undefined
  const plainEscapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', '0': '\0' }
  const value = literal[1].replace(/\\(?:u\{([0-9a-f]+)\}|(.))/gs, (_, code: string | undefined, char: string) =>
    code === undefined ? (plainEscapes[char] ?? char) : String.fromCodePoint(Number.parseInt(code, 16)),
  )
  return { text: value, end: at + literal[0].length }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function pythonString(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
  const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }
  const body = value.replace(/[\p{C}\u2028\u2029\\'"]/gu, (char) => {
    if (char === quote) return `\\${char}`
    if (char === "'" || char === '"') return char
    const code = char.codePointAt(0) ?? 0
    const hex = code.toString(16)
    if (named[char] !== undefined) return named[char]
    return code < 256
      ? `\\x${hex.padStart(2, '0')}`
      : code < 65536
        ? `\\u${hex.padStart(4, '0')}`
        : `\\U${hex.padStart(8, '0')}`
  })
  return quote + body + quote
}
