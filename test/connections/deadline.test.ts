import { expect, test } from 'bun:test'
import { createDeadline } from '../../src/connections/deadline.ts'

const never = () => new AbortController().signal

test('is over when its time is, whatever others wait for', async () => {
  const over: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const long = createDeadline(never(), 60_000)
  const middle = createDeadline(never(), 20)
  const short = createDeadline(never(), 5)
  const cleared = createDeadline(never(), 1)
  cleared.onOver(() => over.push('cleared'))
  long.onOver(() => over.push('long'))
  short.onOver(() => over.push('short'))
  middle.onOver(() => {
    over.push('middle')
    resolve()
  })
  cleared.clear()
  await promise
  expect(over).toEqual(['short', 'middle'])
  expect([short, middle, long, cleared].map((deadline) => deadline.isOver)).toEqual([true, true, false, false])
  expect(short.cause()?.failure).toBe('timeout')
  expect(long.cause()).toBeNull()
  long.clear()
})

test('is over when its caller gives up, and no other is', () => {
  const caller = new AbortController()
  const mine = [createDeadline(caller.signal, 60_000), createDeadline(caller.signal, 60_000)]
  const other = createDeadline(never(), 60_000)
  const signals = mine.map((deadline) => deadline.signal)
  caller.abort()
  expect(mine.map((deadline) => deadline.cause()?.failure)).toEqual(['aborted', 'aborted'])
  expect(signals.map((signal) => signal.aborted)).toEqual([true, true])
  expect([other.isOver, other.signal.aborted]).toEqual([false, false])
  other.clear()
})

test('tells at once what is over already, and only whom it was told last', () => {
  const told: number[] = []
  const late = createDeadline(AbortSignal.abort(), 60_000)
  late.onOver(() => told.push(1))
  expect([told, late.signal.aborted, late.cause()?.failure]).toEqual([[1], true, 'aborted'])
  const caller = new AbortController()
  const deadline = createDeadline(caller.signal, 60_000)
  deadline.onOver(() => told.push(2))
  deadline.onOver(() => told.push(3))
  caller.abort()
  expect(told).toEqual([1, 3])
})
