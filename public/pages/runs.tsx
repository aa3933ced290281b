import { pathOf } from '../api.ts'
import { duration } from '../format.ts'
import { useData, useNow } from '../live.ts'
import { Link, Page, State, Tabs, Tags, Text, Time } from '../parts/basics.tsx'
import { List, Search } from '../parts/table.tsx'
import { addressOf, usePlace } from '../router.tsx'
import type { Page as ListPage, ShortRun } from '../types.ts'

const shows = [
  ['', 'All'],
  ['created,pending,pendingRetry,unknown,running,aborting', 'Under way'],
  ['error', 'Failed'],
  ['aborted', 'Aborted'],
  ['completed', 'Completed'],
  ['skipped', 'Skipped'],
] as const

/** Characters of an error. */
const SHOWN = 200

/** Runs that were told of. */
export function RunsPage() {
  const { query } = usePlace()
  const { state = '', search, label, after } = query
  const found = useData<ListPage<ShortRun>>(addressOf('/runs', { limit: '50', state, search, label, after }), ['runs'])
  return (
    <Page title="Runs">
      <Tabs
        label="Which runs"
        of={shows.map(([states, name]) => [
          addressOf('/runs', { ...query, state: states, after: '' }),
          name,
          states === state,
        ])}
      />
      <Search all="All runs">{label === undefined ? null : <span>labelled {label}</span>}</Search>
      <List
        label="Runs, newest first"
        columns={['State', 'Run', 'Started', 'Took', 'Labels']}
        found={found}
        keyOf={({ uid }) => uid}
        row={(run) => [
          <State of={run.state} />,
          <>
            <Link to={pathOf('projects', run.project, 'runs', run.uid)}>{run.name}</Link>
            <div class="muted">
              <Text>{`${run.kind} of ${run.project}${run.uid === run.name ? '' : `, ${run.uid}`}`}</Text>
            </div>
            {run.error === null ? null : <Text>{run.error.message.slice(0, SHOWN)}</Text>}
          </>,
          run.startedAt === null ? '' : <Time at={run.startedAt} />,
          <Took {...run} />,
          <Tags
            of={Object.entries(run.labels).map(([name, value]) => [
              `${name}=${value}`,
              addressOf('/runs', { label: `${name}=${value}` }),
            ])}
          />,
        ]}
        empty={
          Object.keys(query).length > 0 ? (
            <p>
              No run is like that. <a href="/runs">Show all runs</a>
            </p>
          ) : (
            <>
              <p>No run was told of yet. A run is one execution of a job, a pipeline or a scenario.</p>
              <p>In front of any command, this tells of its start, its end and how it ended:</p>
              <pre>
                {`export TOCSIN_URL=${location.origin} TOCSIN_TOKEN=…\ntocsin exec --name nightly-backup -- ./backup.sh`}
              </pre>
              <p>
                So does an address for cron lines and curl, which <code>POST /api/v1/pings</code> makes. Rules on runs
                then tell people.
              </p>
            </>
          )
        }
      />
    </Page>
  )
}

/** How long a run took, or has been under way. */
export function Took({ duration: took, startedAt, endedAt, state }: ShortRun) {
  const now = useNow()
  if (took !== null) return <>{duration(took)}</>
  return startedAt === null || endedAt !== null || state === 'created' ? null : (
    <span class="muted">{duration(now - startedAt)} so far</span>
  )
}
