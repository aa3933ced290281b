import { call, pathOf } from '../api.ts'
import { duration, labelText } from '../format.ts'
import { useRights } from '../holder.ts'
import { useData } from '../live.ts'
import { Action, Facts, Link, Page, Panel, State, Text, Time, waiting } from '../parts/basics.tsx'
import { MessageView } from '../parts/message.tsx'
import { useId } from '../router.tsx'
import type { Attempt, FullDelivery } from '../types.ts'

const retriable = ['pending', 'rejected', 'dead', 'unknown', 'discarded']
const discardable = ['pending', 'rejected', 'dead', 'unknown']

/** One message with every attempt to send it. */
export function DeliveryPage() {
  const id = useId()
  const path = pathOf('deliveries', id)
  const { canEdit } = useRights()
  const { data, error, reload } = useData<FullDelivery>(path, ['deliveries'])
  if (data === undefined) return waiting('Delivery', error)
  const { message, state, attempts, local } = data
  const act = (verb: string) => () => call('POST', `${path}/${verb}`).then(reload)
  return (
    <Page
      title={message.title === '' ? id : message.title}
      actions={
        canEdit ? (
          <>
            {retriable.includes(state) && local === undefined ? (
              <Action run={act('retry')}>{state === 'pending' ? 'Send now' : 'Send again'}</Action>
            ) : null}
            {discardable.includes(state) ? (
              <Action tone="danger" confirm="Give this message up for good?" run={act('discard')}>
                Discard
              </Action>
            ) : null}
          </>
        ) : null
      }
    >
      <section class="panel">
        <Facts of={factsOf(data)} />
      </section>
      <Panel title="Attempts">
        <Attempts of={attempts} />
      </Panel>
      <Panel title="Message">
        <MessageView message={message} />
      </Panel>
    </Page>
  )
}

function factsOf({
  state,
  reason,
  createdAt,
  nextAt,
  finishedAt,
  waitsFor,
  channel,
  target,
  message,
  evaluationId,
  ruleId,
  kind,
  local,
}: FullDelivery): [string, preact.ComponentChildren][] {
  const about = message.alerts.slice(0, 5).map(({ labels }) => labelText(labels))
  const to = `${channel ?? target.kind}, ${target.destination}`
  const hand = local ? 'the client that sent it' : 'hand'
  const decider = evaluationId === null ? hand : <a href={pathOf('evaluations', evaluationId)}>its evaluation</a>
  return [
    ['State', <State of={state} />],
    ['Why', reason?.text ?? ''],
    ['Kind', kind],
    ['Made', <Time at={createdAt} />],
    ['Next attempt', nextAt && <Time at={nextAt} />],
    ['Finished', finishedAt && <Time at={finishedAt} />],
    ['To', target.channelId === null ? to : <Link to={pathOf('channels', target.channelId)}>{to}</Link>],
    ['Rule', ruleId && <Link to={pathOf('rules', ruleId)}>{message.rule === '' ? ruleId : message.rule}</Link>],
    ['Decided by', decider],
    ['Waits for', waitsFor && <a href={pathOf('deliveries', waitsFor)}>an earlier message</a>],
    ['About', about.filter(Boolean).join('; ')],
  ]
}

/** Each attempt with the receiver's own answer. */
export function Attempts({ of }: { of: readonly Attempt[] }) {
  if (of.length === 0) return <p class="muted">It was not tried yet.</p>
  return (
    <ol class="attempts">
      {of.map(({ number, startedAt, finishedAt, outcome, reason, response, retryAt, trigger }) => (
        <li key={number}>
          <State of={outcome ?? 'under way'} /> <Time at={startedAt} />
          <span class="muted">
            {finishedAt === null ? '' : ` took ${duration(finishedAt - startedAt)}`}
            {trigger === 'manual' ? ', by hand' : ''}
            {reason === null || reason === outcome ? '' : `, ${reason}`}
          </span>
          {retryAt === null ? null : (
            <span class="muted">
              , repeated <Time at={retryAt} />
            </span>
          )}
          {response === null || response === '' ? null : (
            <pre>
              <Text>{response}</Text>
            </pre>
          )}
        </li>
      ))}
    </ol>
  )
}
