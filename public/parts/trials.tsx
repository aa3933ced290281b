import { useEffect, useState } from 'preact/hooks'
import { call, messageOf, Refusal } from '../api.ts'
import { count, duration, labelText } from '../format.ts'
import type { ConditionAnswer, Preview, Rows, ScheduleAnswer } from '../types.ts'
import { Failure, State, Text, Time } from './basics.tsx'
import { MessageView, payloadText, Raw } from './message.tsx'
import { DataRows } from './table.tsx'

/** ms after the last key before something is tried. */
const PAUSE = 400

export interface Trial<T> {
  answer: T | undefined
  /** What is wrong, without the field's name. */
  problem: string | undefined
}

/** Tries what is typed whenever it rests for a moment; null: there is nothing to try. */
export function useTrial<T>(path: string, body: object | null): Trial<T> {
  const [trial, setTrial] = useState<Trial<T>>({ answer: undefined, problem: undefined })
  const text = body === null ? null : JSON.stringify(body)
  useEffect(() => {
    if (text === null) return setTrial({ answer: undefined, problem: undefined })
    let isWanted = true
    const timer = setTimeout(() => {
      call<T>('POST', path, JSON.parse(text)).then(
        (answer) => isWanted && setTrial({ answer, problem: undefined }),
        (thrown: unknown) => isWanted && setTrial({ answer: undefined, problem: problemOf(thrown) }),
      )
    }, PAUSE)
    return () => {
      isWanted = false
      clearTimeout(timer)
    }
  }, [path, text])
  return trial
}

function problemOf(thrown: unknown): string {
  const [first] = thrown instanceof Refusal ? thrown.issues : []
  return first?.message ?? messageOf(thrown)
}

export function RowsTried({ rows, problem }: { rows: Rows | undefined; problem: string | undefined }) {
  if (problem !== undefined) return <Failure>{problem}</Failure>
  if (rows === undefined) return null
  return (
    <div role="status">
      <p class="muted">
        {count(rows.count, 'row')} in {duration(rows.elapsed)}
        {rows.truncated ? '; there are more' : ''}
      </p>
      <DataRows
        columns={rows.columns}
        rows={rows.rows.slice(0, 20)}
        {...(rows.rows.length > 20 ? { more: `The first 20 of ${rows.count}.` } : {})}
      />
    </div>
  )
}

/** The condition on the rows that were tried. */
export function ConditionTried({ answer, problem }: Trial<ConditionAnswer>) {
  if (problem !== undefined)
    return (
      <p class="issue" role="status">
        <Text>{problem}</Text>
      </p>
    )
  if (answer === undefined) return <p class="muted">Run the query to see what the condition makes of its rows.</p>
  const { verdict, value, error, alerts } = answer
  return (
    <div role="status">
      <p>
        Now: <State of={verdict} />{' '}
        {value === '' ? null : (
          <strong>
            <Text>{value}</Text>
          </strong>
        )}{' '}
        <Text>{error ?? ''}</Text>
      </p>
      {alerts.some(({ labels }) => Object.keys(labels).length > 0) ? (
        <ul class="alerts">
          {alerts.slice(0, 20).map(({ labels, fire, value: own }) => (
            <li key={JSON.stringify(labels)}>
              <State of={fire ? 'firing' : 'normal'} /> <Text>{`${labelText(labels)}: ${own}`}</Text>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  )
}

export function ScheduleTried({ answer }: Trial<ScheduleAnswer>) {
  if (answer === undefined) return null
  return (
    <div role="status">
      <p>
        <strong>{answer.words}</strong>
      </p>
      <ul class="times">
        {answer.next.map((time) => (
          <li key={time}>
            <Time at={time} />
          </li>
        ))}
      </ul>
    </div>
  )
}

/** What the rule would do and send now. */
export function PreviewShown({ preview }: { preview: Preview }) {
  const { verdict, value, error, warnings, routes, messages } = preview
  return (
    <div role="status">
      <p>
        The condition is <State of={verdict} /> {value === '' ? '' : <Text>{value}</Text>}
      </p>
      <Failure>{error ?? undefined}</Failure>
      {warnings.map((warning) => (
        <p class="notice warn" key={warning}>
          <Text>{warning}</Text>
        </p>
      ))}
      {messages.map(({ route, channel, kind, message, rendered }) => (
        <div class="panel" key={`${route} ${message.title}`}>
          <h3>
            To <Text>{channel}</Text>
          </h3>
          <MessageView message={message} />
          <Raw label={`As ${kind} gets it`} text={payloadText(rendered)} />
        </div>
      ))}
      {messages.length > 0 ? null : (
        <ul>
          {routes.map(({ route, text }) => (
            <li key={route}>
              <Text>{`${route}: ${text}`}</Text>
            </li>
          ))}
          {routes.length === 0 ? <li>It has no routes, so nobody would be told.</li> : null}
        </ul>
      )}
    </div>
  )
}
