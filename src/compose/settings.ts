import { renderTemplate } from '../language/template.ts'
import type { Variables } from '../language/template-value.ts'
import type { Json, JsonObject } from '../model/json.ts'

/**
 * A route's settings with the Liquid templates in them rendered. A value adds no line break to a setting that has none.
 * A setting whose template fails is left out, so that the channel's own counts, and named in `errors`.
 */
export async function renderSettings(
  settings: JsonObject,
  variables: Variables,
  errors: string[],
): Promise<JsonObject> {
  const rendered: JsonObject = {}
  for (const [key, value] of Object.entries(settings)) {
    try {
      rendered[key] = await renderSetting(value, variables)
    } catch (thrown) {
      errors.push(`settings.${key}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    }
  }
  return rendered
}

async function renderSetting(value: Json, variables: Variables): Promise<Json> {
  if (typeof value === 'string') {
    const text = await renderTemplate('liquid', value, variables)
    return text === value || /[\r\n]/.test(value) ? text : text.replace(/[\r\n\u2028\u2029]+/g, ' ')
  }
  if (Array.isArray(value)) return await Promise.all(value.map((item) => renderSetting(item, variables)))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(async ([key, item]) => [key, await renderSetting(item, variables)] as const)
  return Object.fromEntries(await Promise.all(entries))
}
