import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { slack } from '../../src/channels/slack.ts'
import { idTime, newId } from '../../src/ids.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Message } from '../../src/model/message.ts'
import { testHttp } from '../support/egress.ts'
import { type Receiver, type Reply, startReceiver } from '../support/receiver.ts'
import { channelContract, contextOf, failureOf, httpContract, settingsOf } from './contract.ts'
import { firing, messages } from './messages.ts'

const webhookUrl = 'https://hooks.slack.com/services/T0/B0/canary'
const token = 'xoxb-canary'

channelContract(slack, {
  accepted: [
    { webhookUrl },
    { mode: 'bot', token, channel: 'C0123456789', username: 'Tocsin', icon: ':bell:', colour: '#ff8800' },
    { mode: 'bot', token, apiUrl: 'https://slack-gov.com/api/', followUp: 'update', broadcast: true },
    { mode: 'webhook', webhookUrl: 'http://10.0.0.7:8065/hooks/canary', colour: 'none', useProxy: false },
  ],
  rejected: [
    [{}, 'webhookUrl', 'is missing; the mode "webhook" needs it'],
    [{ mode: 'bot' }, 'token', 'is missing; the mode "bot" needs it'],
    [{ mode: 'bot', token: 'xoxb 1' }, 'token', 'plain ASCII without spaces'],
    [{ mode: 'WEBHOOK', webhookUrl }, 'mode', '"webhook" or "bot"'],
    [{ webhookUrl: 'hooks.slack.com/services' }, 'webhookUrl', 'begins with https://'],
    [{ webhookUrl, apiUrl: 'slack.com' }, 'apiUrl', 'begins with https://'],
    [{ webhookUrl, channel: 7 }, 'channel', 'must be text'],
    [{ webhookUrl, followUp: 'reply' }, 'followUp', '"thread", "update" or "message"'],
    [{ webhookUrl, timeoutSeconds: 0 }, 'timeoutSeconds', '1 second at least'],
  ],
  secrets: ['webhookUrl', 'token'],
  http: (to) => ({ webhookUrl: `${to}/services/T0/B0/canary` }),
})

const posted = { ok: true, channel: 'C1', ts: '1700000000.000100' }
const answer = (body: object): Reply => ({ status: 200, body: JSON.stringify(body) })

describe('a bot of Slack', () => {
  httpContract(slack, (url) => ({ mode: 'bot', token, channel: 'C1', apiUrl: `${url}/api` }), [
    { status: 200, body: JSON.stringify(posted) },
  ])
})

let receiver: Receiver
const http = testHttp()
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(async () => {
  http.close()
  await receiver.close()
})

const first = { asked: '#alerts', channel: 'C1', ts: '1700000000.000100' }
const resolved: Message = { ...firing, kind: 'resolved', title: 'Resolved', summary: 'It is over.' }
const reminder: Message = { ...firing, kind: 'reminder' }

/** Sends with a bot; answers are given in order, the last one again and again. */
async function bot(message: Message, given: JsonObject, answers: object[], previous?: JsonObject) {
  const start = receiver.received.length
  receiver.reply((_request, count) => answer(answers[Math.min(count - start, answers.length) - 1] ?? posted))
  const settings = settingsOf(slack, {
    mode: 'bot',
    token,
    channel: '#alerts',
    apiUrl: `${receiver.url}/api`,
    ...given,
  })
  const context = contextOf({ http, ...(previous === undefined ? {} : { previous }) })
  const sending = slack.send(slack.render(message, settings), settings, context)
  const receipt = await sending.catch((thrown: unknown) => ({ response: String(thrown), reference: undefined }))
  const calls = receiver.received.slice(start).map(({ path, headers, body }) => ({
    method: path.replace('/api/', ''),
    headers,
    body: JSON.parse(body),
  }))
  return { receipt, calls }
}

