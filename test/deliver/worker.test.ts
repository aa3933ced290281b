import { afterEach, describe, expect, test } from 'bun:test'
import type { WorkerOptions } from '../../src/deliver/worker.ts'
import type { NewDelivery } from '../../src/model/delivery.ts'
import { failure, newDelivery, type Outbox, outbox, type Play, scriptedChannel, target } from '../support/deliveries.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let box: Outbox
afterEach(() => box.close())

type Changes = Parameters<typeof scriptedChannel>[1]

/** A started outbox over one scripted channel, with these deliveries queued. */
async function run(
  play: Play,
  queued: (Partial<NewDelivery> & { id: string })[],
  more: Changes & Partial<WorkerOptions> = {},
) {
  const { limits, ...changes } = more
  const isWorkerLimit = limits !== undefined && 'attempt' in limits
  const script = scriptedChannel(play, {
    ...(changes as Changes),
    ...(isWorkerLimit ? {} : { ...(limits && { limits }) }),
  } as Changes)
  box = outbox([script.channel], isWorkerLimit ? { limits } : {})
  await box.worker.start()
  await box.store.deliveries.enqueue(queued.map((one) => newDelivery({ createdAt: box.clock.now(), ...one })))
  await box.settle()
  return script.sends
}

const never = () => new Promise<string>(() => {})

