import type { ValueForm } from '../model/message.ts'
import { renderFormulas } from './formula-text.ts'
import { formInStrings, formInside, jsonInside, jsonValue } from './inside.ts'
import { renderJinja } from './jinja.ts'
import { ownFilters, renderLiquid } from './liquid.ts'
import { type Engine, scanTags, type Tag } from './tags.ts'
import type { Variables } from './template-value.ts'

/**
 * Where a value of a body stands: in text or, as JSON that is looked at later, in place of a piece of it; or inside a string
 * of JSON or outside one.
 */
export type Place = 'text' | 'value' | 'json-text' | 'json-value'

/** How the values of a body are written. */
export interface BodyWriting {
  place: (tag: Tag) => Place
  /** What they have to stay text in. */
  form: ValueForm | undefined
}

/** Renders a template whose values are written by where they stand. Throws `TemplateError`. */
export async function renderWritten(
  engine: Engine,
  text: string,
  variables: Variables,
  writing: BodyWriting,
): Promise<string> {
  if (engine === 'formula') return renderFormulas([text], variables, (tag) => written(tag, writing))[0] ?? ''
  if (engine === 'liquid')
    return renderLiquid(
      withFilters(text, (tag) => liquidFilters(tag, writing)),
      variables,
    )
  return await renderJinja(text, variables, (tag) => {
    const [place, form] = [writing.place(tag), formOf(tag, writing)]
    return form === undefined ? place : { place, form }
  })
}

/** A function that writes the value of a tag. */
export function written(tag: Tag, writing: BodyWriting): (text: string) => string {
  const [place, form] = [writing.place(tag), formOf(tag, writing)]
  const write = { text: String, value: String, 'json-text': jsonInside, 'json-value': jsonValue }[place]
  if (form === undefined) return write
  const inForm = isValue(place) ? formInStrings : formInside
  return (text) => write(inForm(form, text))
}

/** A Liquid template in which filters of ours come last in every output. */
export function withFilters(text: string, filters: (tag: Tag) => readonly string[]): string {
  let [source, from] = ['', 0]
  for (const tag of scanTags(text, 'liquid')) {
    if (tag.kind !== 'output') continue
    const added = filters(tag).map((filter) => `| ${filter} `)
    source += text.slice(from, tag.start) + tag.source.replace(/\s*(-?\}\})$/, ` ${added.join('')}$1`)
    from = tag.end
  }
  return source + text.slice(from)
}

function liquidFilters(tag: Tag, writing: BodyWriting): string[] {
  const [place, form] = [writing.place(tag), formOf(tag, writing)]
  const filters = { text: [], value: [], 'json-text': [ownFilters.jsonText], 'json-value': [ownFilters.jsonValue] }[
    place
  ]
  if (form === undefined) return filters
  return [`${isValue(place) ? ownFilters.formInStrings : ownFilters.form}: "${form}"`, ...filters]
}

/** The form of the body, unless the tag says itself how its value is written. */
function formOf({ kind, source }: Tag, { form }: BodyWriting): ValueForm | undefined {
  if (kind !== 'output') return undefined
  return /\|\s*(?:raw|safe|url_?encode|uri_escape|cgi_escape)\s*-?\}\}?$/.test(source) ? undefined : form
}

function isValue(place: Place): boolean {
  return place === 'value' || place === 'json-value'
}
