import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import type { Channel, SendContext } from '../../src/channels/channel.ts'
import { DeliveryError } from '../../src/channels/failure.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Message } from '../../src/model/message.ts'
import { secretKeys } from '../../src/model/settings.ts'
import type { HttpRequest } from '../../src/net.ts'
import { createPrograms } from '../../src/programs.ts'
import { testHttp } from '../support/egress.ts'
import { type Receiver, type Reply, startReceiver } from '../support/receiver.ts'
import { freePort } from '../support/servers.ts'
import { firing, messages } from './messages.ts'

/** What the contract has to know of one kind of channel. */
export interface Fixture {
  /** Settings that are accepted; the golden files are made with the first. */
  accepted: [JsonObject, ...JsonObject[]]
  /** Settings that are refused, each with the path and a part of the text of the refusal. */
  rejected: [settings: JsonObject, path: string, text: string][]
  /** Keys of the secret settings. */
  secrets: string[]
  /** Settings that send by HTTP to this address, full of the word `canary` where secrets are. */
  http?(url: string): JsonObject
  /** What the receiver answers when it has taken a message, where that is not any 2xx. */
  taken?: Taken[]
}

/** An answer by which a message is taken. */
export type Taken = { status: number; body: string }

const anySuccess: Taken[] = [200, 201, 202, 204].map((status) => ({ status, body: status === 204 ? '' : 'taken' }))

/** The time of every send here. */
export const now = Date.UTC(2026, 2, 4, 9, 31)

/** Settings as the schema gives them; throws when they are refused. */
export function settingsOf<Schema extends v.GenericSchema>(
  channel: Channel<Schema>,
  given: JsonObject,
): v.InferOutput<Schema> {
  return v.parse(channel.settings, given)
}

/** What a channel gets for a send, with the changes a test makes. */
export function contextOf(changes: Partial<SendContext> = {}): SendContext {
  return {
    http: testHttp(),
    signal: new AbortController().signal,
    deliveryId: 'msg_000000001abcdefgh',
    attempt: 1,
    now,
    cache: new Map(),
    print: () => {},
    programs: createPrograms([]),
    ...changes,
  }
}

/** The error of a send that must fail. */
export async function failureOf(sending: Promise<unknown>): Promise<DeliveryError> {
  try {
    await sending
  } catch (thrown) {
    if (thrown instanceof DeliveryError) return thrown
    throw thrown
  }
  throw new Error('It was sent.')
}

/** Tests what every channel must keep. */
export function channelContract<Schema extends v.GenericSchema, Payload>(
  channel: Channel<Schema, Payload>,
  fixture: Fixture,
): void {
  describe(`the channel contract of ${channel.kind}`, () => {
    settingsContract(channel, fixture)
    renderContract(channel, fixture)
    if (fixture.http !== undefined) httpContract(channel, fixture.http.bind(fixture), fixture.taken)
  })
}

function settingsContract<Schema extends v.GenericSchema, Payload>(
  channel: Channel<Schema, Payload>,
  { accepted, rejected, secrets }: Fixture,
): void {
  test.each(accepted.map((given) => [given]))('accepts the settings %j', (given) => {
    const settings = settingsOf(channel, given)
    expect(channel.destination(settings)).toMatch(/^\P{Cc}{3,300}$/u)
    expect(settingsOf(channel, JSON.parse(JSON.stringify(settings)))).toEqual(settings)
  })
  test.each(rejected)('refuses the settings %j at "%s"', (given, path, text) => {
    const result = v.safeParse(channel.settings, given)
    const issues = (result.issues ?? []).map((issue) => `${v.getDotPath(issue) ?? ''}: ${issue.message}`)
    expect(issues.find((issue) => issue.startsWith(`${path}: `)) ?? issues.join('; ')).toContain(text)
  })
  test('refuses unknown settings by name', () => {
    const result = v.safeParse(channel.settings, { ...accepted[0], surplus: 1 })
    expect(result.issues?.map((issue) => v.getDotPath(issue))).toEqual(['surplus'])
  })
  test('declares its secrets, and no destination holds one', () => {
    expect(secretKeys(channel.settings).sort()).toEqual([...secrets].sort())
    for (const given of accepted) expect(channel.destination(settingsOf(channel, given))).not.toContain('canary')
  })
}

