import { messageOf } from '../errors.ts'
import { renderBody, renderTemplate } from '../language/template.ts'
import type { Variables } from '../language/template-value.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { readsColumn, recipientsOf } from './recipients.ts'
import type { Surroundings } from './variables.ts'

/**
 * A route's settings with the Liquid templates in them rendered, and those that name a column filled from it. A value adds
 * no line break to a setting that has none. A setting that fails, or whose column holds nothing, is left out, so that the
 * channel's own counts; failures are named in `errors`. Those of
 * `input.fixedSettings` are no templates, whatever they look like.
 */
export async function renderSettings(input: Surroundings, variables: Variables, errors: string[]): Promise<JsonObject> {
  const rendered: JsonObject = {}
  for (const [key, value] of Object.entries(input.route.settings)) {
    try {
      const isFixed = input.fixedSettings?.includes(key) === true
      const made = isFixed ? value : await madeSetting(value, input, variables)
      if (made !== undefined) rendered[key] = made
    } catch (thrown) {
      errors.push(`settings.${key}: ${messageOf(thrown)}`)
    }
  }
  return rendered
}

async function madeSetting(value: Json, input: Surroundings, variables: Variables): Promise<Json | undefined> {
  return readsColumn(value) ? recipientsOf(value, input) : await renderSetting(value, variables)
}

async function renderSetting(value: Json, variables: Variables): Promise<Json> {
  if (typeof value === 'string') {
    const text = await renderText(value, variables)
    return text === value || /[\r\n]/.test(value) ? text : text.replace(/[\r\n\u2028\u2029]+/g, ' ')
  }
  if (Array.isArray(value)) return await Promise.all(value.map((item) => renderSetting(item, variables)))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(async ([key, item]) => [key, await renderSetting(item, variables)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** JSON in a text, such as recipients with variables of their own, is kept whole whatever the values are. */
async function renderText(text: string, variables: Variables): Promise<string> {
  if (!/^\s*[[{]/.test(text) || !/\{[{%]/.test(text)) return await renderTemplate('liquid', text, variables)
  try {
    return (await renderBody('liquid', text, variables)).text
  } catch {
    return await renderTemplate('liquid', text, variables)
  }
}
