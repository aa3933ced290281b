import type { Method } from './arguments.ts'
import { allowList, allowText, type Budget, chargeText } from './budget.ts'
import { BLANKS, isPlain, lengthOf, part } from './characters.ts'
import { isNoRow } from './compare.ts'
import { fail } from './failure.ts'
import { iterate } from './iterate.ts'
import { asIndex, clampIndex } from './sequences.ts'
import { list, noRow, typeName, type Value } from './value.ts'

const BLANK_RUN = new RegExp(`[${BLANKS}]+`, 'g')
const LEADING = new RegExp(`^[${BLANKS}]+`)
const TRAILING = new RegExp(`[${BLANKS}]+$`)
const LINE_END = '\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029'
const LINE = new RegExp(`[^${LINE_END}]*(\\r\\n|[${LINE_END}]|$)`, 'g')
const DIGITS =
  /^[\p{Nd}\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]+$/u
const LETTERS = /^\p{L}+$/u
const CASED = /^[\p{Lowercase}\p{Uppercase}\p{Lt}]$/u
/** Letters whose title form is one of its own: large, title, small. */
const DIGRAPHS = ['\u01c4\u01c5\u01c6', '\u01c7\u01c8\u01c9', '\u01ca\u01cb\u01cc', '\u01f1\u01f2\u01f3']
/** Letters that have large forms but keep the small one in titles. */
const GEORGIAN = /^[\u10d0-\u10ff]$/

type Body = (text: string, given: readonly (Value | undefined)[], budget: Budget) => Value

/** The methods of texts by name. */
export const textMethods: ReadonlyMap<string, Method> = new Map([
  method('lower', [], 0, (text) => text.toLowerCase()),
  method('upper', [], 0, (text) => text.toUpperCase()),
  method('title', [], 0, (text) => title(text)),
  method('capitalize', [], 0, (text) => {
    const first = String.fromCodePoint(text.codePointAt(0) ?? 32)
    return text === '' ? '' : titleOf(first) + text.toLowerCase().slice(first.toLowerCase().length)
  }),
  method('isdigit', [], 0, (text) => DIGITS.test(text)),
  method('isalpha', [], 0, (text) => LETTERS.test(text)),
  method('strip', [''], 0, (text, [chars = null]) => strip(text, chars, true, true)),
  method('lstrip', [''], 0, (text, [chars = null]) => strip(text, chars, true, false)),
  method('rstrip', [''], 0, (text, [chars = null]) => strip(text, chars, false, true)),
  method('startswith', ['', '', ''], 1, (text, given) => affix(text, given, (from, at) => from.startsWith(at))),
  method('endswith', ['', '', ''], 1, (text, given) => affix(text, given, (from, at) => from.endsWith(at))),
  method('find', ['', '', ''], 1, (text, given) => find(text, given)),
  method('index', ['', '', ''], 1, (text, given) => {
    const at = find(text, given)
    return at < 0n ? fail('ValueError', 'substring not found') : at
  }),
  method('count', ['', '', ''], 1, (text, given) => count(text, given)),
  method('replace', ['', '', ''], 2, replace),
  method('split', ['sep', 'maxsplit'], 0, (text, given, budget) => split(text, given, budget, false)),
  method('rsplit', ['sep', 'maxsplit'], 0, (text, given, budget) => split(text, given, budget, true)),
  method('splitlines', ['keepends'], 0, splitLines),
  method('join', [''], 1, join),
])

function method(name: string, places: string[], required: number, body: Body): [string, Method] {
  const call = (object: Value, given: readonly (Value | undefined)[], budget: Budget): Value => {
    if (typeof object !== 'string') return fail('TypeError', `'${name}' needs a text, not '${typeName(object)}'`)
    chargeText(budget, object.length)
    const result = body(object, given, budget)
    if (typeof result === 'string') allowText(budget, result.length)
    return result
  }
  return [name, { signature: { places, required }, call }]
}

function textArgument(value: Value | undefined, what: string): string {
  if (typeof value === 'string') return value
  return fail('TypeError', `${what} must be str, not ${typeName(value ?? null)}`)
}

