import type { Ftl } from './freemarker-expression.ts'
import { Refusal } from './freemarker-scan.ts'

/** What an expression becomes in Liquid. */
interface Code {
  readonly text: string
  /** How it is bound: a plain operand, one with filters, or a comparison. */
  readonly form: 'operand' | 'filtered' | 'condition'
  readonly type: 'text' | 'number' | 'boolean' | 'unknown'
}

/** What surrounds an expression: the variables of lists, the innermost last, and where warnings go. */
export interface Scope {
  readonly loops: readonly string[]
  warn(message: string, at: number): void
}

const FILTERS: Readonly<Record<string, [filter: string, type: Code['type']]>> = {
  html: ['escape', 'text'],
  xhtml: ['escape', 'text'],
  esc: ['escape', 'text'],
  xml: ['xml_escape', 'text'],
  json_string: ['json_text', 'text'],
  js_string: [String.raw`json_text | replace: "'", "\\'"`, 'text'],
  url: ['url_encode | replace: "+", "%20"', 'text'],
  size: ['size', 'number'],
  length: ['size', 'number'],
  upper_case: ['upcase', 'text'],
  lower_case: ['downcase', 'text'],
  trim: ['strip', 'text'],
  first: ['first', 'unknown'],
  last: ['last', 'unknown'],
  sort: ['sort', 'unknown'],
  reverse: ['reverse', 'unknown'],
  keys: ['keys', 'unknown'],
  values: ['values', 'unknown'],
  number: ['plus: 0', 'number'],
  int: ['trunc', 'number'],
  round: ['round', 'number'],
  floor: ['floor', 'number'],
  ceiling: ['ceil', 'number'],
  abs: ['abs', 'number'],
  eval_json: ['parse_json', 'unknown'],
}
const WITH_TEXT: Readonly<Record<string, [filter: string, type: Code['type']]>> = {
  split: ['split', 'unknown'],
  join: ['join', 'text'],
  sort_by: ['sort', 'unknown'],
  index_of: ['index_of', 'number'],
}
/** Built-ins that make nothing of their own here. */
const SAME = new Set(['c', 'no_esc', 'number_to_date', 'number_to_datetime', 'number_to_time'])
const DATES = new Set(['date', 'datetime', 'time'])
const ARITHMETIC: Readonly<Record<string, string>> = { '-': 'minus', '*': 'times', '/': 'divided_by', '%': 'modulo' }
const TAKEN = new Set('nil null blank empty true false and or not contains forloop'.split(' '))

/** An expression as the inside of `{{ … }}`. */
export function outputOf(node: Ftl, scope: Scope): string {
  return convert(node, scope).text
}

/** An expression as a condition. */
export function conditionOf(node: Ftl, scope: Scope): string {
  return convert(node, scope).text
}

/** An expression as an operand of something else. */
export function operandOf(node: Ftl, scope: Scope): string {
  return bracketed(convert(node, scope))
}

/** The name of a variable, as Liquid can have it. */
export function variableOf(name: string, at: number): string {
  if (/^[A-Za-z_]\w*$/.test(name) && !TAKEN.has(name)) return name
  throw new Refusal(`The name ${name} cannot be used in Liquid.`, at)
}

/** A text as a literal; a quote in it cannot be escaped. */
function literal(plain: string): Code {
  const text = plain.replaceAll('\\', '\\\\')
  const quote = text.includes('"') ? "'" : '"'
  if (!text.includes(quote)) return { text: `${quote}${text}${quote}`, form: 'operand', type: 'text' }
  const [first = '', ...rest] = text.split("'").map((piece) => `'${piece}'`)
  return {
    text: rest.reduce((all, piece) => `${all} | append: "'" | append: ${piece}`, first),
    form: 'filtered',
    type: 'text',
  }
}

function bracketed({ text, form }: Code): string {
  return form === 'operand' ? text : `(${text})`
}

function convert(node: Ftl, scope: Scope): Code {
  switch (node.kind) {
    case 'text':
      return convertText(node.parts, scope)
    case 'number':
      return { text: node.value, form: 'operand', type: 'number' }
    case 'boolean':
      return { text: String(node.value), form: 'operand', type: 'boolean' }
    case 'name':
      return (
        loopState(node.name, node.at, scope) ?? {
          text: variableOf(node.name, node.at),
          form: 'operand',
          type: 'unknown',
        }
      )
    case 'get':
      return convertGet(node, scope)
    case 'exists':
      return { text: `${operandOf(node.of, scope)} != nil`, form: 'condition', type: 'boolean' }
    case 'not':
      // Liquid's own "not" is lost within brackets.
      return { text: `${operandOf(node.of, scope)} == false`, form: 'condition', type: 'boolean' }
    case 'negative':
      if (node.of.kind === 'number') return { text: `-${node.of.value}`, form: 'operand', type: 'number' }
      return filtered(node.of, 'times: -1', 'number', scope)
    case 'default': {
      scope.warn('In Liquid a default also stands for an empty text, in Freemarker only for what is missing.', node.at)
      const other = node.other === null ? '""' : operandOf(node.other, scope)
      return filtered(node.of, `default: ${other}, allow_false: true`, 'unknown', scope)
    }
    case 'range':
      return {
        text: `(${operandOf(node.from, scope)}..${operandOf(node.to, scope)})`,
        form: 'operand',
        type: 'unknown',
      }
    case 'binary':
      return convertBinary(node, scope)
    case 'builtin':
      return convertBuiltin(node, scope)
  }
}

