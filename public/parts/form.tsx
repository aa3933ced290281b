import { type ComponentChildren, createContext } from 'preact'
import { useCallback, useContext, useEffect, useId, useRef, useState } from 'preact/hooks'
import { type Issue, messageOf, Refusal } from '../api.ts'
import { Failure, Text } from './basics.tsx'

interface FormState {
  issues: readonly Issue[]
  /** Fields name the paths they show issues of, so that the others can be shown at the top. */
  claim(path: string): () => void
}

const FormContext = createContext<FormState>({ issues: [], claim: () => () => {} })

interface FormProps {
  /** What is sent; a refusal shows at its fields. */
  save: () => Promise<unknown>
  button: string
  children: ComponentChildren
  /** Beside the button. */
  beside?: ComponentChildren
  disabled?: boolean
}

/** A form whose fields show what the API says of them. */
export function Form({ save, button, children, beside, disabled = false }: FormProps) {
  const form = useRef<HTMLFormElement>(null)
  const claimed = useRef(new Set<string>())
  const [failure, setFailure] = useState<{ message: string; issues: readonly Issue[] }>()
  const [isBusy, setBusy] = useState(false)

  useEffect(() => {
    if (failure === undefined) return
    const faulty = form.current?.querySelector<HTMLElement>('[aria-invalid=true]')
    ;(faulty ?? form.current?.querySelector<HTMLElement>('[role=alert]'))?.focus()
  }, [failure])

  async function submit(event: Event) {
    event.preventDefault()
    setBusy(true)
    try {
      await save()
      setFailure(undefined)
    } catch (thrown) {
      setFailure({ message: messageOf(thrown), issues: thrown instanceof Refusal ? thrown.issues : [] })
    }
    setBusy(false)
  }
  const claim = useCallback((path: string) => {
    claimed.current.add(path)
    return () => void claimed.current.delete(path)
  }, [])
  return (
    <FormContext.Provider value={{ issues: failure?.issues ?? [], claim }}>
      <form ref={form} noValidate onSubmit={(event) => void submit(event)}>
        {children}
        {failure === undefined ? null : <Summary {...failure} claimed={claimed.current} />}
        <div class="actions">
          <button type="submit" class="main" disabled={disabled || isBusy} aria-busy={isBusy}>
            {button}
          </button>
          {beside}
        </div>
      </form>
    </FormContext.Provider>
  )
}

/** What no field shows, and how many fields there is something to mend in. */
function Summary({
  message,
  issues,
  claimed,
}: {
  message: string
  issues: readonly Issue[]
  claimed: ReadonlySet<string>
}) {
  const atFields = issues.filter(({ path }) => [...claimed].some((field) => covers(field, path)))
  const others = issues.filter((issue) => !atFields.includes(issue))
  const shown =
    issues.length === 0 ? [message] : others.map(({ path, message: text }) => (path === '' ? text : `${path}: ${text}`))
  return (
    <div class="notice bad" role="alert" tabIndex={-1}>
      {atFields.length === 0 ? null : <p>It was not saved. The marked fields say why.</p>}
      {shown.map((text) => (
        <p key={text}>
          <Text>{text}</Text>
        </p>
      ))}
    </div>
  )
}

function covers(field: string, path: string): boolean {
  return path === field || path.startsWith(`${field}.`)
}

/** What the API said of the field at this path, and of all inside it. */
function useIssue(path: string): string | undefined {
  const { issues, claim } = useContext(FormContext)
  useEffect(() => claim(path), [path, claim])
  const own = issues.filter((issue) => covers(path, issue.path))
  return own.length === 0 ? undefined : own.map(({ message }) => message).join('; ')
}

interface Labels {
  label: string
  /** Where the API names it. */
  path: string
  hint?: string | undefined
  required?: boolean
  /** What it is told apart from the form's own refusals, such as by a trial. */
  problem?: string | undefined
}

/** A choice with `options`, several lines with `lines`, else one line of text. */
interface Control {
  value: string
  set: (value: string) => void
  options?: readonly (string | readonly [value: string, label: string])[]
  lines?: number
  type?: 'text' | 'number' | 'password'
}

/** What ties an input to its label, hint and error. */
interface Wiring {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': boolean
  'aria-required': boolean
}

type FieldProps = Labels & (Control | { children: (wiring: Wiring) => ComponentChildren })

/** A labelled input with its hint and what is wrong with it; `children` puts something else in the input's place. */
export function Field(props: FieldProps) {
  const { label, path, hint, required = false, problem } = props
  const id = useId()
  const issue = useIssue(path) ?? problem
  const described = [hint === undefined ? '' : `${id}-hint`, issue === undefined ? '' : `${id}-issue`]
    .filter(Boolean)
    .join(' ')
  const wiring = {
    id,
    'aria-describedby': described === '' ? undefined : described,
    'aria-invalid': issue !== undefined,
    'aria-required': required,
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {required ? null : <small> optional</small>}
      {'children' in props ? props.children(wiring) : <Input {...props} wiring={wiring} />}
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {issue === undefined ? null : (
        <p class="issue" id={`${id}-issue`}>
          <Text>{issue}</Text>
        </p>
      )}
    </div>
  )
}

function Input({ wiring, value, set, options, lines, type = 'text' }: Control & { wiring: Wiring }) {
  const onInput = ({ currentTarget }: { currentTarget: { value: string } }) => set(currentTarget.value)
  if (options !== undefined)
    return (
      <select {...wiring} value={value} onChange={onInput}>
        {options.map((option) => {
          const [own, label] = typeof option === 'string' ? [option, option] : option
          return (
            <option key={own} value={own}>
              {label}
            </option>
          )
        })}
      </select>
    )
  if (lines !== undefined)
    return <textarea {...wiring} rows={lines} spellcheck={false} value={value} onInput={onInput} />
  return (
    <input
      {...wiring}
      // The types of the two differ in what they allow beside, and nothing of that is used.
      type={(type === 'password' ? 'password' : 'text') as 'text'}
      inputMode={type === 'number' ? 'decimal' : undefined}
      autoComplete={type === 'password' ? 'new-password' : 'off'}
      value={value}
      onInput={onInput}
    />
  )
}

/** Makes fields of a draft: each shows what is typed for its key, and is named after it where `path` says nothing else. */
export function fieldsOf<Draft extends object>(
  draft: Draft,
  put: (changes: Partial<Draft>) => void,
): DraftField<Draft> {
  return (key, label, more = {}) => (
    <Field
      label={label}
      path={key}
      value={draft[key] as string}
      set={(value) => put({ [key]: value } as Partial<Draft>)}
      {...more}
    />
  )
}

export type DraftField<Draft extends object> = (
  key: keyof Draft & string,
  label: string,
  more?: Partial<Labels> & Partial<Control>,
) => ComponentChildren

/** A switch. */
export function CheckField({
  label,
  path,
  hint,
  value,
  set,
}: {
  label: string
  path: string
  hint?: string | undefined
  value: boolean
  set: (value: boolean) => void
}) {
  const id = useId()
  const issue = useIssue(path)
  return (
    <div class="field check">
      <input
        type="checkbox"
        id={id}
        checked={value}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={({ currentTarget }) => set(currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <Failure>{issue}</Failure>
    </div>
  )
}
