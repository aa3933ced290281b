import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import type { NewDelivery } from '../../src/model/delivery.ts'
import { deliveryQueries } from '../../src/store/deliveries.ts'
import type { Claim, Finished } from '../../src/store/delivery-turns.ts'
import { TOLD_AT } from '../../src/store/told.ts'
import { newDelivery, newMessage, target } from '../support/deliveries.ts'
import { manualClock } from '../support/manual-clock.ts'
import { tempDatabase } from '../support/temp-database.ts'

function open() {
  const temp = tempDatabase(manualClock(1000))
  const deliveries = deliveryQueries(temp)
  const { clock } = temp
  const stored = async (id: string) => {
    const found = await deliveries.get(id)
    if (found === undefined) throw new Error(`There is no ${id}.`)
    return found
  }
  return {
    ...temp,
    deliveries,
    stored,
    state: async (id: string) => (await stored(id)).delivery.state,
    queue: (...all: (Partial<NewDelivery> & { id: string })[]) =>
      deliveries.enqueue(all.map((one) => newDelivery({ createdAt: clock.now(), ...one }))),
    claim: async (limit = 10, destination = 'one') =>
      (await deliveries.turn(() => ({ finished: [], want: [{ destination, limit }] }))).claims,
    record: (...finished: Finished[]) => deliveries.turn(() => ({ finished, want: [] })),
    [Symbol.dispose]: () => temp[Symbol.dispose](),
  }
}

const ids = (claims: readonly Claim[]) => claims.map((claim) => claim.delivery.id)

function delivered(claim: Claim, at = 1000): Finished {
  const next = { state: 'delivered' as const, receipt: null }
  return { claim, outcome: 'delivered', cause: 'delivered', response: 'ok', at, next }
}

function retryable(claim: Claim, nextAt: number, outcome: 'retryable' | 'unknown' = 'retryable'): Finished {
  const next = { state: 'pending' as const, nextAt, reason: { code: 'retry-later' as const } }
  return { claim, outcome, cause: 'http-500', response: 'oh', at: 1000, next }
}

function ended(claim: Claim, state: 'rejected' | 'dead' | 'unknown'): Finished {
  const reason = { code: 'rejected' as const, detail: 'no' }
  return { claim, outcome: 'rejected', cause: 'http-400', response: 'no', at: 1000, next: { state, reason } }
}