/** Small letters are taken from the whole in small, since a sigma at the end of a word is another letter. */
function title(text: string): string {
  const small = text.toLowerCase()
  let result = ''
  let within = false
  let at = 0
  for (const char of text) {
    const end = at + char.toLowerCase().length
    result += within ? small.slice(at, end) : titleOf(char)
    within = CASED.test(char)
    at = end
  }
  return result
}

/** The title form of a letter; of one that becomes several (such as ß), only the first is large. */
function titleOf(char: string): string {
  const digraph = DIGRAPHS.find((forms) => forms.includes(char))
  if (digraph !== undefined) return digraph[1] ?? char
  if (GEORGIAN.test(char)) return char
  const upper = char.toUpperCase()
  const first = String.fromCodePoint(upper.codePointAt(0) ?? 0)
  return upper.length === first.length ? upper : first + upper.slice(first.length).toLowerCase()
}

function strip(text: string, chars: Value, left: boolean, right: boolean): string {
  if (chars === null) {
    const rest = left ? text.replace(LEADING, '') : text
    if (!right) return rest
    const end = lastNonBlank(rest)
    return rest.slice(0, end)
  }
  const set = new Set(textArgument(chars, 'strip arg'))
  const letters = [...text]
  let [start, end] = [0, letters.length]
  while (left && start < end && set.has(letters[start] ?? '')) start += 1
  while (right && end > start && set.has(letters[end - 1] ?? '')) end -= 1
  return letters.slice(start, end).join('')
}

/** Where the blanks at the end begin; a pattern for them would look at every run of blanks within. */
function lastNonBlank(text: string): number {
  let end = text.length
  while (end > 0 && TRAILING.test(text[end - 1] ?? '')) end -= 1
  return end
}

/** The part of a text that `start` and `end` leave; undefined when `start` lies behind its end. */
function within(text: string, start: Value | undefined, end: Value | undefined) {
  const length = lengthOf(text)
  const from = start === undefined || start === null ? 0n : asIndex(start)
  const first = clampIndex(from, length)
  const last = end === undefined || end === null ? length : clampIndex(asIndex(end), length)
  if (from > BigInt(length) || first > last) return undefined
  return { first, text: part(text, first, last) }
}

function affix(
  text: string,
  [wanted = null, start, end]: readonly (Value | undefined)[],
  test: (text: string, affix: string) => boolean,
): boolean {
  const window = within(text, start, end)
  const many = typeof wanted === 'object' && wanted !== null && wanted.kind === 'tuple'
  const affixes = many ? wanted.items : [wanted]
  return affixes.some((one) => {
    const text = textArgument(one, 'the argument')
    return window !== undefined && test(window.text, text)
  })
}

function find(text: string, [wanted, start, end]: readonly (Value | undefined)[]): bigint {
  const sub = textArgument(wanted, 'the argument')
  const window = within(text, start, end)
  if (window === undefined) return -1n
  const at = indexOfWhole(window.text, sub, 0)
  if (at < 0) return -1n
  return BigInt(window.first + lengthOf(window.text.slice(0, at)))
}

/** Like `indexOf`, but never within a character. */
function indexOfWhole(text: string, sub: string, from: number): number {
  let at = text.indexOf(sub, from)
  if (isPlain(sub)) return at
  while (at > 0 && /[\ud800-\udbff]/.test(text[at - 1] ?? '') && /[\udc00-\udfff]/.test(text[at] ?? '')) {
    at = text.indexOf(sub, at + 1)
  }
  return at
}

function count(text: string, [wanted, start, end]: readonly (Value | undefined)[]): bigint {
  const sub = textArgument(wanted, 'the argument')
  const window = within(text, start, end)
  if (window === undefined) return 0n
  return BigInt(sub === '' ? lengthOf(window.text) + 1 : occurrences(window.text, sub))
}

function occurrences(text: string, sub: string): number {
  let found = 0
  for (let at = text.indexOf(sub); at >= 0; at = text.indexOf(sub, at + sub.length)) found += 1
  return found
}

