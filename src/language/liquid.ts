import {
  CaptureTag,
  Context,
  type Emitter,
  Liquid,
  type StaticAnalysis,
  type Template,
  type TopLevelToken,
  toValueSync,
} from 'liquidjs'
import type { ValueForm } from '../model/message.ts'
import { didYouMean } from '../model/nearest.ts'
import { formInStrings, formInside, htmlInside, jsonInside, jsonValue, markdownInside, markdownUrl } from './inside.ts'
import { MOST_OUTPUT } from './limits.ts'
import { moreFilters } from './liquid-filters.ts'
import { scanTags } from './tags.ts'
import { TemplateError } from './template-error.ts'
import { jsonText, plain, type Variables } from './template-value.ts'

/** Characters of a template, and of all texts a render makes on its way. */
const MOST_SOURCE = 200_000
const MOST_MEMORY = 20_000_000
/** Tags and outputs rendered in one go, and ms they may take. */
const MOST_STEPS = 200_000
const LONGEST_RENDER = 250
/** Compiled templates that are kept, and the length of their sources together. */
const CACHE = { entries: 500, characters: 4_000_000 }

/** Numbers from here on are times in ms, not in s, to the filter `date`. */
const LEAST_MILLISECONDS = 100_000_000_000

/**
 * Filters that are put behind a value by where it stands: in a string or outside one, in Markdown or a link there, in HTML,
 * or in a body of some form, which is their argument.
 */
export const ownFilters = {
  jsonText: 'json_text',
  jsonValue: 'json_value',
  markdown: 'markdown_text',
  markdownUrl: 'markdown_url',
  html: 'html_text',
  form: 'form_text',
  formInStrings: 'form_in_strings',
}

let made: Liquid | undefined
const cache = new Map<string, Template[]>()
let cached = 0

/** Renders a Liquid template. Throws `TemplateError`, also when a limit is passed. */
export function renderLiquid(text: string, variables: Variables): string {
  try {
    const liquid = engine()
    const named = Object.entries(variables).filter(([name]) => text.includes(name))
    const scope = Object.fromEntries(named.map(([name, value]) => [name, plain(value)]))
    const context = new Context(scope, liquid.options, { sync: true }, { liquid })
    const emitter = countingEmitter()
    toValueSync(liquid.renderer.renderTemplates(compile(text), context, emitter))
    return emitter.buffer
  } catch (thrown) {
    throw readable(thrown)
  }
}

/** What a Liquid template refers to and sets. Throws `TemplateError` when it cannot be read. */
export function analyzeLiquid(text: string): { used: Map<string, number>; unused: string[] } {
  try {
    const { globals, locals, variables } = engine().analyzeSync(compile(text), { partials: false })
    const used = new Map(Object.keys(globals).map((name) => [rootOf(name), firstLine(globals, name)]))
    const read = new Set(Object.keys(variables).map(rootOf))
    return { used, unused: Object.keys(locals).filter((name) => !read.has(rootOf(name))) }
  } catch (thrown) {
    throw readable(thrown)
  }
}

function engine(): Liquid {
  made ??= createLiquid()
  return made
}