describe('a turn', () => {
  test('claims what is due of a destination, in due order, with the attempt written down before it begins', async () => {
    using box = open()
    await box.queue(
      { id: 'b', fingerprints: ['b'], createdAt: 900 },
      { id: 'a', fingerprints: ['a'], createdAt: 800 },
      { id: 'later', fingerprints: ['c'], createdAt: 1001 },
      { id: 'elsewhere', fingerprints: ['d'], target: target('two') },
    )
    const { claims, next } = await box.deliveries.turn(() => ({
      finished: [],
      want: [
        { destination: 'one', limit: 5 },
        { destination: 'none', limit: 1 },
      ],
    }))
    expect(ids(claims)).toEqual(['a', 'b'])
    expect([...next]).toEqual([
      ['one', 1001],
      ['none', null],
    ])
    const { delivery, attempts } = await box.stored('a')
    expect(delivery).toMatchObject({ state: 'sending', attempts: 1, nextAt: null })
    expect(attempts).toMatchObject([{ number: 1, startedAt: 1000, finishedAt: null, outcome: null }])
    expect(await box.state('elsewhere')).toBe('pending')
  })

  test('takes no more than is wanted, and the oldest first where asked to', async () => {
    using box = open()
    await box.queue(
      { id: 'first', fingerprints: ['a'], createdAt: 900 },
      { id: 'second', fingerprints: ['b'], createdAt: 800 },
    )
    const want = [{ destination: 'one', limit: 1, oldest: true }]
    expect(ids((await box.deliveries.turn(() => ({ finished: [], want }))).claims)).toEqual(['first'])
    expect(ids(await box.claim(1))).toEqual(['second'])
  })

  test('takes a test before all that is queued', async () => {
    using box = open()
    await box.queue(
      { id: 'queued', fingerprints: ['a'], createdAt: 1 },
      { id: 'test', ruleId: null, kind: 'test', fingerprints: [] },
    )
    expect(ids(await box.claim(1))).toEqual(['test'])
  })

  test('hands over the delivery whole', async () => {
    using box = open()
    const inline = { ...target('one'), settings: { to: 'x' }, sealed: 'sealed' }
    await box.queue({ id: 'a', target: inline, message: newMessage('firing', 'Ünïcode "quoted"') })
    const [claim] = await box.claim()
    expect(claim!.delivery).toMatchObject({
      id: 'a',
      fingerprints: ['a'],
      target: inline,
      message: newMessage('firing', 'Ünïcode "quoted"'),
    })
    expect(claim).toMatchObject({ attempt: 1, tries: 1, doubtful: false, previous: null })
  })

  test('records results and claims replacements together', async () => {
    using box = open()
    await box.queue({ id: 'a', fingerprints: ['a'] }, { id: 'b', fingerprints: ['b'] })
    const [first] = await box.claim(1)
    const { claims } = await box.deliveries.turn(() => ({
      finished: [delivered(first!)],
      want: [{ destination: 'one', limit: 1 }],
    }))
    expect(ids(claims)).toEqual(['b'])
    const { delivery, attempts } = await box.stored('a')
    expect(delivery).toMatchObject({ state: 'delivered', finishedAt: 1000, reason: { code: 'delivered' } })
    expect(attempts).toMatchObject([{ outcome: 'delivered', response: 'ok', finishedAt: 1000 }])
  })

  test('knows how the attempt before ended and how many this round has had', async () => {
    using box = open()
    await box.queue({ id: 'a' })
    const [first] = await box.claim()
    await box.record(retryable(first!, 1000, 'unknown'))
    const [second] = await box.claim()
    expect(second).toMatchObject({ attempt: 2, tries: 2, doubtful: true })
    await box.record(ended(second!, 'dead'))
    await box.deliveries.retry('a')
    const [third] = await box.claim()
    expect(third).toMatchObject({ attempt: 3, tries: 1, doubtful: false })
    await box.record(retryable(third!, 1000))
    expect((await box.claim())[0]).toMatchObject({ attempt: 4, tries: 2 })
    const { attempts } = await box.stored('a')
    expect(attempts.map((attempt) => attempt.trigger)).toEqual(['automatic', 'automatic', 'manual', 'automatic'])
  })

  test('ends what is past its deadline instead of trying it', async () => {
    using box = open()
    await box.queue({ id: 'a', deadlineAt: 999 })
    expect(await box.claim()).toEqual([])
    expect((await box.stored('a')).delivery).toMatchObject({ state: 'dead', reason: { code: 'deadline-passed' } })
  })
})

describe('the order of one alert', () => {
  test('lets a message wait for the one before it, and others go', async () => {
    using box = open()
    await box.queue({ id: 'a1' }, { id: 'a2', kind: 'resolved' }, { id: 'b1', fingerprints: ['b'] })
    const claims = await box.claim()
    expect(ids(claims)).toEqual(['a1', 'b1'])
    expect((await box.stored('a2')).waitsFor).toBe('a1')
    await box.record(retryable(claims[0]!, 9000))
    expect(await box.claim()).toEqual([])
    box.clock.set(9000)
    const [again] = await box.claim()
    await box.record(delivered(again!, 9000))
    expect(ids(await box.claim())).toEqual(['a2'])
  })

  test('is one of rule, route and fingerprint', async () => {
    using box = open()
    await box.queue(
      { id: 'a' },
      { id: 'route', route: 'mail' },
      { id: 'rule', ruleId: 'rul_2' },
      { id: 'notice1', ruleId: null },
      { id: 'notice2', ruleId: null },
    )
    expect(ids(await box.claim())).toEqual(['a', 'route', 'rule', 'notice1', 'notice2'])
  })

  test('holds where messages tell of several alerts', async () => {
    using box = open()
    await box.queue(
      { id: 'ab', fingerprints: ['a', 'b'] },
      { id: 'c', fingerprints: ['c'] },
      { id: 'b', fingerprints: ['b'] },
      { id: 'bc', fingerprints: ['b', 'c'] },
      { id: 'd', fingerprints: ['d'] },
    )
    const first = await box.claim()
    expect(ids(first)).toEqual(['ab', 'c', 'd'])
    await box.record(delivered(first[0]!))
    const second = await box.claim()
    expect(ids(second)).toEqual(['b'])
    await box.record(delivered(second[0]!))
    expect((await box.stored('bc')).waitsFor).toBe('c')
    await box.record(delivered(first[1]!))
    expect(ids(await box.claim())).toEqual(['bc'])
  })

  test('goes on when the one before fails for good', async () => {
    using box = open()
    await box.queue({ id: 'a1' }, { id: 'a2' }, { id: 'a3' })
    const [first] = await box.claim()
    await box.record(ended(first!, 'rejected'))
    await box.deliveries.discard('a2')
    expect(ids(await box.claim())).toEqual(['a3'])
  })
})