describe('the worker', () => {
  test('sends what is queued at once', async () => {
    const sends = await run(() => 'thanks', [{ id: 'a' }])
    expect(sends).toMatchObject([{ id: 'a', attempt: 1, to: 'one' }])
    expect(await box.stored('a')).toMatchObject({ state: 'delivered' })
    const { attempts } = (await box.store.deliveries.get('a'))!
    expect(attempts).toMatchObject([{ outcome: 'delivered', response: 'thanks' }])
    expect(box.events).toContainEqual(expect.objectContaining({ level: 'debug', event: 'delivered', delivery: 'a' }))
  })

  test('sends at start what was queued before', async () => {
    const { channel, sends } = scriptedChannel(() => 'ok')
    box = outbox([channel])
    await box.store.deliveries.enqueue([newDelivery({ id: 'a' })])
    await box.worker.start()
    await box.settle()
    expect(sends).toHaveLength(1)
  })

  test('repeats an attempt that a dead process left under way, with the same id', async () => {
    const { channel, sends } = scriptedChannel(() => 'ok')
    box = outbox([channel])
    await box.store.deliveries.enqueue([newDelivery({ id: 'a' })])
    await box.store.deliveries.turn(() => ({ finished: [], want: [{ destination: 'one', limit: 1 }] }))
    await box.worker.start()
    await box.settle()
    expect(sends).toMatchObject([{ id: 'a', attempt: 2 }])
    const { attempts } = (await box.store.deliveries.get('a'))!
    expect(attempts).toMatchObject([{ outcome: 'unknown', reason: 'interrupted' }, { outcome: 'delivered' }])
  })

  test('tries again after each wait of the schedule and gives up at the deadline', async () => {
    const sends = await run(() => {
      throw failure('retryable', 'http-500', { response: 'sorry' })
    }, [{ id: 'a', deadlineAt: 28 * HOUR }])
    expect(await box.stored('a')).toMatchObject({ state: 'pending', nextAt: 5000, reason: { code: 'retry-later' } })
    for (const wait of [5000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]) await box.pass(wait)
    expect(sends.map(({ at }) => at)).toEqual([
      0, 5000, 305_000, 2_105_000, 9_305_000, 27_305_000, 63_305_000, 99_305_000,
    ])
    expect(await box.stored('a')).toMatchObject({ state: 'dead', attempts: 8, reason: { code: 'deadline-passed' } })
    // A failed attempt is news; a message that is given up is something to look at.
    const told = box.events.filter(({ event }) => event === 'deliveryFailed' || event === 'deliveryGivenUp')
    expect(told.map(({ level, next = null, state = null }) => [level, next, state])).toEqual([
      ...Array.from({ length: 7 }, () => ['info', 'pending', null]),
      ['info', 'dead', null],
      ['warn', null, 'dead'],
    ])
    const { attempts } = (await box.store.deliveries.get('a'))!
    expect(attempts[0]).toMatchObject({ outcome: 'retryable', reason: 'http-500', response: 'sorry', retryAt: 5000 })
  })

  test('does not repeat what was rejected, and lets the next message of the alert go', async () => {
    const sends = await run(
      ({ id }) => {
        if (id === 'a') throw failure('rejected', 'http-400')
        return 'ok'
      },
      [{ id: 'a' }, { id: 'b' }],
    )
    expect(sends.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(await box.stored('a')).toMatchObject({ state: 'rejected', reason: { code: 'rejected' } })
  })

  test('repeats an unknown outcome only where that does no harm', async () => {
    const timeout = () => {
      throw failure('unknown', 'timeout')
    }
    await run(timeout, [{ id: 'a' }])
    expect(await box.stored('a')).toMatchObject({ state: 'pending', nextAt: MINUTE })
    await box.close()
    const sends = await run(timeout, [{ id: 'a' }], { idempotent: false })
    expect(await box.stored('a')).toMatchObject({ state: 'unknown', reason: { code: 'outcome-unknown' } })
    await box.pass(HOUR)
    expect(sends).toHaveLength(1)
  })

  test.each([
    ['sent', 1, 'delivered'],
    ['notSent', 2, 'delivered'],
    ['unknown', 1, 'unknown'],
  ] as const)('asks a channel that can be asked first: %s', async (answer, times, state) => {
    const sends = await run(
      ({ attempt }) => {
        if (attempt === 1) throw failure('unknown', 'reset')
        return 'ok'
      },
      [{ id: 'a' }],
      { idempotent: false, probe: async () => answer },
    )
    await box.pass(5000)
    expect(sends).toHaveLength(times)
    expect(await box.stored('a')).toMatchObject({ state })
  })

  test('keeps to the limits of the destination where they differ from those of the kind', async () => {
    const limitsOf = (destination: string) => ({ inFlight: destination === 'one' ? 1 : 2, retries: 'chat' as const })
    const queued = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, index) => ({
      ...{ id, fingerprints: [id], target: target(index < 3 ? 'one' : 'two') },
    }))
    const sends = await run(never, queued, { limitsOf })
    expect(sends.map(({ id }) => id).sort()).toEqual(['a', 'd', 'e'])
  })

  test('keeps the receipt of what it finds had arrived', async () => {
    const found = { response: 'found', reference: { comment: '7' } }
    await run(() => Promise.reject(failure('unknown', 'reset')), [{ id: 'a' }], {
      idempotent: false,
      probe: async () => found,
    })
    await box.pass(5000)
    expect(await box.stored('a')).toMatchObject({ state: 'delivered', receipt: { comment: '7' } })
    expect((await box.store.deliveries.get('a'))?.attempts[1]?.response).toContain('had arrived')
  })

  test('asks again, and sends nothing, while a channel that can be asked cannot be reached', async () => {
    let asked = 0
    const probe = async () => {
      asked += 1
      if (asked < 4) throw failure('retryable', 'refused')
      return 'notSent' as const
    }
    const play: Play = ({ attempt }) => (attempt === 1 ? Promise.reject(failure('unknown', 'reset')) : 'ok')
    const sends = await run(play, [{ id: 'a' }], { idempotent: false, probe })
    for (const wait of [5000, 5 * MINUTE, 30 * MINUTE]) await box.pass(wait)
    expect([asked, sends.length]).toEqual([3, 1])
    expect(await box.stored('a')).toMatchObject({ state: 'pending', reason: { code: 'outcome-unknown' } })
    await box.pass(2 * HOUR)
    expect([asked, sends.length]).toEqual([4, 2])
    expect(await box.stored('a')).toMatchObject({ state: 'delivered' })
  })

  test('takes a failure nobody has words for as one to repeat, and says so', async () => {
    const sends = await run(
      ({ attempt }) => {
        if (attempt === 1) throw new TypeError('undefined is not a function')
        return 'ok'
      },
      [{ id: 'a' }],
    )
    expect(box.events).toContainEqual(expect.objectContaining({ event: 'defect', where: 'channel script' }))
    await box.pass(5000)
    expect(sends).toHaveLength(2)
    expect(await box.stored('a')).toMatchObject({ state: 'delivered' })
  })

  test('tries a test message once', async () => {
    const sends = await run(() => {
      throw failure('retryable', 'http-500')
    }, [{ id: 'a', kind: 'test' }])
    await box.pass(HOUR)
    expect(sends).toHaveLength(1)
    expect(await box.stored('a')).toMatchObject({ state: 'rejected' })
  })

  test('keeps no secret of the channel in what it stores', async () => {
    const sealed = JSON.stringify({ password: 'hunter2' })
    await run(() => {
      throw failure('retryable', 'http-500', { response: 'hunter2 is wrong' })
    }, [{ id: 'a', target: { ...target('one'), sealed } }])
    const kept = JSON.stringify(await box.store.deliveries.get('a'))
    expect(kept.replace(JSON.stringify(sealed), '')).not.toContain('hunter2')
    expect(kept).toContain('*** is wrong')
  })
})

