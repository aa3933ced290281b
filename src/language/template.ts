import { type Issue, messageOf } from '../errors.ts'
import type { RenderedBody, ValueForm } from '../model/message.ts'
import { didYouMean } from '../model/nearest.ts'
import { analyzeFormulas, renderFormulas } from './formula-text.ts'
import { formInside, htmlInside, markdownInside, markdownUrl } from './inside.ts'
import { analyzeJinja, renderJinja } from './jinja.ts'
import { fillBody, planBody, type Slot } from './json-body.ts'
import { analyzeLiquid, ownFilters, renderLiquid } from './liquid.ts'
import type { Engine, Tag } from './tags.ts'
import { TemplateError } from './template-error.ts'
import type { Variables } from './template-value.ts'
import { type BodyWriting, renderWritten, withFilters, written } from './written.ts'

/** What is wrong with a template, and what its author should know. */
export interface TemplateCheck {
  /** Without a path: the caller knows where the template stands. */
  errors: Issue[]
  warnings: string[]
}

/** Renders a template to text, at most 1 MB within 250 ms. Throws `TemplateError`. */
export async function renderTemplate(engine: Engine, text: string, variables: Variables): Promise<string> {
  if (!text.includes('{')) return text
  if (engine === 'formula') return renderFormulas([text], variables)[0] ?? ''
  return engine === 'liquid' ? renderLiquid(text, variables) : await renderJinja(text, variables)
}

/**
 * Renders a text of light Markdown: marks in a value are shown as they are and style nothing. Throws `TemplateError`.
 */
export async function renderMarkdown(engine: Engine, text: string, variables: Variables): Promise<string> {
  if (!text.includes('{')) return text
  const inUrl = (at: number) =>
    /\]\((?:[^()\s]|\{\{[^{}]*\}\}|\$\{[^{}]*\})*$/.test(text.slice(Math.max(0, at - 2000), at))
  if (engine === 'formula') {
    const writing = ({ start }: Tag) => (inUrl(start) ? markdownUrl : markdownInside)
    return renderFormulas([text], variables, writing)[0] ?? ''
  }
  if (engine === 'jinja')
    return await renderJinja(text, variables, ({ start }) => (inUrl(start) ? 'markdown-url' : 'markdown'))
  const filter = ({ start }: Tag) => [inUrl(start) ? ownFilters.markdownUrl : ownFilters.markdown]
  return renderLiquid(withFilters(text, filter), variables)
}

/**
 * Renders a body. Where it is JSON every tag is rendered inside its string, so that no value can break it; where it begins
 * with an HTML tag values are text, unless their last filter says that they are HTML already. Where the body has a form
 * values are text of that form, unless their last filter is `raw` or encodes them for an address. Throws `TemplateError`,
 * also when a body that declares JSON renders to something else.
 */
export async function renderBody(
  engine: Engine,
  text: string,
  variables: Variables,
  form?: ValueForm,
): Promise<RenderedBody> {
  const plan = planBody(text, engine)
  if (plan.kind === 'slots') {
    const rendered = await renderSlots(engine, plan.slots, variables, form)
    return json(fillBody(plan.parts, plan.slots, rendered))
  }
  if (plan.kind === 'text') {
    if (isHtml(text)) return sniffed(await renderHtml(engine, text, variables, form !== undefined))
    return sniffed(await renderWritten(engine, text, variables, { place: () => 'text', form }))
  }
  const place = ({ start }: Tag) => (plan.inString.has(start) ? 'json-text' : 'json-value')
  return json(await renderWritten(engine, text, variables, { place, form }))
}

/** Checks a template before it is used: whether it can be read, and the names it uses against those that are `known`. */
export async function checkTemplate(engine: Engine, text: string, known: ReadonlySet<string>): Promise<TemplateCheck> {
  try {
    const plan = planBody(text, engine)
    const tags = plan.kind === 'slots' ? plan.tags : text
    const { used, unused } = await analyze(engine, tags)
    const missing = engine === 'formula' ? 'and the text fails without it' : 'it is empty'
    const warnings = [...used]
      .filter(([name]) => !known.has(name))
      .map(([name, line]) => `line ${line}: there is no variable "${name}", ${missing}.${didYouMean(name, known)}`)
    warnings.push(...unused.map((name) => `"${name}" is set and never used`))
    if (plan.kind === 'structure')
      warnings.push(`it begins like JSON but is rendered as text, and refused when the result is no JSON: ${plan.why}`)
    return { errors: [], warnings }
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown
    return { errors: [{ path: '', message: thrown.message }], warnings: [] }
  }
}

