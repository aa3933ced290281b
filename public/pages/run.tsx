import { pathOf } from '../api.ts'
import { cell, duration, labelText } from '../format.ts'
import { useData } from '../live.ts'
import { Facts, Failure, Link, Page, Panel, Pending, State, Text, Time, Words, waiting } from '../parts/basics.tsx'
import { WebLink } from '../parts/message.tsx'
import { Table } from '../parts/table.tsx'
import { useId } from '../router.tsx'
import type { Explanation, FullRun, ReporterState } from '../types.ts'
import { Took } from './runs.tsx'

/** One run with its steps, what was sent of it, and why not more. */
export function RunPage() {
  const id = useId()
  const { data, error } = useData<FullRun>(pathOf('runs', id), ['runs'])
  if (data === undefined) return waiting('Run', error)
  const { name, kind, uid, state, startedAt, labels, results, log, steps, host, url, trigger, outcome } = data
  return (
    <Page title={name}>
      <section class="panel">
        <Facts
          of={[
            ['State', <State of={state} />],
            ['Outcome', outcome],
            ['Kind', kind],
            ['Run', uid],
            ['Attempt', attemptOf(data)],
            ['Started', startedAt === null ? 'not told' : <Time at={startedAt} />],
            ['Took', startedAt === null ? 'not told' : <Took {...data} />],
            ['Labels', labelText(labels)],
            ['Host', host],
            ['Set going by', trigger?.name ?? ''],
            ['Its own page', url === '' ? '' : <WebLink url={url}>{url}</WebLink>],
            ...Object.entries(results).map(([key, value]) => [key, cell(value)] as const),
          ]}
        />
        <Failure>{data.error?.message}</Failure>
      </section>
      {steps.length === 0 ? null : (
        <Panel title="Steps">
          <Table
            label="Steps"
            columns={['Step', 'State', 'Took', 'Error']}
            items={steps}
            keyOf={(step) => step.id}
            row={(step) => [
              <Text>{step.name}</Text>,
              <State of={step.state} />,
              step.duration === null ? '' : duration(step.duration),
              <Text>{step.error?.message ?? ''}</Text>,
            ]}
          />
        </Panel>
      )}
      <Told path={pathOf('runs', id)} />
      <Why id={id} />
      {log === '' ? null : (
        <Panel title="Log">
          <pre>
            <Text>{log}</Text>
          </pre>
        </Panel>
      )}
    </Page>
  )
}

/** What each rule sent, and what became of it. */
function Told({ path }: { path: string }) {
  const { data, error } = useData<{ reportersStates: ReporterState[] }>(`${path}/reportersStates`, [
    'runs',
    'deliveries',
  ])
  return (
    <Panel title="Who was told, and why not">
      {data === undefined ? (
        <Pending error={error} />
      ) : data.reportersStates.length === 0 ? (
        <p class="muted">
          No rule has decided on it. <a href="/rules">Look at the rules</a>
        </p>
      ) : (
        <Table
          label="What each rule sent"
          columns={['Rule', 'State', 'When', 'Decision', 'Messages']}
          items={data.reportersStates}
          keyOf={({ evaluationId, route }) => `${evaluationId} ${route}`}
          row={({ reporterName, ruleId, step, state, started, messages, ...decision }) => [
            <Link to={pathOf('rules', ruleId)}>{reporterName}</Link>,
            <>
              <State of={state} /> <Text>{step ?? ''}</Text>
            </>,
            <Time at={started} />,
            <Decision {...decision} />,
            messages.messages.map(({ id, recipient, state: sent }) => (
              <div key={id}>
                <State of={sent} />{' '}
                <Link to={pathOf('deliveries', id)}>{recipient === '' ? 'See the message' : recipient}</Link>
              </div>
            )),
          ]}
        />
      )}
    </Panel>
  )
}

function Decision({
  evaluationId,
  channel,
  activated,
  reasons,
  error,
}: Pick<ReporterState, 'evaluationId' | 'channel' | 'activated' | 'reasons' | 'error'>) {
  const why = error.message ?? (activated ? 'told' : reasons.join(' '))
  return (
    <>
      <Text>{channel === null ? why : `${channel}: ${why}`}</Text>{' '}
      <a href={pathOf('evaluations', evaluationId)}>Trace</a>
    </>
  )
}

/** Nothing for the only attempt. */
function attemptOf({ attempt, maxAttempts }: Pick<FullRun, 'attempt' | 'maxAttempts'>): string {
  if (maxAttempts !== null) return `${attempt} of ${maxAttempts}`
  return attempt === 1 ? '' : cell(attempt)
}

/** Every rule that might be about it, those that have said nothing too. */
function Why({ id }: { id: string }) {
  const { data, error } = useData<Explanation>(`${pathOf('explain', id)}?about=run`, ['runs', 'rules'])
  return <Panel title="In words">{data === undefined ? <Pending error={error} /> : <Words of={data.lines} />}</Panel>
}
