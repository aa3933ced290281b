import { messageOf } from '../errors.ts'
import { renderBody, renderMarkdown, renderTemplate } from '../language/template.ts'
import type { Variables } from '../language/template-value.ts'
import type { JsonObject } from '../model/json.ts'
import type { Link, Message } from '../model/message.ts'
import { builtinMessage, openKinds } from './builtin.ts'
import { renderSettings } from './settings.ts'
import { type ComposeInput, variablesOf } from './variables.ts'
import { marks, oneLine } from './words.ts'

/** A message that can be sent. */
export interface Composed {
  message: Message
  /** The route's settings with their templates rendered. */
  settings: JsonObject
  /** What failed in templates; the message says it too. */
  errors: string[]
}

const LONGEST_TITLE = 1000
const LONGEST_ERROR = 1000

type Attempt = <T>(path: string, make: () => Promise<T>) => Promise<T | undefined>

/**
 * Writes the message of one route. It never fails: where a template of the rule does, the built-in message goes out and
 * names the error.
 */
export async function composeMessage(input: ComposeInput): Promise<Composed> {
  const variables = hasTemplates(input) ? variablesOf(input) : {}
  const errors: string[] = []
  const attempt: Attempt = async (path, make) => {
    try {
      return await make()
    } catch (thrown) {
      errors.push(`${path}: ${messageOf(thrown)}`)
      return undefined
    }
  }
  const message = { ...builtinMessage(input), ...(await ownParts(input, variables, attempt)) }
  const { body } = input.route
  if (body !== undefined && body.text.trim() !== '') {
    const rendered = await attempt('body', () => renderBody(body.engine, body.text, variables))
    if (rendered !== undefined) message.body = rendered
  }
  const settings = await renderSettings(input.route.settings, variables, errors)
  if (errors.length > 0) {
    const value = oneLine(`A template of the rule failed. ${errors.join('; ')}`, LONGEST_ERROR)
    message.facts.push({ name: 'Template error', value })
  }
  return { message, settings, errors }
}

/** What the rule's own templates say, in place of the built-in parts. */
async function ownParts(input: ComposeInput, variables: Variables, attempt: Attempt): Promise<Partial<Message>> {
  const { engine = 'liquid', title = '', summary = '', paragraphs = [], links = [] } = input.rule.definition.message
  // What the author wrote of a condition that is met says nothing about its end or about an error.
  const told = openKinds.includes(input.kind)
  const text = async (path: string, template: string) =>
    template === '' ? undefined : await attempt(path, () => renderTemplate(engine, template, variables))
  const parts: Partial<Message> & { paragraphs: string[]; links: Link[] } = { paragraphs: [], links: [] }
  const ownTitle = titleOf(input, title, await text('title', title))
  if (ownTitle !== undefined) parts.title = ownTitle
  const ownSummary = told || speaksOfKind(summary) ? await text('summary', summary) : undefined
  if (ownSummary !== undefined) parts.summary = ownSummary
  for (const [index, paragraph] of told ? paragraphs.entries() : []) {
    const rendered = await attempt(`paragraphs.${index}`, () => renderMarkdown(engine, paragraph, variables))
    if (rendered !== undefined && rendered.trim() !== '') parts.paragraphs.push(rendered)
  }
  for (const [index, link] of links.entries()) {
    const shown = await text(`links.${index}.text`, link.text)
    const url = await text(`links.${index}.url`, link.url)
    if (shown !== undefined && url !== undefined) parts.links.push({ text: oneLine(shown, 500), url: url.trim() })
  }
  return parts
}

/** The author's title, marked with the kind of the message where it does not speak of it itself. */
function titleOf({ kind }: ComposeInput, template: string, rendered: string | undefined): string | undefined {
  const title = oneLine(rendered ?? '', LONGEST_TITLE)
  if (title === '') return undefined
  return kind === 'firing' || speaksOfKind(template) ? title : `[${marks[kind]}] ${title}`
}

function hasTemplates({ rule, route }: ComposeInput): boolean {
  return /\{[{%]/.test(JSON.stringify([rule.definition.message, route.body ?? null, route.settings]))
}

function speaksOfKind(template: string): boolean {
  return /\{[{%][^}]*\bkind\b/.test(template)
}
