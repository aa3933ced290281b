import { renderMarkdown, renderTemplate } from '../language/template.ts'
import type { Variables } from '../language/template-value.ts'
import type { Fact, Link, Message } from '../model/message.ts'
import type { RuleDefinition } from '../model/rule.ts'
import { openKinds } from './builtin.ts'
import { oneLine } from './words.ts'

/** Makes a part of the message; undefined when that fails, and then the failure is noted under `path`. */
export type Attempt = <T>(path: string, make: () => Promise<T>) => Promise<T | undefined>

/** What a message is written from. */
export interface Draft {
  builtin: Message
  /** What the rule's author wrote. */
  texts: RuleDefinition['message']
  /** What stands before a title that does not speak of its kind itself; empty: nothing. */
  mark: string
}

const LONGEST_TITLE = 1000
const LONGEST_FACT = 1000
const LONGEST_TEXT = 500
const LONGEST_CODE = 20_000

/** What the rule's own templates say, in place of the built-in parts. */
export async function ownParts(draft: Draft, variables: Variables, attempt: Attempt): Promise<Partial<Message>> {
  const { builtin, texts } = draft
  const { engine = 'liquid', title = '', summary = '', ...more } = texts
  // What the author wrote of a condition that is met says nothing about its end or about an error.
  const told = openKinds.includes(builtin.kind)
  const text: Render = async (path, template = '') =>
    template === '' ? undefined : await attempt(path, () => renderTemplate(engine, template, variables))
  const parts: Partial<Message> = {}
  const ownTitle = titleOf(draft, title, await text('title', title))
  if (ownTitle !== undefined) parts.title = ownTitle
  const ownSummary = told || speaksOfKind(summary) ? await text('summary', summary) : undefined
  if (ownSummary !== undefined) parts.summary = ownSummary
  parts.links = [...builtin.links, ...(await linksOf('links', more.links, text))]
  parts.actions = await linksOf('actions', more.actions, text)
  const details = more.details === false ? [] : builtin.facts
  if (!told) return { ...parts, facts: details }
  parts.facts = await factsOf(more.facts, details, text)
  parts.paragraphs = []
  for (const [index, paragraph] of (more.paragraphs ?? []).entries()) {
    const rendered = await attempt(`paragraphs.${index}`, () => renderMarkdown(engine, paragraph, variables))
    if (rendered !== undefined && rendered.trim() !== '') parts.paragraphs.push(rendered)
  }
  const code = (await text('code', more.code))?.trimEnd() ?? ''
  // Of a log the end tells most.
  if (code !== '') parts.code = code.length <= LONGEST_CODE ? code : `…${code.slice(1 - LONGEST_CODE)}`
  const image = (await text('image', more.image))?.trim() ?? ''
  if (image !== '') parts.image = image
  return parts
}

type Render = (path: string, template: string | undefined) => Promise<string | undefined>

async function linksOf(path: string, links: readonly Link[] = [], text: Render): Promise<Link[]> {
  const rendered: Link[] = []
  for (const [index, link] of links.entries()) {
    const shown = await text(`${path}.${index}.text`, link.text)
    const url = (await text(`${path}.${index}.url`, link.url))?.trim() ?? ''
    if (shown !== undefined && url !== '') rendered.push({ text: oneLine(shown, LONGEST_TEXT), url })
  }
  return rendered
}

/** The rule's facts that say something, then the built-in ones of other names. */
async function factsOf(own: readonly Fact[] = [], details: readonly Fact[], text: Render): Promise<Fact[]> {
  const facts: Fact[] = []
  for (const [index, fact] of own.entries()) {
    const name = oneLine((await text(`facts.${index}.name`, fact.name)) ?? '', LONGEST_TEXT)
    const value = oneLine((await text(`facts.${index}.value`, fact.value)) ?? '', LONGEST_FACT)
    if (name !== '' && value !== '') facts.push({ name, value })
  }
  const named = new Set(facts.map(({ name }) => name.toLowerCase()))
  return [...facts, ...details.filter(({ name }) => !named.has(name.toLowerCase()))]
}

/** The author's title, marked with the kind of the message where it does not speak of it itself. */
function titleOf({ mark }: Draft, template: string, rendered: string | undefined): string | undefined {
  const title = oneLine(rendered ?? '', LONGEST_TITLE)
  if (title === '') return undefined
  return mark === '' || speaksOfKind(template) ? title : `[${mark}] ${title}`
}

function speaksOfKind(template: string): boolean {
  return /(?:\$\{|\{[{%])[^}]*\bkind\b/.test(template)
}
