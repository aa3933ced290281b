import { TemplateError } from '../template-error.ts'
import { isOperator, operator, splitArguments, startOfOperand, type Token, textOf } from './tokens.ts'

/** An argument of a filter or method, already rewritten. */
export interface Argument {
  name: string | null
  text: string
}

type Rewrite = (tokens: readonly Token[]) => Token[]

/** Longer than this no expression gets: some rewritings repeat their operand. */
const MOST_TEXT = 100_000

/** Names of the arguments, for filters that the engine gives arguments by position only. */
const positions = new Map(
  Object.entries({
    batch: ['linecount', 'fill_with'],
    default: ['default_value', 'boolean'],
    indent: ['width', 'first', 'blank'],
    replace: ['old', 'new', 'count'],
    slice: ['slices', 'fill_with'],
    tojson: ['indent'],
    trim: ['chars'],
  }),
)
/** The same for those that it gives arguments by name only. */
const named = new Map(
  Object.entries({
    dictsort: ['case_sensitive', 'by', 'reverse'],
    sort: ['reverse', 'case_sensitive', 'attribute'],
    unique: ['case_sensitive', 'attribute'],
  }),
)

export function readArguments(tokens: readonly Token[], rewrite: Rewrite): Argument[] {
  return splitArguments(tokens).map((part) => {
    const isNamed = part[0]?.kind === 'name' && isOperator(part[1], '=')
    return { name: isNamed ? (part[0]?.text ?? null) : null, text: textOf(rewrite(isNamed ? part.slice(2) : part)) }
  })
}

/** Adds a filter with its arguments to what it applies to; `args` is null where it is not called. */
export function addFilter(out: Token[], name: string, args: Argument[] | null): void {
  const given = args ?? []
  if (name === 'round') addRound(out, given)
  else if (name === 'string') addString(out)
  else if (['join', 'sum', 'min', 'max'].includes(name)) addWithAttribute(out, name, given)
  else for (const [filter, text] of filtersFor(name, given)) push(out, filter, text === '' ? null : text)
}

/** The engine's filters that do what one of Jinja2 does, each with the text of its arguments. */
function filtersFor(name: string, args: Argument[]): [name: string, args: string][] {
  switch (name) {
    case 'format':
      return [[name, formatArguments(args)]]
    case 'tojson':
      return [
        [name, argumentText(name, args)],
        ['__json', ''],
      ]
    case 'e':
    case 'escape':
      return [
        ['string', ''],
        ['__escape', ''],
      ]
    case 'pprint':
      return [
        ['string', ''],
        ['__text', ''],
      ]
    case 'int':
    case 'float':
      // Goes by the text: the engine refuses what is no number, and filters of ours cannot give back a float.
      return [
        ['string', ''],
        [`__${name}`, args.map(({ text }) => text).join(', ')],
        [name, ''],
      ]
    default:
      return [[name, argumentText(name, args)]]
  }
}

/** Methods of texts that the engine lacks, made filters; false for any other. */
export function addMethod(out: Token[], name: string, args: Argument[]): boolean {
  const isKeys = name === 'keys' && args.length === 0
  if (!isKeys && !['format', 'rjust', 'ljust', 'zfill', 'center'].includes(name)) return false
  const operand = bounded(textOf(out.splice(startOfOperand(out))))
  if (isKeys) {
    out.push({ kind: 'name', text: `((${operand})|__keys)`, space: ' ' })
    return true
  }
  const text = name === 'format' ? formatArguments(args) : args.map((arg) => arg.text).join(', ')
  out.push({ kind: 'name', text: `((${operand})|__str_${name}(${text}))`, space: ' ' })
  return true
}

/** Each value goes along as the text it prints as, since the filter would not see that 2.0 is a float. */
function formatArguments(args: readonly Argument[]): string {
  return args
    .map(({ name, text }) => {
      const value = bounded(text)
      const printed = `((${value}) if (${value}) is string else (${value})|string|__text)`
      return `${name === null ? '' : `${name}=`}[${printed}, (${value}) is string]`
    })
    .join(', ')
}

/** The text, which must not be too long to be repeated. */
export function bounded(text: string): string {
  if (text.length > MOST_TEXT) throw new TemplateError('an expression is too long or too deep')
  return text
}

/** Rounds half to even as Python does; a float stays a float. */
function addRound(out: Token[], args: readonly Argument[]) {
  const operand = bounded(textOf(out.splice(startOfFiltered(out))))
  const rounded = `(${operand})|__round(${args.map(({ name, text }) => (name ? `${name}=${text}` : text)).join(', ')})`
  const text = `(${rounded}|float if (${operand}) is float else ${rounded}|int)`
  out.push({ kind: 'name', text, space: ' ' })
}

/** The text a value prints as; a text stays what it is. */
function addString(out: Token[]) {
  const operand = bounded(textOf(out.splice(startOfFiltered(out))))
  out.push({
    kind: 'name',
    text: `((${operand}) if (${operand}) is string else (${operand})|string|__text)`,
    space: ' ',
  })
}

function addWithAttribute(out: Token[], name: string, args: readonly Argument[]) {
  const place = name === 'sum' ? 0 : 1
  const attribute = args.find((arg, index) => arg.name === 'attribute' || (arg.name === null && index === place))
  const rest = args.filter((arg) => arg !== attribute).map(({ text }) => text)
  if (attribute !== undefined && (name === 'min' || name === 'max')) {
    push(out, 'sort', `attribute=${attribute.text}`)
    push(out, name === 'min' ? 'first' : 'last', null)
    return
  }
  if (attribute !== undefined) push(out, 'map', `attribute=${attribute.text}`)
  if (rest.length === 0 || name === 'min' || name === 'max') push(out, name, null)
  else push(out, name === 'sum' ? '__sum' : name, rest.join(', '))
}

function argumentText(name: string, args: readonly Argument[]): string {
  const byPosition = positions.get(name === 'd' ? 'default' : name)
  const byName = named.get(name)
  if (byName !== undefined) return args.map((arg, index) => `${arg.name ?? byName[index]}=${arg.text}`).join(', ')
  if (byPosition === undefined || args.every((arg) => arg.name === null))
    return args.map((arg) => (arg.name === null ? arg.text : `${arg.name}=${arg.text}`)).join(', ')
  const placed = byPosition.map((key, index) => args.find((arg) => arg.name === key)?.text ?? unnamed(args[index]))
  const last = placed.findLastIndex((text) => text !== undefined)
  const fallback = name === 'indent' ? ['4', 'false', 'false'] : ['""', 'false', 'none']
  return placed
    .slice(0, last + 1)
    .map((text, index) => text ?? fallback[index] ?? 'none')
    .join(', ')
}

function unnamed(arg: Argument | undefined): string | undefined {
  return arg?.name === null ? arg.text : undefined
}

function push(out: Token[], name: string, args: string | null) {
  out.push(operator('|'), { kind: 'name', text: name, space: '' })
  if (args !== null) out.push(operator(`(${args})`))
}

/** Where the operand begins that the tokens end with, its filters included. */
function startOfFiltered(tokens: readonly Token[]): number {
  let end = tokens.length
  for (;;) {
    const last = tokens[end - 1]
    const called = last?.kind === 'operator' && last.text.length > 1 && last.text.startsWith('(')
    const name = called ? end - 2 : end - 1
    if (!isOperator(tokens[name - 1], '|')) return startOfOperand(tokens.slice(0, end))
    end = name - 1
  }
}
