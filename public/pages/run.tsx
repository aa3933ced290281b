import { pathOf } from '../api.ts'
import { cell, duration, labelText } from '../format.ts'
import { useData } from '../live.ts'
import { Facts, Failure, Page, Panel, Pending, State, Text, Time } from '../parts/basics.tsx'
import { Table } from '../parts/table.tsx'
import { useId } from '../router.tsx'
import type { FullRun } from '../types.ts'

/** One run with its steps and what rules made of it. */
export function RunPage() {
  const { data, error } = useData<FullRun>(pathOf('runs', useId()), ['evaluations'])
  if (data === undefined)
    return (
      <Page title="Run">
        <Pending error={error} />
      </Page>
    )
  const { name, kind, uid, state, attempt, startedAt, duration: took, labels, results, log, steps, reports } = data
  return (
    <Page title={name}>
      <section class="panel">
        <Facts
          of={[
            ['State', <State of={state} />],
            ['Kind', kind],
            ['Run', uid],
            ['Attempt', cell(attempt)],
            ['Started', startedAt === null ? 'not told' : <Time at={startedAt} />],
            ['Took', lengthOf(took) || 'not told'],
            ['Labels', labelText(labels) || 'none'],
            ...Object.entries(results).map(([key, value]): [string, string] => [key, cell(value)]),
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
            keyOf={({ id }) => id}
            row={(step) => [
              <Text>{step.name}</Text>,
              <State of={step.state} />,
              lengthOf(step.duration),
              <Text>{step.error?.message ?? ''}</Text>,
            ]}
          />
        </Panel>
      )}
      <Panel title="What rules made of it">
        {reports.length === 0 ? (
          <p class="muted">No rule has decided on it.</p>
        ) : (
          <Table
            label="Decisions"
            columns={['Rule', 'State', 'When', 'Decision']}
            items={reports}
            keyOf={({ ruleId, at, step, state: told }) => `${ruleId} ${at} ${step} ${told}`}
            row={({ rule, ruleId, step, state: told, at, verdict, evaluationId }) => [
              <a href={pathOf('rules', ruleId)}>
                <Text>{rule ?? ruleId}</Text>
              </a>,
              <Text>{step === null ? told : `${step} ${told}`}</Text>,
              <Time at={at} />,
              evaluationId === null ? (
                'its query was made due'
              ) : (
                <a href={pathOf('evaluations', evaluationId)}>{verdict}</a>
              ),
            ]}
          />
        )}
      </Panel>
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

function lengthOf(ms: number | null): string {
  return ms === null ? '' : duration(ms)
}