describe('a message that takes the place of another', () => {
  test('does so while that one certainly reached nobody', async () => {
    using box = open()
    await box.queue({ id: 'trigger' })
    const [first] = await box.claim()
    await box.record(retryable(first!, 5000))
    await box.queue({ id: 'end', kind: 'resolved', supersedes: 'trigger' })
    expect((await box.stored('trigger')).delivery).toMatchObject({
      state: 'superseded',
      reason: { code: 'superseded', detail: 'end' },
    })
    expect(ids(await box.claim())).toEqual(['end'])
  })

  test.each(['sending', 'unknown'] as const)('waits for it while it is %s, and goes after it', async (how) => {
    using box = open()
    await box.queue({ id: 'trigger' })
    let [claim] = await box.claim()
    if (how === 'unknown') await box.record(retryable(claim!, 1000, 'unknown'))
    await box.queue({ id: 'end', kind: 'resolved', supersedes: 'trigger' })
    expect((await box.stored('end')).waitsFor).toBe('trigger')
    if (how === 'unknown') [claim] = await box.claim()
    await box.record(delivered(claim!))
    expect(ids(await box.claim())).toEqual(['end'])
  })

  test('ends with it when it is not delivered after all', async () => {
    using box = open()
    await box.queue({ id: 'trigger' })
    const [claim] = await box.claim()
    await box.queue({ id: 'end', kind: 'resolved', supersedes: 'trigger' }, { id: 'next' })
    await box.record(ended(claim!, 'rejected'))
    expect((await box.stored('end')).delivery).toMatchObject({
      state: 'superseded',
      reason: { code: 'trigger-not-delivered', detail: 'trigger' },
    })
    expect(ids(await box.claim())).toEqual(['next'])
  })

  test('does not drop a message that tells of more alerts than it does', async () => {
    using box = open()
    await box.queue({ id: 'trigger', fingerprints: ['a', 'b'] })
    await box.queue({ id: 'end', kind: 'resolved', fingerprints: ['a'], supersedes: 'trigger' })
    expect(await box.state('trigger')).toBe('pending')
    expect((await box.stored('end')).waitsFor).toBe('trigger')
  })

  test('ends at once when it follows a trigger that failed before', async () => {
    using box = open()
    await box.queue({ id: 'trigger' })
    const [claim] = await box.claim()
    await box.record(ended(claim!, 'dead'))
    await box.queue({ id: 'end', kind: 'resolved', follows: 'trigger' })
    expect((await box.stored('end')).delivery.reason).toEqual({ code: 'trigger-not-delivered', detail: 'trigger' })
  })

  test('is sent when it is not known whether the trigger arrived', async () => {
    using box = open()
    await box.queue({ id: 'trigger' })
    const [claim] = await box.claim()
    await box.queue({ id: 'end', kind: 'resolved', follows: 'trigger' })
    await box.record(ended(claim!, 'unknown'))
    expect(ids(await box.claim())).toEqual(['end'])
  })
})

