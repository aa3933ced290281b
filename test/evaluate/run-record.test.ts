import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { applyEvent, emptyRecord, occurrencesOf } from '../../src/evaluate/run-record.ts'
import { headOf, viewRun } from '../../src/evaluate/run-view.ts'
import { type RunRecord, type RunView, runStates } from '../../src/model/run.ts'
import { arrivedEvent, type EventInput } from '../support/run-events.ts'

const START = Date.UTC(2026, 0, 1)
const KEY = { project: 'default', uid: 'r' }

/** What is known after events that arrive one after another; each is told for the time it names. */
function known(events: readonly EventInput[]): RunRecord {
  const record = emptyRecord()
  for (const [index, input] of events.entries()) {
    const { event, time } = arrivedEvent('r', input, START + index)
    applyEvent(record, event, time, START + index)
  }
  return record
}

const view = (...events: EventInput[]): RunView => viewRun(KEY, known(events))

/** A record without what depends on when it was heard of. */
function told(record: RunRecord): unknown {
  const states = (of: RunRecord['attempts'][string]['states']) =>
    Object.fromEntries(Object.entries(of).map(([state, [first, last]]) => [state, [first, last]]))
  const attempts = Object.entries(record.attempts).map(([number, attempt]) => [
    number,
    {
      ...attempt,
      states: states(attempt.states),
      steps: Object.fromEntries(
        Object.entries(attempt.steps).map(([id, step]) => [id, { ...step, states: states(step.states) }]),
      ),
    },
  ])
  return { ...record, attempts: Object.fromEntries(attempts) }
}

const state = fc.constantFrom(...runStates)
const time = fc.integer({ min: START, max: START + 50 })
const small = fc.dictionary(fc.constantFrom('a', 'b', 'toString', 'constructor'), fc.integer({ min: 0, max: 3 }))
const step = fc.record(
  {
    id: fc.constantFrom('s1', 's2', 'constructor'),
    state,
    error: fc.constantFrom('e1', 'e2'),
    results: small,
  },
  { requiredKeys: ['id'] },
)
const event = fc.record(
  {
    time,
    attempt: fc.integer({ min: 1, max: 3 }),
    state,
    name: fc.constantFrom('n1', 'n2'),
    host: fc.constantFrom('h1', 'h2'),
    error: fc.constantFrom('x', 'y'),
    labels: small,
    results: small,
    steps: fc.array(step, { maxLength: 3 }),
  },
  { requiredKeys: ['time'] },
)

describe('whatever the order of events, and however often one comes', () => {
  test('the run ends the same, and so does what it came to', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (events, chance) => {
        const mixed = [...events, ...events.filter((_, index) => index % 2 === 0)]
          .map((one) => ({ one, at: chance.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one)
        const [straight, shuffled] = [known(events as EventInput[]), known(mixed as EventInput[])]
        expect(told(shuffled)).toEqual(told(straight))
        expect(viewRun(KEY, shuffled)).toEqual(viewRun(KEY, straight))
        expect(headOf('r', shuffled)).toEqual(headOf('r', straight))
        const occurrences = (record: RunRecord) =>
          occurrencesOf(record)
            .map(({ arrivedAt: _, ...one }) => JSON.stringify(one))
            .sort()
        expect(occurrences(shuffled)).toEqual(occurrences(straight))
      }),
      { numRuns: 2000 },
    )
  })

  test('each state is new once', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 10 }), (events) => {
        const record = emptyRecord()
        const fresh: string[] = []
        for (const input of [...events, ...events] as EventInput[]) {
          const arrived = arrivedEvent('r', input, START)
          for (const one of applyEvent(record, arrived.event, arrived.time, START).fresh)
            fresh.push(`${one.attempt}|${one.step}|${one.state}`)
        }
        expect(new Set(fresh).size).toBe(fresh.length)
        expect(fresh.length).toBe(occurrencesOf(record).length)
      }),
      { numRuns: 500 },
    )
  })

  test('an event finds the states that it overtook, and no others', () => {
    const record = known([
      { time: START + 10, state: 'running' },
      { time: START + 20, state: 'completed' },
    ])
    const late = arrivedEvent('r', { time: START + 15, labels: { a: 'b' } }, START + 30)
    const states = (time: number) => applyEvent(record, late.event, time, START + 30).overtaken.map((one) => one.state)
    expect(states(START + 15)).toEqual(['completed'])
    expect(states(START + 5)).toEqual(['running', 'completed'])
    expect(states(START + 21)).toEqual([])
  })
})

