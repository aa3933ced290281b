import type { FieldInfo, Json, JsonObject, Kind, SettingSchema } from '../types.ts'
import { CheckField, Field, SelectField, TextField } from './form.tsx'

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
  if (isRecord(schema) && typeof value === 'object' && !Array.isArray(value))
    return Object.entries(value)
      .map(([name, one]) => `${name}: ${one}`)
      .join('\n')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** What is typed as what the API takes; what is none goes as it is, so that the API says what is wrong with it. */
function typed(schema: SettingSchema, text: string): Json {
  if (schema.type === 'number' || schema.type === 'integer')
    return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
  if (isRecord(schema)) return recordOf(text)
  if (
    schema.type === 'string' ||
    schema.enum !== undefined ||
    schema.anyOf?.some(({ type }) => type === 'string') === true
  )
    return text
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

function isRecord({ type }: SettingSchema): boolean {
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

interface SettingsProps {
  kind: Kind
  draft: Draft
  set: (draft: Draft) => void
  /** Where the API names the settings. */
  path?: string
}

/** A field for every setting that a kind declares. */
export function SettingsFields({ kind, draft, set, path = 'settings' }: SettingsProps) {
  const { properties = {}, required = [] } = kind.settings
  return (
    <>
      {Object.entries(properties).map(([key, schema]) => (
        <Setting
          key={key}
          path={`${path}.${key}`}
          info={kind.fields[key] ?? { title: key }}
          schema={schema}
          required={required.includes(key)}
          value={draft[key] ?? ''}
          set={(value) => set({ ...draft, [key]: value })}
        />
      ))}
    </>
  )
}

interface SettingProps {
  path: string
  info: FieldInfo
  schema: SettingSchema
  required: boolean
  value: Draft[string]
  set: (value: Draft[string]) => void
}

function Setting({ path, info, schema, required, value, set }: SettingProps) {
  const field = { label: info.title, path, hint: info.hint, required }
  if (value === KEEP || value === CLEAR) return <SetSecret {...field} isCleared={value === CLEAR} set={set} />
  if (schema.type === 'boolean') return <CheckField {...field} value={value === true} set={set} />
  const text = String(value)
  if (schema.enum !== undefined) {
    const options = schema.enum.map(String)
    return (
      <SelectField
        {...field}
        value={text}
        set={set}
        options={required || text !== '' ? options : [['', 'not given'] as const, ...options]}
      />
    )
  }
  if (isRecord(schema))
    return (
      <TextField
        {...field}
        hint={`${info.hint ?? ''} One a line: Name: value`.trim()}
        lines={3}
        value={text}
        set={set}
      />
    )
  if (info.multiline === true) return <TextField {...field} lines={4} value={text} set={set} />
  const isNumber = schema.type === 'number' || schema.type === 'integer'
  return (
    <TextField
      {...field}
      type={info.secret === true ? 'password' : isNumber ? 'number' : 'text'}
      value={text}
      set={set}
    />
  )
}

/** A secret that is set: it never comes back, so it can only stay, be replaced or go. */
function SetSecret({
  isCleared,
  set,
  ...field
}: Omit<SettingProps, 'info' | 'schema' | 'value'> & { label: string; hint: string | undefined; isCleared: boolean }) {
  return (
    <Field {...field}>
      {({ id, 'aria-describedby': described }) => (
        <div class="secret">
          <span id={`${id}-is`}>{isCleared ? 'Goes when this is saved' : 'Set, and never shown'}</span>
          <button
            type="button"
            id={id}
            aria-label={`Replace ${field.label}`}
            aria-describedby={[`${id}-is`, described].filter(Boolean).join(' ')}
            onClick={() => set('')}
          >
            Replace
          </button>
          {isCleared ? (
            <button type="button" onClick={() => set(KEEP)}>
              Keep<span class="hidden"> {field.label}</span>
            </button>
          ) : field.required ? null : (
            <button type="button" onClick={() => set(CLEAR)}>
              Clear<span class="hidden"> {field.label}</span>
            </button>
          )}
        </div>
      )}
    </Field>
  )
}
