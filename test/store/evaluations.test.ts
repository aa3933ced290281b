import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Alert } from '../../src/model/alert.ts'
import type { NewDelivery } from '../../src/model/delivery.ts'
import { blankMessage } from '../../src/model/message.ts'
import type { Rule } from '../../src/model/rule.ts'
import type { EvaluationCommit } from '../../src/store/evaluations.ts'
import { newRule } from '../support/rules.ts'
import { openTestStore, type TestStore } from '../support/test-store.ts'

let world: TestStore
let rule: Rule
beforeEach(async () => {
  world = openTestStore()
  rule = await world.store.rules.create(newRule({ nextDueAt: 50 }))
})
afterEach(() => world.close())

function commitOf(changes: Partial<EvaluationCommit> = {}): EvaluationCommit {
  const at = changes.at ?? 100
  return {
    id: `evl_${at}`,
    project: 'default',
    ruleId: rule.id,
    ruleVersion: rule.version,
    at,
    verdict: 'true',
    value: '3',
    minimum: 3,
    maximum: 4,
    notable: true,
    trace: {
      cause: 'schedule',
      scheduledAt: 50,
      startedAt: at,
      finishedAt: at + 5,
      missedTicks: 0,
      queryTime: 2,
      rowCount: 1,
      sample: null,
      condition: 'n > 0',
      value: '3',
      reasons: [{ code: 'condition-true' }],
      error: null,
      transitions: [],
      moreTransitions: 0,
      routes: [],
    },
    result: { columns: [{ name: 'n', type: 'integer' }], rows: [[3]], truncated: false, elapsed: 2 },
    keepPrevious: false,
    success: true,
    settlesTick: true,
    alerts: [],
    goneAlerts: [],
    told: [],
    deliveries: [],
    ...changes,
  }
}

const firing: Alert = {
  fingerprint: '',
  labels: {},
  state: 'firing',
  since: 100,
  firingSince: 100,
  history: '',
  missing: 0,
  errors: 0,
  value: '3',
  sequence: 100,
}

function delivery(id: string): NewDelivery {
  return {
    id,
    project: 'default',
    ruleId: rule.id,
    evaluationId: 'evl_100',
    route: 'hook',
    fingerprints: [''],
    target: { channelId: null, kind: 'webhook', destination: 'webhook|here', settings: {}, sealed: null },
    kind: 'firing',
    message: blankMessage('firing', 100, { title: 't', rule: 'rule' }),
    createdAt: 100,
  }
}

describe('an evaluation is stored whole', () => {
  test('with the alert, what was told and the delivery', async () => {
    const told = [{ route: 'hook', fingerprint: '', deliveryId: 'msg_1', sequence: 100 }]
    const commit = commitOf({ alerts: [firing], told, deliveries: [delivery('msg_1')] })
    expect(await world.store.evaluations.commit(commit)).toBe(commit)
    expect(await world.store.evaluations.state(rule.id)).toEqual({
      alerts: [firing],
      routes: [
        {
          route: 'hook',
          fingerprint: '',
          deliveredAt: null,
          sequence: 100,
          delivery: { id: 'msg_1', at: 100, state: 'waiting' },
        },
      ],
    })
    expect(await world.store.rules.get(rule.id)).toMatchObject({ lastRunAt: 100, lastSuccessAt: 100 })
    expect((await world.store.deliveries.get('msg_1'))?.delivery).toMatchObject({
      state: 'pending',
      evaluationId: 'evl_100',
    })
  })

  test('or not at all', async () => {
    const broken = {
      ...delivery('msg_2'),
      kind: null as unknown as NewDelivery['kind'],
      message: null as unknown as NewDelivery['message'],
    }
    expect(
      world.store.evaluations.commit(commitOf({ alerts: [firing], deliveries: [delivery('msg_1'), broken] })),
    ).rejects.toThrow()
    expect(await world.store.evaluations.get('default', 'evl_100')).toBeUndefined()
    expect(await world.store.evaluations.state(rule.id)).toEqual({ alerts: [], routes: [] })
    expect(await world.store.deliveries.get('msg_1')).toBeUndefined()
  })

  test('but its decisions are void when the rule was edited meanwhile', async () => {
    await world.store.rules.claimDue(60, 1, () => 500)
    await world.store.rules.update(rule.id, 1, { warnings: ['edited'], updatedAt: 1 })
    const queued = {
      route: 'hook',
      channel: 'Hook',
      fingerprints: [''],
      reason: { code: 'queued' as const },
      deliveryId: 'msg_1',
    }
    const trace = { ...commitOf().trace, routes: [queued] }
    const commit = commitOf({ trace, alerts: [firing], deliveries: [delivery('msg_1')], keepPrevious: true })
    const stored = await world.store.evaluations.commit(commit)
    expect(stored).toMatchObject({ verdict: 'skipped', deliveries: [] })
    const found = await world.store.evaluations.get('default', 'evl_100')
    expect(found).toMatchObject({ verdict: 'skipped', trace: { routes: [] } })
    expect(found?.trace?.reasons.at(-1)?.code).toBe('rule-newer-than-tick')
    expect(await world.store.evaluations.state(rule.id)).toEqual({ alerts: [], routes: [] })
    expect(await world.store.deliveries.get('msg_1')).toBeUndefined()
    expect(await world.store.rules.get(rule.id)).toMatchObject({ lastRunAt: 100, lastSuccessAt: null, nextDueAt: 500 })
    expect(await world.store.evaluations.previous(rule.id)).toBeNull()
    expect(await world.store.rules.nextDue()).toBe(500)
  })

  test('and leaves nothing when the rule was removed', async () => {
    await world.store.rules.remove(rule.id)
    expect(await world.store.evaluations.commit(commitOf())).toMatchObject({ verdict: 'skipped' })
    expect(await world.store.evaluations.get('default', 'evl_100')).toBeUndefined()
  })
})

