import { useState } from 'preact/hooks'
import { call, pathOf } from '../api.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Action, Failure, Page, Panel, Pending, State, Text, Time, waiting } from '../parts/basics.tsx'
import { CheckField, Field, Form } from '../parts/form.tsx'
import { SettingsFields } from '../parts/settings.tsx'
import { useId, usePlace } from '../router.tsx'
import { type Draft, draftOf, settingsOf } from '../settings-draft.ts'
import type { CheckAnswer, FullDelivery, Kind, Kinds, SendResult, Thing } from '../types.ts'
import { Attempts } from './delivery.tsx'
import { type Collection, healthOf, words } from './thing-words.ts'

/** A channel or a connection: how it is, trying it, and its settings. */
function ThingPage({ collection }: { collection: Collection }) {
  const id = useId()
  const path = pathOf(collection, id)
  const { canEdit } = useRights()
  const { go } = usePlace()
  const { data, error, reload } = useData<Thing>(path, [collection])
  const kinds = useKinds(collection)
  const [failure, setFailure] = useState<string>()
  const [saved, setSaved] = useState<Thing>()
  const { one } = words[collection]
  if (data === undefined) return waiting(one, error)
  const kind = kinds?.find((each) => each.kind === data.kind)
  const act = (verb: string) => () => call('POST', `${path}/${verb}`).then(reload)
  return (
    <Page
      title={data.name}
      actions={
        canEdit ? (
          <>
            {data.disabled === undefined ? null : (
              <Action onFailure={setFailure} run={act(data.disabled === null ? 'disable' : 'enable')}>
                {data.disabled === null ? 'Disable' : 'Enable'}
              </Action>
            )}
            <Action
              tone="danger"
              confirm={`Remove the ${one} "${data.name}"?`}
              onFailure={setFailure}
              run={() => call('DELETE', path).then(() => go(`/${collection}`))}
            >
              Remove
            </Action>
          </>
        ) : null
      }
    >
      <Failure>{failure}</Failure>
      <p>
        <State of={healthOf(data)} /> {kind?.label ?? data.kind}{' '}
        {typeof data.failingSince === 'number' ? (
          <>
            since <Time at={data.failingSince} />
          </>
        ) : null}
      </p>
      <Failure>{data.disabled ?? (data.status === 'failing' ? (data.lastError ?? undefined) : undefined)}</Failure>
      {collection === 'channels' ? (
        <ChannelTest path={path} canTest={canEdit} />
      ) : (
        <ConnectionCheck path={path} canTest={canEdit} />
      )}
      {kind === undefined || !canEdit ? null : (
        <ThingForm
          key={saved?.version}
          collection={collection}
          kind={kind}
          thing={saved ?? data}
          isSaved={saved !== undefined}
          onSaved={(answer) => {
            setSaved(answer)
            reload()
          }}
        />
      )}
    </Page>
  )
}

function NewThingPage({ collection }: { collection: Collection }) {
  const { go } = usePlace()
  const kinds = useKinds(collection)
  const [chosen, choose] = useState<string>()
  const { one } = words[collection]
  const kind = kinds?.find((each) => each.kind === chosen) ?? kinds?.[0]
  return (
    <Page title={`New ${one}`}>
      {kinds === undefined || kind === undefined ? (
        <Pending error={undefined} />
      ) : (
        <>
          <div class="panel">
            <Field
              label="Kind"
              path="kind"
              required
              value={kind.kind}
              set={choose}
              options={kinds.map((each) => [each.kind, each.label] as const)}
            />
          </div>
          <ThingForm
            key={kind.kind}
            collection={collection}
            kind={kind}
            thing={null}
            onSaved={({ id }) => go(pathOf(collection, id))}
          />
        </>
      )}
    </Page>
  )
}

function useKinds(collection: Collection): Kind[] | undefined {
  return useData<Kinds>('/kinds').data?.[collection]
}

interface ThingFormProps {
  collection: Collection
  kind: Kind
  /** null for a new one. */
  thing: Thing | null
  /** What is shown was just saved here. */
  isSaved?: boolean
  onSaved: (thing: Thing) => void
}

