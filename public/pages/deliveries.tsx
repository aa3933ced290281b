import { useState } from 'preact/hooks'
import { call, pathOf } from '../api.ts'
import { count } from '../format.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Action, Empty, Failure, Page, Pending, State, Text, Time } from '../parts/basics.tsx'
import { Table } from '../parts/table.tsx'
import { usePlace } from '../router.tsx'
import type { DeliverySummary, Page as ListPage } from '../types.ts'

const shows = {
  all: { label: 'All', states: '' },
  queue: { label: 'Queue', states: 'pending,sending' },
  dead: { label: 'Dead letters', states: 'rejected,dead,unknown' },
} as const
type Show = keyof typeof shows

/** Messages on their way, arrived, and given up. */
export function DeliveriesPage() {
  const { query } = usePlace()
  const { canEdit } = useRights()
  const show: Show = query['show'] === 'queue' || query['show'] === 'dead' ? query['show'] : 'all'
  const { states } = shows[show]
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [failure, setFailure] = useState<string>()
  const filter = new URLSearchParams({
    limit: '50',
    ...(states === '' ? {} : { state: states }),
    ...(query['after'] === undefined ? {} : { after: query['after'] }),
  })
  const { data, error, reload } = useData<ListPage<DeliverySummary>>(`/deliveries?${filter}`, ['deliveries'])
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
      <nav class="tabs" aria-label="Which deliveries">
        {Object.entries(shows).map(([key, { label }]) => (
          <a
            key={key}
            href={key === 'all' ? '/deliveries' : `/deliveries?show=${key}`}
            aria-current={key === show ? 'page' : undefined}
          >
            {label}
          </a>
        ))}
      </nav>
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
      {data === undefined ? (
        <Pending error={error} />
      ) : items.length === 0 ? (
        <Empty>
          <p>
            {show === 'dead'
              ? 'No message was given up.'
              : show === 'queue'
                ? 'Nothing waits to be sent.'
                : 'No message was made yet. Rules make them when they fire.'}
          </p>
        </Empty>
      ) : (
        <Table
          label="Deliveries, newest first"
          columns={['State', 'Message', 'Made', 'Attempts', 'Why', ...(canEdit && show !== 'all' ? ['Choose'] : [])]}
          items={items}
          keyOf={({ id }) => id}
          row={(delivery) => [
            <State of={delivery.state} />,
            <>
              <a href={pathOf('deliveries', delivery.id)}>
                <Text>{delivery.title === '' ? delivery.id : delivery.title}</Text>
              </a>
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
      )}
      {data?.next == null ? null : (
        <a href={`/deliveries?${new URLSearchParams({ ...query, after: data.next })}`}>Older</a>
      )}
    </Page>
  )
}

function Why({ reason, nextAt, waitsFor }: DeliverySummary) {
  return (
    <>
      {reason === null ? '' : <Text>{reason.detail ?? reason.code}</Text>}
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
