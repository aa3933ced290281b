import * as v from 'valibot'
import type { Json, JsonObject } from './json.ts'

/** What a form shows for one setting; the same declaration gives validation, API schema and what gets sealed. */
export interface FieldInfo {
  title: string
  hint?: string
  /** Sealed at rest and never returned. */
  secret?: boolean
  /** Only the channel itself has it, as it is: no route or call lays another over it, and it is no template. */
  fixed?: boolean
  /** Shown as a text area. */
  multiline?: boolean
}

/** Attaches what a form shows to a setting's schema: `v.pipe(v.string(), field({title: 'Host'}))`. */
export function field<T>(info: FieldInfo): v.MetadataAction<T, FieldInfo & Record<string, unknown>> {
  return v.metadata({ ...info })
}

/** The info of every field of a settings object, by key. Optional wrappers are looked through. */
export function fieldsOf(schema: v.GenericSchema): Record<string, FieldInfo> {
  const fields: Record<string, FieldInfo> = {}
  const entries = entriesOf(schema)
  for (const [key, entry] of Object.entries(entries)) fields[key] = infoOf(entry) ?? { title: key }
  return fields
}

/** Keys of the settings that are secrets. */
export function secretKeys(schema: v.GenericSchema): string[] {
  return Object.entries(fieldsOf(schema)).flatMap(([key, info]) => (info.secret === true ? [key] : []))
}

/** Keys of the settings that are taken as they are and never from data. */
export function fixedKeys(schema: v.GenericSchema): readonly string[] {
  let keys = fixed.get(schema)
  if (keys === undefined) {
    keys = Object.entries(fieldsOf(schema)).flatMap(([key, info]) => (info.fixed === true ? [key] : []))
    fixed.set(schema, keys)
  }
  return keys
}

const fixed = new WeakMap<v.GenericSchema, readonly string[]>()

/** What settings that are left out become. */
export function defaultsOf(schema: v.GenericSchema): JsonObject {
  const defaults: JsonObject = {}
  for (const [key, entry] of Object.entries(entriesOf(schema))) {
    const value: unknown = v.getDefault(entry)
    if (value !== undefined) defaults[key] = value as Json
  }
  return defaults
}

/** Settings whose values are texts, as rendered templates are, with numbers and switches as their schema wants them. */
export function fromTexts(schema: v.GenericSchema, settings: JsonObject): JsonObject {
  const entries = entriesOf(schema)
  const read = ([key, value]: [string, Json]): [string, Json] => {
    const text = typeof value === 'string' ? value.trim() : ''
    const type = entries[key] === undefined ? '' : innermost(entries[key]).type
    if (type === 'number' && text !== '' && Number.isFinite(Number(text))) return [key, Number(text)]
    if (type === 'boolean' && /^(true|false)$/i.test(text)) return [key, text.toLowerCase() === 'true']
    return [key, value]
  }
  return Object.fromEntries(Object.entries(settings).map(read))
}

interface SchemaParts {
  entries?: Record<string, v.GenericSchema>
  wrapped?: v.GenericSchema
  pipe?: readonly (v.GenericSchema & { metadata?: FieldInfo })[]
}

function entriesOf(schema: v.GenericSchema): Record<string, v.GenericSchema> {
  const parts = schema as SchemaParts
  if (parts.entries !== undefined) return parts.entries
  return parts.pipe?.[0] === undefined || parts.pipe[0] === schema ? {} : entriesOf(parts.pipe[0])
}

function innermost(schema: v.GenericSchema): v.GenericSchema {
  const { wrapped, pipe } = schema as SchemaParts
  if (wrapped !== undefined) return innermost(wrapped)
  return pipe?.[0] === undefined || pipe[0] === schema || pipe.length === 0 ? schema : innermost(pipe[0])
}

function infoOf(schema: v.GenericSchema): FieldInfo | undefined {
  const parts = schema as SchemaParts
  const own = parts.pipe?.find((item) => item.metadata !== undefined)?.metadata
  return own ?? (parts.wrapped === undefined ? undefined : infoOf(parts.wrapped))
}
