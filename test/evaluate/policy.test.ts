import { describe, expect, test } from 'bun:test'
import { orders, type RouteView, type Situation } from '../../src/evaluate/policy.ts'
import type { Alert, AlertState, RouteState } from '../../src/model/alert.ts'
import { routePhases } from '../../src/model/rule.ts'

const NOW = 10 * 3_600_000

function route(changes: Partial<RouteView> = {}): RouteView {
  return {
    key: 'hook',
    when: routePhases,
    each: false,
    closed: null,
    admits: () => ({ pass: true, reason: null }),
    ...changes,
  }
}

function alert(state: AlertState, fingerprint = ''): Alert {
  return {
    fingerprint,
    labels: {},
    state,
    since: 0,
    firingSince: 1,
    history: '',
    missing: 0,
    errors: 0,
    value: '',
    sequence: 7,
  }
}

interface Case {
  rule?: Partial<Situation['rule']>
  /** State before and after, by fingerprint. */
  moves: Record<string, [AlertState, AlertState]>
  told?: Partial<RouteState>[]
}

function decide(view: RouteView, { rule, moves, told = [] }: Case) {
  const entries = Object.entries(moves)
  return orders([view], {
    rule: { notify: 'transitions', remindEvery: '0s', resolve: true, suppressionMinutes: 0, ...rule },
    transitions: entries.flatMap(([fingerprint, [before, after]]) =>
      before === 'normal' && after === 'normal' ? [] : [{ fingerprint, labels: {}, value: '', before, after, why: '' }],
    ),
    before: new Map(entries.map(([fingerprint, [before]]) => [fingerprint, alert(before, fingerprint)])),
    after: new Map(entries.map(([fingerprint, [, after]]) => [fingerprint, alert(after, fingerprint)])),
    told: told.map((state) => ({
      route: 'hook',
      fingerprint: '',
      deliveredAt: null,
      delivery: null,
      sequence: 7,
      ...state,
    })),
    now: NOW,
  })
}

const fires: Case['moves'] = { '': ['normal', 'firing'] }
const goesOn: Case['moves'] = { '': ['firing', 'firing'] }
const ends: Case['moves'] = { '': ['firing', 'normal'] }
const delivered = {
  delivery: { id: 'msg_1', at: NOW - 61_000, state: 'delivered' as const },
  deliveredAt: NOW - 60_000,
}
const open = { delivery: { id: 'msg_1', at: NOW - 61_000, state: 'waiting' as const } }
const sending = { delivery: { id: 'msg_1', at: NOW - 61_000, state: 'sending' as const } }
const unknown = { delivery: { id: 'msg_1', at: NOW - 61_000, state: 'unknown' as const } }
const failed = { delivery: { id: 'msg_1', at: NOW - 61_000, state: 'failed' as const } }

