import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import type { Attempt, Delivery } from '../../src/model/delivery.ts'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { type Receiver, type Reply, startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'

setDefaultTimeout(60_000)

/** How each receiver answers at first. */
const replies = {
  hanging: 'hang',
  resetting: 'reset',
  busy: { status: 429, retryAfter: 7 },
  broken: { status: 500, body: 'out of order' },
  moved: { status: 301, headers: { location: 'http://127.0.0.1:1/elsewhere' } },
  gone: { status: 410 },
  well: { status: 200 },
} satisfies Record<string, Reply>

type Name = keyof typeof replies

/** A delivery as the API shows it. */
type Shown = Omit<Delivery, 'message'> & { reason: { code: string; text: string }; attempts: Attempt[] }

const names = Object.keys(replies) as Name[]
const receivers = new Map<Name, Receiver>()
let folder: string
let daemon: Daemon
/** What one evaluation sent to each of them. */
let sent: Map<Name, string>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-receivers-'))
  const path = join(folder, 'data.db')
  const outside = new Sqlite(path)
  outside.exec('CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)')
  outside.close()
  daemon = await startDaemon({ env: { TOCSIN_CONNECTIONS_SQLITE_PATHS: folder } })
  await daemon.api('POST', '/connections', { name: 'data', kind: 'sqlite', settings: { path } })
  for (const name of names) {
    const receiver = await startReceiver()
    receiver.reply(replies[name])
    receivers.set(name, receiver)
    // The one that hangs is given up after a second.
    const settings = { url: `${receiver.url}/hook`, ...(name === 'hanging' ? { timeoutSeconds: 1 } : {}) }
    await daemon.api('POST', '/channels', { name, kind: 'webhook', settings })
  }
  await daemon.api('POST', '/rules', {
    name: 'all',
    connection: 'data',
    query: 'SELECT n FROM t',
    schedule: { cron: '0 0 1 1 *' },
    condition: { trigger: 'rows' },
    notify: 'every',
    routes: names.map((channel) => ({ channel })),
  })
  const { evaluation } = await daemon.api<{ evaluation: string }>('POST', '/rules/all/run')
  sent = await sentBy(evaluation)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  for (const receiver of receivers.values()) await receiver.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Traced {
  trace: { routes: { route: Name; deliveryId: string | null; reason: { code: string } }[] }
}

async function sentBy(evaluation: string): Promise<Map<Name, string>> {
  const { trace } = await daemon.api<Traced & Record<string, unknown>>('GET', `/evaluations/${evaluation}`)
  return new Map(trace.routes.map(({ route, deliveryId }) => [route, deliveryId ?? '']))
}

function receiver(name: Name): Receiver {
  const found = receivers.get(name)
  if (found === undefined) throw new Error(`There is no receiver ${name}.`)
  return found
}

const show = (id: string | undefined) => daemon.api<Shown & Record<string, unknown>>('GET', `/deliveries/${id}`)

/** The delivery once so many of its attempts have ended. */
function attempted(name: Name, count: number, limit?: number) {
  return eventually(async () => {
    const delivery = await show(sent.get(name))
    expect(delivery.attempts.filter(({ outcome }) => outcome !== null)).toHaveLength(count)
    return delivery
  }, limit)
}

/** ms from the end of the first attempt to when the next is planned. */
function wait({ attempts: [first] }: Shown): number {
  if (first === undefined || first.retryAt === null || first.finishedAt === null)
    throw new Error('No retry is planned.')
  return first.retryAt - first.finishedAt
}

async function send(channel: string, title: string): Promise<string> {
  const { deliveries } = await daemon.api<{ deliveries: string[] }>('POST', `/channels/${channel}/send`, {
    message: { title },
  })
  return deliveries[0] ?? ''
}

test('one that hangs is given up, and asked again after a minute: it may have taken the message', async () => {
  const delivery = await attempted('hanging', 1)
  expect(delivery).toMatchObject({ state: 'pending', attempts: [{ outcome: 'unknown', reason: 'timeout' }] })
  expect(wait(delivery)).toBeWithin(60_000, 72_001)
})

test('one that answers 500 or breaks off is asked again after five seconds, with the same id', async () => {
  const broken = await attempted('broken', 1)
  expect(broken).toMatchObject({ state: 'pending', reason: { code: 'retry-later' } })
  expect(broken.attempts).toMatchObject([{ outcome: 'retryable', reason: 'http-500', response: '500 out of order' }])
  expect(wait(broken)).toBeWithin(5000, 6001)
  const reset = await attempted('resetting', 1)
  expect(reset).toMatchObject({ state: 'pending', attempts: [{ outcome: 'unknown' }] })
  expect(wait(reset)).toBeWithin(5000, 6001)

  receiver('broken').reply({ status: 204 })
  receiver('resetting').reply({ status: 204 })
  for (const name of ['broken', 'resetting'] as const) {
    const delivery = await attempted(name, 2)
    expect(delivery).toMatchObject({ state: 'delivered', attempts: [{}, { outcome: 'delivered' }] })
    const [first, second] = receiver(name).received
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'] ?? 'none')
    expect(second?.body).toBe(first?.body ?? 'none')
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(5000)
  }
})

test('one that answers 429 is left in peace for as long as it asks, by other messages too', async () => {
  const delivery = await attempted('busy', 1)
  expect(delivery.attempts).toMatchObject([{ outcome: 'retryable', reason: 'http-429' }])
  expect(delivery).toMatchObject({ state: 'pending', reason: { code: 'destination-paused' } })
  expect(wait(delivery)).toBeWithin(7000, 8401)
  receiver('busy').reply({ status: 200 })
  const other = await send('busy', 'another')
  await attempted('busy', 2, 20_000)
  await eventually(async () => expect((await show(other)).state).toBe('delivered'))
  const [first, ...later] = receiver('busy').received
  expect(later).toHaveLength(2)
  for (const { at } of later) expect(at - (first?.at ?? 0)).toBeGreaterThanOrEqual(6990)
})

test('one that has moved is a failure for good that says what to do', async () => {
  const delivery = await attempted('moved', 1)
  expect(delivery).toMatchObject({ state: 'rejected', attempts: [{ outcome: 'rejected', reason: 'http-301' }] })
  expect(delivery.reason.text).toContain('Set the new address in the channel')
  expect(receiver('moved').received).toHaveLength(1)
})

test('one that is gone disables its channel, visibly, until it is enabled', async () => {
  const delivery = await attempted('gone', 1)
  expect(delivery).toMatchObject({ state: 'rejected', attempts: [{ outcome: 'rejected', reason: 'http-410' }] })
  const channel = await eventually(async () => {
    const shown = await daemon.api<{ disabled: string | null }>('GET', '/channels/gone')
    expect(shown.disabled).toContain('410')
    return shown
  })
  expect(daemon.events).toContainEqual(expect.objectContaining({ event: 'channelDisabled', reason: channel.disabled }))
  await expect(send('gone', 'x')).rejects.toThrow(/409.*Enable it first/)
  expect(daemon.run('send', 'gone')).toMatchObject({ code: 1, err: expect.stringContaining('Enable it first') })

  const { evaluation } = await daemon.api<{ evaluation: string }>('POST', '/rules/all/run')
  const { trace } = await daemon.api<Traced & Record<string, unknown>>('GET', `/evaluations/${evaluation}`)
  expect(trace.routes.find(({ route }) => route === 'gone')?.reason.code).toBe('channel-disabled')
  expect(receiver('gone').received).toHaveLength(1)

  receiver('gone').reply({ status: 200 })
  await daemon.api('POST', '/channels/gone/enable')
  const id = await send('gone', 'back again')
  await eventually(async () => expect((await show(id)).state).toBe('delivered'))
})

test('a destination that hangs with a crowd before it does not slow another', async () => {
  const stuck = await startReceiver()
  stuck.reply('hang')
  await daemon.api('POST', '/channels', { name: 'stuck', kind: 'webhook', settings: { url: stuck.url } })
  for (let index = 0; index < 40; index += 1) await send('stuck', `waits ${index}`)
  await stuck.until(32)
  const before = receiver('well').received.length
  const lateness: number[] = []
  for (let index = 0; index < 100; index += 1) {
    const at = Date.now()
    await send('well', `goes ${index}`)
    const received = await receiver('well').until(before + index + 1)
    lateness.push((received.at(-1)?.at ?? 0) - at)
  }
  expect(lateness.toSorted((a, b) => a - b)[95]).toBeLessThan(250)
  expect(stuck.received).toHaveLength(32)
  await stuck.close()
})
