import { pathOf } from '../api.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Empty, Page, Pending, State, Text, Time } from '../parts/basics.tsx'
import { Table } from '../parts/table.tsx'
import type { Page as ListPage, Thing } from '../types.ts'
import { type Collection, healthOf, words } from './thing-words.ts'

/** All channels, or all connections, with how they are. */
function ThingsPage({ collection }: { collection: Collection }) {
  const { canEdit } = useRights()
  const { data, error } = useData<ListPage<Thing>>(`/${collection}?limit=500`, [collection])
  const { title, one, empty } = words[collection]
  return (
    <Page
      title={title}
      actions={
        canEdit ? (
          <a class="button main" href={`/${collection}/new`}>
            New {one}
          </a>
        ) : null
      }
    >
      {data === undefined ? (
        <Pending error={error} />
      ) : data.items.length === 0 ? (
        <Empty>
          <p>{empty}</p>
          {canEdit ? (
            <p>
              <a href={`/${collection}/new`}>Make the first one</a>
            </p>
          ) : null}
        </Empty>
      ) : (
        <Table
          label={title}
          columns={['State', 'Name', 'Kind', 'Leads to', 'Why']}
          items={data.items}
          keyOf={({ id }) => id}
          row={(thing) => [
            <State of={healthOf(thing)} />,
            <>
              <a href={pathOf(collection, thing.id)}>
                <Text>{thing.name}</Text>
              </a>
              {thing.fallback === true ? <small> fallback</small> : null}
            </>,
            thing.kind,
            <Text>{placeOf(thing)}</Text>,
            <>
              <Text>{thing.disabled ?? thing.lastError ?? ''}</Text>
              {typeof thing.failingSince === 'number' ? (
                <div>
                  since <Time at={thing.failingSince} />
                </div>
              ) : null}
            </>,
          ]}
        />
      )}
    </Page>
  )
}

function placeOf({ destination, settings }: Thing): string {
  const place = destination ?? settings['host'] ?? settings['url'] ?? settings['path'] ?? ''
  return typeof place === 'string' ? place : JSON.stringify(place)
}

export const ChannelsPage = () => <ThingsPage collection="channels" />
export const ConnectionsPage = () => <ThingsPage collection="connections" />
