import { messageOf } from '../errors.ts'
import { didYouMean } from '../model/nearest.ts'
import { type Budget, createBudget } from './expression/budget.ts'
import { ExpressionError } from './expression/failure.ts'
import { textOf } from './expression/formula/values.ts'
import { compile, evaluate, type Program } from './expression/program.ts'
import type { Value } from './expression/value.ts'
import { toValue } from './expression-value.ts'
import { type Filter, filterNames, filters } from './formula-filters.ts'
import { MOST_OUTPUT } from './limits.ts'
import { lineAt, scanTags, type Tag } from './tags.ts'
import { TemplateError } from './template-error.ts'
import type { Variables } from './template-value.ts'

/** How a value is written where it stands: within a string of JSON, as Markdown and so on. `at` counts the texts. */
export type Writing = (tag: Tag, at: number) => (text: string) => string

const MOST_SOURCE = 200_000
/** A name that is no word, such as that of a step; only a variable of exactly this name is meant. */
const LOOSE_NAME = /^[\p{L}_][^"'(){}[\]|?]*$/u

/**
 * Renders texts with `${…}` in them, which share 250 ms: `${name}`, `${formula}`, `${?name}` (empty where there is none),
 * `${name|filter:argument}`; `$${…}` stands for `${…}`. Throws `TemplateError`, also for a variable that is not there.
 */
export function renderFormulas(texts: readonly string[], variables: Variables, writing?: Writing): string[] {
  const all = texts.join('\n')
  const names = namesOf(variables, all)
  const budget = createBudget({ elapsed: () => performance.now() })
  let length = 0
  return texts.map((text, at) => {
    checkLength(text)
    let [result, from] = ['', 0]
    for (const tag of scanTags(text, 'formula')) {
      result +=
        text.slice(from, tag.start) +
        named(text, tag, () => {
          const shown = tag.kind === 'raw' ? tag.source.slice(1) : valueOfTag(text, tag, names, budget)
          return writing === undefined ? shown : writing(tag, at)(shown)
        })
      from = tag.end
      if (length + result.length > MOST_OUTPUT)
        throw new TemplateError(`the text is longer than ${MOST_OUTPUT} characters`)
    }
    length += result.length
    return result + text.slice(from)
  })
}

/** The variables that a text with `${…}` refers to, with lines. Throws `TemplateError` when it cannot be read. */
export function analyzeFormulas(text: string): { used: Map<string, number>; unused: string[] } {
  checkLength(text)
  const used = new Map<string, number>()
  for (const tag of scanTags(text, 'formula')) {
    if (tag.kind === 'raw') continue
    const line = lineAt(text, tag.start)
    const { program, source, optional, steps } = readTag(text, tag)
    if (optional || steps.some(({ name }) => name === 'default')) continue
    for (const name of program?.names ?? [source]) if (!used.has(name)) used.set(name, line)
  }
  return { used, unused: [] }
}

interface Reading {
  /** Undefined where the content is a name that is no formula. */
  program: Program | undefined
  source: string
  optional: boolean
  steps: { name: string; filter: Filter; argument: string | undefined }[]
}

function readTag(text: string, tag: Tag, names?: ReadonlyMap<string, Value>): Reading {
  const [head = '', ...rest] = pipes(tag.inner)
  const optional = /^\s*\?/.test(head)
  const source = head.replace(/^\s*\?/, '').trim()
  const line = lineAt(text, tag.start)
  const steps = rest.map((step) => {
    const [, name = '', argument] = /^\s*([^:\s]*)\s*(?::([\s\S]*))?$/.exec(step) ?? []
    const filter = filters.get(name)
    if (filter !== undefined) return { name, filter, argument }
    throw new TemplateError(`there is no filter "${name}".${didYouMean(name, filterNames)}`, line)
  })
  return { program: names?.has(source) === true ? undefined : read(source, line), source, optional, steps }
}

function read(source: string, line: number): Program | undefined {
  try {
    return compile('formula', source)
  } catch (thrown) {
    if (!(thrown instanceof ExpressionError)) throw thrown
    if (thrown.kind === 'SyntaxError' && LOOSE_NAME.test(source)) return undefined
    throw new TemplateError(`\${${source.slice(0, 60)}}: ${thrown.message}`, line)
  }
}

function valueOfTag(text: string, tag: Tag, names: ReadonlyMap<string, Value>, budget: Budget): string {
  const { program, source, optional, steps } = readTag(text, tag, names)
  let value = find(source, program, names, budget)
  if (value === undefined && !optional && steps[0]?.name !== 'default') {
    const message = `there is no variable "${source}".${didYouMean(source, [...names.keys()])}`
    throw new TemplateError(message, lineAt(text, tag.start))
  }
  for (const { filter, argument } of steps) value = filter(value ?? null, argument)
  return textOf(value ?? null)
}

/** Names the place of what fails in a tag. */
function named(text: string, tag: Tag, run: () => string): string {
  try {
    return run()
  } catch (thrown) {
    if (thrown instanceof TemplateError && thrown.line !== null) throw thrown
    throw new TemplateError(`\${${tag.inner.trim().slice(0, 60)}}: ${messageOf(thrown)}`, lineAt(text, tag.start))
  }
}

/** The variable of this name, else the value of the formula; undefined where a variable is missing. */
function find(source: string, program: Program | undefined, names: ReadonlyMap<string, Value>, budget: Budget) {
  const given = names.get(source)
  if (given !== undefined) return given
  if (program === undefined) return undefined
  try {
    return evaluate(program, names, { budget })
  } catch (thrown) {
    const isName = program.tree.kind === 'name'
    if (thrown instanceof ExpressionError && thrown.kind === 'NameError' && isName) return undefined
    throw thrown
  }
}

/** The parts between single `|`, which is no operator of formulas; those within quotes and brackets do not count. */
function pipes(inner: string): string[] {
  const parts: string[] = []
  let [from, depth, quote] = [0, 0, '']
  for (let at = 0; at < inner.length; at += 1) {
    const char = inner.charAt(at)
    if (quote !== '') {
      if (char === '\\') at += 1
      else if (char === quote) quote = ''
    } else if (parts.length === 0 && (char === '"' || char === "'")) quote = char
    else if ('([{'.includes(char)) depth += 1
    else if (')]}'.includes(char)) depth -= 1
    else if (char === '|' && inner.charAt(at + 1) === '|' && parts.length === 0) at += 1
    else if (char === '|' && depth <= 0) {
      parts.push(inner.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, inner.slice(from)]
}

/** All variables, with the values of those that the text may ask for: of all where it asks for some by computed names. */
function namesOf(variables: Variables, text: string): Map<string, Value> {
  const computed = /\b(?:variables|val|strval|numval)\b/.test(text)
  const asked = (name: string) => computed || text.includes(name)
  return new Map(Object.entries(variables).map(([name, value]) => [name, asked(name) ? toValue(value) : null]))
}

function checkLength(text: string): void {
  if (text.length > MOST_SOURCE) throw new TemplateError(`it is longer than ${MOST_SOURCE} characters`)
}