async function analyze(engine: Engine, text: string) {
  if (engine === 'formula') return analyzeFormulas(text)
  return engine === 'liquid' ? analyzeLiquid(text) : await analyzeJinja(text)
}

/** Renders all slots in one go, since a variable that one of them sets counts in those after it. */
async function renderSlots(
  engine: Engine,
  slots: readonly Slot[],
  variables: Variables,
  form: ValueForm | undefined,
): Promise<string[]> {
  if (slots.length === 0) return []
  const templates = slots.map(({ template }) => template)
  const writing = (at: number): BodyWriting => ({ place: () => (slots[at]?.kind === 'value' ? 'value' : 'text'), form })
  if (engine === 'formula') return renderFormulas(templates, variables, (tag, at) => written(tag, writing(at)))
  const border = crypto.randomUUID()
  const parting = '{{ tocsin_border }}'
  let length = 0
  const ends = templates.map((template) => {
    length += template.length + parting.length
    return length
  })
  const place = (tag: Tag) => writing(ends.findIndex((end) => tag.start < end)).place(tag)
  const values = { ...variables, tocsin_border: border }
  const text = await renderWritten(engine, templates.join(parting), values, { place, form })
  const rendered = text.split(border)
  if (rendered.length !== slots.length) throw new TemplateError('a tag begins in one string and ends in another')
  return rendered
}

function json(text: string): RenderedBody {
  try {
    JSON.parse(text)
  } catch (thrown) {
    throw new TemplateError(`the body declares JSON but renders to something else: ${messageOf(thrown)}`)
  }
  return { text, contentType: 'application/json' }
}

function sniffed(text: string): RenderedBody {
  if (/^\s*[[{]/.test(text)) {
    try {
      return json(text)
    } catch {
      return { text, contentType: 'text/plain' }
    }
  }
  return { text, contentType: isHtml(text) ? 'text/html' : 'text/plain' }
}

/** Whether a text, or a template after tags that only set something, begins with a tag of HTML. */
function isHtml(text: string): boolean {
  return /^(?:\s|\{%[^%]*%\})*<(?:!doctype html|html|head|style|body|div|p|h[1-6]|table|ul|ol|center|section|span|b|strong|i|em|a|img|br|hr)(?:\s[^<]*)?\/?>/i.test(
    text,
  )
}

/** In a body of a chat Markdown goes on between the tags, and mentions are read in them. */
async function renderHtml(engine: Engine, text: string, variables: Variables, inChat: boolean): Promise<string> {
  if (engine === 'formula') {
    // A formula that writes mark-up itself, or escapes, is taken at its word.
    const writesHtml = ({ inner }: Tag) => /["'][^"']*<\/?[a-z]|\bescape\(|\.escape\(/i.test(inner)
    const write = (value: string) => htmlInside(inChat ? formInside('chat', value) : value)
    return renderFormulas([text], variables, (tag) => (writesHtml(tag) ? String : write))[0] ?? ''
  }
  const isReady = ({ source }: Tag) => /\|\s*(?:escape|escape_once|e|raw|safe|newline_to_br)\s*-?\}\}$/.test(source)
  if (engine === 'jinja') {
    const printing = inChat ? ({ place: 'html', form: 'chat' } as const) : 'html'
    return await renderJinja(text, variables, (tag) => (isReady(tag) ? 'text' : printing))
  }
  const filters = inChat ? [`${ownFilters.form}: "chat"`, ownFilters.html] : [ownFilters.html]
  return renderLiquid(
    withFilters(text, (tag) => (isReady(tag) ? ['raw'] : filters)),
    variables,
  )
}