describe('sends', () => {
  test.each<[string, Case, Partial<RouteView>, object]>([
    ['when it begins to fire', { moves: fires }, {}, { kind: 'firing' }],
    ['while firing, what could not be told before', { moves: goesOn }, {}, { kind: 'firing' }],
    [
      'at each true evaluation in the mode `every`',
      { rule: { notify: 'every' }, moves: goesOn, told: [delivered] },
      {},
      { kind: 'firing' },
    ],
    [
      'a reminder when it is due',
      { rule: { remindEvery: '1m' }, moves: goesOn, told: [delivered] },
      {},
      { kind: 'reminder' },
    ],
    [
      'the end of what was told',
      { moves: ends, told: [delivered] },
      {},
      { kind: 'resolved', follows: null, supersedes: null },
    ],
    [
      'the end in place of an undelivered trigger',
      { moves: ends, told: [open] },
      {},
      { kind: 'resolved', supersedes: 'msg_1', reason: { code: 'merged-with-trigger', detail: 'msg_1' } },
    ],
    [
      'the end of what is being sent, should that arrive',
      { moves: ends, told: [sending] },
      {},
      { kind: 'resolved', supersedes: null, follows: 'msg_1' },
    ],
    ['the end of what may have arrived', { moves: ends, told: [unknown] }, {}, { kind: 'resolved', follows: null }],
    [
      'the end of what was told although a reminder failed',
      { moves: ends, told: [{ ...failed, deliveredAt: NOW - 120_000 }] },
      {},
      { kind: 'resolved', follows: null },
    ],
    [
      'anew, where reminders are wanted, what failed for good',
      { rule: { remindEvery: '1m' }, moves: goesOn, told: [failed] },
      {},
      { kind: 'firing' },
    ],
    [
      'that an error is over',
      { moves: { '!error': ['error', 'normal'] }, told: [{ ...delivered, fingerprint: '!error' }] },
      {},
      { kind: 'recovered' },
    ],
    [
      'after the suppression is over',
      { rule: { suppressionMinutes: 1 }, moves: fires, told: [{ ...delivered, sequence: 3 }] },
      {},
      { kind: 'firing' },
    ],
    ['an error', { moves: { '!error': ['normal', 'error'] } }, {}, { kind: 'error' }],
    [
      'although its own condition failed',
      { moves: fires },
      { admits: () => ({ pass: true, reason: { code: 'route-condition-error', detail: 'x' } }) },
      { reason: { code: 'route-condition-error', detail: 'x' } },
    ],
  ])('%s', (_name, input, view, expected) => {
    expect(decide(route(view), input).orders).toMatchObject([expected])
  })
})

describe('stays quiet, and says why', () => {
  test.each<[string, Case, Partial<RouteView>, object]>([
    ['nothing fires', { moves: { '': ['normal', 'normal'] } }, {}, { code: 'not-firing' }],
    ['pending', { moves: { '': ['normal', 'pending'] } }, {}, { code: 'pending' }],
    ['no longer pending', { moves: { '': ['pending', 'normal'] } }, {}, { code: 'not-firing' }],
    ['its message failed for good', { moves: goesOn, told: [failed] }, {}, { code: 'not-delivered', detail: 'msg_1' }],
    [
      'its reminder failed for good, until the next is due',
      { rule: { remindEvery: '5m' }, moves: goesOn, told: [{ ...failed, deliveredAt: NOW - 600_000 }] },
      {},
      { code: 'already-notified', detail: `next reminder at ${new Date(NOW + 239_000).toISOString()}` },
    ],
    ['recovering', { moves: { '': ['firing', 'recovering'] }, told: [delivered] }, {}, { code: 'recovering' }],
    ['told already', { moves: goesOn, told: [delivered] }, {}, { code: 'already-notified' }],
    [
      'the trigger is still on its way',
      { moves: goesOn, told: [open] },
      {},
      { code: 'waiting-for-delivery', detail: 'msg_1' },
    ],
    [
      'an older trigger is still on its way',
      { rule: { notify: 'every' }, moves: fires, told: [{ ...open, sequence: 3 }] },
      {},
      { code: 'waiting-for-delivery', detail: 'msg_1' },
    ],
    [
      'suppressed',
      { rule: { notify: 'every', suppressionMinutes: 60 }, moves: goesOn, told: [delivered] },
      {},
      { code: 'suppressed-until', detail: new Date(NOW + 59 * 60_000).toISOString() },
    ],
    ['not subscribed', { moves: fires }, { when: ['resolved'] }, { code: 'not-subscribed', detail: 'firing' }],
    [
      'no resolve wanted by the route',
      { moves: ends, told: [delivered] },
      { when: ['firing'] },
      { code: 'not-subscribed', detail: 'resolved' },
    ],
    [
      'no resolve in the mode `every`',
      { rule: { notify: 'every' }, moves: ends, told: [delivered] },
      {},
      { code: 'not-subscribed' },
    ],
    ['never told', { moves: ends }, {}, { code: 'trigger-not-delivered' }],
    [
      'told of an earlier firing only',
      { moves: ends, told: [{ ...delivered, sequence: 3 }] },
      {},
      { code: 'trigger-not-delivered' },
    ],
    [
      'the trigger failed for good',
      { moves: ends, told: [failed] },
      {},
      { code: 'trigger-not-delivered', detail: 'msg_1' },
    ],
    [
      'its condition is false',
      { moves: fires },
      { admits: () => ({ pass: false, reason: { code: 'route-condition-false' } }) },
      { code: 'route-condition-false' },
    ],
    [
      'the channel is disabled',
      { moves: fires },
      { closed: { code: 'channel-disabled', detail: 'gone' } },
      { code: 'channel-disabled', detail: 'gone' },
    ],
  ])('%s', (_name, input, view, reason) => {
    const { orders: sent, refusals } = decide(route(view), input)
    expect(sent).toEqual([])
    expect(refusals).toMatchObject([{ reason }])
  })
})

