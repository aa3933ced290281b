import type { Json, JsonObject, Kind, SettingSchema } from './types.ts'

/** What a form holds of a setting: its text or switch, and for a secret that is set, what is to become of it. */
export type Draft = Record<string, string | boolean | typeof KEEP | typeof CLEAR>

/** A secret that is set and stays, or goes. */
export const KEEP = Symbol('keep')
export const CLEAR = Symbol('clear')

/** What a form begins with: what is stored, else the defaults. */
export function draftOf(
  { settings: { properties = {} } }: Kind,
  stored: JsonObject,
  secrets: readonly string[],
): Draft {
  return Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => [
      key,
      secrets.includes(key) ? KEEP : textOf(schema, stored[key] ?? schema.default),
    ]),
  )
}

/** What is sent: only what is filled in; secrets that stay are left out, and those that go are null. */
export function settingsOf({ settings: { properties = {} } }: Kind, draft: Draft): JsonObject {
  const entries = Object.entries(properties).flatMap(([key, schema]): [string, Json][] => {
    const value = draft[key]
    if (value === CLEAR) return [[key, null]]
    if (value === undefined || value === '' || typeof value === 'symbol') return []
    return [[key, typeof value === 'boolean' ? value : typed(schema, value)]]
  })
  return Object.fromEntries(entries)
}

function textOf(schema: SettingSchema, value: Json | undefined): string | boolean {
  if (schema.type === 'boolean') return value === true
  if (value === undefined || value === null) return ''
  if (isLines(schema) && Array.isArray(value)) return value.join('\n')
  if (isRecord(schema) && typeof value === 'object' && !Array.isArray(value))
    return Object.entries(value)
      .map(([name, one]) => `${name}: ${one}`)
      .join('\n')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** What is typed as what the API takes; what is none goes as it is, so that the API says what is wrong with it. */
function typed(schema: SettingSchema, text: string): Json {
  if (isNumber(schema)) return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
  if (isLines(schema)) return text.split('\n').filter((line) => line !== '')
  if (isRecord(schema)) return recordOf(text)
  if (schema.type === 'string' || schema.enum !== undefined) return text
  try {
    const value = JSON.parse(text) as Json
    return typeof value === 'object' ? value : text
  } catch {
    return text
  }
}

/** Whether a number is typed. */
export function isNumber({ type }: SettingSchema): boolean {
  return type === 'number' || type === 'integer'
}

/** A list of texts is written one a line. */
export function isLines({ type, items }: SettingSchema): boolean {
  return type === 'array' && items?.type === 'string'
}

/** Names and values are written one a line. */
export function isRecord({ type }: SettingSchema): boolean {
  return type === 'object'
}

function recordOf(text: string): JsonObject {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':')
      return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}
