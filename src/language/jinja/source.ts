import type { ValueForm } from '../../model/message.ts'
import { blockName, lineAt, scanTags, type Tag } from '../tags.ts'
import { sortedKeys } from './literal.ts'
import { keysOfMaps, rewriteBlock, rewriteExpression, rewriteLoop } from './rewrite.ts'
import { isOperator, type Token, tokenize } from './tokens.ts'

/** Where a value is printed: in plain text, as a piece of JSON, inside a string of JSON or outside one, in Markdown, in a link there or in HTML. */
type Place = 'text' | 'value' | 'json-text' | 'json-value' | 'markdown' | 'markdown-url' | 'html'
/** The place, and the form of the body where it has one. */
export type Printing = Place | { place: Place; form: ValueForm }

/** The names a template refers to, each with the line it first stands on. */
export interface Names {
  used: Map<string, number>
  /** Names it sets itself; those of loops and macros are left out. */
  assigned: Map<string, number>
  /** Names that are bound by its own tags, wherever. */
  bound: Set<string>
  filters: Map<string, number>
  tests: Map<string, number>
}

const printFilters: Record<Place, string> = {
  text: '',
  value: '',
  'json-text': '|__json_text',
  'json-value': '|__json_value',
  markdown: '|__markdown',
  'markdown-url': '|__markdown_url',
  html: '|__html',
}
const keywords = new Set(
  'and or not in is if else elif for recursive true false none True False None loop self super caller varargs kwargs namespace range dict cycler joiner lipsum'.split(
    ' ',
  ),
)
/** Blocks whose head is no expression. */
const plainBlocks = new Set(['raw', 'endraw', 'block', 'extends', 'import', 'from', 'include'])

/** The template as the engine runs it. Line numbers stay the same. `printing` is asked for each output tag. */
export function rewriteTemplate(text: string, printing: (tag: Tag) => Printing = () => 'text'): string {
  let from = 0
  let source = ''
  for (const tag of scanTags(text, 'jinja')) {
    source += text.slice(from, tag.start) + rewriteTag(tag, printing)
    from = tag.end
  }
  return source + text.slice(from)
}

/** The keys of the maps that are written in a template, where they are not in the order of the alphabet. */
export function shapesIn(text: string): string[][] {
  return scanTags(text, 'jinja')
    .flatMap((tag) => (tag.kind === 'output' || tag.kind === 'block' ? keysOfMaps(tag.inner) : []))
    .filter((keys) => keys.join() !== sortedKeys(keys).join())
}

/** Lists the names in a template, by a scan of its tags. Throws `TemplateError` for a tag that is never closed. */
export function namesIn(text: string): Names {
  const names: Names = {
    used: new Map(),
    assigned: new Map(),
    bound: new Set(),
    filters: new Map(),
    tests: new Map(),
  }
  for (const tag of scanTags(text, 'jinja')) {
    if (tag.kind === 'comment' || tag.kind === 'raw') continue
    const tokens = tokenize(tag.inner)
    const line = lineAt(text, tag.start)
    const rest = tag.kind === 'block' ? bind(tokens, names, line) : tokens
    collect(rest, names, line)
  }
  return names
}

function rewriteTag(tag: Tag, printing: (tag: Tag) => Printing): string {
  if (tag.kind === 'comment' || tag.kind === 'raw') return tag.source
  const left = /^..([-+])/s.exec(tag.source)?.[1] ?? ''
  const right = /([-+])..$/s.exec(tag.source)?.[1] ?? ''
  const loop = tag.kind === 'block' && blockName(tag) === 'for' ? rewriteLoop(tag.inner) : undefined
  if (loop !== undefined)
    return `{%${left}${loop.head}${loop.first === '' ? right : ''}%}${loop.first.replace(/%\}$/, `${right}%}`)}`
  if (tag.kind === 'block')
    return plainBlocks.has(blockName(tag)) ? tag.source : `{%${left}${rewriteBlock(tag.inner)}${right}%}`
  const expression = rewriteExpression(tag.inner)
  // These must stand alone in their tag for the engine to see what they are.
  if (/^\s*(loop|caller|super)\s*\(/.test(expression) || expression.trim() === '')
    return `{{${left}${expression}${right}}}`
  const text = `(__v if __v is string else __v|string|__text)${filtersOf(printing(tag))}`
  return `{%${left} with __v = (${expression}) %}{{ ${text} }}{% endwith ${right}%}`
}

function filtersOf(printing: Printing): string {
  if (typeof printing === 'string') return printFilters[printing]
  const { place, form } = printing
  const filter = place === 'json-value' || place === 'value' ? '__form_in_strings' : '__form'
  return `|${filter}("${form}")${printFilters[place]}`
}

/** Notes what a block tag binds and gives the tokens of its expressions. */
function bind(tokens: Token[], names: Names, line: number): Token[] {
  const [head, ...rest] = tokens
  const bound = (part: readonly Token[]) => {
    for (const token of part) if (token.kind === 'name') names.bound.add(token.text)
  }
  switch (head?.text) {
    case 'for': {
      const at = rest.findIndex((token) => token.text === 'in')
      bound(rest.slice(0, at))
      return rest.slice(at + 1)
    }
    case 'set': {
      const equals = rest.findIndex((token) => isOperator(token, '='))
      const targets = equals < 0 ? rest.slice(0, 1) : rest.slice(0, equals)
      bound(targets)
      if (!targets.some((token) => isOperator(token, '.')))
        for (const token of targets) if (token.kind === 'name') names.assigned.set(token.text, line)
      return equals < 0 ? rest.slice(1) : rest.slice(equals + 1)
    }
    case 'with': {
      rest.forEach((token, index) => {
        if (isOperator(rest[index + 1], '=')) bound([token])
      })
      return rest.filter((_, index) => !isOperator(rest[index + 1], '='))
    }
    case 'macro':
    case 'call':
    case 'block':
    case 'import':
    case 'from':
      bound(rest)
      return head.text === 'call' ? rest : []
    case 'filter':
      return [{ kind: 'operator', text: '|', space: '' }, ...rest]
    default:
      return rest
  }
}

function collect(tokens: readonly Token[], names: Names, line: number) {
  const first = (map: Map<string, number>, name: string) => map.has(name) || map.set(name, line)
  tokens.forEach((token, index) => {
    if (token.kind !== 'name') return
    const [before, next] = [tokens[index - 1], tokens[index + 1]]
    if (isOperator(before, '|')) first(names.filters, token.text)
    else if (isTest(tokens, index)) first(names.tests, token.text)
    else if (isOperator(before, '.') || keywords.has(token.text)) return
    else if (isOperator(next, '=') && isOperator(before, '(', ',')) return
    else first(names.used, token.text)
  })
}

function isTest(tokens: readonly Token[], index: number): boolean {
  const name = tokens[index]?.text ?? ''
  if (name === 'not') return false
  const before = tokens[index - 1]?.text
  return before === 'is' || (before === 'not' && tokens[index - 2]?.text === 'is')
}
