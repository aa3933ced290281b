import { useState } from 'preact/hooks'
import { address, call, pathOf } from '../api.ts'
import { useData } from '../live.ts'
import { Action, Empty, Failure, Page, Panel, waiting } from '../parts/basics.tsx'
import { ConditionFields } from '../parts/condition-fields.tsx'
import { Form, fieldsOf } from '../parts/form.tsx'
import { RouteFields } from '../parts/route-fields.tsx'
import { ConditionTried, PreviewShown, RowsTried, ScheduleTried, useTrial } from '../parts/trials.tsx'
import { useId, usePlace } from '../router.tsx'
import {
  conditionOf,
  draftOf,
  emptyDraft,
  inputOf,
  listOf,
  type RuleDraft,
  scheduleOf,
  severities,
} from '../rule-draft.ts'
import type {
  ConditionAnswer,
  Page as ListPage,
  Preview,
  QueryRule,
  Rows,
  Rule,
  ScheduleAnswer,
  Thing,
} from '../types.ts'

export function NewRulePage() {
  const things = useThings()
  if (things === undefined) return waiting('New rule')
  const { connections, channels } = things
  if (connections.length === 0)
    return (
      <Page title="New rule">
        <Empty>
          <p>A rule queries a connection, and there is none yet.</p>
          <p>
            <a href="/connections/new">Connect a database first</a>
          </p>
        </Empty>
      </Page>
    )
  const [channel] = channels
  const first = { key: 0, channel: channel ?? '', when: ['firing', 'resolved', 'error', 'no-data'], kept: {} }
  const draft = { ...emptyDraft, connection: connections[0] ?? '', routes: channel === undefined ? [] : [first] }
  return (
    <Page title="New rule">
      <RuleForm initial={draft} before={null} {...things} />
    </Page>
  )
}

export function EditRulePage() {
  const id = useId()
  const { data, error } = useData<Rule>(pathOf('rules', id))
  const things = useThings()
  if (data === undefined || things === undefined) return waiting('Edit rule', error)
  // The form has no fields for what is about runs, and would drop it.
  if (!isEditable(data))
    return (
      <Page title={`Edit ${data.name}`}>
        <p>
          This rule is about runs. It is changed over the API: <code>PATCH {address(pathOf('rules', id))}</code>
        </p>
      </Page>
    )
  return (
    <Page title={`Edit ${data.name}`}>
      <RuleForm initial={draftOf(data)} before={data} {...things} />
    </Page>
  )
}

function isEditable(rule: Rule): rule is QueryRule {
  return 'query' in rule && !('after' in rule.schedule)
}

/** Names of the connections and channels there are. */
function useThings(): { connections: string[]; channels: string[] } | undefined {
  const connections = useData<ListPage<Thing>>('/connections?limit=500').data
  const channels = useData<ListPage<Thing>>('/channels?limit=500').data
  if (connections === undefined || channels === undefined) return undefined
  return { connections: connections.items.map(({ name }) => name), channels: channels.items.map(({ name }) => name) }
}

interface RuleFormProps {
  initial: RuleDraft
  /** The stored rule; null for a new one. */
  before: QueryRule | null
  connections: string[]
  channels: string[]
}

