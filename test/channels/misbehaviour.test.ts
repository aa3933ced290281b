import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Channel } from '../../src/channels/channel.ts'
import { channels } from '../../src/channels/index.ts'
import type { NewDelivery } from '../../src/model/delivery.ts'
import type { HttpDoor } from '../../src/net.ts'
import { newDelivery, type Outbox, outbox } from '../support/deliveries.ts'
import { testHttp } from '../support/egress.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type Receiver, type Reply, startReceiver } from '../support/receiver.ts'
import { tempDatabase } from '../support/temp-database.ts'
import { now, settingsOf } from './contract.ts'
import { type Way, ways, working } from './ways.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** What becomes of one delivery. */
interface Fate {
  state: 'delivered' | 'pending' | 'rejected' | 'unknown'
  outcome: 'delivered' | 'retryable' | 'rejected' | 'unknown'
  /** The class of the attempt. */
  cause: string
  /** ms until the next attempt; null when there is none. */
  wait: number | null
  /** Whether the channel is disabled. */
  disabled?: true
}

/** How what may have arrived is repeated: `always`, since twice does no harm; where it is `asked` for first; `never`. */
type Repeats = 'always' | 'asked' | 'never'

const delivered: Fate = { state: 'delivered', outcome: 'delivered', cause: 'delivered', wait: null }
const rejected = (cause: string): Fate => ({ state: 'rejected', outcome: 'rejected', cause, wait: null })
const later = (cause: string, wait: number): Fate => ({ state: 'pending', outcome: 'retryable', cause, wait })

/** When nobody knows whether the vendor has the message. */
function doubtful(cause: string, wait: number) {
  return (repeats: Repeats): Fate =>
    repeats === 'never'
      ? { state: 'unknown', outcome: 'unknown', cause, wait: null }
      : { state: 'pending', outcome: 'unknown', cause, wait }
}

/** A failure of the vendor's own, after which a message may be there. */
function failed(status: number) {
  return (repeats: Repeats): Fate =>
    repeats === 'always' ? later(`http-${status}`, 5 * SECOND) : doubtful(`http-${status}`, 5 * SECOND)(repeats)
}

const elsewhere = { location: 'http://127.0.0.1:1/' }
const inTwoMinutes = new Date(now + 2 * MINUTE).toUTCString()

/** What any HTTP server may do, and what follows by the rules for all channels. */
const misbehaviours: Record<string, [Reply, Fate | ((repeats: Repeats) => Fate)]> = {
  '301': [{ status: 301, headers: elsewhere }, rejected('http-301')],
  '302': [{ status: 302, headers: elsewhere }, later('http-302', 5 * SECOND)],
  '307': [{ status: 307, headers: elsewhere }, later('http-307', 5 * SECOND)],
  '308': [{ status: 308, headers: elsewhere }, rejected('http-308')],
  ...Object.fromEntries(
    [400, 401, 403, 404, 405, 413, 415, 422, 501, 505].map((status) => [
      `${status}`,
      [{ status }, rejected(`http-${status}`)],
    ]),
  ),
  '408': [{ status: 408 }, later('http-408', 5 * SECOND)],
  '410': [{ status: 410 }, { ...rejected('http-410'), disabled: true }],
  '425': [{ status: 425 }, later('http-425', 5 * SECOND)],
  '429': [{ status: 429 }, later('http-429', MINUTE)],
  '429 for seconds': [{ status: 429, retryAfter: 90 }, later('http-429', 90 * SECOND)],
  '429 for less than the usual wait': [{ status: 429, retryAfter: 1 }, later('http-429', 5 * SECOND)],
  '429 until a date': [{ status: 429, retryAfter: inTwoMinutes }, later('http-429', 2 * MINUTE)],
  '429 until a date gone by': [{ status: 429, retryAfter: new Date(0).toUTCString() }, later('http-429', MINUTE)],
  '429 for a day': [{ status: 429, retryAfter: 86_400 }, later('http-429', HOUR)],
  '429 for nobody knows how long': [{ status: 429, retryAfter: 'soon' }, later('http-429', MINUTE)],
  '503': [{ status: 503 }, later('http-503', 5 * SECOND)],
  '503 for seconds': [{ status: 503, retryAfter: 40 }, later('http-503', 40 * SECOND)],
  '503 until a date': [{ status: 503, retryAfter: inTwoMinutes }, later('http-503', 2 * MINUTE)],
  '500': [{ status: 500, body: 'oops' }, failed(500)],
  '502': [{ status: 502, body: '<html>Bad gateway</html>' }, failed(502)],
  '504': [{ status: 504 }, failed(504)],
  'no answer': ['hang', doubtful('timeout', MINUTE)],
  'a head that drips': ['slow-head', doubtful('timeout', MINUTE)],
  'a reset after the request': ['reset', doubtful('reset', 5 * SECOND)],
  'a close after the request': ['close', doubtful('reset', 5 * SECOND)],
  'an answer that is no HTTP': ['garbage', doubtful('protocol', 5 * SECOND)],
  'half a reply': ['half', delivered],
  'a reply that drips': ['drip', delivered],
  'a reply without end': ['endless', delivered],
}

/** Where a vendor's own rules say otherwise. */
const exceptions: Record<string, Record<string, Fate>> = {
  // Its answer of 200 may hold an error, so that one which breaks off tells nothing.
  'a bot of Slack': Object.fromEntries(
    ['half a reply', 'a reply that drips', 'a reply without end'].map((name) => [
      name,
      { state: 'pending', outcome: 'unknown', cause: 'protocol', wait: 5 * SECOND },
    ]),
  ),
}

