import { allowList, allowText, type Budget, chargeText, limitText } from '../budget.ts'
import { lengthOf } from '../characters.ts'
import { formatPattern } from '../date-pattern.ts'
import { fail } from '../failure.ts'
import { list, type Value } from '../value.ts'
import { escapeText, unescapeText } from './escapes.ts'
import { formatValues } from './format.ts'
import { type Body, define, MANY } from './function.ts'
import { asPattern, compilePattern, type Found, matchesOf, matchesWithin, matchWhole } from './pattern.ts'
import { dateOf, isTruthy, textOf, wholeOf } from './values.ts'

/** The functions of texts. */
export const textFunctions = [
  ofText('contains', 2, 2, (text, [part = null], budget) => {
    const pattern = asPattern(part)
    return pattern === undefined ? text.includes(textOf(part)) : matchesWithin(pattern, text, budget)
  }),
  ofText('startsWith', 2, 2, (text, [part = null]) => text.startsWith(textOf(part))),
  ofText('endsWith', 2, 2, (text, [part = null]) => text.endsWith(textOf(part))),
  ofText('indexOf', 2, 2, (text, [part = null]) => placeIn(text, text.indexOf(textOf(part)))),
  ofText('lastIndexOf', 2, 2, (text, [part = null]) => placeIn(text, text.lastIndexOf(textOf(part)))),
  ofText('toLowercase', 1, 1, (text) => text.toLowerCase()),
  ofText('toUppercase', 1, 1, (text) => text.toUpperCase()),
  ofText('toTitlecase', 1, 1, (text) =>
    text.toLowerCase().replace(/(^|\s)(\S)/gu, (_, before: string, first: string) => before + first.toUpperCase()),
  ),
  ofText('trim', 1, 1, (text) => text.trim()),
  ofText('strip', 1, 1, (text) => text.trim()),
  ofText('chomp', 2, 2, (text, [end = null]) => {
    const ending = textOf(end)
    return ending !== '' && text.endsWith(ending) ? text.slice(0, -ending.length) : text
  }),
  ofText('replace', 3, 3, replace),
  ofText('replaceChars', 3, 3, (text, [from = null, to = null]) => {
    const targets = [...textOf(to)]
    const map = new Map([...textOf(from)].map((char, index) => [char, targets[index] ?? '']))
    return Array.from(text, (char) => map.get(char) ?? char).join('')
  }),
  ofText('split', 2, 3, split),
  ofText('splitByLengths', 2, MANY, (text, lengths) => {
    let at = 0
    return list(
      lengths.map((length) => {
        const start = at
        at += Math.max(0, wholeOf(length, 'splitByLengths'))
        return text.slice(start, at)
      }),
    )
  }),
  ofText('partition', 2, 3, (text, args, budget) => partition(text, args, budget, false)),
  ofText('rpartition', 2, 3, (text, args, budget) => partition(text, args, budget, true)),
  ofText('match', 2, 2, (text, [wanted = null], budget) => {
    const groups = matchWhole(asPattern(wanted) ?? compilePattern(textOf(wanted)), text, budget)
    return groups === undefined ? null : list(groups)
  }),
  ofText('format', 1, MANY, (text, args, budget) => formatValues(text, args, budget)),
  ofText('escape', 2, 2, (text, [mode = null]) => escapeText(text, textOf(mode))),
  ofText('unescape', 2, 2, (text, [mode = null]) => unescapeText(text, textOf(mode))),
  ofText('ord', 1, 1, (text) => BigInt(text.codePointAt(0) ?? 0)),
  define('char', 1, 1, ([value = null]) => {
    const code = wholeOf(value, 'char')
    return code >= 0 && code <= 0x10ffff
      ? String.fromCodePoint(code)
      : fail('ValueError', `There is no character ${code}.`)
  }),
  define('concat', 1, MANY, (args, budget) => joined(args.map(textOf), '', budget), { knowsMissing: true }),
  define('toString', 1, 2, ([value = null, pattern]) =>
    pattern === undefined ? textOf(value) : formatPattern(dateOf(value, 'toString').ms, textOf(pattern)),
  ),
  define('length', 1, 1, ([value = null]) => {
    const items = typeof value === 'object' && value !== null && value.kind === 'list' ? value.items.length : undefined
    return BigInt(items ?? lengthOf(textOf(value)))
  }),
]

