import { describe, expect, test } from 'bun:test'
import { newId } from '../../src/ids.ts'
import { manageChannelSends } from '../../src/manage/channel-sends.ts'
import { manageChannels } from '../../src/manage/channels.ts'
import { manageConnections } from '../../src/manage/connections.ts'
import { createExplainer, explainEvaluation } from '../../src/manage/explain.ts'
import { manageRules } from '../../src/manage/rules.ts'
import type { Trace } from '../../src/model/evaluation.ts'
import { type ReasonCode, reasons, sentence } from '../../src/model/reason.ts'
import type { EvaluationCommit } from '../../src/store/evaluations.ts'
import { caller, type TestManage, testManage } from '../support/manage-context.ts'

const codes = Object.keys(reasons) as ReasonCode[]
const ofScope = (scope: string) => codes.filter((code) => reasons[code].scope === scope)

function traceOf(changes: Partial<Trace>): Trace {
  return {
    cause: 'schedule',
    scheduledAt: 1000,
    startedAt: 1010,
    finishedAt: 1020,
    missedTicks: 0,
    queryTime: 4,
    rowCount: 1,
    sample: null,
    condition: 'a > 1',
    value: '3',
    reasons: [],
    error: null,
    transitions: [],
    moreTransitions: 0,
    routes: [],
    ...changes,
  }
}

function lines(changes: Partial<Trace>): string {
  const evaluation = {
    id: 'evl_1',
    project: 'default',
    ruleId: 'rul_1',
    at: 1000,
    verdict: 'true',
    value: '3',
  } as const
  const kept = { replayable: false, repeats: 1, firstAt: 1000, minimum: null, maximum: null }
  return explainEvaluation({ ...evaluation, ...kept, trace: traceOf(changes) }).join('\n')
}

describe('an evaluation in words', () => {
  for (const code of ofScope('evaluation'))
    test(`names ${code}`, () =>
      expect(lines({ reasons: [{ code, detail: 'x' }] })).toContain(sentence({ code, detail: 'x' })))

  for (const code of ofScope('route'))
    test(`names ${code} on its route`, () => {
      const route = { route: 'mail', channel: 'Ops', fingerprints: ['["web-1"]'], reason: { code } }
      expect(lines({ routes: [route] })).toContain(`Route "mail" to Ops for "web-1": ${sentence({ code })}`)
    })

  test('tells its cause, how late it was, and what the query gave', () => {
    const text = lines({ cause: 'catch-up', startedAt: 91_000, rowCount: 2 })
    expect(text).toContain('It ran by its schedule, catching up, 1m30s after its time.')
    expect(text).toContain('The query took 4 ms and returned 2 rows.')
  })

  test('tells what became of each alert and how many more there were', () => {
    const alert = { labels: {}, value: '3', why: 'the condition is true' }
    const text = lines({
      transitions: [
        { ...alert, fingerprint: '', before: 'normal', after: 'firing' },
        { ...alert, fingerprint: 'a', before: 'firing', after: 'firing' },
      ],
      moreTransitions: 7,
    })
    expect(text).toContain('Alert of the rule: from normal to firing, because the condition is true.')
    expect(text).toContain('Alert "a": still firing, because the condition is true.')
    expect(text).toContain('And 7 more alerts.')
  })
})

test('a run of like evaluations tells how many it stands for', () => {
  const evaluation = {
    id: 'evl_1',
    project: 'default',
    ruleId: 'rul_1',
    at: 5000,
    verdict: 'false',
    value: '',
  } as const
  const run = { replayable: false, repeats: 12, firstAt: 0, minimum: null, maximum: null, trace: null }
  expect(explainEvaluation({ ...evaluation, ...run })).toEqual([
    'Evaluation evl_1 at 1970-01-01T00:00:05.000Z: the condition was false.',
    'It stands for 12 like it since 1970-01-01T00:00:00.000Z.',
  ])
})