function replace(text: string, [from, to, times = -1n]: readonly (Value | undefined)[], budget: Budget): Value {
  const [old, fresh] = [textArgument(from, 'replace() argument 1'), textArgument(to, 'replace() argument 2')]
  const limit = asIndex(times)
  const found = old === '' ? lengthOf(text) + 1 : occurrences(text, old)
  const most = limit < 0n || limit > BigInt(found) ? found : Number(limit)
  allowText(budget, text.length + most * (fresh.length - old.length))
  if (old !== '') {
    const pieces = text.split(old)
    return (
      pieces
        .slice(0, most)
        .map((piece) => piece + fresh)
        .join('') + pieces.slice(most).join(old)
    )
  }
  const letters = [...text]
  return (
    letters.reduce((all, letter, index) => all + (index < most ? fresh : '') + letter, '') +
    (most > letters.length ? fresh : '')
  )
}

function split(
  text: string,
  [sep = null, max = -1n]: readonly (Value | undefined)[],
  budget: Budget,
  last: boolean,
): Value {
  const limit = asIndex(max)
  const most = limit < 0n || limit > BigInt(budget.listItems) ? Number.POSITIVE_INFINITY : Number(limit)
  if (sep !== null) {
    const by = textArgument(sep, 'the separator')
    if (by === '') fail('ValueError', 'empty separator')
    allowList(budget, Math.min(most, occurrences(text, by)) + 1)
    const pieces = text.split(by)
    if (pieces.length - 1 <= most) return list(pieces)
    if (last) return list([pieces.slice(0, pieces.length - most).join(by), ...pieces.slice(pieces.length - most)])
    return list([...pieces.slice(0, most), pieces.slice(most).join(by)])
  }
  const bare = strip(text, null, true, true)
  const gaps = [...bare.matchAll(BLANK_RUN)]
  allowList(budget, Math.min(most, gaps.length) + 1)
  const kept = last ? strip(text, null, false, true) : strip(text, null, true, false)
  if (bare === '') return list([])
  if (most === 0) return list([kept])
  return list(
    last ? splitFromEnd(kept, gaps, most, kept.length - bare.length) : splitFromStart(kept, gaps, most, bare.length),
  )
}

function splitFromStart(text: string, gaps: RegExpExecArray[], most: number, end: number): string[] {
  const pieces: string[] = []
  let from = 0
  for (const gap of gaps.slice(0, most)) {
    pieces.push(text.slice(from, gap.index))
    from = gap.index + gap[0].length
  }
  pieces.push(gaps.length > most - 1 && gaps.length >= most ? text.slice(from) : text.slice(from, end))
  return pieces
}

function splitFromEnd(text: string, gaps: RegExpExecArray[], most: number, offset: number): string[] {
  const used = gaps.slice(Math.max(0, gaps.length - most))
  const pieces: string[] = []
  let from = gaps.length >= most ? 0 : offset
  for (const gap of used) {
    pieces.push(text.slice(from, gap.index + offset))
    from = gap.index + offset + gap[0].length
  }
  pieces.push(text.slice(from))
  return pieces
}

function splitLines(text: string, [keep = false]: readonly (Value | undefined)[], budget: Budget): Value {
  const keepEnds = asIndex(keep) !== 0n
  const lines: string[] = []
  for (const [line, ending = ''] of text.matchAll(LINE)) {
    if (line === '') break
    lines.push(keepEnds ? line : line.slice(0, line.length - ending.length))
    if (lines.length > budget.listItems) allowList(budget, lines.length)
  }
  return list(lines)
}

function join(text: string, [items = null]: readonly (Value | undefined)[], budget: Budget): Value {
  if (isNoRow(items)) return noRow
  const pieces: string[] = []
  let length = 0
  for (const item of iterate(items, budget)) {
    if (typeof item !== 'string') {
      fail('TypeError', `sequence item ${pieces.length}: expected str instance, ${typeName(item)} found`)
    }
    length += item.length + (pieces.length > 0 ? text.length : 0)
    allowText(budget, item.length)
    chargeText(budget, text.length)
    if (length > 65_536) allowText(budget, length)
    pieces.push(item)
  }
  return pieces.join(text)
}
