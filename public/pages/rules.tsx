import { useState } from 'preact/hooks'
import { call, pathOf } from '../api.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Action, Empty, Failure, Page, Pending, State, Text, Time } from '../parts/basics.tsx'
import { Table } from '../parts/table.tsx'
import { usePlace } from '../router.tsx'
import type { Page as ListPage, Rule } from '../types.ts'

/** All rules, with how they stand. */
export function RulesPage() {
  const { query, go } = usePlace()
  const { canEdit } = useRights()
  const search = query['search'] ?? ''
  const after = query['after']
  const filter = new URLSearchParams({
    limit: '100',
    ...(search === '' ? {} : { search }),
    ...(query['tag'] === undefined ? {} : { tag: query['tag'] }),
    ...(after === undefined ? {} : { after }),
  })
  const { data, error, reload } = useData<ListPage<Rule>>(`/rules?${filter}`, ['rules', 'evaluations', 'alerts'])
  const [failure, setFailure] = useState<string>()
  const isFiltered = search !== '' || query['tag'] !== undefined || after !== undefined
  return (
    <Page
      title="Rules"
      actions={
        canEdit ? (
          <a class="button main" href="/new">
            New rule
          </a>
        ) : null
      }
    >
      <form
        class="search"
        onSubmit={(event) => {
          event.preventDefault()
          const text = new FormData(event.currentTarget).get('search')
          go(`/rules?${new URLSearchParams({ search: String(text) })}`)
        }}
      >
        <input
          type="search"
          name="search"
          aria-label="Part of the name"
          placeholder="Part of the name"
          value={search}
        />
        <button type="submit">Search</button>
        {isFiltered ? <a href="/rules">All rules</a> : null}
        {query['tag'] === undefined ? null : <span>tagged {query['tag']}</span>}
      </form>
      <Failure>{failure}</Failure>
      {data === undefined ? (
        <Pending error={error} />
      ) : data.items.length === 0 ? (
        <Empty>
          {isFiltered ? (
            <p>No rule is like that.</p>
          ) : (
            <p>
              There are no rules yet. A rule queries a connection on a schedule and tells people when its condition is
              true.
            </p>
          )}
          {canEdit && !isFiltered ? (
            <p>
              <a href="/new">Write the first rule</a>
            </p>
          ) : null}
        </Empty>
      ) : (
        <Table
          label="Rules"
          columns={['State', 'Rule', 'Last value', 'Last run', 'Next run', 'Tags', ...(canEdit ? ['Actions'] : [])]}
          items={data.items}
          keyOf={({ id }) => id}
          row={(rule) => rowOf(rule, canEdit, reload, setFailure)}
        />
      )}
      {data?.next == null ? null : (
        <a href={`/rules?${new URLSearchParams({ ...query, after: data.next })}`}>More rules</a>
      )}
    </Page>
  )
}

function rowOf(rule: Rule, canEdit: boolean, reload: () => void, onFailure: (message?: string) => void) {
  const { id, name, status, nextDueAt, tags } = rule
  const cells = [
    <State of={status.state} />,
    <>
      <a href={pathOf('rules', id)}>
        <Text>{name}</Text>
      </a>
      <div class="muted">
        <Text>{'query' in rule ? rule.connection : 'runs'}</Text>
      </div>
    </>,
    status.latest === null ? (
      ''
    ) : (
      <Text>{status.latest.value === '' ? status.latest.verdict : status.latest.value}</Text>
    ),
    status.latest === null ? 'never' : <Time at={status.latest.at} />,
    nextDueAt === null ? '' : <Time at={nextDueAt} />,
    <Tags of={tags} />,
  ]
  return canEdit ? [...cells, <RuleActions rule={rule} onDone={reload} onFailure={onFailure} />] : cells
}

export function Tags({ of }: { of: readonly string[] }) {
  return (
    <>
      {of.map((tag) => (
        <a key={tag} class="tag" href={`/rules?${new URLSearchParams({ tag })}`}>
          <Text>{tag}</Text>
        </a>
      ))}
    </>
  )
}

/** Run, pause or resume. */
export function RuleActions({
  rule,
  onDone,
  onFailure,
}: {
  rule: Rule
  onDone: () => void
  onFailure: (message?: string) => void
}) {
  const { id, name, paused } = rule
  const act = (verb: string) => () => call('POST', `${pathOf('rules', id)}/${verb}`).then(onDone)
  const about = <span class="hidden"> {name}</span>
  return (
    <span class="actions">
      <Action run={act('run')} onFailure={onFailure}>
        Run{about}
      </Action>
      <Action run={act(paused ? 'resume' : 'pause')} onFailure={onFailure}>
        {paused ? 'Resume' : 'Pause'}
        {about}
      </Action>
    </span>
  )
}