function ThingForm({ collection, kind, thing: given, isSaved = false, onSaved }: ThingFormProps) {
  // What is edited stays as it was when one began: news must not take away what was typed.
  const [thing] = useState(given)
  const [name, setName] = useState(thing?.name ?? '')
  const [draft, setDraft] = useState<Draft>(() => draftOf(kind, thing?.settings ?? {}, thing?.secrets ?? []))
  const [results, setResults] = useState<SendResult[]>()
  const [isFallback, setFallback] = useState(thing?.fallback ?? false)

  async function test() {
    const settings = settingsOf(kind, draft)
    const [path, body] =
      thing === null
        ? ['/channels/test', { kind: kind.kind, settings }]
        : [`${pathOf('channels', thing.id)}/test`, { settings }]
    setResults((await call<{ results: SendResult[] }>('POST', `${path}?wait=true`, body)).results)
  }
  async function save() {
    const fallback = collection === 'channels' ? { fallback: isFallback } : {}
    const body = { name, settings: settingsOf(kind, draft), ...fallback }
    const answer =
      thing === null
        ? await call<Thing>('POST', `/${collection}`, { ...body, kind: kind.kind })
        : await call<Thing>('PUT', pathOf(collection, thing.id), { ...body, version: thing.version })
    onSaved(answer)
  }
  return (
    <Panel
      title="Settings"
      actions={
        <a href={kind.documentation} target="_blank" rel="noreferrer">
          About {kind.label}
        </a>
      }
    >
      <Form
        save={save}
        button={thing === null ? 'Create' : 'Save'}
        beside={
          <>
            {collection === 'channels' ? <Action run={test}>Test what is typed</Action> : null}
            <span role="status">{isSaved ? 'Saved.' : ''}</span>
          </>
        }
      >
        <Field label="Name" path="name" required value={name} set={setName} />
        <SettingsFields kind={kind} draft={draft} set={setDraft} />
        {collection === 'channels' ? (
          <CheckField
            label="Fallback of the project"
            path="fallback"
            hint="Takes Tocsin's own notices, and errors of rules that no route takes."
            value={isFallback}
            set={setFallback}
          />
        ) : null}
      </Form>
      <div role="status">
        {results?.map(({ delivery, state, reason, attempt }) => (
          <div key={delivery}>
            <State of={state} /> <Text>{reason}</Text> <a href={pathOf('deliveries', delivery)}>See the message</a>
            {attempt?.response ? (
              <pre>
                <Text>{attempt.response}</Text>
              </pre>
            ) : null}
          </div>
        ))}
      </div>
    </Panel>
  )
}

/** Connects and shows what was found. */
function ConnectionCheck({ path, canTest }: { path: string; canTest: boolean }) {
  const [answer, setAnswer] = useState<CheckAnswer>()
  if (!canTest) return null
  return (
    <Panel
      title="Check"
      actions={
        <Action run={() => call<CheckAnswer>('POST', `${path}/check`, {}).then(setAnswer)}>Check the connection</Action>
      }
    >
      <div role="status">
        {answer === undefined ? (
          <p class="muted">Connects, and tells what it finds.</p>
        ) : answer.ok ? (
          <>
            <p>
              <State of="ok" /> <Text>{answer.server}</Text>
            </p>
            {answer.warnings.map((warning) => (
              <p class="notice warn" key={warning}>
                <Text>{warning}</Text>
              </p>
            ))}
          </>
        ) : (
          <>
            <State of="failing" />
            <pre>
              <Text>{answer.error}</Text>
            </pre>
          </>
        )}
      </div>
    </Panel>
  )
}

/** Sends a test and shows what the receiver answered. */
function ChannelTest({ path, canTest }: { path: string; canTest: boolean }) {
  const [sent, setSent] = useState<string>()
  const { data } = useData<FullDelivery>(sent === undefined ? null : pathOf('deliveries', sent), ['deliveries'])
  if (!canTest) return null
  const test = () =>
    call<{ deliveries: string[] }>('POST', `${path}/test`, {}).then(({ deliveries }) => setSent(deliveries[0]))
  return (
    <Panel title="Test" actions={<Action run={test}>Send a test message</Action>}>
      <div role="status">
        {data === undefined ? (
          <p class="muted">Sends a message that is marked as a test, and shows the receiver's own answer.</p>
        ) : (
          <>
            <p>
              <State of={data.state} /> <Text>{data.reason?.text ?? ''}</Text>{' '}
              <a href={pathOf('deliveries', data.id)}>See the message</a>
            </p>
            <Attempts of={data.attempts} />
          </>
        )}
      </div>
    </Panel>
  )
}

export const ChannelPage = () => <ThingPage collection="channels" />
export const ConnectionPage = () => <ThingPage collection="connections" />
export const NewChannelPage = () => <NewThingPage collection="channels" />
export const NewConnectionPage = () => <NewThingPage collection="connections" />