describe('a result', () => {
  test('is kept, and shown in the trace', async () => {
    await world.store.evaluations.commit(commitOf())
    const found = await world.store.evaluations.get('default', 'evl_100')
    expect(found).toMatchObject({ replayable: true, minimum: 3, maximum: 4, repeats: 1 })
    expect(found?.result?.rows).toEqual([[3]])
    expect(found?.trace?.sample).toEqual({ columns: [{ name: 'n', type: 'integer' }], rows: [[3]] })
  })

  test('that is too large to keep leaves its sample, and the evaluation cannot be replayed', async () => {
    const rows = Array.from({ length: 5000 }, (_, index) => [`${index}-${Math.sin(index)}-${Math.cos(index)}`])
    const result = { columns: [{ name: 's', type: 'text' as const }], rows, truncated: false, elapsed: 1 }
    const { trace } = commitOf()
    await world.store.evaluations.commit(
      commitOf({ result, trace: { ...trace, sample: { columns: result.columns, rows: rows.slice(0, 2) } } }),
    )
    const found = await world.store.evaluations.get('default', 'evl_100')
    expect(found).toMatchObject({ replayable: false, result: null })
    expect(found?.trace?.sample?.rows).toHaveLength(2)
  })

  test('is remembered for `previous` where the rule asks for it', async () => {
    await world.store.evaluations.commit(commitOf())
    expect(await world.store.evaluations.previous(rule.id)).toBeNull()
    await world.store.evaluations.commit(commitOf({ at: 200, keepPrevious: true }))
    expect((await world.store.evaluations.previous(rule.id))?.rows).toEqual([[3]])
  })
})

test('a claimed tick is settled by the evaluation it was claimed for and by no other', async () => {
  await world.store.rules.claimDue(60, 1, () => 500)
  await world.store.evaluations.commit(commitOf({ settlesTick: false }))
  expect(await world.store.rules.nextDue()).toBeNull()
  await world.store.evaluations.commit(commitOf({ at: 200 }))
  expect(await world.store.rules.nextDue()).toBe(500)
})

test('evaluations are listed in pages, newest first', async () => {
  for (const at of [100, 200, 300]) await world.store.evaluations.commit(commitOf({ at }))
  const page = await world.store.evaluations.list({ project: 'default', ruleId: rule.id, limit: 2 })
  expect(page.map(({ at }) => at)).toEqual([300, 200])
  const rest = await world.store.evaluations.list({ project: 'default', before: { at: 200, id: 'evl_200' }, limit: 2 })
  expect(rest.map(({ at }) => at)).toEqual([100])
})

test('open alerts are listed and counted', async () => {
  await world.store.evaluations.commit(commitOf({ alerts: [firing, { ...firing, fingerprint: 'a', state: 'normal' }] }))
  expect(await world.store.evaluations.alerts({ project: 'default', limit: 10 })).toMatchObject([
    { rule: 'rule', state: 'firing' },
  ])
  expect(await world.store.evaluations.openCounts('default')).toEqual({ firing: 1 })
  expect(await world.store.evaluations.openCounts('other')).toEqual({})
})
