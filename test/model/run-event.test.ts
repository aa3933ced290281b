import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { runRule } from '../../src/model/rule.ts'
import { projectEvent, runEvent } from '../../src/model/run-event.ts'
import { validate } from '../../src/model/validate.ts'

/** What is wrong with an input, each as `path: message`. */
function faults(schema: typeof runEvent | typeof projectEvent | typeof runRule, input: unknown): string[] {
  try {
    validate<never>(schema as never, input)
    return []
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return thrown.issues.map(({ path, message }) => `${path}: ${message}`)
  }
}

describe('an event', () => {
  test('takes short forms for long ones', () => {
    const event = validate(runEvent, {
      time: '2026-01-02T03:04:05Z',
      error: 'broke',
      trigger: 'nightly',
      labels: { build: 7, prod: true, empty: null },
    })
    expect(event).toEqual({
      attempt: 1,
      time: Date.UTC(2026, 0, 2, 3, 4, 5),
      error: { message: 'broke' },
      trigger: { name: 'nightly' },
      labels: { build: '7', prod: 'true', empty: '' },
    })
    expect(validate(runEvent, {})).toEqual({ attempt: 1 })
  })

  const refused: [title: string, input: unknown, expected: string][] = [
    ['an unknown key', { stat: 'running' }, 'stat: unknown key. Did you mean "state"?'],
    ['an unknown state', { state: 'done' }, 'state: must be one of created, pending'],
    ['an unknown kind', { kind: 'task' }, 'kind: must be one of job, pipeline, scenario'],
    ['seconds for ms', { time: 1_780_000_000 }, 'time: must be a time such as'],
    ['no time at all', { time: 'yesterday' }, 'time: must be a time such as'],
    ['attempt nought', { attempt: 0 }, 'attempt: must be a whole number from 1'],
    ['half an attempt', { attempt: 1.5 }, 'attempt: must be a whole number from 1'],
    ['labels in a list', { labels: ['a'] }, 'labels: must be an object'],
    ['a label that is a list', { labels: { a: [] } }, 'labels: must hold texts'],
    ['a name of two lines', { name: 'a\nb' }, 'name: must not hold control characters'],
    ['a step without a name', { steps: [{ state: 'running' }] }, 'steps.0: must have a name or an id'],
    ['a step of an unknown state', { steps: [{ name: 'a', state: 'ok' }] }, 'steps.0.state: must be one of'],
    ['an empty error', { error: '' }, 'error: must not be empty'],
    [
      'a key with a meaning of its own',
      { results: JSON.parse('{"__proto__":1}') },
      'results: must not be named __proto__',
    ],
    ['a step with such a name', { steps: [{ name: '__proto__' }] }, 'steps.0: must not be named __proto__'],
    [
      'too many results',
      { results: Object.fromEntries(Array.from({ length: 201 }, (_, i) => [i, i])) },
      'results: must hold',
    ],
    ['a result too large', { results: { a: 'x'.repeat(300_000) } }, 'results: must be at most 256 kB'],
    ['no object', [], ': must be an object'],
  ]
  for (const [title, input, expected] of refused)
    test(`is refused with ${title}, by field`, () => {
      expect(faults(runEvent, input).join('\n')).toStartWith(expected)
    })

  test('names its run where many come at once', () => {
    expect(faults(projectEvent, { state: 'running' })).toEqual(['uid: is missing'])
    expect(faults(projectEvent, { uid: '', state: 'running' })).toEqual(['uid: must not be empty'])
  })
})

describe('a rule on runs', () => {
  const least = { name: 'r', runs: {}, when: ['error'] }

  test('matches every run unless it says which', () => {
    expect(validate(runRule, least)).toMatchObject({
      runs: { name: '*', labels: {} },
      onConditionError: 'error',
      routes: [],
    })
    expect(validate(runRule, { ...least, routes: [{ channel: 'a' }] }).routes[0]?.when).toContain('end')
  })

  const refused: [title: string, input: unknown, expected: string][] = [
    ['neither when nor expect', { name: 'r', runs: {} }, 'must have either "when"'],
    ['both', { ...least, expect: { longerThan: '1h' } }, 'must have either "when"'],
    ['an unknown occasion', { ...least, when: ['failed'] }, 'when.0: must be one of created'],
    ['no failures', { ...least, when: [{ failures: 0 }] }, 'when.0.failures: must be at least 1'],
    ['no occasion', { ...least, when: [] }, 'when: must name one at least'],
    ['an empty expectation', { name: 'r', runs: {}, expect: {} }, 'expect: must have at least one of schedule'],
    ['a query', { ...least, query: 'select 1' }, 'query: unknown key'],
    [
      'a condition on an expectation',
      { name: 'r', runs: {}, expect: { longerThan: '1h' }, condition: { text: '1' } },
      'must not have a condition',
    ],
  ]
  for (const [title, input, expected] of refused)
    test(`is refused with ${title}`, () => {
      expect(faults(runRule, input).join('\n')).toContain(expected)
    })
})