async function ready() {
  const context = testManage()
  const settings = { host: 'db', database: 'shop', user: 'reader' }
  await manageConnections(context).create(caller, { name: 'shop', kind: 'postgres', settings })
  await manageChannels(context).create(caller, { name: 'Ops', kind: 'console', settings: {} })
  const rules = manageRules(context)
  const rule = await rules.create(caller, {
    name: 'orders are stuck',
    connection: 'shop',
    query: 'select 1 as a',
    schedule: { every: '30s' },
    condition: { text: 'query_result["a"] > 0' },
    routes: [{ channel: 'Ops' }],
  })
  return Object.assign(context, { rules, rule, explain: createExplainer(context.store) })
}

function commitOf(context: TestManage, ruleId: string, trace: Trace): EvaluationCommit {
  const at = context.clock.now()
  return {
    id: newId('evl', at),
    project: 'default',
    ruleId,
    ruleVersion: 1,
    at,
    verdict: 'true',
    value: '3',
    minimum: null,
    maximum: null,
    notable: true,
    trace,
    result: null,
    keepPrevious: false,
    success: true,
    settlesTick: false,
    alerts: [],
    goneAlerts: [],
    told: [],
    deliveries: [],
  }
}

async function stored(context: TestManage, commit: EvaluationCommit) {
  const done = context.store.evaluations.commit(commit)
  context.clock.advance(100)
  await done
}

describe('a rule in words', () => {
  test('tells when it is due, why it is not, and what its last evaluation decided', async () => {
    using context = await ready()
    const { explain, rule } = context
    const words = async () => (await explain('default', 'orders are stuck')).lines.join('\n')
    expect(await words()).toContain(`It is next due at ${new Date(rule.nextDueAt!).toISOString()}.`)
    expect(await words()).toContain('It has not been evaluated yet.')
    const decision = {
      route: 'Ops',
      channel: 'Ops',
      fingerprints: [''],
      reason: { code: 'suppressed-until', detail: 'noon' },
    } as const
    await stored(context, commitOf(context, rule.id, traceOf({ routes: [{ ...decision, fingerprints: [''] }] })))
    expect(await words()).toContain('Route "Ops" to Ops: Suppressed after the last delivered message: noon.')
    await context.rules.pause(caller, rule.id)
    expect(await words()).toContain('It is paused, so it does not run.')
  })

  test('tells that its connection is failing', async () => {
    using context = await ready()
    const { id } = (await context.store.connections.byName('default', 'shop'))!
    for (let count = 0; count < 3; count += 1)
      await context.store.connections.recordFailure(id, 'refused', context.clock.now())
    const { lines } = await context.explain('default', context.rule.id)
    expect(lines.join('\n')).toMatch(/Its connection "shop" has been failing since .*: refused/)
  })

  test('tells that nobody is told, and that it is blocked', async () => {
    using context = await ready()
    const lonely = { ...context.rule, name: 'lonely', routes: [], connection: 'Risk Store DB' }
    await context.rules.create(caller, lonely, { allowUnbound: true })
    const text = (await context.explain('default', 'lonely')).lines.join('\n')
    expect(text).toContain('It has no routes, so nobody is told.')
    expect(text).toMatch(/It is blocked and does not run: .*"Risk Store DB"/)
  })
})

test('a delivery in words leads to its evaluation', async () => {
  using context = await ready()
  const commit = commitOf(context, context.rule.id, traceOf({ reasons: [{ code: 'condition-true' }] }))
  await stored(context, commit)
  const [id] = await manageChannelSends(context).test(caller, 'Ops')
  context.database.database.raw.prepare('UPDATE deliveries SET evaluation_id = ? WHERE id = ?').run(commit.id, id)
  const { about, lines } = await context.explain('default', id!)
  expect(about).toBe('delivery')
  expect(lines[0]).toStartWith(`Delivery ${id} of "Test of the channel "Ops"" by console, queued at `)
  expect(lines.join('\n')).toContain(`Evaluation ${commit.id} at `)
  await context.store.deliveries.discard(id!)
  expect((await context.explain('default', id!)).lines).toContain(sentence({ code: 'discarded' }))
})

test('what is not there gets the nearest name, and other projects see nothing', async () => {
  using context = await ready()
  await expect(context.explain('default', 'orders are stack')).rejects.toThrow('Did you mean "orders are stuck"?')
  await expect(context.explain('other', context.rule.id)).rejects.toMatchObject({ code: 'not-found' })
})