describe('what was told', () => {
  function withRule(box: ReturnType<typeof open>) {
    box.database.raw.exec(`
      INSERT INTO rules (id, project, name, connection, definition, external_index, created_by, created_at, updated_at)
      VALUES ('rul_1', 'default', 'Disks', 'db', '{}', 1, 'me', 0, 0);
      INSERT INTO rule_clocks (rule_id) VALUES ('rul_1');
      INSERT INTO route_states (rule_id, route, fingerprint, delivery_id, sequence) VALUES
      ('rul_1', 'hook', 'a', 'now', 1), ('rul_1', 'hook', 'b', 'now', 1), ('rul_1', 'hook', 'c', 'newer', 1)`)
  }
  const toldAt = (box: ReturnType<typeof open>) =>
    box.database.raw.prepare(`SELECT ${TOLD_AT} FROM route_states ORDER BY fingerprint`).pluck().all()
  const heardAt = (box: ReturnType<typeof open>) =>
    box.database.raw.prepare('SELECT last_alert_at FROM rule_clocks').pluck().get()

  test('counts from the first success, and only for the message the route told last', async () => {
    using box = open()
    withRule(box)
    await box.queue({ id: 'now', fingerprints: ['a', 'b', 'c'] })
    const [first] = await box.claim()
    await box.record(retryable(first!, 1000))
    expect(toldAt(box)).toEqual([null, null, null])
    const [second] = await box.claim()
    await box.record(delivered(second!, 7000))
    expect(toldAt(box)).toEqual([7000, 7000, null])
    expect(heardAt(box)).toBe(7000)
  })

  test('does not count an end', async () => {
    using box = open()
    withRule(box)
    await box.queue({ id: 'end', kind: 'resolved' })
    const [claim] = await box.claim()
    await box.record(delivered(claim!))
    expect([...toldAt(box), heardAt(box)]).toEqual([null, null, null, null])
  })

  test('is handed to the messages that go on from it', async () => {
    using box = open()
    await box.queue({ id: 'trigger' })
    const [claim] = await box.claim()
    const next = { state: 'delivered' as const, receipt: { thread: '42' } }
    await box.record({ ...delivered(claim!), next })
    await box.queue({ id: 'end', kind: 'resolved' }, { id: 'other', kind: 'resolved', fingerprints: ['z'] })
    const claims = await box.claim()
    expect(claims.map(({ previous }) => previous)).toEqual([{ thread: '42' }, null])
  })
})

describe('at start', () => {
  test('an attempt under way is an unknown outcome, repeated only where that does no harm', async () => {
    using box = open()
    await box.queue(
      { id: 'a', fingerprints: ['a'] },
      { id: 'b', fingerprints: ['b'], target: target('one', 'sms') },
      { id: 'after', fingerprints: ['b'] },
    )
    await box.claim()
    const repeatable = (kind: string) => kind === 'script'
    expect(await box.deliveries.recover(repeatable, 5000)).toEqual({ repeated: 1, unknown: 1 })
    const { delivery, attempts } = await box.stored('a')
    expect(delivery).toMatchObject({ state: 'pending', nextAt: 5000, reason: { code: 'interrupted' } })
    expect(attempts).toMatchObject([{ outcome: 'unknown', reason: 'interrupted', finishedAt: 5000 }])
    expect((await box.stored('b')).delivery).toMatchObject({ state: 'unknown', reason: { code: 'interrupted' } })
    box.clock.set(5000)
    expect(ids(await box.claim())).toEqual(['a', 'after'])
  })

  test('tells every destination that waits', async () => {
    using box = open()
    await box.queue(
      { id: 'a', createdAt: 700 },
      { id: 'b', fingerprints: ['b'], createdAt: 600 },
      { id: 'c', fingerprints: ['c'], target: target('two', 'mail') },
    )
    expect(await box.deliveries.waiting()).toEqual([
      { destination: 'one', kind: 'script', at: 600 },
      { destination: 'two', kind: 'mail', at: 1000 },
    ])
  })
})