describe('a message of a bot', () => {
  test('goes to the Slack channel as JSON, with the token and its own mark', async () => {
    const { receipt, calls } = await bot(firing, { username: 'Tocsin\r\n', icon: ':bell:' }, [posted])
    expect(calls).toHaveLength(1)
    expect(calls[0]).toMatchObject({
      method: 'chat.postMessage',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
      body: {
        channel: '#alerts',
        username: 'Tocsin',
        icon_emoji: ':bell:',
        metadata: { event_type: 'tocsin_delivery', event_payload: { tocsin_delivery: 'msg_000000001abcdefgh' } },
      },
    })
    expect(calls[0]?.body.thread_ts).toBeUndefined()
    expect(receipt.reference).toEqual(first)
  })

  test('needs a Slack channel, of the channel or of the route', async () => {
    const settings = settingsOf(slack, { mode: 'bot', token })
    const failure = await failureOf(slack.send(slack.render(firing, settings), settings, contextOf({ http })))
    expect(failure).toMatchObject({ outcome: 'rejected', reason: 'no-channel' })
    expect(failure.message).toContain('No Slack channel is named')
  })

  test('of an alert that is known is an answer in its thread', async () => {
    for (const message of [reminder, resolved]) {
      const { calls } = await bot(message, { channel: '#alerts' }, [posted], first)
      expect(calls[0]).toMatchObject({ method: 'chat.postMessage', body: { channel: 'C1', thread_ts: first.ts } })
      expect(calls[0]?.body.reply_broadcast).toBeUndefined()
    }
  })

  test('of the end is shown in the channel too where that is wanted, a reminder never', async () => {
    const end = await bot(resolved, { broadcast: true }, [posted], first)
    expect(end.calls[0]?.body).toMatchObject({ thread_ts: first.ts, reply_broadcast: true })
    const again = await bot(reminder, { broadcast: true }, [posted], first)
    expect(again.calls[0]?.body.reply_broadcast).toBeUndefined()
  })

  test('of the end changes the first one where that is wanted; a reminder answers it', async () => {
    const end = await bot(resolved, { followUp: 'update', colour: 'none' }, [posted], first)
    expect(end.calls).toHaveLength(1)
    expect(end.calls[0]).toMatchObject({
      method: 'chat.update',
      body: { channel: 'C1', ts: first.ts, attachments: [] },
    })
    expect(end.calls[0]?.body.blocks[0].text.text).toBe('Resolved')
    const again = await bot(reminder, { followUp: 'update' }, [posted], first)
    expect(again.calls[0]).toMatchObject({ method: 'chat.postMessage', body: { thread_ts: first.ts } })
  })

  test.each([
    ['where each is to be a message', { followUp: 'message' }, first],
    ['where the route now names another Slack channel', { channel: '#other' }, first],
    ['where the first one went by another way', {}, { messageId: '<x>' }],
  ] as [string, JsonObject, JsonObject][])('stands alone %s', async (_why, given, previous) => {
    const { calls } = await bot(resolved, given, [posted], previous)
    expect(calls[0]).toMatchObject({ method: 'chat.postMessage', body: { channel: given['channel'] ?? '#alerts' } })
    expect(calls[0]?.body.thread_ts).toBeUndefined()
  })

  test.each([
    ['update', 'message_not_found'],
    ['update', 'edit_window_closed'],
    ['update', 'cant_update_message'],
    ['thread', 'cannot_reply_to_message'],
    ['thread', 'restricted_action_non_threadable_channel'],
  ])('is a new one when the first cannot be followed (%s: %s)', async (followUp, error) => {
    const { receipt, calls } = await bot(resolved, { followUp }, [{ ok: false, error }, posted], first)
    expect(calls).toHaveLength(2)
    expect(calls[1]).toMatchObject({ method: 'chat.postMessage', body: { channel: '#alerts' } })
    expect(calls[1]?.body.thread_ts).toBeUndefined()
    expect(receipt.reference).toEqual(first)
  })

  test.each(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'invalid_attachments'])(
    'goes as text when Slack does not accept the blocks (%s), and says so',
    async (error) => {
      const refusal = { ok: false, error, response_metadata: { messages: ['downloading image failed'] } }
      const { receipt, calls } = await bot(messages['hostile'] ?? firing, {}, [refusal, posted])
      expect(calls.map(({ body }) => body.blocks === undefined)).toEqual([false, true])
      expect(calls[1]?.body.text).toContain('&lt;!channel&gt;')
      expect(receipt.response).toContain(`It went as text. Slack does not accept the blocks of this message.`)
      expect(receipt.response).toContain('downloading image failed')
    },
  )

  test('that is refused as text as well has failed', async () => {
    const { receipt, calls } = await bot(firing, {}, [{ ok: false, error: 'invalid_blocks' }])
    expect([calls.length, receipt.response]).toEqual([2, expect.stringContaining('invalid_blocks')])
  })
})