type TextBody = (text: string, args: readonly Value[], budget: Budget) => Value

/** A function of a text, nothing being the empty one. */
function ofText(name: string, least: number, most: number, body: TextBody) {
  const checked: Body = ([value = null, ...args], budget) => {
    const text = textOf(value)
    chargeText(budget, text.length)
    const result = body(text, args, budget)
    if (typeof result === 'string') allowText(budget, result.length)
    return result
  }
  return define(name, least, most, checked)
}

/** Joins texts once their length is known. */
export function joined(pieces: readonly string[], separator: string, budget: Budget): string {
  allowText(
    budget,
    pieces.reduce((sum, piece) => sum + piece.length + separator.length, 0),
  )
  return pieces.join(separator)
}

function placeIn(text: string, at: number): bigint {
  return BigInt(at < 0 ? -1 : lengthOf(text.slice(0, at)))
}

function replace(text: string, [wanted = null, by = null]: readonly Value[], budget: Budget): Value {
  const pattern = asPattern(wanted)
  const fresh = textOf(by)
  if (pattern === undefined) {
    const old = textOf(wanted)
    if (old === '') return text
    const pieces = text.split(old)
    limitText(text.length + (pieces.length - 1) * (fresh.length - old.length))
    return pieces.join(fresh)
  }
  let [result, from] = ['', 0]
  for (const found of matchesOf(pattern, text, budget)) {
    result += text.slice(from, found.start) + filled(fresh, text, found)
    limitText(result.length)
    from = found.end
  }
  return result + text.slice(from)
}

/** A replacement in which `$1` is a group, `$0` the whole, and a backslash takes the meaning from the next character. */
function filled(fresh: string, text: string, { start, end, groups }: Found): string {
  return fresh.replace(/\\(.)|\$(\d)/gs, (_, plain: string | undefined, group: string) => {
    if (plain !== undefined) return plain
    return group === '0' ? text.slice(start, end) : (groups[Number(group) - 1] ?? '')
  })
}

/** Without the third argument, empty pieces vanish. */
function split(text: string, [wanted = null, keep = null]: readonly Value[], budget: Budget): Value {
  const pattern = asPattern(wanted)
  const separator = textOf(wanted)
  let pieces: string[] = []
  if (pattern !== undefined) {
    let from = 0
    for (const { start, end } of matchesOf(pattern, text, budget)) {
      if (end === start) continue
      pieces.push(text.slice(from, start))
      from = end
    }
    pieces.push(text.slice(from))
  } else pieces = separator === '' ? text.split(/\s+/) : text.split(separator)
  const kept = isTruthy(keep) ? pieces : pieces.filter((piece) => piece !== '')
  allowList(budget, kept.length)
  return list(kept)
}

/** Before, the part, and behind; the whole text and two empty ones where the part does not occur. */
function partition(text: string, [wanted = null, omit = null]: readonly Value[], budget: Budget, last: boolean): Value {
  const found = placesOf(wanted, text, budget, last)
  if (found === undefined) return list(isTruthy(omit) ? [text, ''] : [text, '', ''])
  const [before, part, behind] = [text.slice(0, found.start), text.slice(found.start, found.end), text.slice(found.end)]
  return list(isTruthy(omit) ? [before, behind] : [before, part, behind])
}

function placesOf(
  wanted: Value,
  text: string,
  budget: Budget,
  last: boolean,
): Pick<Found, 'start' | 'end'> | undefined {
  const pattern = asPattern(wanted)
  if (pattern !== undefined) {
    let found: Found | undefined
    for (found of matchesOf(pattern, text, budget)) if (!last) break
    return found
  }
  const part = textOf(wanted)
  const start = last ? text.lastIndexOf(part) : text.indexOf(part)
  return start < 0 ? undefined : { start, end: start + part.length }
}
