import { useState } from 'preact/hooks'
import { call, pathOf } from '../api.ts'
import { count, labelText } from '../format.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import {
  Action,
  Facts,
  Failure,
  Link,
  Page,
  Panel,
  Pending,
  State,
  Tags,
  Text,
  Time,
  waiting,
} from '../parts/basics.tsx'
import { Chart } from '../parts/chart.tsx'
import { Table } from '../parts/table.tsx'
import { useId, usePlace } from '../router.tsx'
import type { Page as ListPage, OpenAlert, Rule, RuleValues, ShortEvaluation } from '../types.ts'
import { canRun, RuleActions, tagsOf } from './rules.tsx'

const HOUR = 3_600_000
const spans = [
  ['1 h', HOUR],
  ['6 h', 6 * HOUR],
  ['1 d', 24 * HOUR],
  ['7 d', 168 * HOUR],
] as const

/** A rule: how it stands, what it measured, and its evaluations. */
export function RulePage() {
  const id = useId()
  const path = pathOf('rules', id)
  const { canEdit } = useRights()
  const { go } = usePlace()
  const { data: rule, error, reload } = useData<Rule>(path, ['rules', 'evaluations', 'alerts'])
  const [failure, setFailure] = useState<string>()
  if (rule === undefined) return waiting('Rule', error)
  return (
    <Page
      title={rule.name}
      actions={
        canEdit ? (
          <>
            <RuleActions rule={rule} onDone={reload} onFailure={setFailure} />
            <a class="button" href={`${path}/edit`}>
              Edit
            </a>
            <Action
              tone="danger"
              confirm={`Remove the rule "${rule.name}" with its evaluations?`}
              onFailure={setFailure}
              run={() => call('DELETE', path).then(() => go('/rules'))}
            >
              Remove
            </Action>
          </>
        ) : null
      }
    >
      <Failure>{failure}</Failure>
      {rule.blocked === null ? null : <Failure>{`It is blocked and does not run: ${rule.blocked}`}</Failure>}
      {rule.warnings.length === 0 ? null : (
        <ul class="notice warn">
          {rule.warnings.map((warning) => (
            <li key={warning}>
              <Text>{warning}</Text>
            </li>
          ))}
        </ul>
      )}
      <About rule={rule} />
      {'query' in rule ? <Values path={path} /> : null}
      <Alerts id={rule.id} />
      <Evaluations path={path} hint={canEdit && canRun(rule) ? ' Run, above, evaluates it now.' : ''} />
    </Page>
  )
}

function About({ rule }: { rule: Rule }) {
  const { status, description, routes, tags, nextDueAt, severity } = rule
  return (
    <section class="panel">
      {description === '' ? null : (
        <p>
          <Text>{description}</Text>
        </p>
      )}
      <Facts
        of={[
          ['State', <State of={status.state} />],
          [
            'Last value',
            status.latest === null
              ? 'never run'
              : status.latest.value === ''
                ? status.latest.verdict
                : status.latest.value,
          ],
          ['Runs', rule.scheduleWords ?? ''],
          ['Next run', nextDueAt && <Time at={nextDueAt} />],
          ['Severity', severity ?? 'by what happened'],
          [
            'Tells',
            routes.length === 0
              ? 'nobody'
              : routes
                  .map(({ channel }) => (typeof channel === 'string' ? channel : (channel?.kind ?? 'none')))
                  .join(', '),
          ],
          ['Connection', 'query' in rule && <Link to={pathOf('connections', rule.connection)}>{rule.connection}</Link>],
          ['Tags', tags.length === 0 ? '' : <Tags of={tagsOf(tags)} />],
        ]}
      />
      <details>
        <summary>{'query' in rule ? 'Query and condition' : 'Runs and condition'}</summary>
        {subjectsOf(rule).map((text) => (
          <pre key={text}>
            <Text>{text}</Text>
          </pre>
        ))}
      </details>
    </section>
  )
}