describe('a destination', () => {
  test('never has more under way than its channel allows, and starts in order', async () => {
    const waiting: (() => void)[] = []
    const queued = Array.from({ length: 9 }, (_, number) => ({ id: `d${number}`, fingerprints: [`${number}`] }))
    const sends = await run(() => new Promise((resolve) => waiting.push(() => resolve('ok'))), queued, {
      limits: { inFlight: 2, retries: 'chat' },
    })
    const started = () => sends.map(({ id }) => id)
    expect(started()).toEqual(['d0', 'd1'])
    waiting[1]!()
    await box.settle()
    expect(started()).toEqual(['d0', 'd1', 'd2'])
    waiting[0]!()
    waiting[2]!()
    await box.settle()
    expect(started()).toEqual(['d0', 'd1', 'd2', 'd3', 'd4'])
  })

  test('that hangs holds back no other', async () => {
    const queued = Array.from({ length: 80 }, (_, number) => ({
      id: `d${number}`,
      fingerprints: [`${number}`],
      target: target(number % 2 === 0 ? 'dead' : 'alive'),
    }))
    const sends = await run(({ to }) => (to === 'dead' ? never() : 'ok'), queued)
    expect(sends.filter(({ to }) => to === 'dead')).toHaveLength(32)
    expect(sends.filter(({ to }) => to === 'alive')).toHaveLength(40)
  })

  test('has a share of the limit over all, and one attempt at least', async () => {
    const waiting: (() => void)[] = []
    const queued = Array.from({ length: 30 }, (_, number) => ({
      id: `d${number}`,
      fingerprints: [`${number}`],
      target: target(number < 20 ? 'first' : number < 29 ? 'second' : 'third'),
    }))
    const script = scriptedChannel(() => new Promise((resolve) => waiting.push(() => resolve('ok'))))
    box = outbox([script.channel], { limits: { inFlight: 8 } })
    let turns = 0
    const { turn } = box.store.deliveries
    box.store.deliveries.turn = (collect) => {
      turns += 1
      return turn(collect)
    }
    await box.worker.start()
    await box.store.deliveries.enqueue(queued.map((one) => newDelivery(one)))
    await box.settle()
    const underWay = (to: string) => script.sends.filter((send) => send.to === to).length
    expect([underWay('first'), underWay('second'), underWay('third')]).toEqual([8, 1, 1])
    expect(turns).toBeLessThan(5)
    for (let ended = 0; ended < 30; ended += 1) {
      waiting[ended]!()
      await box.settle()
    }
    expect(await box.store.deliveries.counts()).toMatchObject({ pending: 0, sending: 0 })
  })

  test('that asks for a pause gets it as a whole, and others go on', async () => {
    let busy = true
    const queued = Array.from({ length: 6 }, (_, number) => ({
      id: `d${number}`,
      fingerprints: [`${number}`],
      target: target(number < 4 ? 'busy' : 'free'),
    }))
    const sends = await run(
      ({ to }) => {
        if (to === 'busy' && busy) throw failure('retryable', 'http-429', { retryAfter: 90_000 })
        return 'ok'
      },
      queued,
      { limits: { inFlight: 1, retries: 'chat' } },
    )
    expect(sends.map(({ id }) => id).sort()).toEqual(['d0', 'd4', 'd5'])
    expect(await box.stored('d0')).toMatchObject({
      state: 'pending',
      nextAt: 90_000,
      reason: { code: 'destination-paused' },
    })
    busy = false
    await box.pass(89_999)
    expect(sends).toHaveLength(3)
    await box.pass(1)
    expect(
      sends
        .slice(3)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['d0', 'd1', 'd2', 'd3'])
  })

  test('that fails is probed with its oldest message until it works', async () => {
    let down = true
    const queued = Array.from({ length: 8 }, (_, number) => ({ id: `d${number}`, fingerprints: [`${number}`] }))
    const sends = await run(
      () => {
        if (down) throw failure('retryable', 'refused')
        return 'ok'
      },
      queued,
      { limits: { inFlight: 1, retries: 'webhook' } },
    )
    expect(sends.map(({ id }) => id)).toEqual(['d0', 'd1', 'd2', 'd3', 'd4'])
    await box.pass(29_999)
    expect(sends).toHaveLength(5)
    await box.pass(1)
    expect(sends.slice(5).map(({ id }) => id)).toEqual(['d0'])
    down = false
    await box.pass(MINUTE)
    expect(sends[6]!.id).toBe('d1')
    await box.settle()
    expect(new Set(sends.slice(6).map(({ id }) => id)).size).toBe(7)
    await box.pass(5 * MINUTE)
    expect(await box.store.deliveries.counts()).toMatchObject({ pending: 0, sending: 0 })
  })

  test('gets messages at its pace', async () => {
    const queued = Array.from({ length: 5 }, (_, number) => ({ id: `d${number}`, fingerprints: [`${number}`] }))
    const sends = await run(() => 'ok', queued, {
      limits: { inFlight: 1, retries: 'chat', pace: { perSecond: 1, burst: 2 } },
    })
    expect(sends).toHaveLength(2)
    for (const count of [3, 4, 5]) {
      await box.pass(1000)
      expect(sends).toHaveLength(count)
    }
  })
})

