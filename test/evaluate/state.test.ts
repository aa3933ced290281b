import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { advance, ERROR_ALERT, type Finding, type Item, NO_DATA_ALERT } from '../../src/evaluate/state.ts'
import type { Alert, AlertState } from '../../src/model/alert.ts'
import type { QueryRuleDefinition } from '../../src/model/rule.ts'

type Timing = Pick<QueryRuleDefinition, 'for' | 'keepFiringFor'>

const MINUTE = 60_000
const plain: Timing = { for: '0s', keepFiringFor: '0s' }

function item(fire: boolean, fingerprint = ''): Item {
  return { fingerprint, labels: {}, fire, value: fire ? '9' : '1' }
}

function decided(items: Item[], complete = true): Finding {
  return { kind: 'decided', items, complete }
}

/** Runs findings a minute apart and gives the state of one fingerprint after each. */
function run(timing: Timing, findings: Finding[], fingerprint = ''): { states: AlertState[]; alerts: Alert[] } {
  let alerts: Alert[] = []
  const states = findings.map((finding, index) => {
    const moved = advance(timing, alerts, finding, index * MINUTE)
    alerts = stored(alerts, moved)
    return moved.alerts.get(fingerprint)?.state ?? 'normal'
  })
  return { states, alerts }
}

/** What the store holds after an evaluation. */
function stored(alerts: readonly Alert[], moved: ReturnType<typeof advance>): Alert[] {
  const rows = new Map(alerts.map((alert) => [alert.fingerprint, alert]))
  for (const alert of moved.changed) rows.set(alert.fingerprint, alert)
  for (const fingerprint of moved.gone) rows.delete(fingerprint)
  return [...rows.values()]
}

const yes = decided([item(true)])
const no = decided([item(false)])

describe('an alert moves', () => {
  test.each<[string, Timing, Finding[], AlertState[]]>([
    ['at once without `for`', plain, [no, yes, yes, no], ['normal', 'firing', 'firing', 'normal']],
    [
      'over pending with `for`',
      { ...plain, for: '2m' },
      [yes, yes, yes, yes],
      ['pending', 'pending', 'firing', 'firing'],
    ],
    [
      'back from pending at the first false',
      { ...plain, for: '2m' },
      [yes, yes, no, yes, yes],
      ['pending', 'pending', 'normal', 'pending', 'pending'],
    ],
    [
      'over recovering with `keepFiringFor`',
      { ...plain, keepFiringFor: '2m' },
      [yes, no, no, no, no],
      ['firing', 'recovering', 'recovering', 'normal', 'normal'],
    ],
    [
      'back to firing from recovering',
      { ...plain, keepFiringFor: '5m' },
      [yes, no, yes, no],
      ['firing', 'recovering', 'firing', 'recovering'],
    ],
    [
      'by two of the last three',
      { ...plain, for: { times: 2, of: 3 } },
      [yes, no, yes, no, no, no],
      ['pending', 'pending', 'firing', 'normal', 'normal', 'normal'],
    ],
    [
      'not at all when nothing can be said',
      plain,
      [yes, { kind: 'inconclusive' }, yes],
      ['firing', 'firing', 'firing'],
    ],
  ])('%s', (_name, timing, findings, states) => {
    expect(run(timing, findings).states).toEqual(states)
  })

  test('keeps the time it began to fire through recovering', () => {
    const { alerts } = run({ ...plain, keepFiringFor: '5m' }, [no, yes, no, yes])
    expect(alerts).toMatchObject([{ state: 'firing', firingSince: MINUTE, since: 3 * MINUTE, sequence: MINUTE }])
  })

  test('has another number each time it fires', () => {
    const first = run(plain, [yes]).alerts[0]
    const second = run(plain, [yes, no, yes]).alerts[0]
    expect(first?.sequence).not.toBe(second?.sequence as number)
  })

  test('leaves no row behind once all is well', () => {
    expect(run(plain, [yes, no]).alerts).toEqual([])
    expect(run({ ...plain, for: { times: 2, of: 3 } }, [yes, no, no, no]).alerts).toEqual([])
  })
})

