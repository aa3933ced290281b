import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { projectEvent, runEvent } from '../../src/model/run-event.ts'
import { readProjectEvent, readRunEvent } from '../../src/model/run-event-read.ts'

const long = (length: number) => 'x'.repeat(length)
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, key) => [`k${key}`, key]))

/** Values of every field: plain ones, those at a limit, those beyond it, and those of another kind. */
const values: Record<string, readonly unknown[]> = {
  uid: ['r1', '', long(500), long(501), 'a\nb', 'a\u0085b', 5, null],
  id: ['e1', '', long(200), long(201), 7],
  time: [1_780_000_000_000, '2026-01-31T12:00:00Z', 'soon', 12, 1e14, -1, null, [], Number.NaN],
  attempt: [1, 2, 10_000, 10_001, 0, 1.5, '1', null],
  maxAttempts: [1, 3, 10_000, 10_001, 0, 1.5, '1', null],
  state: ['running', 'completed', 'done', '', null],
  outcome: ['', 'WARNING', long(100), long(101), 3],
  name: ['job', '', long(300), long(301), 'a\u0000', 'a\u007f', 'Zoë'],
  kind: ['job', 'pipeline', 'scenario', 'task', 1],
  labels: [{}, { a: 'b' }, { a: 1, b: true, c: null }, { a: {} }, { a: ['b'] }, many(200), many(201), [], 'a=b', null],
  parameters: [{ a: { b: [1] } }, { a: 'b', n: 0.5, t: false, z: null }, { [long(300)]: 1 }, { [long(301)]: 1 }],
  results: [
    { a: long(256 * 1024) },
    { a: long(1000) },
    JSON.parse('{"__proto__":1}'),
    JSON.parse('{"__proto__":{"a":1}}'),
  ],
  error: ['failed', '', { message: 'failed', type: 'E' }, { type: 'E' }],
  host: ['h', '', long(500), long(501)],
  trigger: ['manual', { name: 'manual', params: { a: 1 } }, {}],
  url: ['https://example.com', long(5000), long(5001)],
  schedule: ['nightly', long(501)],
  parent: ['p', long(501)],
  log: ['line\nline', long(65_536), long(65_537)],
  startedAt: [1_780_000_000_000, '2026-01-31T12:00:00Z', 'x'],
  endedAt: [1_780_000_000_500, null],
  steps: [[], [{ name: 's', state: 'running' }], [{}], {}],
  unheard: ['of'],
}

function faultOf(read: () => unknown): unknown {
  try {
    return { read: read() }
  } catch (thrown) {
    return thrown
  }
}

const base = { uid: 'r1', id: 'e1', name: 'job', state: 'completed', labels: { team: 'data' } }
const inputs: unknown[] = [{}, { uid: 'r1' }, [], null, 'text', 5, [base], base]
for (const [key, list] of Object.entries(values)) for (const value of list) inputs.push({ ...base, [key]: value })
// Two fields at once, so that one is read the short way and the other is not.
for (const [first, [one]] of Object.entries(values))
  for (const [second, list] of Object.entries(values))
    if (first !== second) inputs.push({ uid: 'r1', [first]: one, [second]: list.at(-1) })

describe('reading an event', () => {
  test('gives what the schema gives, and refuses what it refuses', () => {
    let [read, refused] = [0, 0]
    for (const input of inputs) {
      const wanted = v.safeParse(projectEvent, input)
      if (!wanted.success || Array.isArray(input)) {
        expect(faultOf(() => readProjectEvent(input))).toMatchObject({ code: 'invalid' })
        refused += 1
        continue
      }
      const { uid, ...event } = wanted.output
      expect(readProjectEvent(input)).toEqual({ uid, event })
      read += 1
    }
    expect(Math.min(read, refused)).toBeGreaterThan(50)
  })

  test('does so as well where the address names the run', () => {
    for (const input of inputs) {
      const wanted = v.safeParse(runEvent, input)
      if (wanted.success && !Array.isArray(input)) expect(readRunEvent(input)).toEqual(wanted.output)
      else expect(faultOf(() => readRunEvent(input))).toMatchObject({ code: 'invalid' })
    }
  })

  test('names a fault beside plain fields as ever', () => {
    expect(faultOf(() => readProjectEvent({ ...base, state: 'done' }))).toMatchObject({ issues: [{ path: 'state' }] })
  })
})