describe('a channel', () => {
  const created = {
    project: 'default',
    name: 'hook',
    kind: 'script',
    destination: 'one',
    fallback: false,
    createdAt: 0,
  }
  const stored = { channelId: 'chn_1', kind: 'script', destination: 'one', settings: {}, sealed: null }

  async function withChannel(play: Play) {
    const script = scriptedChannel(play)
    box = outbox([script.channel])
    await box.store.channels.create({
      ...created,
      id: 'chn_1',
      settings: { to: 'stored' },
      sealed: '{"password":"hunter2"}',
    })
    await box.worker.start()
    const send = async (id: string, settings = {}) => {
      await box.store.deliveries.enqueue([newDelivery({ id, fingerprints: [id], target: { ...stored, settings } })])
      await box.settle()
    }
    return { ...script, send }
  }

  test('is opened with its settings, its secrets and those of the route', async () => {
    const { sends, send } = await withChannel(() => 'ok')
    await send('a')
    await send('b', { to: 'routed' })
    expect(sends.map(({ to }) => to)).toEqual(['stored', 'routed'])
  })

  test('that will never work again is disabled', async () => {
    const { sends, send } = await withChannel(() => {
      throw failure('rejected', 'http-410', { disableChannel: true })
    })
    await send('a')
    expect(await box.stored('a')).toMatchObject({ state: 'rejected' })
    expect((await box.store.channels.get('chn_1'))?.disabledReason).toBe('It failed with http-410.')
    expect(box.events).toContainEqual(expect.objectContaining({ event: 'channelDisabled', channel: 'chn_1' }))
    await send('b')
    expect(sends).toHaveLength(1)
    expect(await box.stored('b')).toMatchObject({ state: 'rejected', reason: { code: 'channel-disabled' } })
  })

  test('that is gone or not usable rejects its messages, and says why', async () => {
    const { sends, send } = await withChannel(() => 'ok')
    await send('a', { to: 7 })
    expect((await box.stored('a')).reason).toMatchObject({ code: 'rejected', detail: expect.stringContaining('to') })
    await box.store.channels.remove('chn_1')
    await send('b')
    expect((await box.stored('b')).reason).toMatchObject({ code: 'channel-missing' })
    expect(sends).toHaveLength(0)
  })
})