function createLiquid(): Liquid {
  const liquid = new Liquid({
    ownPropertyOnly: true,
    strictFilters: true,
    groupedExpressions: true,
    templates: {},
    parseLimit: MOST_SOURCE,
    memoryLimit: MOST_MEMORY,
    renderLimit: LONGEST_RENDER,
    timezoneOffset: 0,
    locale: 'en-US',
    outputEscape: show,
  })
  liquid.registerTag('capture', MeteredCapture)
  for (const name of ['json', 'jsonify'])
    liquid.registerFilter(name, function (value: unknown, indent: unknown) {
      const text = jsonText(value, Number(indent) || 0)
      this.context.memoryLimit.use(text.length)
      return text
    })
  const date = liquid.filters['date']
  if (typeof date === 'function')
    liquid.registerFilter('date', function (value: unknown, ...more: unknown[]) {
      const milliseconds = typeof value === 'number' && Math.abs(value) >= LEAST_MILLISECONDS
      return date.call(this, milliseconds ? new Date(value) : value, ...more)
    })
  for (const [name, filter] of Object.entries(moreFilters)) liquid.registerFilter(name, filter)
  liquid.registerFilter(ownFilters.jsonText, (value: unknown) => jsonInside(show(value)))
  liquid.registerFilter(ownFilters.jsonValue, (value: unknown) => jsonValue(show(value)))
  liquid.registerFilter(ownFilters.markdown, (value: unknown) => markdownInside(show(value)))
  liquid.registerFilter(ownFilters.markdownUrl, (value: unknown) => markdownUrl(show(value)))
  liquid.registerFilter(ownFilters.html, (value: unknown) => htmlInside(show(value)))
  liquid.registerFilter(ownFilters.form, (value: unknown, form: ValueForm) => formInside(form, show(value)))
  liquid.registerFilter(ownFilters.formInStrings, (value: unknown, form: ValueForm) => formInStrings(form, show(value)))
  return liquid
}

/** The text a value is shown as: maps as JSON, lists joined, nothing for nil. */
function show(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(show).join('')
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) return jsonText(value)
  return String(value)
}

/** `capture` as it was, but what it holds counts as memory: it could double a text with every line. */
class MeteredCapture extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    yield* super.render(context)
    const name = typeof this.identifier === 'string' ? this.identifier : this.identifier.content
    context.memoryLimit.use(String(context.getSync([name])).length)
  }
}

function countingEmitter(): Emitter {
  let steps = 0
  return {
    buffer: '',
    write(piece: unknown) {
      steps += 1
      this.buffer += show(piece)
      if (steps > MOST_STEPS) throw new Error(`the template renders more than ${MOST_STEPS} pieces`)
      if (this.buffer.length > MOST_OUTPUT) throw new Error(`the text is longer than ${MOST_OUTPUT} characters`)
    },
  }
}

function compile(text: string): Template[] {
  const known = cache.get(text)
  cache.delete(text)
  // The scan names an unclosed tag with its line; without it some would be taken for text.
  if (known === undefined) scanTags(text, 'liquid')
  const compiled = known ?? engine().parse(text)
  if (known === undefined) cached += text.length
  cache.set(text, compiled)
  for (const oldest of cache.keys()) {
    if (cache.size <= CACHE.entries && cached <= CACHE.characters) break
    cache.delete(oldest)
    cached -= oldest.length
  }
  return compiled
}

function rootOf(name: string): string {
  return /^[^.[]+/.exec(name)?.[0] ?? name
}

function firstLine(variables: StaticAnalysis['globals'], name: string): number {
  return variables[name]?.[0]?.location.row ?? 1
}

function readable(thrown: unknown): TemplateError {
  if (thrown instanceof TemplateError) return thrown
  const error = thrown as { originalError?: Error; message?: string; token?: TopLevelToken }
  const inner = error.originalError
  if (inner instanceof TemplateError) return inner
  const message = (inner?.message ?? error.message ?? String(thrown)).split('\n')[0] ?? ''
  const at = /, line:(\d+), col:\d+/.exec(error.message ?? '')
  return new TemplateError(explain(message.replace(/, line:\d+, col:\d+.*$/, '')), at === null ? null : Number(at[1]))
}

function explain(message: string): string {
  const filter = /^undefined filter: (\S+)/.exec(message)?.[1]
  if (filter !== undefined) return `there is no filter "${filter}".${didYouMean(filter, Object.keys(engine().filters))}`
  if (message.startsWith('template render limit')) return `it takes longer than ${LONGEST_RENDER} ms`
  if (message.startsWith('memory alloc limit')) return 'it makes more text than it may'
  if (message.startsWith('ENOENT')) return 'a template cannot include another one'
  return message
}
