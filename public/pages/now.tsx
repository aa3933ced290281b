import { useState } from 'preact/hooks'
import { call, pathOf } from '../api.ts'
import { count, labelText } from '../format.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Action, Empty, Facts, Link, Page, Panel, State, Text, Time, waiting } from '../parts/basics.tsx'
import { Table } from '../parts/table.tsx'
import type { OpenAlert, Overview, Sample } from '../types.ts'

const KINDS = ['alerts', 'evaluations', 'deliveries', 'rules', 'connections', 'channels'] as const

/** What needs somebody now. */
export function NowPage() {
  const { data, error, reload } = useData<Overview>('/overview', KINDS)
  const sample = useData<{ sample: Sample | null }>('/sample', ['connections'])
  const [failure, setFailure] = useState<string>()
  const { canEdit, isAdmin } = useRights()
  if (data === undefined) return waiting('Now', error)
  const isSample = (sample.data?.sample ?? null) !== null
  return (
    <Page title="Now">
      <Troubles {...data} />
      {data.rules.count === 0 && !canEdit ? (
        <p>There are no rules yet. Making one needs a token that may edit.</p>
      ) : data.rules.count === 0 ? (
        <FirstSteps overview={data} canTry={isAdmin && sample.data?.sample === null} onMade={reload} />
      ) : (
        <Alerts {...data.alerts} />
      )}
      <Outbox {...data} />
      {isSample && isAdmin ? (
        <p class="muted">
          The sample is running: a database whose figures change every second.{' '}
          <Action
            run={() => call('DELETE', '/sample').finally(reload)}
            confirm="Remove the sample's rules, connection and channel?"
            onFailure={setFailure}
          >
            Remove the sample
          </Action>{' '}
          {failure}
        </p>
      ) : null}
    </Page>
  )
}

function Alerts({ counts, items }: Overview['alerts']) {
  const firing = (counts['firing'] ?? 0) + (counts['recovering'] ?? 0)
  const total = Object.values(counts).reduce((sum, number) => sum + number, 0)
  return (
    <Panel title={firing === 0 ? 'Nothing fires' : `${count(firing, 'alert')} firing`}>
      {items.length === 0 ? (
        <p class="muted">Every alert of every rule is normal.</p>
      ) : (
        <Table
          label="Alerts that are not normal"
          columns={['State', 'What', 'Since', 'Why', 'For whom']}
          items={items}
          keyOf={({ rule, fingerprint }) => `${rule.id} ${fingerprint}`}
          row={(alert) => [
            <>
              <State of={alert.state} /> <small>{alert.severity}</small>
            </>,
            <What {...alert} />,
            <Time at={alert.firingSince ?? alert.since} />,
            <Why {...alert} />,
            <Told {...alert} />,
          ]}
        />
      )}
      {total > items.length ? <p class="muted">And {total - items.length} more.</p> : null}
    </Panel>
  )
}

function What({ rule, labels }: OpenAlert) {
  return (
    <>
      <Link to={pathOf('rules', rule.id)}>{rule.name}</Link>
      {Object.keys(labels).length === 0 ? null : (
        <div>
          <Text>{labelText(labels)}</Text>
        </div>
      )}
    </>
  )
}

function Why({ why, value, condition, evaluation }: OpenAlert) {
  return (
    <>
      <div>
        {value === '' ? null : (
          <strong>
            <Text>{value}</Text>
          </strong>
        )}{' '}
        <Text>{why}</Text>
      </div>
      <code>
        <Text>{condition}</Text>
      </code>{' '}
      {evaluation === null ? null : <a href={pathOf('evaluations', evaluation)}>Trace</a>}
    </>
  )
}

function Told({ told }: OpenAlert) {
  if (told.length === 0) return <span class="muted">nobody</span>
  return (
    <>
      {told.map(({ route, channel, delivery, state }) => (
        <div key={route}>
          <Text>{channel}</Text>{' '}
          {delivery === null ? <State of={state} /> : <a href={pathOf('deliveries', delivery)}>{state}</a>}
        </div>
      ))}
    </>
  )
}

function Troubles({ connections, channels, rules }: Overview) {
  const troubles = [
    ...connections.failing.map(({ id, name, since, error }) => ({
      place: pathOf('connections', id),
      name,
      state: 'failing',
      since,
      reason: error ?? '',
      what: 'Connection',
    })),
    ...channels.disabled.map(({ id, name, reason }) => ({
      place: pathOf('channels', id),
      name,
      state: 'disabled',
      since: null,
      reason,
      what: 'Channel',
    })),
    ...rules.blocked.map(({ id, name, reason }) => ({
      place: pathOf('rules', id),
      name,
      state: 'blocked',
      since: null,
      reason,
      what: 'Rule',
    })),
  ]
  if (troubles.length === 0) return null
  return (
    <Panel title="In trouble">
      <Table
        label="Connections, channels and rules in trouble"
        columns={['State', 'What', 'Since', 'Why']}
        items={troubles}
        keyOf={({ place }) => place}
        row={({ state, what, place, name, since, reason }) => [
          <State of={state} />,
          <>
            {what} <Link to={place}>{name}</Link>
          </>,
          since === null ? '' : <Time at={since} />,
          <Text>{reason}</Text>,
        ]}
      />
    </Panel>
  )
}

function Outbox({ outbox, rules, connections, channels }: Overview) {
  const { pending, sending, oldest, rejected, dead, unknown } = outbox
  const failed = rejected + dead + unknown
  return (
    <Panel title="Outbox">
      <Facts
        of={[
          [
            'Waiting',
            <>
              <a href="/deliveries?show=queue">{pending}</a>
              {oldest === null ? null : (
                <>
                  , the oldest since <Time at={oldest} />
                </>
              )}
            </>,
          ],
          ['Under way', String(sending)],
          ['Dead letters', failed === 0 ? '0' : <a href="/deliveries?show=dead">{failed}</a>],
          ['Rules', `${rules.count}${rules.paused === 0 ? '' : `, ${rules.paused} paused`}`],
          ['Connections', String(connections.count)],
          ['Channels', String(channels.count)],
        ]}
      />
    </Panel>
  )
}

function FirstSteps({ overview, canTry, onMade }: { overview: Overview; canTry: boolean; onMade: () => void }) {
  const steps = [
    [
      'Connect a database',
      'Postgres, ClickHouse or a SQLite file.',
      '/connections/new',
      overview.connections.count > 0,
    ],
    ['Make a channel', 'The way in which people are told.', '/channels/new', overview.channels.count > 0],
    ['Write a rule', 'A query, a condition and whom to tell.', '/new', false],
  ] as const
  return (
    <Panel title="First steps">
      <Empty>
        {canTry ? (
          <div class="offer">
            <p>
              <strong>No database at hand?</strong> The sample is one whose figures change every second, with two rules
              on it. The first alert comes within half a minute.
            </p>
            <Action tone="main" run={() => call('POST', '/sample', {}).then(onMade)}>
              Try the sample
            </Action>
          </div>
        ) : null}
        <ol class="steps">
          {steps.map(([title, text, place, isDone]) => (
            <li key={place}>
              <a href={place}>{title}</a> {isDone ? <State of="ok" /> : null}
              <div class="muted">{text}</div>
            </li>
          ))}
        </ol>
        <p>
          Nothing to query? <a href="/runs">Tell of jobs, pipelines and commands instead</a>.
        </p>
      </Empty>
    </Panel>
  )
}
