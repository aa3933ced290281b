import { pathOf } from '../api.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Link, Page, State, Text, Time } from '../parts/basics.tsx'
import { List } from '../parts/table.tsx'
import type { Page as ListPage, Thing } from '../types.ts'
import { type Collection, healthOf, words } from './thing-words.ts'

/** All channels, or all connections, with how they are. */
function ThingsPage({ collection }: { collection: Collection }) {
  const { canEdit } = useRights()
  const found = useData<ListPage<Thing>>(`/${collection}?limit=500`, [collection])
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
      <List
        label={title}
        columns={['State', 'Name', 'Kind', 'Leads to', 'Why']}
        found={found}
        keyOf={({ id }) => id}
        row={(thing) => [
          <State of={healthOf(thing)} />,
          <>
            <Link to={pathOf(collection, thing.id)}>{thing.name}</Link>
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
        empty={
          <>
            <p>{empty}</p>
            {canEdit ? (
              <p>
                <a href={`/${collection}/new`}>Make the first one</a>
              </p>
            ) : null}
          </>
        }
      />
    </Page>
  )
}

function placeOf({ destination, settings }: Thing): string {
  const place = destination ?? settings['host'] ?? settings['url'] ?? settings['path'] ?? ''
  return typeof place === 'string' ? place : JSON.stringify(place)
}

export const ChannelsPage = () => <ThingsPage collection="channels" />
export const ConnectionsPage = () => <ThingsPage collection="connections" />
