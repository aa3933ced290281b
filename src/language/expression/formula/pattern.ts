import { RE2JS, RE2JSException } from 're2js'
import { type Budget, charge, chargeText, lookAtClock } from '../budget.ts'
import { Failure, fail } from '../failure.ts'
import type { Pattern, Value } from '../value.ts'

/** Characters and instructions of a regular expression. */
const LONGEST = 1000
const MOST_INSTRUCTIONS = 2000
/** Instructions times characters of text that are matched in one go: some 100 ms at worst. */
const MOST_WORK = 8_000_000
/** Expressions made at run time that are kept. */
const KEPT = 100

/** One place where an expression matched. */
export interface Found {
  readonly start: number
  readonly end: number
  /** Null for a group that took no part. */
  readonly groups: readonly (string | null)[]
}

interface Compiled extends Pattern {
  readonly engine: RE2JS
}

const kept = new Map<string, Compiled>()

/**
 * Reads a regular expression. It is matched in time linear in the text, so there are no look-around assertions and no
 * references back to groups. `at` is its place in the formula.
 */
export function compilePattern(source: string, at?: number): Compiled {
  const known = kept.get(source)
  if (known !== undefined) return known
  if (source.length > LONGEST) fail('Budget', `A regular expression has more than ${LONGEST} characters.`, at)
  const engine = read(source, at)
  if (engine.programSize() > MOST_INSTRUCTIONS) fail('Budget', `The regular expression /${source}/ is too large.`, at)
  const compiled: Compiled = { kind: 'pattern', source, engine }
  if (kept.size >= KEPT) kept.clear()
  kept.set(source, compiled)
  return compiled
}

/** A value as a regular expression; undefined for any other value. */
export function asPattern(value: Value): Pattern | undefined {
  return typeof value === 'object' && value !== null && value.kind === 'pattern' ? value : undefined
}

/** The groups of an expression that matches the whole text; undefined when it does not. */
export function matchWhole(pattern: Pattern, text: string, budget: Budget): (string | null)[] | undefined {
  const { engine } = prepared(pattern, text, budget)
  const matcher = engine.matcher(text)
  const matches = matcher.matches()
  lookAtClock(budget)
  if (!matches) return undefined
  return Array.from({ length: matcher.groupCount() }, (_, index) => matcher.group(index + 1))
}

/** Whether an expression matches somewhere in the text. */
export function matchesWithin(pattern: Pattern, text: string, budget: Budget): boolean {
  const { engine } = prepared(pattern, text, budget)
  const found = engine.matcher(text).find()
  lookAtClock(budget)
  return found
}

/** All places where an expression matches, from left to right. */
export function* matchesOf(pattern: Pattern, text: string, budget: Budget): Generator<Found, void, undefined> {
  const { engine } = prepared(pattern, text, budget)
  const matcher = engine.matcher(text)
  while (matcher.find()) {
    lookAtClock(budget)
    charge(budget, 2)
    const groups = Array.from({ length: matcher.groupCount() }, (_, index) => matcher.group(index + 1))
    yield { start: matcher.start(), end: matcher.end(), groups }
  }
}

function prepared(pattern: Pattern, text: string, budget: Budget): Compiled {
  const compiled = compilePattern(pattern.source)
  chargeText(budget, text.length)
  if (compiled.engine.programSize() * text.length > MOST_WORK) {
    fail('Budget', `The text is too long for the regular expression /${pattern.source}/.`)
  }
  return compiled
}

function read(source: string, at: number | undefined): RE2JS {
  try {
    return RE2JS.compile(source)
  } catch (thrown) {
    if (!(thrown instanceof RE2JSException)) throw thrown
    const why = thrown.message.replace(/^error parsing regexp: /, '')
    throw new Failure('SyntaxError', `/${source}/ is no regular expression that is supported: ${why}.`, at)
  }
}