function repeatsOf(kind: string): Repeats {
  if (kind === 'webhook' || kind === 'microsoft-graph-mail') return 'always'
  return kind === 'twilio' ? 'never' : 'asked'
}

/** Only what never ends is cut short, so that a busy machine changes nothing. */
const isSlow = (reply: Reply) => reply === 'hang' || reply === 'slow-head' || reply === 'drip'

const isLogin = ({ path }: { path: string }) => path.endsWith('/oauth2/v2.0/token')

interface Row {
  id: string
  way: string
  misbehaviour: string
  reply: Reply
  expected: Fate
}

const rows: Row[] = Object.entries(ways).flatMap(([way, { kind }], first) =>
  Object.entries(misbehaviours).map(([misbehaviour, [reply, rule]], second) => {
    const usual = typeof rule === 'function' ? rule(repeatsOf(kind)) : rule
    const expected = exceptions[way]?.[misbehaviour] ?? usual
    return { id: `${first}-${second}`, way, misbehaviour, reply, expected }
  }),
)

describe('a vendor that misbehaves', () => {
  const receivers = new Map<string, Receiver>()
  let http: HttpDoor
  let box: Outbox

  /** Resolves when so many attempts have ended. */
  async function ended(count: number) {
    const seen = () => box.events.filter(({ event }) => event === 'delivered' || event === 'deliveryFailed').length
    while (seen() < count) await new Promise((resolve) => setTimeout(resolve, 10))
    await box.settle()
  }

  /** A receiver of its own that does so, the channel that leads there, and a message for it. */
  async function prepared({ id, way, reply }: Row): Promise<NewDelivery> {
    const receiver = await startReceiver()
    receivers.set(id, receiver)
    receiver.reply((request) => (isLogin(request) ? working(request) : reply))
    const { kind, settings } = ways[way] as Way
    const channel: Channel = channels[kind as keyof typeof channels]
    const given = { ...settings(receiver.url, receiver.url), timeoutSeconds: isSlow(reply) ? 3 : 120 }
    const destination = channel.destination(settingsOf(channel, given))
    const sealed = JSON.stringify(given)
    const row = { id, project: 'default', name: id, kind, settings: {}, sealed, destination }
    await box.store.channels.create({ ...row, fallback: false, createdAt: now })
    const target = { channelId: id, kind, destination, settings: {}, sealed: null }
    return newDelivery({ id, fingerprints: [id], target, createdAt: now })
  }

  beforeAll(async () => {
    http = testHttp({}, { connectTimeout: 120 * SECOND })
    box = outbox(Object.values(channels), { http }, tempDatabase(manualClock(now)))
    await box.worker.start()
    const some = async (chosen: Row[]) => {
      const queued: NewDelivery[] = []
      for (const row of chosen) queued.push(await prepared(row))
      await box.store.deliveries.enqueue(queued)
      return chosen.length
    }
    await some(rows.filter(({ reply }) => isSlow(reply)))
    let count = 0
    for (const way of Object.keys(ways)) {
      count += await some(rows.filter((row) => row.way === way && !isSlow(row.reply)))
      await ended(count)
    }
    await ended(rows.length)
  }, 120_000)
  afterAll(async () => {
    await box.close()
    http.close()
    await Promise.all([...receivers.values()].map((receiver) => receiver.close()))
  })

  test.each(rows.map((row) => [row.way, row.misbehaviour, row] as const))('%s: %s', async (_way, _what, row) => {
    const { delivery, attempts } = (await box.store.deliveries.get(row.id)) ?? expect.unreachable()
    const [attempt, ...more] = attempts
    const wait = delivery.nextAt === null ? null : delivery.nextAt - now
    const isDisabled = (await box.store.channels.get(row.id))?.disabledReason != null
    const seen = { state: delivery.state, outcome: attempt?.outcome, cause: attempt?.reason, wait }
    expect({ ...seen, ...(isDisabled ? { disabled: true } : {}) }).toEqual(row.expected)
    expect(more).toEqual([])
    expect(JSON.stringify(attempts)).not.toContain('canary')
  })

  test('gets the same again once it works, wherever it waits, and nothing where it does not', async () => {
    for (const receiver of receivers.values()) receiver.reply(working)
    const waiting = rows.filter(({ expected }) => expected.state === 'pending')
    let passed = 0
    for (const wait of [...new Set(waiting.map(({ expected }) => expected.wait ?? 0))].sort((a, b) => a - b)) {
      box.clock.advance(wait - passed)
      passed = wait
      await ended(rows.length + waiting.filter(({ expected }) => (expected.wait ?? 0) <= wait).length)
    }
    for (const { id, way, misbehaviour, expected } of rows) {
      const { delivery, attempts } = (await box.store.deliveries.get(id)) ?? expect.unreachable()
      const isAgain = expected.state === 'pending'
      const state = isAgain ? 'delivered' : expected.state
      expect([way, misbehaviour, delivery.state, attempts.length]).toEqual([way, misbehaviour, state, isAgain ? 2 : 1])
      const sent = receivers.get(id)?.received.filter((request) => request.method !== 'GET' && !isLogin(request)) ?? []
      // Graph is asked once more with a new token before it is believed that the token is at fault.
      const once = misbehaviour === '401' && way.startsWith('Microsoft') ? 2 : 1
      expect([way, misbehaviour, sent.length]).toEqual([way, misbehaviour, isAgain ? 2 : once])
      expect(new Set(sent.map(({ method, path, body }) => `${method} ${path} ${body}`)).size).toBe(1)
    }
  }, 120_000)
})