describe("a route's own body", () => {
  const own = (text: string, contentType: 'application/json' | 'text/plain') =>
    slack.render({ ...firing, body: { text, contentType } }, settingsOf(slack, { webhookUrl, username: 'X' })).content

  const block = { type: 'section', text: { type: 'mrkdwn', text: '<!here> *up*' } }
  test('is taken as it is: blocks, a whole message, or text with mark-up', () => {
    const looks = { username: 'X', unfurl_links: false, unfurl_media: false }
    const text = 'Model drift is high: psi of churn_v3 is 0.41, above 0.25.'
    expect(own(JSON.stringify([block]), 'application/json')).toEqual({ ...looks, text, blocks: [block] })
    expect(own(JSON.stringify({ blocks: [block] }), 'application/json')).toEqual({ ...looks, text, blocks: [block] })
    expect(own('{"attachments":[]}', 'application/json')).toEqual({ ...looks, attachments: [] })
    const whole = { text: 'a', blocks: [block], username: 'Y', unfurl_links: true }
    expect(own(JSON.stringify(whole), 'application/json')).toEqual({ ...looks, ...whole })
    expect(own('*up* <!here>', 'text/plain')).toEqual({ ...looks, text: '*up* <!here>' })
    expect(own('7', 'application/json')).toEqual({ ...looks, text: '7' })
  })
})

describe('how a message looks', () => {
  const content = (given: JsonObject, message = firing) =>
    slack.render(message, settingsOf(slack, { webhookUrl, ...given })).content as {
      attachments?: { color: string; blocks: object[] }[]
      blocks: object[]
    }

  test.each([
    ['', '#b91c1c'],
    ['#FF8800', '#ff8800'],
    [' good ', 'good'],
    ['purple', '#b91c1c'],
    ['#12', '#b91c1c'],
  ])('the colour %j gives the bar %j', (colour, bar) => {
    expect(content({ colour }).attachments?.[0]?.color).toBe(bar)
  })

  test('the end of an alert is green, and no bar is no attachment', () => {
    expect(content({}, resolved).attachments?.[0]?.color).toBe('#15803d')
    const bare = content({ colour: 'none' })
    expect(bare.attachments).toBeUndefined()
    expect(bare.blocks).toHaveLength(1 + (content({}).attachments?.[0]?.blocks.length ?? 0))
  })

  test.each([
    [':bell:', { icon_emoji: ':bell:' }],
    ['https://example.com/bell.png', { icon_url: 'https://example.com/bell.png' }],
    ['javascript:alert(1)', {}],
    ['bell', {}],
  ])('the icon %j is %j', (icon, expected) => {
    const { icon_emoji, icon_url } = content({ icon }) as JsonObject
    expect(JSON.parse(JSON.stringify({ icon_emoji, icon_url }))).toEqual(expected)
  })
})