function convertText(parts: readonly (string | Ftl)[], scope: Scope): Code {
  const pieces = parts.map((part) => (typeof part === 'string' ? literal(part) : convert(part, scope)))
  const [first, ...others] = pieces
  if (first === undefined) return literal('')
  if (others.length === 0 && typeof parts[0] === 'string') return first
  const start = typeof parts[0] === 'string' ? bracketed(first) : `"" | append: ${bracketed(first)}`
  return {
    text: others.reduce((all, piece) => `${all} | append: ${bracketed(piece)}`, start),
    form: 'filtered',
    type: 'text',
  }
}

function convertGet({ object, key, at }: Extract<Ftl, { kind: 'get' }>, scope: Scope): Code {
  const path = convert(object, scope)
  if (path.form !== 'operand')
    throw new Refusal('A part of a computed value is not converted; assign it to a variable first.', at)
  if (typeof key === 'string' && /^[A-Za-z_]\w*$/.test(key))
    return { ...path, text: `${path.text}.${key}`, type: 'unknown' }
  if (typeof key !== 'string' && key.kind === 'range') throw new Refusal('Slices by a range are not converted.', at)
  const inside = typeof key === 'string' ? literal(key) : convert(key, scope)
  if (inside.form !== 'operand')
    throw new Refusal('A computed key is not converted; assign it to a variable first.', at)
  return { text: `${path.text}[${inside.text}]`, form: 'operand', type: 'unknown' }
}

function convertBinary({ operator, left, right, at }: Extract<Ftl, { kind: 'binary' }>, scope: Scope): Code {
  const [a, b] = [convert(left, scope), convert(right, scope)]
  if (operator === '&&' || operator === '||') {
    const word = operator === '&&' ? 'and' : 'or'
    return { text: `${bracketed(a)} ${word} ${bracketed(b)}`, form: 'condition', type: 'boolean' }
  }
  const filter = ARITHMETIC[operator]
  if (filter !== undefined)
    return { text: `${bracketed(a)} | ${filter}: ${bracketed(b)}`, form: 'filtered', type: 'number' }
  if (operator !== '+')
    return { text: `${bracketed(a)} ${operator} ${bracketed(b)}`, form: 'condition', type: 'boolean' }
  const types = [a.type, b.type]
  if (!types.includes('text') && !types.includes('number')) {
    throw new Refusal('It cannot be told whether + adds numbers or joins texts; use "${a}${b}" or a?number.', at)
  }
  const isText = types.includes('text')
  return {
    text: `${bracketed(a)} | ${isText ? 'append' : 'plus'}: ${bracketed(b)}`,
    form: 'filtered',
    type: isText ? 'text' : 'number',
  }
}

function filtered(of: Ftl, filter: string, type: Code['type'], scope: Scope): Code {
  const code = convert(of, scope)
  // A chain of filters goes on without brackets.
  const start = code.form === 'condition' ? `(${code.text})` : code.text
  return { text: `${start} | ${filter}`, form: 'filtered', type }
}

function convertBuiltin(node: Extract<Ftl, { kind: 'builtin' }>, scope: Scope): Code {
  const { of, name, args, at } = node
  const state = args === null && of.kind === 'name' ? loopBuiltin(of.name, name, at, scope) : undefined
  if (state !== undefined) return state
  if (SAME.has(name)) return convert(of, scope)
  if (args === null && Object.hasOwn(FILTERS, name)) {
    const [filter = '', type = 'unknown'] = FILTERS[name] ?? []
    return filtered(of, filter, type, scope)
  }
  const [first, second, ...more] = args ?? []
  if (first !== undefined && second === undefined && Object.hasOwn(WITH_TEXT, name)) {
    const [filter = '', type = 'unknown'] = WITH_TEXT[name] ?? []
    return filtered(of, `${filter}: ${operandOf(first, scope)}`, type, scope)
  }
  if (more.length > 0) throw new Refusal(`?${name} with flags is not converted.`, at)
  return special(node, first, second, scope)
}

