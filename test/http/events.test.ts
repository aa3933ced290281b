import { expect, test } from 'bun:test'
import { createEventStreams } from '../../src/http/events.ts'
import type { Change, ChangeListener } from '../../src/store/changes.ts'
import { testApi } from '../support/api.ts'
import { manualClock } from '../support/manual-clock.ts'

interface World {
  clock: ReturnType<typeof manualClock>
  streams: ReturnType<typeof createEventStreams>
  change(change: Partial<Change>): void
  listeners: Set<ChangeListener>
}

function world(): World {
  const clock = manualClock(1000)
  const listeners = new Set<ChangeListener>()
  const changes = {
    watch(listener: ChangeListener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    clock,
    listeners,
    streams: createEventStreams(changes, clock, { version: '1' }),
    change(change) {
      for (const listener of [...listeners]) listener({ project: 'blue', kind: 'alerts', id: 'rul_1', ...change })
    },
  }
}

const yes = async () => true
const decoder = new TextDecoder()

/** Reads one piece after the other; null at the end. */
function reading(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader()
  return {
    next: async () => {
      const { value, done } = await reader.read()
      return done ? null : decoder.decode(value)
    },
    cancel: () => reader.cancel(),
  }
}

test('it begins with a greeting, then tells what changed, gathered and by kind', async () => {
  const { streams, clock, change } = world()
  const events = reading(streams.open('blue', yes))
  expect(await events.next()).toBe('retry: 2000\nevent: ready\ndata: {"version":"1"}\n\n')
  change({})
  change({})
  change({ kind: 'deliveries', id: 'msg_1' })
  change({ kind: 'deliveries', id: 'msg_2' })
  clock.advance(250)
  expect(await events.next()).toBe('event: change\ndata: {"alerts":["rul_1"],"deliveries":["msg_1","msg_2"]}\n\n')
  await events.cancel()
})

test('very many ids become a star', async () => {
  const { streams, clock, change } = world()
  const events = reading(streams.open('blue', yes))
  await events.next()
  for (let index = 0; index < 200; index += 1) change({ id: `rul_${index}` })
  clock.advance(250)
  expect(await events.next()).toBe('event: change\ndata: {"alerts":["*"]}\n\n')
  await events.cancel()
})

test('other projects are none of its business', async () => {
  const { streams, clock, change } = world()
  const events = reading(streams.open('blue', yes))
  await events.next()
  change({ project: 'red' })
  clock.advance(15_000)
  expect(await events.next()).toBe(': alive\n\n')
  await events.cancel()
})

test('it ends when the reader may no longer read, goes away, or Tocsin stops', async () => {
  const { streams, clock, listeners } = world()
  let allowed = true
  const revoked = reading(streams.open('blue', async () => allowed))
  await revoked.next()
  allowed = false
  clock.advance(15_000)
  expect(await revoked.next()).toBeNull()
  const gone = reading(streams.open('blue', yes))
  await gone.next()
  await gone.cancel()
  expect(listeners.size).toBe(0)
  const last = reading(streams.open('blue', yes))
  await last.next()
  streams.close()
  expect(await last.next()).toBeNull()
  expect(listeners.size).toBe(0)
})

test('a reader that does not read is cut off, and there are never too many', () => {
  const { streams, clock, change, listeners } = world()
  streams.open('blue', yes)
  for (let count = 0; count < 100; count += 1) {
    change({})
    clock.advance(250)
  }
  expect(listeners.size).toBe(0)
  for (let count = 0; count < 200; count += 1) streams.open('blue', yes)
  expect(() => streams.open('blue', yes)).toThrow('200 streams of events are open already')
  streams.close()
})

test('the route asks for a holder of the project and cannot be kept', async () => {
  await using api = await testApi()
  const { status, headers, text } = await api.call('GET', '/api/v1/events')
  expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    'no-store',
  ])
  expect(text).toContain('event: ready')
  const token = await api.token('viewer', 'blue')
  expect((await api.call('GET', '/api/v1/events', undefined, { token })).status).toBe(403)
  expect((await api.call('GET', '/api/v1/projects/blue/events', undefined, { token })).status).toBe(200)
})
