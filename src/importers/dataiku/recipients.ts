import { isObject, type Json } from '../../model/json.ts'
import type { Notes } from './notes.ts'

/**
 * Recipients of a mail reporter: addresses parted by commas, a list in JSON, or `{"mails": […]}` for mails of their own.
 * Undefined where there are none.
 */
export function readRecipients(text: string, path: string, notes: Notes): Json | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  if (!/^[[{]/.test(trimmed)) return settingText(trimmed, path, notes)
  try {
    const value: Json = JSON.parse(trimmed)
    const isKnown = Array.isArray(value)
      ? value.every((item) => typeof item === 'string')
      : isObject(value) && Array.isArray(value['mails'])
    if (isKnown) return deep(value, path, notes)
  } catch {
    // Told below, like JSON that is something else.
  }
  const message = 'must be addresses parted by commas, ["a@example.com"] or {"mails":[{"to":"…","variables":{…}}]}'
  notes.issues.push({ path, message })
  return undefined
}

function deep(value: Json, path: string, notes: Notes): Json {
  if (typeof value === 'string') return settingText(value, path, notes)
  if (Array.isArray(value)) return value.map((item) => deep(item, path, notes))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deep(item, path, notes)]))
}

/** A text with `${name}` as a setting of a route, whose templates are Liquid. Formulas within are an issue. */
export function settingText(text: string, path: string, notes: Notes): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, inner: string) => {
    const name = inner.trim()
    if (/^\w+$/.test(name)) return `{{ ${name} }}`
    notes.issues.push({ path, message: `holds the formula \${${name}}; only single variables can be taken over here` })
    return ''
  })
}