describe('many alerts', () => {
  const many: Case['moves'] = { a: ['normal', 'firing'], b: ['normal', 'firing'], c: ['firing', 'firing'] }
  const told = [{ ...delivered, fingerprint: 'c' }]

  test('make one message', () => {
    const { orders: sent, refusals } = decide(route(), { moves: many, told })
    expect(sent).toMatchObject([{ fingerprints: ['a', 'b'] }])
    expect(refusals).toMatchObject([{ fingerprints: ['c'], reason: { code: 'already-notified' } }])
  })

  test('make one each where the route wants that', () => {
    expect(decide(route({ each: true }), { moves: many, told }).orders).toMatchObject([
      { fingerprints: ['a'] },
      { fingerprints: ['b'] },
    ])
  })

  test('an undelivered message is replaced only when all it tells of has ended', () => {
    const both = [
      { ...open, fingerprint: 'a' },
      { ...open, fingerprint: 'b' },
    ]
    const oneEnds = decide(route(), { moves: { a: ['firing', 'normal'], b: ['firing', 'firing'] }, told: both })
    expect(oneEnds.orders).toMatchObject([
      { kind: 'resolved', fingerprints: ['a'], supersedes: null, follows: 'msg_1' },
    ])
    const laterEnd = decide(route(), { moves: { b: ['firing', 'normal'] }, told: both })
    expect(laterEnd.orders).toMatchObject([{ fingerprints: ['b'], supersedes: null, follows: 'msg_1' }])
    const bothEnd = decide(route(), { moves: { a: ['firing', 'normal'], b: ['firing', 'normal'] }, told: both })
    expect(bothEnd.orders).toMatchObject([{ kind: 'resolved', fingerprints: ['a', 'b'], supersedes: 'msg_1' }])
  })

  test('that end share a message only where the same deliveries decide over it', () => {
    const told = [
      { ...delivered, fingerprint: 'a' },
      { ...delivered, fingerprint: 'b', delivery: { id: 'msg_2', at: 0, state: 'delivered' as const } },
      { ...sending, fingerprint: 'c', delivery: { id: 'msg_3', at: 0, state: 'sending' as const } },
      { ...sending, fingerprint: 'd', delivery: { id: 'msg_4', at: 0, state: 'sending' as const } },
    ]
    const moves = Object.fromEntries(told.map(({ fingerprint }) => [fingerprint, ends['']])) as Case['moves']
    expect(decide(route(), { moves, told }).orders).toMatchObject([
      { fingerprints: ['a', 'b'], follows: null },
      { fingerprints: ['c'], follows: 'msg_3' },
      { fingerprints: ['d'], follows: 'msg_4' },
    ])
  })

  test('take time in proportion to their number', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `alert ${index}`)
    const moves = Object.fromEntries(names.map((name) => [name, ends['']])) as Case['moves']
    const told = names.map((fingerprint, index) => ({
      ...open,
      fingerprint,
      delivery: { ...open.delivery, id: `msg_${index}` },
    }))
    const started = performance.now()
    expect(decide(route(), { moves, told }).orders).toHaveLength(names.length)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