function special(
  { of, name, at }: Extract<Ftl, { kind: 'builtin' }>,
  first: Ftl | undefined,
  second: Ftl | undefined,
  scope: Scope,
): Code {
  const subject = () => operandOf(of, scope)
  switch (name) {
    case 'has_content':
      return { text: `${subject()} != blank`, form: 'condition', type: 'boolean' }
    case 'exists':
      return { text: `${subject()} != nil`, form: 'condition', type: 'boolean' }
    case 'if_exists':
      return filtered(of, 'default: "", allow_false: true', 'unknown', scope)
    case 'contains':
    case 'seq_contains':
      if (first === undefined) break
      return { text: `${subject()} contains ${operandOf(first, scope)}`, form: 'condition', type: 'boolean' }
    case 'starts_with':
    case 'ends_with':
      return affix(name, subject(), first, at)
    case 'replace':
      if (first === undefined || second === undefined) break
      return filtered(of, `replace: ${operandOf(first, scope)}, ${operandOf(second, scope)}`, 'text', scope)
    case 'cap_first':
    case 'uncap_first': {
      const cased = name === 'cap_first' ? 'upcase' : 'downcase'
      return {
        text: `${subject()} | slice: 0, 1 | ${cased} | append: (${subject()} | slice: 1, 100000)`,
        form: 'filtered',
        type: 'text',
      }
    }
    case 'substring':
      return substring(of, first, second, at, scope)
    case 'default':
      if (first === undefined) break
      return filtered(of, `default: ${operandOf(first, scope)}, allow_false: true`, 'unknown', scope)
    case 'string':
      return stringOf(of, first, second, at, scope)
    default:
      if (DATES.has(name)) return dateOf(of, first, scope)
  }
  throw new Refusal(`?${name} is not converted.`, at)
}

function affix(name: string, subject: string, wanted: Ftl | undefined, at: number): Code {
  const [part] = wanted?.kind === 'text' ? wanted.parts : []
  if (wanted?.kind !== 'text' || wanted.parts.length !== 1 || typeof part !== 'string') {
    throw new Refusal(`?${name} is converted with a plain text only.`, at)
  }
  const { length } = part
  const start = name === 'starts_with' ? 0 : -length
  return {
    text: `(${subject} | slice: ${start}, ${length}) == ${bracketed(literal(part))}`,
    form: 'condition',
    type: 'boolean',
  }
}

function substring(of: Ftl, from: Ftl | undefined, to: Ftl | undefined, at: number, scope: Scope): Code {
  if (from?.kind !== 'number' || (to !== undefined && to.kind !== 'number')) {
    throw new Refusal('?substring is converted with plain numbers only.', at)
  }
  const length = to === undefined ? 100_000 : Math.max(0, Number(to.value) - Number(from.value))
  return filtered(of, `slice: ${from.value}, ${length}`, 'text', scope)
}

/** `?string` by itself, with a pattern of dates or numbers; the two texts of a boolean are converted where they are printed. */
function stringOf(of: Ftl, pattern: Ftl | undefined, second: Ftl | undefined, at: number, scope: Scope): Code {
  if (pattern === undefined) return { ...filtered(of, 'append: ""', 'text', scope) }
  if (second !== undefined)
    throw new Refusal('?string with two texts is converted only where it is printed by itself.', at)
  const [text] = pattern.kind === 'text' ? pattern.parts : []
  if (pattern.kind !== 'text' || pattern.parts.length !== 1 || typeof text !== 'string') {
    throw new Refusal('?string is converted with a plain pattern only.', at)
  }
  const bare = text.replace(/'[^']*'/g, '')
  if (/[#0]/.test(bare)) return filtered(of, `format_number: ${bracketed(literal(text))}`, 'text', scope)
  if (/^[yYMwWdDEuaHkKhmsSzZX\s\p{P}\p{S}]+$/u.test(bare)) {
    return filtered(of, `format_date: ${bracketed(literal(text))}`, 'text', scope)
  }
  throw new Refusal(`The format ${text} of ?string is not converted.`, at)
}

/** A date is kept as it is; only with a pattern it is read. */
function dateOf(of: Ftl, pattern: Ftl | undefined, scope: Scope): Code {
  return pattern === undefined
    ? convert(of, scope)
    : filtered(of, `parse_date: ${operandOf(pattern, scope)}`, 'unknown', scope)
}

/** `v_index` and `v_has_next` of the list around. */
function loopState(name: string, at: number, scope: Scope): Code | undefined {
  const [, variable = '', state = ''] = /^(.+)_(index|has_next)$/.exec(name) ?? []
  return scope.loops.includes(variable) ? loopBuiltin(variable, state, at, scope) : undefined
}

function loopBuiltin(variable: string, name: string, at: number, scope: Scope): Code | undefined {
  const states: Record<string, Code> = {
    index: { text: 'forloop.index0', form: 'operand', type: 'number' },
    counter: { text: 'forloop.index', form: 'operand', type: 'number' },
    has_next: { text: 'forloop.last == false', form: 'condition', type: 'boolean' },
    is_first: { text: 'forloop.first', form: 'operand', type: 'boolean' },
    is_last: { text: 'forloop.last', form: 'operand', type: 'boolean' },
  }
  const state = Object.hasOwn(states, name) ? states[name] : undefined
  if (state === undefined || !scope.loops.includes(variable)) return undefined
  if (scope.loops.at(-1) === variable) return state
  throw new Refusal(`${variable}?${name} is converted within its own list only, not in one inside it.`, at)
}
