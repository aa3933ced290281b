import { useState } from 'preact/hooks'
import { call, pathOf } from '../api.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Action, Failure, Link, Page, State, Tags, Text, Time } from '../parts/basics.tsx'
import { List, Search } from '../parts/table.tsx'
import { addressOf, usePlace } from '../router.tsx'
import type { Page as ListPage, Rule } from '../types.ts'

/** All rules, with how they stand. */
export function RulesPage() {
  const { query } = usePlace()
  const { canEdit } = useRights()
  const { search, tag, after } = query
  const path = addressOf('/rules', { limit: '100', search, tag, after })
  const found = useData<ListPage<Rule>>(path, ['rules', 'evaluations', 'alerts'])
  const [failure, setFailure] = useState<string>()
  const isFiltered = search !== undefined || tag !== undefined
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
      <Search all="All rules">{tag === undefined ? null : <span>tagged {tag}</span>}</Search>
      <Failure>{failure}</Failure>
      <List
        label="Rules"
        columns={['State', 'Rule', 'Last value', 'Last run', 'Next run', 'Tags', ...(canEdit ? ['Actions'] : [])]}
        found={found}
        keyOf={({ id }) => id}
        row={(rule) => rowOf(rule, canEdit, found.reload, setFailure)}
        empty={
          isFiltered ? (
            <p>No rule is like that.</p>
          ) : (
            <>
              <p>
                There are no rules yet. A rule queries a connection on a schedule and tells people when its condition is
                true.
              </p>
              {canEdit ? (
                <p>
                  <a href="/new">Write the first rule</a>
                </p>
              ) : null}
            </>
          )
        }
      />
    </Page>
  )
}

function rowOf(rule: Rule, canEdit: boolean, reload: () => void, onFailure: (message?: string) => void) {
  const { id, name, status, nextDueAt, tags } = rule
  const cells = [
    <State of={status.state} />,
    <>
      <Link to={pathOf('rules', id)}>{name}</Link>
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
    <Tags of={tagsOf(tags)} />,
  ]
  return canEdit ? [...cells, <RuleActions rule={rule} onDone={reload} onFailure={onFailure} />] : cells
}

export const tagsOf = (tags: readonly string[]) => tags.map((tag) => [tag, addressOf('/rules', { tag })] as const)

/** What tells of each run that comes has nothing to look at between them. */
export const canRun = (rule: Rule) => 'query' in rule || rule.expect !== undefined

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
      {canRun(rule) ? (
        <Action run={act('run')} onFailure={onFailure}>
          Run{about}
        </Action>
      ) : null}
      <Action run={act(paused ? 'resume' : 'pause')} onFailure={onFailure}>
        {paused ? 'Resume' : 'Pause'}
        {about}
      </Action>
    </span>
  )
}