describe('a row that vanishes', () => {
  const both = decided([item(true, 'a'), item(true, 'b')])
  const onlyB = decided([item(true, 'b')])

  test('resolves after two evaluations', () => {
    expect(run(plain, [both, onlyB, onlyB], 'a').states).toEqual(['firing', 'firing', 'normal'])
  })

  test('counts anew when it came back', () => {
    expect(run(plain, [both, onlyB, both, onlyB], 'a').states).toEqual(['firing', 'firing', 'firing', 'firing'])
  })

  test('does not count while the result was cut', () => {
    const cut = decided([item(true, 'b')], false)
    expect(run(plain, [both, cut, cut, cut], 'a').states).toEqual(['firing', 'firing', 'firing', 'firing'])
  })

  test('counts as false where so many of the latest evaluations decide', () => {
    const window: Timing = { ...plain, for: { times: 2, of: 3 } }
    const { states, alerts } = run(window, [both, onlyB, both, onlyB, onlyB, onlyB, onlyB], 'a')
    expect(states).toEqual(['pending', 'pending', 'firing', 'firing', 'normal', 'normal', 'normal'])
    expect(alerts.map(({ fingerprint }) => fingerprint)).toEqual(['b'])
    expect(run(window, [both, onlyB, onlyB, onlyB], 'a').alerts.map(({ fingerprint }) => fingerprint)).toEqual(['b'])
  })

  test('is forgotten at once while it was only pending', () => {
    expect(run({ ...plain, for: '5m' }, [both, onlyB], 'a').states).toEqual(['pending', 'normal'])
  })
})

describe('the rule in trouble', () => {
  const failed: Finding = { kind: 'failed', error: 'boom' }

  test('is told after three failures in a row, and settled by the next success', () => {
    expect(run(plain, [failed, failed, failed, no], ERROR_ALERT).states).toEqual([
      'normal',
      'normal',
      'error',
      'normal',
    ])
  })

  test('is settled too when every alert is to stay as it is', () => {
    const unchanged: Finding = { kind: 'unchanged' }
    expect(run(plain, [failed, failed, failed, unchanged], ERROR_ALERT).states.at(-1)).toBe('normal')
    expect(run(plain, [yes, unchanged]).states).toEqual(['firing', 'firing'])
  })

  test('fires as a whole no longer than its rows cannot be told apart', () => {
    const whole: Finding = { kind: 'decided', items: [item(true)], complete: false }
    const rows = decided([item(false, 'a')])
    expect(run(plain, [whole, rows]).states).toEqual(['firing', 'normal'])
  })

  test('counts only failures in a row', () => {
    expect(run(plain, [failed, failed, no, failed, failed], ERROR_ALERT).states).toEqual(Array(5).fill('normal'))
  })

  test('keeps what its alerts were', () => {
    expect(run(plain, [yes, failed, failed, failed, yes]).states).toEqual(Array(5).fill('firing'))
  })

  test('has an alert of its own for the lack of data', () => {
    expect(run(plain, [{ kind: 'no-data' }, no], NO_DATA_ALERT).states).toEqual(['no-data', 'normal'])
  })
})

test('whatever comes, an alert fires only when told to and every change is a transition', () => {
  const findings = fc.array(
    fc.oneof(
      fc.constant<Finding>({ kind: 'inconclusive' }),
      fc.constant<Finding>({ kind: 'failed', error: 'x' }),
      fc.constant<Finding>({ kind: 'no-data' }),
      fc
        .record({ a: fc.option(fc.boolean()), b: fc.option(fc.boolean()), complete: fc.boolean() })
        .map(({ a, b, complete }) =>
          decided([...(a === null ? [] : [item(a, 'a')]), ...(b === null ? [] : [item(b, 'b')])], complete),
        ),
    ),
    { maxLength: 30 },
  )
  const timings = fc.constantFrom<Timing>(
    plain,
    { for: '3m', keepFiringFor: '2m' },
    { for: { times: 2, of: 4 }, keepFiringFor: '0s' },
  )
  fc.assert(
    fc.property(timings, findings, (timing, all) => {
      let alerts: Alert[] = []
      let everTrue = new Set<string>()
      all.forEach((finding, index) => {
        if (finding.kind === 'decided')
          everTrue = new Set([...everTrue, ...finding.items.flatMap((one) => (one.fire ? [one.fingerprint] : []))])
        const moved = advance(timing, alerts, finding, index * MINUTE)
        for (const alert of moved.alerts.values()) {
          if (alert.state === 'firing') expect(everTrue.has(alert.fingerprint)).toBe(true)
          const old = alerts.find((one) => one.fingerprint === alert.fingerprint)?.state ?? 'normal'
          if (old !== alert.state)
            expect(moved.transitions).toContainEqual(
              expect.objectContaining({ fingerprint: alert.fingerprint, before: old, after: alert.state }),
            )
        }
        alerts = stored(alerts, moved)
      })
    }),
  )
})