describe('the end', () => {
  test('waits for what is under way and starts nothing more', async () => {
    let end = () => {}
    const play = () =>
      new Promise<string>((resolve) => {
        end = () => resolve('ok')
      })
    const sends = await run(play, [{ id: 'a' }, { id: 'b' }])
    const stopped = box.worker.stop(10_000)
    await box.settle()
    end()
    await stopped
    expect(sends).toHaveLength(1)
    expect(await box.stored('a')).toMatchObject({ state: 'delivered' })
    expect(await box.stored('b')).toMatchObject({ state: 'pending' })
  })

  test('comes after the drain at the latest, with the results stored', async () => {
    const play: Play = (_send, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(failure('unknown', 'aborted')))
      })
    await run(play, [{ id: 'a' }])
    const stopped = box.worker.stop(10_000)
    await box.pass(10_000)
    await stopped
    expect(await box.stored('a')).toMatchObject({ state: 'pending', attempts: 1, nextAt: 15_000 })
  })

  test('of an attempt is not up to its channel', async () => {
    let signal: AbortSignal | undefined
    await run(
      (_send, context) => {
        signal = context.signal
        return never()
      },
      [{ id: 'a' }],
      { limits: { attempt: 20_000 } } as never,
    )
    await box.pass(19_999)
    expect(await box.stored('a')).toMatchObject({ state: 'sending' })
    await box.pass(1)
    expect(signal?.aborted).toBe(true)
    expect(await box.stored('a')).toMatchObject({ state: 'pending', nextAt: 80_000 })
  })

  test('of an attempt waits as long as the settings of its channel say, for that one alone', async () => {
    const signals = new Map<string, AbortSignal>()
    const hanging: Play = ({ id }, { signal }) => {
      signals.set(id, signal)
      return never()
    }
    const patient = { target: { ...target('slow'), settings: { to: 'slow', timeoutSeconds: 60 } } }
    await run(
      hanging,
      [
        { id: 'a', fingerprints: ['a'], ...patient },
        { id: 'b', fingerprints: ['b'] },
      ],
      { limits: { attempt: 20_000 } } as never,
    )
    await box.pass(20_000)
    expect([signals.get('a')?.aborted, signals.get('b')?.aborted]).toEqual([false, true])
    expect(await box.stored('a')).toMatchObject({ state: 'sending' })
    await box.pass(40_999)
    expect(signals.get('a')?.aborted).toBe(false)
    await box.pass(1)
    expect(signals.get('a')?.aborted).toBe(true)
    expect(await box.stored('a')).toMatchObject({ state: 'pending' })
  })
})
