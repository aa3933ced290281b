import { AppError } from '../errors.ts'

const DEEPEST = 64

/** Parses JSON from outside. Throws `invalid` with the place of the first fault. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw fault(text, { at: 0, reason: `it is nested more than ${DEEPEST} deep` })
  try {
    return JSON.parse(text)
  } catch {
    // The runtimes word this differently and some leave out the place.
    throw fault(text, firstFault(text) ?? { at: 0, reason: 'it cannot be read' })
  }
}

interface Fault {
  at: number
  reason: string
}

const SPACE = /[ \t\n\r]*/y
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y

function fault(text: string, { at, reason }: Fault): AppError {
  const before = text.slice(0, at).split('\n')
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
  return new AppError('invalid', `The body is not JSON: ${reason}, at ${place}.`, [
    { path: '', message: `${reason}, at ${place}` },
  ])
}

const QUOTE = 34
const BACKSLASH = 92

function isTooDeep(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      for (at += 1; at < text.length && text.charCodeAt(at) !== QUOTE; at += 1)
        if (text.charCodeAt(at) === BACKSLASH) at += 1
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > DEEPEST) return true
    } else if (code === 0x7d || code === 0x5d) depth -= 1
  }
  return false
}

function firstFault(text: string): Fault | undefined {
  const open: string[] = []
  let at = 0

  function take(pattern: RegExp): boolean {
    pattern.lastIndex = at
    if (!pattern.test(text)) return false
    at = pattern.lastIndex
    return true
  }
  function takeString(): boolean {
    if (text[at] !== '"') return false
    for (at += 1; text[at] !== '"'; ) {
      if (at >= text.length || text.charCodeAt(at) < 32) return false
      if (text[at] !== '\\') at += 1
      else if (!take(ESCAPE)) return false
    }
    at += 1
    return true
  }
  function key(): Fault | undefined {
    take(SPACE)
    if (!takeString()) return { at, reason: 'a key in double quotes was expected' }
    take(SPACE)
    if (text[at] !== ':') return { at, reason: '":" was expected' }
    at += 1
    return undefined
  }
  /** Closes what ends here; true when another element follows. */
  function next(): boolean | Fault | undefined {
    take(SPACE)
    const closing = open.at(-1)
    if (closing === undefined) return at < text.length ? { at, reason: 'more follows after its end' } : undefined
    if (text[at] === ',') {
      at += 1
      return (closing === '}' ? key() : undefined) ?? true
    }
    if (text[at] !== closing)
      return { at, reason: at >= text.length ? 'it ends too early' : `"," or "${closing}" was expected` }
    at += 1
    open.pop()
    return false
  }

  for (;;) {
    take(SPACE)
    const closing = { '{': '}', '[': ']' }[text[at] ?? '']
    if (closing !== undefined) {
      at += 1
      take(SPACE)
      open.push(closing)
      const found = text[at] === closing ? undefined : closing === '}' ? (key() ?? true) : true
      if (found === true) continue
      if (found !== undefined) return found
    } else if (!takeString() && !take(PLAIN))
      return { at, reason: at >= text.length ? 'it ends too early' : 'a value was expected' }
    let more = next()
    while (more === false) more = next()
    if (more !== true) return more
  }
}
