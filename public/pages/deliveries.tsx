import { useState } from 'preact/hooks'
import { call, pathOf } from '../api.ts'
import { count } from '../format.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Action, Failure, Link, Page, State, Tabs, Text, Time } from '../parts/basics.tsx'
import { List } from '../parts/table.tsx'
import { addressOf, usePlace } from '../router.tsx'
import type { DeliverySummary, Page as ListPage } from '../types.ts'

const shows = {
  all: {
    label: 'All',
    states: '',
    empty: (
      <>
        <p>No message was made yet.</p>
        <p>
          <a href="/rules">Rules</a> make them when they fire, <a href="/channels">channels</a> when they are tested.
        </p>
      </>
    ),
  },
  queue: { label: 'Queue', states: 'pending,sending', empty: 'Nothing waits to be sent.' },
  dead: { label: 'Dead letters', states: 'rejected,dead,unknown', empty: 'No message was given up.' },
} as const
type Show = keyof typeof shows

/** Messages on their way, arrived, and given up. */
export function DeliveriesPage() {
  const { query } = usePlace()
  const { canEdit } = useRights()
  const show: Show = query['show'] === 'queue' || query['show'] === 'dead' ? query['show'] : 'all'
  const { states, empty } = shows[show]
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [failure, setFailure] = useState<string>()
  const path = addressOf('/deliveries', { limit: '50', state: states, after: query['after'] })
  const found = useData<ListPage<DeliverySummary>>(path, ['deliveries'])
  const { data, reload } = found
  const items = data?.items ?? []
  const ids = items.map(({ id }) => id).filter((id) => chosen.has(id))

  async function bulk(action: 'retry' | 'discard') {
    const { refused } = await call<{ refused: { message: string }[] }>('POST', '/deliveries/bulk', { action, ids })
    setChosen(new Set())
    reload()
    if (refused.length > 0) throw new Error(refused.map(({ message }) => message).join(' '))
  }
  const mark = (id: string, isOn: boolean) =>
    setChosen(new Set(isOn ? [...chosen, id] : [...chosen].filter((one) => one !== id)))

  return (
    <Page title="Deliveries">
      <Tabs
        label="Which deliveries"
        of={Object.entries(shows).map(([key, { label }]) => [
          addressOf('/deliveries', { show: key === 'all' ? '' : key }),
          label,
          key === show,
        ])}
      />
      <Failure>{failure}</Failure>
      {canEdit && show !== 'all' && items.length > 0 ? (
        <div class="actions">
          <button
            type="button"
            onClick={() => setChosen(new Set(ids.length === items.length ? [] : items.map(({ id }) => id)))}
          >
            {ids.length === items.length ? 'Choose none' : 'Choose all shown'}
          </button>
          <Action disabled={ids.length === 0} onFailure={setFailure} run={() => bulk('retry')}>
            Retry {ids.length}
          </Action>
          <Action
            disabled={ids.length === 0}
            tone="danger"
            confirm={`Give up ${count(ids.length, 'message')} for good?`}
            onFailure={setFailure}
            run={() => bulk('discard')}
          >
            Discard {ids.length}
          </Action>
        </div>
      ) : null}
      <List
        label="Deliveries, newest first"
        columns={['State', 'Message', 'Made', 'Attempts', 'Why', ...(canEdit && show !== 'all' ? ['Choose'] : [])]}
        found={found}
        empty={empty}
        keyOf={({ id }) => id}
        row={(delivery) => [
          <State of={delivery.state} />,
          <>
            <Link to={pathOf('deliveries', delivery.id)}>{delivery.title === '' ? delivery.id : delivery.title}</Link>
            <div class="muted">
              {delivery.kind} to{' '}
              <Text>{`${delivery.channel ?? `${delivery.channelKind} ${delivery.destination}`} ${delivery.recipient}`}</Text>
            </div>
          </>,
          <Time at={delivery.createdAt} />,
          String(delivery.attempts),
          <Why {...delivery} />,
          ...(canEdit && show !== 'all'
            ? [
                <input
                  type="checkbox"
                  aria-label={`Choose ${delivery.title}`}
                  checked={chosen.has(delivery.id)}
                  onChange={({ currentTarget }) => mark(delivery.id, currentTarget.checked)}
                />,
              ]
            : []),
        ]}
      />
    </Page>
  )
}

function Why({ state, reason, nextAt, waitsFor }: DeliverySummary) {
  const why = reason?.detail ?? reason?.code
  return (
    <>
      {why === undefined || why === state ? '' : <Text>{why}</Text>}
      {nextAt === null ? null : (
        <div>
          next attempt <Time at={nextAt} />
        </div>
      )}
      {waitsFor === null ? null : (
        <div>
          waits for <a href={pathOf('deliveries', waitsFor)}>an earlier one</a>
        </div>
      )}
    </>
  )
}