function renderContract<Schema extends v.GenericSchema, Payload>(
  channel: Channel<Schema, Payload>,
  { accepted }: Fixture,
): void {
  const settings = settingsOf(channel, accepted[0])
  test.each(Object.keys(messages))('renders the message "%s" as its golden file has it', (name) => {
    const payload = channel.render(frozen(messages[name] ?? firing), settings)
    expect(`${JSON.stringify(payload, null, 2)}\n`).toBe(goldenFile(channel.kind, name, payload))
  })
  test('renders the same bytes for the same message', () => {
    for (const message of Object.values(messages)) {
      const again = JSON.parse(JSON.stringify(message)) as Message
      expect(JSON.stringify(channel.render(again, settings))).toBe(JSON.stringify(channel.render(message, settings)))
    }
  })
  test('keeps its limit for a payload', () => {
    for (const message of Object.values(messages)) {
      const size = Buffer.byteLength(JSON.stringify(channel.render(message, settings)))
      expect(size).toBeLessThanOrEqual(channel.limits.payload ?? Number.POSITIVE_INFINITY)
    }
  })
}

type Expected = Partial<Pick<DeliveryError, 'outcome' | 'reason' | 'retryAfter' | 'disableChannel'>>

/** Tests how answers, and none, are judged. Where `taken` is given, an answer whose body broke off tells nothing. */
export function httpContract<Schema extends v.GenericSchema, Payload>(
  channel: Channel<Schema, Payload>,
  settingsFor: (url: string) => JsonObject,
  taken?: Taken[],
): void {
  const doubtful = channel.idempotent ? 'retryable' : 'unknown'
  const failures: [name: string, reply: Reply, expected: Expected][] = [
    ['301', { status: 301, headers: { location: 'http://127.0.0.1:1/' } }, { outcome: 'rejected', reason: 'http-301' }],
    [
      '302',
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      { outcome: 'retryable', reason: 'http-302' },
    ],
    ['400', { status: 400, body: 'bad' }, { outcome: 'rejected', reason: 'http-400', disableChannel: false }],
    ['401', { status: 401 }, { outcome: 'rejected', reason: 'http-401' }],
    ['403', { status: 403 }, { outcome: 'rejected', reason: 'http-403' }],
    ['404', { status: 404 }, { outcome: 'rejected', reason: 'http-404' }],
    ['408', { status: 408 }, { outcome: 'retryable', reason: 'http-408' }],
    ['410', { status: 410 }, { outcome: 'rejected', reason: 'http-410', disableChannel: true }],
    ['425', { status: 425 }, { outcome: 'retryable', reason: 'http-425' }],
    [
      '429 with seconds',
      { status: 429, retryAfter: 7 },
      { outcome: 'retryable', reason: 'http-429', retryAfter: 7000 },
    ],
    [
      '429 with a date',
      { status: 429, retryAfter: new Date(now + 90_000).toUTCString() },
      { outcome: 'retryable', retryAfter: 90_000 },
    ],
    ['429 with a date gone by', { status: 429, retryAfter: new Date(0).toUTCString() }, { retryAfter: undefined }],
    ['429 with garbage', { status: 429, retryAfter: 'soon' }, { outcome: 'retryable', retryAfter: undefined }],
    ['429 with a negative wait', { status: 429, retryAfter: '-5' }, { outcome: 'retryable', retryAfter: undefined }],
    ['500', { status: 500, body: 'oops' }, { outcome: doubtful, reason: 'http-500' }],
    ['501', { status: 501 }, { outcome: 'rejected', reason: 'http-501' }],
    ['502', { status: 502 }, { outcome: doubtful, reason: 'http-502' }],
    ['503', { status: 503, retryAfter: 3 }, { outcome: 'retryable', reason: 'http-503', retryAfter: 3000 }],
    ['504', { status: 504 }, { outcome: doubtful, reason: 'http-504' }],
    ['no answer', 'hang', { outcome: 'unknown', reason: 'timeout' }],
    ['a head that drips', 'slow-head', { outcome: 'unknown', reason: 'timeout' }],
    ['a reset', 'reset', { outcome: 'unknown', reason: 'reset' }],
    ['a close', 'close', { outcome: 'unknown', reason: 'reset' }],
    ['garbage', 'garbage', { outcome: 'unknown', reason: 'protocol' }],
  ]
  let receiver: Receiver
  const door = testHttp()
  const hasty = { ...door, request: (request: HttpRequest) => door.request({ ...request, timeout: 250 }) }
  const attempt = (url: string, changes: Partial<SendContext> = {}) => {
    const settings = settingsOf(channel, settingsFor(url))
    return channel.send(channel.render(firing, settings), settings, contextOf({ http: hasty, ...changes }))
  }
  const check = async (sending: Promise<unknown>, expected: Expected) => {
    const failure = await failureOf(sending)
    for (const [key, value] of Object.entries(expected))
      expect([key, failure[key as keyof Expected]]).toEqual([key, value])
    expect(failure.message).toMatch(/^[A-Z0-9].*\.$/s)
    expect(JSON.stringify([failure.message, failure.reason, failure.response])).not.toContain('canary')
  }

  beforeAll(async () => {
    receiver = await startReceiver()
  })
  afterAll(async () => {
    door.close()
    await receiver.close()
  })
  test.each((taken ?? anySuccess).map((answer) => [answer.status, answer] as const))(
    'takes %d as delivered',
    async (status, answer) => {
      receiver.reply(answer)
      expect((await attempt(receiver.url)).response).toStartWith(String(status))
    },
  )
  test.each(['half', 'drip', 'endless'] as const)('judges a success whose body does not end: %s', async (reply) => {
    receiver.reply(reply)
    if (taken === undefined) expect((await attempt(receiver.url)).response).toStartWith('200')
    else await check(attempt(receiver.url), { outcome: 'unknown' })
  })
  test.each(failures)('classifies %s', async (_name, reply, expected) => {
    receiver.reply(reply)
    await check(attempt(receiver.url), expected)
  })
  test('takes time, proxy and trust from its settings', async () => {
    const asked: HttpRequest[] = []
    const http = {
      ...door,
      request: (request: HttpRequest) => {
        asked.push(request)
        return door.request(request)
      },
    }
    receiver.reply(taken?.[0] ?? { status: 200 })
    const reaching = { timeoutSeconds: 7, useProxy: false, verifyCertificate: false }
    const settings = settingsOf(channel, { ...settingsFor(receiver.url), ...reaching })
    await channel.send(channel.render(firing, settings), settings, contextOf({ http }))
    expect(asked.length).toBeGreaterThan(0)
    for (const request of asked)
      expect(request).toMatchObject({ timeout: 7000, proxy: false, tls: { verify: false, authorities: [] } })
  })
  test('classifies a refused connection', async () => {
    await check(attempt(`http://127.0.0.1:${await freePort()}`), { outcome: 'retryable', reason: 'refused' })
  })
  test('classifies a denied address', async () => {
    await check(attempt('http://169.254.169.254'), { outcome: 'rejected', reason: 'denied' })
  })
  test('classifies a stop, before and after the request was written', async () => {
    receiver.reply('hang')
    const stop = new AbortController()
    const sending = attempt(receiver.url, { signal: stop.signal, http: door })
    const checked = check(sending, { outcome: 'unknown', reason: 'aborted' })
    await receiver.until(receiver.received.length + 1)
    stop.abort()
    await checked
    await check(attempt(receiver.url, { signal: stop.signal }), { outcome: 'retryable', reason: 'aborted' })
  })
}

/** The golden file's text; made from the payload when there is none yet and `UPDATE_GOLDEN` is set. */
export function goldenFile(kind: string, name: string, payload: unknown): string {
  const folder = fileURLToPath(new URL(`../golden/channels/${kind}`, import.meta.url))
  const file = `${folder}/${name}.json`
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, `${JSON.stringify(payload, null, 2)}\n`)
  }
  return existsSync(file) ? readFileSync(file, 'utf8') : `There is no ${file}; UPDATE_GOLDEN=1 makes it.`
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(Object.freeze(value))) frozen(part)
  return value
}