function RuleForm({ initial, before: given, connections, channels }: RuleFormProps) {
  // An edit names the version one began with, whatever comes meanwhile.
  const [before] = useState(given)
  const { go } = usePlace()
  const [draft, setDraft] = useState(initial)
  const [rows, setRows] = useState<Rows>()
  const [preview, setPreview] = useState<Preview>()
  const [problem, setProblem] = useState<string>()
  const [failure, setFailure] = useState<string>()
  const put = (changes: Partial<RuleDraft>) => setDraft((current) => ({ ...current, ...changes }))
  const field = fieldsOf(draft, put)

  const fingerprint = listOf(draft.fingerprint)
  const condition = useTrial<ConditionAnswer>(
    '/trials/condition',
    rows === undefined
      ? null
      : { condition: conditionOf(draft), fingerprint, result: { columns: rows.columns, rows: rows.rows } },
  )
  const schedule = useTrial<ScheduleAnswer>('/trials/schedule', { schedule: scheduleOf(draft) })

  const runQuery = () =>
    call<Rows>('POST', `${pathOf('connections', draft.connection)}/query`, { query: draft.query }).then((found) => {
      setRows(found)
      if (draft.column === '') put({ column: found.columns.find(({ type }) => type !== 'text')?.name ?? '' })
    })
  async function save() {
    const input = inputOf(draft, before)
    const saved = await (before === null
      ? call<Rule>('POST', '/rules', input)
      : call<Rule>('PUT', pathOf('rules', before.id), input))
    go(pathOf('rules', saved.id))
  }
  return (
    <Form
      save={save}
      button={before === null ? 'Save the rule' : 'Save'}
      beside={<a href={before === null ? '/rules' : pathOf('rules', before.id)}>Cancel</a>}
    >
      <Panel title="1. What is looked at">
        {field('name', 'Name', { required: true })}
        {field('connection', 'Connection', { required: true, options: connections })}
        {field('query', 'Query', {
          required: true,
          lines: 5,
          hint: 'One statement that reads. It may name :scheduled_at, :now and :since.',
        })}
        <div class="actions">
          <Action run={runQuery} onFailure={setProblem}>
            Run it on real rows
          </Action>
        </div>
        <RowsTried rows={rows} problem={problem} />
      </Panel>
      <Panel title="2. When it matters">
        <ConditionFields draft={draft} field={field} columns={rows?.columns ?? []} />
        <ConditionTried {...condition} />
        {field('hold', 'Hold for', {
          path: 'for',
          hint: 'How long the condition must be true before anybody is told, such as 5m; 0s: at once.',
        })}
      </Panel>
      <Panel title="3. How often">
        {field('timing', 'Runs', {
          path: 'schedule',
          required: true,
          options: [
            ['every', 'every so often'],
            ['cron', 'at times of the day (cron)'],
          ],
        })}
        {draft.timing === 'every' ? (
          field('every', 'Every', {
            path: 'schedule.every',
            required: true,
            hint: 'Such as 30s, 5m or 1h30m.',
            problem: schedule.problem,
          })
        ) : (
          <>
            {field('cron', 'Cron', {
              path: 'schedule.cron',
              required: true,
              hint: 'Minute, hour, day of month, month, day of week.',
              problem: schedule.problem,
            })}
            {field('timezone', 'Time zone', { path: 'schedule.timezone', required: true })}
          </>
        )}
        <ScheduleTried {...schedule} />
      </Panel>
      <Panel title="4. Who is told, and what">
        <RouteFields routes={draft.routes} channels={channels} set={(routes) => put({ routes })} />
        {field('severity', 'Severity', { required: true, options: severities })}
        {field('title', 'Title', {
          path: 'message.title',
          hint: 'A Liquid template, such as {{ labels.model }} is at {{ row.score }}. Empty: the name and the value.',
        })}
        {field('summary', 'Summary', { path: 'message.summary', lines: 2 })}
        {field('tags', 'Tags', { hint: 'Parted by commas.' })}
        {field('description', 'Description', { lines: 2, hint: 'For those who read the rule.' })}
      </Panel>
      <Panel
        title="5. See it before it is saved"
        actions={
          <Action
            onFailure={setFailure}
            run={() => call<Preview>('POST', '/rules/preview', inputOf(draft, before)).then(setPreview)}
          >
            Preview
          </Action>
        }
      >
        <Failure>{failure}</Failure>
        {preview === undefined ? (
          <p class="muted">Runs the whole rule once. Nothing is stored or sent.</p>
        ) : (
          <PreviewShown preview={preview} />
        )}
      </Panel>
    </Form>
  )
}