describe('by hand', () => {
  test('a failed delivery is sent again with a new deadline', async () => {
    using box = open()
    await box.queue({ id: 'a', deadlineAt: 5000 })
    const [claim] = await box.claim()
    await box.record(ended(claim!, 'dead'))
    box.clock.set(100_000)
    await box.deliveries.retry('a')
    expect((await box.stored('a')).delivery).toMatchObject({
      state: 'pending',
      nextAt: 100_000,
      deadlineAt: 104_000,
      finishedAt: null,
      reason: { code: 'replayed' },
    })
  })

  test('an older message that is sent again never blocks on a newer one', async () => {
    using box = open()
    await box.queue({ id: 'a1' })
    const [first] = await box.claim()
    await box.record(ended(first!, 'dead'))
    await box.queue({ id: 'a2' }, { id: 'a3' })
    await box.deliveries.retry('a1')
    const claims = await box.claim()
    expect(ids(claims)).toEqual(['a1', 'a2'])
    await box.record(delivered(claims[1]!))
    expect((await box.stored('a3')).waitsFor).toBe('a1')
    await box.record(delivered(claims[0]!))
    expect(ids(await box.claim())).toEqual(['a3'])
  })

  test.each([
    ['retry', 'sending', /under way/],
    ['retry', 'delivered', /cannot be retried/],
    ['discard', 'sending', /under way/],
    ['discard', 'delivered', /cannot be discarded/],
  ] as const)('%s is refused for one that is %s', async (action, state, message) => {
    using box = open()
    await box.queue({ id: 'a' })
    const [claim] = await box.claim()
    if (state === 'delivered') await box.record(delivered(claim!))
    await expect(box.deliveries[action]('a')).rejects.toThrow(message)
    await expect(box.deliveries[action]('nothing')).rejects.toBeInstanceOf(AppError)
  })

  test('many are retried or discarded at once', async () => {
    using box = open()
    const all = Array.from({ length: 450 }, (_, number) => ({
      id: `d${number}`,
      fingerprints: [`f${number}`],
      createdAt: number,
    }))
    await box.queue(...all)
    const claims = await box.claim(450)
    await box.record(...claims.map((claim) => ended(claim, 'dead')))
    expect(await box.deliveries.retryAll({ project: 'other' })).toBe(0)
    expect(await box.deliveries.retryAll({ project: 'default', from: 100, to: 400 })).toBe(300)
    expect(await box.deliveries.counts()).toMatchObject({ pending: 300, dead: 150 })
    expect(await box.deliveries.discardAll({ project: 'default', states: ['dead', 'delivered'] })).toBe(150)
    expect(await box.deliveries.counts()).toMatchObject({ pending: 300, dead: 0, discarded: 150 })
  })
})

describe('the list', () => {
  test('shows the newest first, by page and by filter', async () => {
    using box = open()
    await box.queue(
      { id: 'm1', fingerprints: ['1'] },
      { id: 'm2', fingerprints: ['2'], ruleId: 'rul_2' },
      { id: 'm3', fingerprints: ['3'], target: target('two') },
      { id: 'm4', fingerprints: ['4'], project: 'other' },
    )
    const claims = await box.claim(1)
    await box.record(ended(claims[0]!, 'dead'))
    const list = async (...args: Parameters<typeof box.deliveries.list>) =>
      (await box.deliveries.list(...args)).map(({ id }) => id)
    const project = 'default'
    expect(await list({ project }, 10)).toEqual(['m3', 'm2', 'm1'])
    expect(await list({ project }, 2)).toEqual(['m3', 'm2'])
    expect(await list({ project }, 2, 'm2')).toEqual(['m1'])
    expect(await list({ project }, 2, 'm25')).toEqual(['m2', 'm1'])
    expect(await list({ project, states: ['dead'] }, 10)).toEqual(['m1'])
    expect(await list({ project, states: ['pending'] }, 10)).toEqual(['m3', 'm2'])
    expect(await list({ project, states: ['pending', 'dead'], ruleId: 'rul_2' }, 10)).toEqual(['m2'])
    expect(await list({ project, destination: 'two' }, 10)).toEqual(['m3'])
    const [first] = await box.deliveries.list({ project: 'other' }, 10)
    expect(first).toMatchObject({ title: 'Disk full', channelKind: 'script', destination: 'one', state: 'pending' })
  })
})

test('a unit that is rolled back leaves no delivery behind', async () => {
  using box = open()
  const unit = box.writer.write(() => {
    box.deliveries.insert(newDelivery({ id: 'a' }))
    throw new Error('no')
  })
  await expect(unit).rejects.toThrow('no')
  expect(await box.deliveries.get('a')).toBeUndefined()
})