describe('a message whose fate is not known', () => {
  const id = newId('msg', Date.UTC(2026, 2, 4, 9, 31))
  // Ids of one process are never earlier than those made before.
  const made = idTime(id)
  const mark = { event_type: 'tocsin_delivery', event_payload: { tocsin_delivery: id } }
  const probe = async (given: JsonObject, reply: Reply, previous?: JsonObject) => {
    receiver.reply(reply)
    const settings = settingsOf(slack, { mode: 'bot', token, channel: 'C1', apiUrl: `${receiver.url}/api`, ...given })
    return slack.probe(
      settings,
      contextOf({ http, now: made + 60_000, deliveryId: id, ...(previous === undefined ? {} : { previous }) }),
    )
  }

  test('is looked for in the Slack channel since it was made', async () => {
    expect(await probe({}, answer({ ok: true, messages: [{ metadata: mark }], has_more: true }))).toBe('sent')
    const { method, path, headers } = receiver.received.at(-1) ?? expect.unreachable()
    const url = new URL(path, receiver.url)
    expect([method, url.pathname, headers['authorization']]).toEqual([
      'GET',
      '/api/conversations.history',
      `Bearer ${token}`,
    ])
    const oldest = String(Math.floor(made / 1000) - 600)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      include_all_metadata: 'true',
      limit: '200',
      oldest,
      channel: 'C1',
    })
  })

  test('is looked for in the thread it belongs to', async () => {
    const previous = { ...first, asked: 'C1' }
    expect(await probe({}, answer({ ok: true, messages: [{ ts: first.ts }, { metadata: mark }] }), previous)).toBe(
      'sent',
    )
    expect(receiver.received.at(-1)?.path).toMatch(/^\/api\/conversations\.replies\?.*ts=1700000000\.000100/)
  })

  test('was not posted when it is not among all messages since', async () => {
    const other = { text: `"tocsin_delivery":"${id}"`, metadata: { event_payload: { tocsin_delivery: 'msg_other' } } }
    expect(await probe({ repeatUnknown: false }, answer({ ok: true, messages: [other], has_more: false }))).toBe(
      'notSent',
    )
    expect(await probe({ repeatUnknown: false }, answer({ ok: true, messages: [other], has_more: true }))).toBe(
      'unknown',
    )
  })

  test('stays unknown where the bot may not look, and with a webhook', async () => {
    const once = { repeatUnknown: false }
    for (const error of ['missing_scope', 'channel_not_found', 'not_in_channel'])
      expect(await probe(once, answer({ ok: false, error }))).toBe('unknown')
    expect(await probe({ ...once, mode: 'webhook', webhookUrl }, answer({}))).toBe('unknown')
  })

  test('is repeated all the same unless that is unwanted, but not when it is there', async () => {
    expect(await probe({}, answer({ ok: false, error: 'missing_scope' }))).toBe('notSent')
    expect(await probe({ mode: 'webhook', webhookUrl }, answer({}))).toBe('notSent')
    expect(await probe({}, answer({ ok: true, messages: [{ metadata: mark }] }))).toBe('sent')
  })

  test.each([
    [
      'ratelimited',
      { ...(answer({ ok: false, error: 'ratelimited' }) as object), retryAfter: 9 },
      'slack-ratelimited',
      9000,
    ],
    ['503', { status: 503 }, 'http-503', undefined],
    ['a reset', 'reset', 'reset', undefined],
  ] as [string, Reply, string, number | undefined][])(
    'is asked for again later after %s',
    async (_name, reply, reason, retryAfter) => {
      const failure = await failureOf(probe({}, reply))
      expect(failure).toMatchObject({ outcome: 'unknown', reason })
      expect(failure.retryAfter).toBe(retryAfter as number)
    },
  )
})

test('destinations differ by webhook and token and hide them; a Slack channel is a place within', () => {
  const at = (given: JsonObject) => slack.destination(settingsOf(slack, given))
  expect(at({ webhookUrl })).toMatch(/^https:\/\/hooks\.slack\.com#[0-9a-f]{8}$/)
  expect(at({ mode: 'bot', token, channel: 'C1' })).toMatch(/^https:\/\/slack\.com#[0-9a-f]{8}\/[0-9a-f]{8}$/)
  expect(at({ mode: 'bot', token })).not.toBe(at({ mode: 'bot', token: 'xoxb-2' }))
  expect(at({ mode: 'bot', token, channel: 'C1' })).toBe(at({ mode: 'bot', token, channel: 'C2' }))
  expect([
    slack.place({ mode: 'bot', channel: ' C1 ' }),
    slack.place({ mode: 'bot' }),
    slack.place({ channel: 'C1' }),
  ]).toEqual(['C1', '', ''])
})
