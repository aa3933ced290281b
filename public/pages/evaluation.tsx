import { pathOf } from '../api.ts'
import { count, duration, fingerprintText, labelText } from '../format.ts'
import { useData } from '../live.ts'
import { Facts, Failure, Link, Page, Panel, State, Text, Time, Words, waiting } from '../parts/basics.tsx'
import { DataRows, Table } from '../parts/table.tsx'
import { useId } from '../router.tsx'
import type { FullEvaluation, Rule } from '../types.ts'

type Trace = NonNullable<FullEvaluation['trace']>

/** One evaluation with its decision trace. */
export function EvaluationPage() {
  const id = useId()
  const { data, error } = useData<FullEvaluation>(pathOf('evaluations', id))
  const rule = useData<Rule>(data === undefined ? null : pathOf('rules', data.ruleId))
  if (data === undefined) return waiting('Evaluation', error)
  const { project, trace, verdict, value, at, repeats, firstAt, ruleId } = data
  return (
    <Page title={`Evaluation of ${rule.data?.name ?? 'a rule'}`}>
      <section class="panel">
        <Facts
          of={[
            ['Condition', <State of={verdict} />],
            ['Value', value === '' ? 'none' : value],
            ['When', <Time at={at} />],
            ['Rule', <Link to={pathOf('rules', ruleId)}>{rule.data?.name ?? ruleId}</Link>],
            ...(trace === null ? [] : factsOf(trace, project)),
          ]}
        />
        {repeats > 1 ? (
          <p class="muted">
            It stands for {count(repeats, 'evaluation')} like it since <Time at={firstAt} />.
          </p>
        ) : null}
        <Failure>{trace?.error ?? undefined}</Failure>
        <ul class="reasons">
          {trace?.reasons.map(({ code, text }) => (
            <li key={code}>
              <Text>{text}</Text>
            </li>
          ))}
        </ul>
        {trace === null ? (
          <p class="muted">Nothing changed in it, so its trace was not kept.</p>
        ) : trace.condition === '' ? null : (
          <Condition text={trace.condition} />
        )}
      </section>
      {trace === null ? null : <Decisions trace={trace} />}
      <Panel title="In words">
        <Words of={data.words} />
      </Panel>
    </Page>
  )
}

function Condition({ text }: { text: string }) {
  return (
    <pre>
      <Text>{text}</Text>
    </pre>
  )
}

function factsOf({ cause, run, queryTime, rowCount, startedAt, scheduledAt }: Trace, project: string) {
  const late = startedAt - scheduledAt
  const started = ['Started by', `${cause}${late >= 1000 ? `, ${duration(late)} late` : ''}`] as const
  const query = rowCount === null ? 'no result' : `${count(rowCount, 'row')} in ${duration(queryTime ?? 0)}`
  if (run === undefined) return [started, ['Query', query] as const]
  const link = <Link to={pathOf('projects', project, 'runs', run.uid)}>{`${run.name} ${run.state}`}</Link>
  return [started, ['Run', link] as const]
}

function Decisions({ trace }: { trace: Trace }) {
  const { routes, transitions, moreTransitions, sample, rowCount } = trace
  return (
    <>
      <Panel title="Who was told, and why not">
        {routes.length === 0 ? (
          <p class="muted">No route had anything to decide.</p>
        ) : (
          <Table
            label="What became of each route"
            columns={['Route', 'About', 'Decision', 'Message']}
            items={routes}
            keyOf={({ route, fingerprints, reason }) => `${route} ${reason.code} ${fingerprints.join()}`}
            row={({ route, channel, fingerprints, more = 0, text, deliveryId }) => [
              <Text>{route === channel ? route : `${route} (${channel})`}</Text>,
              <Text>{aboutOf(fingerprints, more)}</Text>,
              <Text>{text}</Text>,
              deliveryId === undefined ? (
                <span class="muted">none</span>
              ) : (
                <a href={pathOf('deliveries', deliveryId)}>See the message</a>
              ),
            ]}
          />
        )}
      </Panel>
      {transitions.length === 0 ? null : (
        <Panel title="Alerts">
          <Table
            label="What became of each alert"
            columns={['Alert', 'Before', 'After', 'Value', 'Because']}
            items={transitions}
            keyOf={({ fingerprint }) => fingerprint}
            row={({ labels, before, after, value, why }) => [
              <Text>{Object.keys(labels).length === 0 ? 'the whole rule' : labelText(labels)}</Text>,
              <State of={before} />,
              <State of={after} />,
              <Text>{value}</Text>,
              <Text>{why}</Text>,
            ]}
          />
          {moreTransitions > 0 ? <p class="muted">And {moreTransitions} more.</p> : null}
        </Panel>
      )}
      {sample === null ? null : (
        <Panel title="Rows">
          <DataRows
            {...sample}
            {...((rowCount ?? 0) > sample.rows.length
              ? { more: `The first ${sample.rows.length} of ${rowCount}.` }
              : {})}
          />
        </Panel>
      )}
    </>
  )
}

function aboutOf(fingerprints: readonly string[], more: number): string {
  const named = fingerprints.filter((one) => one !== '')
  if (named.length === 0) return 'the whole rule'
  return `${named.slice(0, 5).map(fingerprintText).join('; ')}${named.length + more > 5 ? ` and ${named.length + more - 5} more` : ''}`
}