/** What a rule looks at, as texts. */
function subjectsOf(rule: Rule): string[] {
  const condition = rule.condition === undefined ? [] : [rule.condition]
  const texts = condition.map((one) => ('text' in one ? one.text : JSON.stringify(one)))
  if ('query' in rule) return [rule.query, ...texts]
  const { runs, when, expect } = rule
  return [JSON.stringify({ runs, when, expect }, null, 2), ...texts]
}

function Values({ path }: { path: string }) {
  const [span, setSpan] = useState<number>(HOUR)
  // Moved on in steps, so that it is the same address from one look to the next.
  const from = Math.floor((Date.now() - span) / 60_000) * 60_000
  const { data, error } = useData<RuleValues>(`${path}/values?limit=500&from=${from}`, ['evaluations'])
  return (
    <Panel
      title="Value against the threshold"
      actions={
        <fieldset class="choice">
          <legend class="hidden">How far back</legend>
          {spans.map(([label, ms]) => (
            <label key={label}>
              <input type="radio" name="span" checked={span === ms} onChange={() => setSpan(ms)} />
              {label}
            </label>
          ))}
        </fieldset>
      }
    >
      {data === undefined ? (
        <Pending error={error} />
      ) : data.points.some(({ maximum }) => maximum !== null) ? (
        <Chart {...data} />
      ) : (
        <p class="muted">
          {data.points.length === 0
            ? 'It was not evaluated in this time.'
            : 'Its condition looks at no single number, so there is nothing to draw.'}
        </p>
      )}
    </Panel>
  )
}

function Alerts({ id }: { id: string }) {
  type Alert = Pick<OpenAlert, 'fingerprint' | 'labels' | 'state' | 'since' | 'value'>
  const { data } = useData<ListPage<Alert>>(`/alerts?limit=100&rule=${encodeURIComponent(id)}`, [
    'alerts',
    'evaluations',
  ])
  if (data === undefined || data.items.length === 0) return null
  return (
    <Panel title="Alerts">
      <Table
        label="Alerts of this rule"
        columns={['State', 'Alert', 'Since', 'Value']}
        items={data.items}
        keyOf={({ fingerprint }) => fingerprint}
        row={({ state, labels, since, value }) => [
          <State of={state} />,
          <Text>{Object.keys(labels).length === 0 ? 'the whole rule' : labelText(labels)}</Text>,
          <Time at={since} />,
          <Text>{value}</Text>,
        ]}
      />
    </Panel>
  )
}

function Evaluations({ path, hint }: { path: string; hint: string }) {
  const [after, setAfter] = useState<string>()
  const page = after === undefined ? '' : `&after=${encodeURIComponent(after)}`
  const { data, error } = useData<ListPage<ShortEvaluation>>(`${path}/evaluations?limit=25${page}`, ['evaluations'])
  return (
    <Panel title="Evaluations">
      {data === undefined ? (
        <Pending error={error} />
      ) : data.items.length === 0 ? (
        <p class="muted">It has not been evaluated yet.{hint}</p>
      ) : (
        <Table
          label="Evaluations, newest first"
          columns={['Condition', 'When', 'Value', 'Why']}
          items={data.items}
          keyOf={({ id }) => id}
          row={({ id, verdict, at, value, repeats, reasons, error: told }) => [
            <State of={verdict} />,
            <>
              <a href={pathOf('evaluations', id)}>
                <Time at={at} />
              </a>
              {repeats > 1 ? <small> stands for {count(repeats, 'evaluation')}</small> : null}
            </>,
            <Text>{value}</Text>,
            <Text>{told ?? reasons.join(' ')}</Text>,
          ]}
        />
      )}
      <div class="actions">
        {after === undefined ? null : (
          <button type="button" onClick={() => setAfter(undefined)}>
            Newest
          </button>
        )}
        {data?.next == null ? null : (
          <button type="button" onClick={() => setAfter(data.next ?? undefined)}>
            Older
          </button>
        )}
      </div>
    </Panel>
  )
}
