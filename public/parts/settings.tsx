import { CLEAR, type Draft, isLines, isNumber, isRecord, KEEP } from '../settings-draft.ts'
import type { FieldInfo, Kind, SettingSchema } from '../types.ts'
import { CheckField, Field } from './form.tsx'

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
      <Field
        {...field}
        value={text}
        set={set}
        options={required || text !== '' ? options : [['', 'not given'] as const, ...options]}
      />
    )
  }
  const lines = isRecord(schema)
    ? ' One a line: Name: value'
    : isLines(schema)
      ? ' One a line.'
      : schema.type === 'array'
        ? ' As JSON.'
        : ''
  if (lines !== '' || info.multiline === true)
    return (
      <Field
        {...field}
        hint={`${info.hint ?? ''}${lines}`.trim()}
        lines={lines === '' ? 4 : 3}
        value={text}
        set={set}
      />
    )
  const type = info.secret === true ? 'password' : isNumber(schema) ? 'number' : 'text'
  return <Field {...field} type={type} value={text} set={set} />
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