describe('the state of a run', () => {
  test('is the latest that was told, until it ends', () => {
    expect(view({ time: START, state: 'running' }, { time: START + 1, state: 'pending' }).state).toBe('pending')
    expect(view({ time: START + 1, state: 'pending' }, { time: START, state: 'running' }).state).toBe('pending')
    expect(view({ time: START, state: 'created' }, { time: START, state: 'running' }).state).toBe('running')
    expect(view({}).state).toBe('created')
  })

  test('is left at its end only by a newer attempt', () => {
    const end: EventInput = { time: START + 5, state: 'error' }
    expect(view(end, { time: START + 9, state: 'running' }).state).toBe('error')
    expect(view(end, { time: START + 9, state: 'completed' }).state).toBe('error')
    expect(view(end, { time: START + 4, state: 'completed' }).state).toBe('completed')
    expect(view(end, { time: START + 1, attempt: 2, state: 'running' })).toMatchObject({ state: 'running', attempt: 2 })
  })

  test('of events without a time follows their arrival', () => {
    expect(view({ state: 'pending' }, { state: 'running' }, { state: 'completed' }).state).toBe('completed')
    expect(view({ labels: { a: '1' } }, { labels: { a: '2' } }).labels).toEqual({ a: '2' })
  })
})

describe('what is shown of a run', () => {
  test('has the times of its latest attempt, and the error of that one', () => {
    const run = view(
      { time: START, attempt: 1, state: 'running' },
      { time: START + 10, attempt: 1, state: 'error', error: 'first' },
      { time: START + 20, attempt: 2, state: 'running' },
      { time: START + 50, attempt: 2, state: 'completed' },
    )
    expect(run).toMatchObject({ startedAt: START + 20, endedAt: START + 50, duration: 30, error: null })
  })

  test('takes the times that the sender gives over those of its events', () => {
    const run = view({ state: 'running' }, { state: 'completed', startedAt: START - 100, endedAt: START + 900 })
    expect(run).toMatchObject({ startedAt: START - 100, endedAt: START + 900, duration: 1000 })
  })

  test('has no start where only the end is known', () => {
    expect(view({ time: START + 9, state: 'completed' })).toMatchObject({
      startedAt: null,
      endedAt: START + 9,
      duration: null,
    })
    expect(view({ time: START, state: 'pending' }, { time: START + 9, state: 'completed' }).duration).toBe(9)
  })

  test('has its steps in the order they began', () => {
    const run = view({
      time: START,
      steps: [
        { name: 'b', state: 'running', time: START + 2 },
        { name: 'a', state: 'running', time: START + 3 },
        { name: 'c', state: 'error', startedAt: START + 1, error: 'no' },
        { id: '1', name: 'a', state: 'pending' },
      ],
    })
    expect(run.steps.map(({ id, name, state: shown }) => [id, name, shown])).toEqual([
      ['c', 'c', 'error'],
      ['b', 'b', 'running'],
      ['a', 'a', 'running'],
      ['1', 'a', 'pending'],
    ])
  })

  test('at a moment knows nothing of later ones, but for its name', () => {
    const record = known([
      { time: START, state: 'running', labels: { a: 'early' } },
      {
        time: START + 20,
        state: 'error',
        name: 'named',
        results: { x: 1 },
        error: 'broke',
        steps: [{ name: 's', state: 'error' }],
      },
    ])
    expect(viewRun(KEY, record, { attempt: 1, time: START + 10 })).toMatchObject({
      name: 'named',
      state: 'running',
      labels: { a: 'early' },
      results: {},
      error: null,
      endedAt: null,
    })
  })

  test('takes no harm from keys that objects have of their own', () => {
    const run = view({
      labels: JSON.parse('{"constructor":"c","toString":"t"}'),
      steps: [{ id: 'constructor', state: 'error' }],
    })
    expect(run.labels).toEqual({ constructor: 'c', toString: 't' } as never)
    expect(run.steps).toHaveLength(1)
    expect({}).not.toHaveProperty('states')
  })
})
