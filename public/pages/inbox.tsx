import { useEffect, useRef, useState } from 'preact/hooks'
import { call, pathOf } from '../api.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Action, Facts, Failure, Link, Page, Panel, State, Tabs, Text, Time, waiting } from '../parts/basics.tsx'
import { MessageView } from '../parts/message.tsx'
import { List } from '../parts/table.tsx'
import { addressOf, useId, usePlace } from '../router.tsx'
import type { FullInboxItem, InboxItem, InboxPage as ListPage } from '../types.ts'

/** Messages that were delivered into Tocsin itself. */
export function InboxPage() {
  const { query } = usePlace()
  const { canEdit } = useRights()
  const { unread, after } = query
  const found = useData<ListPage>(addressOf('/inbox', { limit: '50', unread, after }), ['inbox'])
  const { data, reload } = found
  const [failure, setFailure] = useState<string>()
  const newest = data?.items[0]?.id
  return (
    <Page
      title="Inbox"
      actions={
        canEdit && newest !== undefined ? (
          <Action
            disabled={data?.unread === 0}
            onFailure={setFailure}
            // What arrives while one looks stays unread.
            run={() => call('POST', '/inbox/read', { upTo: newest }).then(reload)}
          >
            Mark all as read
          </Action>
        ) : null
      }
    >
      <Tabs
        label="Which messages"
        of={[
          ['/inbox', 'All', unread === undefined],
          ['/inbox?unread=true', 'Unread', unread !== undefined],
        ]}
      />
      <Failure>{failure}</Failure>
      <List
        label="Messages, newest first"
        columns={['State', 'Message', 'Arrived', 'Rule', ...(canEdit ? ['Actions'] : [])]}
        found={found}
        keyOf={({ id }) => id}
        row={(item) => [
          <>
            <State of={stateOf(item)} /> <small>{item.severity}</small>
          </>,
          <>
            <Link to={pathOf('inbox', item.id)}>{item.title === '' ? item.id : item.title}</Link>
            <div class="muted">
              <Text>{item.summary}</Text>
            </div>
          </>,
          <Time at={item.at} />,
          item.ruleId === null ? '' : <Link to={pathOf('rules', item.ruleId)}>{item.rule}</Link>,
          ...(canEdit ? [<Mark item={item} onDone={reload} onFailure={setFailure} />] : []),
        ]}
        empty={
          unread === undefined ? (
            <>
              <p>No message came in yet. Channels of the kind "inbox" keep what they are given here.</p>
              {canEdit ? (
                <p>
                  <a href="/channels/new">Make such a channel</a>, and name it in a rule.
                </p>
              ) : null}
            </>
          ) : (
            <p>
              Everything is read. <a href="/inbox">Show all messages</a>
            </p>
          )
        }
      />
    </Page>
  )
}

const stateOf = ({ readAt }: InboxItem) => (readAt === null ? 'unread' : 'read')

interface MarkProps {
  item: InboxItem
  onDone: () => void
  onFailure?: (message?: string) => void
}

function Mark({ item: { id, readAt, title }, onDone, ...more }: MarkProps) {
  const verb = readAt === null ? 'read' : 'unread'
  return (
    <Action {...more} run={() => call('POST', `${pathOf('inbox', id)}/${verb}`).then(onDone)}>
      Mark as {verb}
      <span class="hidden"> {title}</span>
    </Action>
  )
}

/** One message of the inbox, which is read by that. */
export function InboxItemPage() {
  const path = pathOf('inbox', useId())
  const { canEdit } = useRights()
  const { data, error, reload } = useData<FullInboxItem>(path, ['inbox'])
  const opened = useRef('')
  useEffect(() => {
    // Once: whoever marks it as unread wants that to stay.
    if (data === undefined || opened.current === path) return
    opened.current = path
    if (data.readAt === null && canEdit) void call('POST', `${path}/read`).catch(() => {})
  }, [path, data, canEdit])
  if (data === undefined) return waiting('Message', error)
  const { id, title, kind, at, readAt, until, ruleId, rule, evaluationId, hasDelivery, message } = data
  return (
    <Page title={title === '' ? id : title} actions={canEdit ? <Mark item={data} onDone={reload} /> : null}>
      <section class="panel">
        <Facts
          of={[
            ['Kind', kind],
            ['Arrived', <Time at={at} />],
            ['Read', readAt === null ? 'not yet' : <Time at={readAt} />],
            ['Kept until', <Time at={until} />],
            ['Rule', ruleId && <Link to={pathOf('rules', ruleId)}>{rule}</Link>],
            ['Why it came', evaluationId && <a href={pathOf('evaluations', evaluationId)}>Trace</a>],
            ['How it came', hasDelivery ? <a href={pathOf('deliveries', id)}>Delivery</a> : 'no longer kept'],
          ]}
        />
      </section>
      <Panel title="Message">
        <MessageView message={message} />
      </Panel>
    </Page>
  )
}
