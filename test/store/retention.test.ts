import { describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Trace, Verdict } from '../../src/model/evaluation.ts'
import { deliveryQueries } from '../../src/store/deliveries.ts'
import { evaluationPlaces } from '../../src/store/evaluation-places.ts'
import { pack } from '../../src/store/pack.ts'
import { FULL_TRACES, retentionQueries } from '../../src/store/retention.ts'
import { newDelivery } from '../support/deliveries.ts'
import { manualClock } from '../support/manual-clock.ts'
import { tempDatabase } from '../support/temp-database.ts'

interface Row {
  id: string
  at: number
  verdict: Verdict
  value: string
  repeats: number
  first_at: number
  minimum: number | null
  maximum: number | null
  full: 0 | 1
}

function open(now = 1_000_000) {
  const temp = tempDatabase(manualClock(now))
  const { raw } = temp.database
  const addRule = raw.prepare(
    `INSERT INTO rules (id, project, name, connection, definition, external_index, created_by, created_at, updated_at)
     VALUES (?, 'default', ?, 'db', ?, ?, 'me', 0, 0)`,
  )
  const addEvaluation = raw.prepare(
    `INSERT INTO evaluations (id, project, rule_id, at, verdict, value, notable, trace, result, first_at, minimum, maximum)
     VALUES (?, 'default', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const rows = raw.prepare<[string], Row>(
    `SELECT id, at, verdict, value, repeats, first_at, minimum, maximum, trace IS NOT NULL AS full
     FROM evaluations WHERE rule_id = ? ORDER BY at`,
  )
  let rules = 0
  return {
    raw,
    folder: temp.folder,
    clock: temp.clock,
    retention: retentionQueries(temp, evaluationPlaces(temp)),
    deliveries: deliveryQueries(temp),
    rule(id: string, definition = {}) {
      rules += 1
      addRule.run(id, id, JSON.stringify(definition), rules)
    },
    evaluation(
      rule: string,
      at: number,
      more: { verdict?: Verdict; notable?: boolean; number?: number; trace?: unknown } = {},
    ) {
      const { verdict = 'false', notable = false, number = at, trace = {} } = more
      addEvaluation.run(
        `${rule}-${at}`,
        rule,
        at,
        verdict,
        `${number}`,
        notable ? 1 : 0,
        pack(trace),
        pack([]),
        at,
        number,
        number,
      )
    },
    alert(rule: string, fingerprint: string, state: string, since: number) {
      raw
        .prepare("INSERT INTO alerts VALUES (?, ?, '{}', ?, ?, ?, '', 0, 0, '', 1)")
        .run(rule, fingerprint, state, since, state === 'normal' ? null : since)
    },
    told(rule: string, fingerprint: string, delivery: string, at: number | null) {
      raw.prepare("INSERT INTO route_states VALUES (?, 'hook', ?, ?, ?, 1)").run(rule, fingerprint, at, delivery)
    },
    rows: (rule: string) => rows.all(rule),
    ids: (table: string) => raw.prepare(`SELECT id FROM ${table} ORDER BY id`).pluck().all(),
    [Symbol.dispose]: () => temp[Symbol.dispose](),
  }
}

describe('unchanged evaluations', () => {
  test('older than the last hundred become one row with times, least, most and last value', async () => {
    using box = open()
    box.rule('r')
    for (let at = 1; at <= FULL_TRACES + 10; at += 1) box.evaluation('r', at, { number: at === 4 ? 99 : at })
    expect(await box.retention.collapse('', 10)).toEqual({ last: 'r', collapsed: 10 })
    const rows = box.rows('r')
    expect(rows).toHaveLength(FULL_TRACES + 1)
    expect(rows[0]).toEqual({
      id: 'r-10',
      at: 10,
      verdict: 'false',
      value: '10',
      repeats: 10,
      first_at: 1,
      minimum: 1,
      maximum: 99,
      full: 0,
    })
    expect(rows.slice(1).every(({ full, repeats }) => full === 1 && repeats === 1)).toBe(true)
  })

  test('go on growing the same run', async () => {
    using box = open()
    box.rule('r')
    for (let at = 1; at <= FULL_TRACES + 50; at += 1) {
      box.evaluation('r', at)
      await box.retention.collapse('', 10)
    }
    const rows = box.rows('r')
    expect(rows).toHaveLength(FULL_TRACES + 1)
    expect(rows[0]).toMatchObject({ id: 'r-50', repeats: 50, first_at: 1, minimum: 1, maximum: 50 })
  })

  test('are parted by what is notable, which stays whole, and by another verdict', async () => {
    using box = open()
    box.rule('r')
    for (let at = 1; at <= 5; at += 1) box.evaluation('r', at)
    box.evaluation('r', 6, { notable: true })
    for (let at = 7; at <= 9; at += 1) box.evaluation('r', at)
    for (let at = 10; at <= 12; at += 1) box.evaluation('r', at, { verdict: 'true' })
    for (let at = 13; at < 13 + FULL_TRACES; at += 1) box.evaluation('r', at)
    await box.retention.collapse('', 10)
    const shape = box.rows('r').slice(0, 4)
    expect(shape.map(({ at, repeats, full }) => [at, repeats, full])).toEqual([
      [5, 5, 0],
      [6, 1, 1],
      [9, 3, 0],
      [12, 3, 0],
    ])
  })

  test('are collapsed rule by rule', async () => {
    using box = open()
    for (const id of ['a', 'b', 'c']) {
      box.rule(id)
      for (let at = 1; at <= FULL_TRACES + 2; at += 1) box.evaluation(id, at)
    }
    expect(await box.retention.collapse('', 2)).toEqual({ last: 'b', collapsed: 4 })
    expect(await box.retention.collapse('b', 2)).toEqual({ last: 'c', collapsed: 2 })
    expect(await box.retention.collapse('c', 2)).toEqual({ last: null, collapsed: 0 })
  })
})

describe('what is too old', () => {
  test('goes in small steps; what is younger stays', async () => {
    using box = open()
    box.rule('r')
    for (let at = 1; at <= 30; at += 1) box.evaluation('r', at)
    expect(await box.retention.expire(21, 15)).toMatchObject({ evaluations: 15 })
    expect(await box.retention.expire(21, 15)).toMatchObject({ evaluations: 5 })
    expect(await box.retention.expire(21, 15)).toMatchObject({ evaluations: 0 })
    expect(box.rows('r').map(({ at }) => at)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30])
  })

  test('stays while a delivery is not final', async () => {
    using box = open()
    box.rule('rul_1')
    box.evaluation('rul_1', 5)
    box.evaluation('rul_1', 6)
    const made = { createdAt: 5, deadlineAt: 2_000_000 }
    await box.deliveries.enqueue([
      newDelivery({ id: 'open', evaluationId: 'rul_1-5', ...made }),
      newDelivery({ id: 'done', evaluationId: 'rul_1-6', fingerprints: ['b'], ...made }),
    ])
    await box.deliveries.discard('done')
    box.clock.advance(1000)
    const removed = await box.retention.expire(box.clock.now(), 10)
    expect(removed).toEqual({ evaluations: 1, deliveries: 1, alerts: 0 })
    expect(box.ids('deliveries')).toEqual(['open'])
    expect(box.ids('evaluations')).toEqual(['rul_1-5'])
    expect(box.raw.prepare('SELECT count(*) FROM delivery_contents').pluck().get()).toBe(1)
  })

  test('goes with its attempts', async () => {
    using box = open()
    await box.deliveries.enqueue([newDelivery({ id: 'a', deadlineAt: 2_000_000 })])
    const { claims } = await box.deliveries.turn(() => ({ finished: [], want: [{ destination: 'one', limit: 1 }] }))
    const next = { state: 'delivered' as const, receipt: null }
    const result = {
      claim: claims[0]!,
      outcome: 'delivered' as const,
      cause: 'delivered',
      response: '',
      at: 1_000_000,
      next,
    }
    await box.deliveries.turn(() => ({ finished: [result], want: [] }))
    expect(await box.retention.expire(1_000_001, 10)).toMatchObject({ deliveries: 1 })
    expect(box.raw.prepare('SELECT count(*) FROM attempts').pluck().get()).toBe(0)
  })

  test('leaves behind when people were told', async () => {
    using box = open()
    box.rule('rul_1')
    box.told('rul_1', 'a', 'arrived', 3)
    box.told('rul_1', 'b', 'failed', 4)
    const insert =
      box.raw.prepare(`INSERT INTO deliveries (id, project, rule_id, route, fingerprints, kind, destination,
      message_kind, state, created_at, deadline_at, finished_at) VALUES (?, 'default', 'rul_1', 'hook', '[]', 'webhook', 'one', 'firing', ?, 5, 9, 7)`)
    insert.run('arrived', 'delivered')
    insert.run('failed', 'dead')
    expect(await box.retention.expire(8, 10)).toMatchObject({ deliveries: 2 })
    const states = box.raw.prepare('SELECT fingerprint, delivered_at FROM route_states ORDER BY fingerprint').raw()
    expect(states.all()).toEqual([
      ['a', 7],
      ['b', 4],
    ])
  })

  test('stays while an open alert stands on it', async () => {
    using box = open()
    box.rule('rul_1')
    box.evaluation('rul_1', 5, { notable: true })
    box.evaluation('rul_1', 6)
    box.alert('rul_1', 'a', 'firing', 5)
    box.alert('rul_1', 'b', 'normal', 5)
    await box.deliveries.enqueue([
      newDelivery({ id: 'a', createdAt: 5, deadlineAt: 2_000_000 }),
      newDelivery({ id: 'b', createdAt: 5, deadlineAt: 2_000_000, fingerprints: ['b'] }),
    ])
    for (const id of ['a', 'b']) await box.deliveries.discard(id)
    box.told('rul_1', 'a', 'a', 10)
    box.told('rul_1', 'b', 'b', 10)
    box.clock.advance(1000)
    expect(await box.retention.expire(box.clock.now(), 10)).toEqual({ evaluations: 1, deliveries: 1, alerts: 1 })
    expect(box.ids('evaluations')).toEqual(['rul_1-5'])
    expect(box.ids('deliveries')).toEqual(['a'])
    expect(box.raw.prepare('SELECT fingerprint FROM alerts').pluck().all()).toEqual(['a'])
    expect(box.raw.prepare('SELECT fingerprint FROM route_states').pluck().all()).toEqual(['a'])
  })

  test('stays while it suppresses', async () => {
    using box = open(100 * 60_000)
    box.rule('rul_1', { suppressionMinutes: 50 })
    box.alert('rul_1', 'a', 'normal', 0)
    box.told('rul_1', 'a', 'x', 60 * 60_000)
    const limit = 90 * 60_000
    expect(await box.retention.expire(limit, 10)).toMatchObject({ alerts: 0 })
    box.clock.advance(11 * 60_000)
    expect(await box.retention.expire(limit, 10)).toMatchObject({ alerts: 1 })
  })
})

test('a thousand rules a minute for thirty days stay under 2 GB', async () => {
  using box = open()
  // Scaled down: 5 rules for 3,000 minutes, one change of state in 500 evaluations.
  const [rules, minutes] = [5, 3000]
  const sizes: { evaluations: number; bytes: number }[] = []
  for (let rule = 0; rule < rules; rule += 1) box.rule(`rul_${rule}`)
  for (let minute = 1; minute <= minutes; minute += 1) {
    box.raw.exec('BEGIN')
    for (let rule = 0; rule < rules; rule += 1)
      box.evaluation(`rul_${rule}`, minute * 60_000, { notable: minute % 500 === 0, trace: typicalTrace(minute) })
    box.raw.exec('COMMIT')
    if (minute % 10 === 0) await box.retention.collapse('', rules)
    if (minute === 1000 || minute === minutes)
      sizes.push({ evaluations: minute * rules, bytes: await box.retention.bytes() })
  }
  const [early, late] = sizes
  const perEvaluation = (late!.bytes - early!.bytes) / (late!.evaluations - early!.evaluations)
  const base = early!.bytes / rules
  const estimate = 1000 * base + 1000 * 43_200 * perEvaluation
  console.log(
    `${perEvaluation.toFixed(1)} bytes for each further evaluation, ${(base / 1024).toFixed(0)} kB for each rule: ${(estimate / 1e9).toFixed(2)} GB in thirty days`,
  )
  expect(statSync(join(box.folder, 'tocsin.db')).size).toBeGreaterThan(0)
  expect(estimate).toBeLessThan(2e9)
}, 60_000)

function typicalTrace(minute: number): Trace {
  const at = minute * 60_000
  return {
    cause: 'schedule',
    scheduledAt: at,
    startedAt: at + 12,
    finishedAt: at + 40,
    missedTicks: 0,
    queryTime: 18,
    rowCount: 3,
    sample: {
      columns: [
        { name: 'model', type: 'text' },
        { name: 'drift', type: 'float' },
        { name: 'checked_at', type: 'timestamp' },
      ],
      rows: ['churn', 'fraud', 'price'].map((model, index) => [
        model,
        0.01 * (minute % 97) + index,
        new Date(at).toISOString(),
      ]),
    },
    condition: 'query_result["drift"] > 0.8 and row["model"] != "test"',
    value: `${0.01 * (minute % 97)}`,
    reasons: [{ code: 'condition-false' }],
    error: null,
    transitions: ['churn', 'fraud', 'price'].map((model) => ({
      fingerprint: `model=${model}`,
      labels: { model },
      value: '0.42',
      before: 'normal',
      after: 'normal',
      why: 'The condition is false.',
    })),
    moreTransitions: 0,
    routes: [
      {
        route: 'webhook',
        channel: 'Operations',
        fingerprints: ['model=churn', 'model=fraud', 'model=price'],
        reason: { code: 'not-firing' },
      },
    ],
  }
}
