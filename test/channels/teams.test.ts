import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { flowErrors, teamsFailure } from '../../src/channels/teams/failure.ts'
import { isTame } from '../../src/channels/teams/text.ts'
import { teams } from '../../src/channels/teams.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Message, RenderedBody } from '../../src/model/message.ts'
import { testHttp } from '../support/egress.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { anyMessage } from './any-message.ts'
import { channelContract, contextOf, failureOf, now, settingsOf } from './contract.ts'
import { firing, messages } from './messages.ts'
import { refused, retried, type VendorCase, vendorLife } from './vendor-life.ts'

const query = 'api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=canary_-~%2B'
const webhookUrl = `https://default.00.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/canary/triggers/manual/paths/invoke?${query}`

channelContract(teams, {
  accepted: [
    { webhookUrl },
    { webhookUrl: 'http://10.0.0.7/flow?sig=canary', format: 'text', timeoutSeconds: 5 },
    { webhookUrl, repeatUnknown: false, useProxy: false },
  ],
  rejected: [
    [{}, 'webhookUrl', 'webhookUrl'],
    [{ webhookUrl: 'example.webhook.office.com/x' }, 'webhookUrl', 'begins with https://'],
    [{ webhookUrl, format: 'html' }, 'format', '"card" or "text"'],
    [{ webhookUrl, repeatUnknown: 'yes' }, 'repeatUnknown', 'must be true or false'],
    [{ webhookUrl, timeoutSeconds: 1000 }, 'timeoutSeconds', '120 seconds at most'],
  ],
  secrets: ['webhookUrl'],
  http: (to) => ({ webhookUrl: `${to}/workflows/canary?sig=canary` }),
})

const MINUTE = 60_000
const code = (status: number, error: string) => ({
  status,
  body: JSON.stringify({ error: { code: error, message: 'x' } }),
})
const legacy = (status: number) => ({
  status: 200,
  body: `Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error ${status} with ContextId tcid=0,server=X`,
})
const cases: VendorCase[] = [
  { name: '202', reply: { status: 202 }, state: 'delivered', cause: 'delivered' },
  {
    name: '1 from a connector of the old kind',
    reply: { status: 200, body: '1' },
    state: 'delivered',
    cause: 'delivered',
  },
  { name: 'half a reply', reply: 'half', state: 'delivered', cause: 'delivered' },
  refused('400', { status: 400, body: 'Bad card' }, 'http-400'),
  refused(
    '401 for signed-in people only',
    code(401, 'DirectApiAuthorizationRequired'),
    'teams-DirectApiAuthorizationRequired',
  ),
  refused('403 for a wrong signature', code(403, 'AuthorizationFailed'), 'teams-AuthorizationFailed'),
  refused('404 for a flow that was deleted', code(404, 'WorkflowNotFound'), 'teams-WorkflowNotFound', true),
  refused('404 without a word', { status: 404 }, 'http-404'),
  refused('410', { status: 410 }, 'http-410', true),
  refused('413', code(413, 'RequestEntityTooLarge'), 'teams-RequestEntityTooLarge'),
  refused('200 with a 413 inside', legacy(413), 'http-413'),
  refused(
    '200 with an error of no number inside',
    { status: 200, body: 'Webhook message delivery failed.' },
    'http-400',
  ),
  retried('200 with a 429 inside', legacy(429), 'http-429', MINUTE),
  retried('412', { status: 412 }, 'http-412', 5000),
  retried('429 with seconds', { status: 429, retryAfter: 90 }, 'http-429', 90_000),
  retried('429 with a date', { status: 429, retryAfter: new Date(now + 120_000).toUTCString() }, 'http-429', 120_000),
  retried('429 without a wait', { status: 429 }, 'http-429', MINUTE),
  retried('503', { status: 503, retryAfter: 10 }, 'http-503', 10_000),
  ...[500, 502, 504].map((status) => retried(`${status}`, { status }, `http-${status}`, 5000)),
  retried('a reset after the request', 'reset', 'reset', 5000),
]
vendorLife('a flow of Teams', teams, (url) => ({ webhookUrl: `${url}/workflows/canary` }), cases)
describe('an error of a flow', () => {
  test.each(Object.keys(flowErrors))('%s has a sentence for people', (error) => {
    const failure = teamsFailure({ ...code(400, error), headers: {} }, now)
    expect(failure?.message).toMatch(new RegExp(`^[A-Z].* \\(${error}\\)\\.$`))
  })
})

describe('a flow on the wire', () => {
  let receiver: Receiver
  const http = testHttp()
  beforeAll(async () => {
    receiver = await startReceiver()
  })
  afterAll(async () => {
    http.close()
    await receiver.close()
  })

  test('gets JSON at the address as it was given, and is said to have accepted, not posted', async () => {
    receiver.reply({ status: 202 })
    const settings = settingsOf(teams, { webhookUrl: `${receiver.url}/direct/workflows/x/invoke?${query}` })
    const receipt = await teams.send(teams.render(firing, settings), settings, contextOf({ http }))
    const { method, path, headers, body } = receiver.received.at(-1) ?? expect.unreachable()
    expect([method, path]).toEqual(['POST', `/direct/workflows/x/invoke?${query}`])
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    expect(JSON.parse(body)).toEqual(teams.render(firing, settings))
    expect(receipt.response).toStartWith('202 (accepted, not posted: ')
  })

  test('that answered nothing may have posted', async () => {
    receiver.reply('reset')
    const settings = settingsOf(teams, { webhookUrl: receiver.url })
    const failure = await failureOf(teams.send(teams.render(firing, settings), settings, contextOf({ http })))
    expect(failure.outcome).toBe('unknown')
  })
})

const render = (message: Message, format = 'card') => teams.render(message, settingsOf(teams, { webhookUrl, format }))
const own = (text: string, contentType: RenderedBody['contentType'] = 'application/json') =>
  render({ ...firing, body: { text, contentType } })

function cardOf(payload: JsonObject): JsonObject {
  const [attachment] = payload['attachments'] as JsonObject[]
  return attachment?.['content'] as JsonObject
}

describe("a route's own body", () => {
  const card = { type: 'AdaptiveCard', version: '1.2', body: [{ type: 'TextBlock', text: 'x' }] }

  test.each(['application/json', 'application/vnd.microsoft.card.adaptive'])(
    'is a whole message with attachments of the type %s, as it is',
    (contentType) => {
      const whole = { attachments: [{ contentType, content: card }] }
      expect(own(JSON.stringify(whole))).toEqual(whole)
    },
  )

  test('may be a card alone, or text in Markdown', () => {
    expect(own(JSON.stringify(card))).toMatchObject({
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }],
    })
    const blocks = cardOf(own('**Up**\r\n\r\n\r\n- one\n- two', 'text/plain'))['body']
    expect(blocks).toEqual(['**Up**', '- one\n- two'].map((text) => ({ type: 'TextBlock', text, wrap: true })))
  })

  test('that Teams could not take gives way to the built-in card, which says so', () => {
    const large = {
      attachments: [{ contentType: 'application/json', content: { ...card, body: ['x'.repeat(29_000)] } }],
    }
    const text = JSON.stringify(own(JSON.stringify(large)))
    expect(text).toContain('Model drift is high')
    expect(text).toMatch(/The body of the route is left out: it has 29\d\d\d bytes, and Teams takes 28672\./)
  })
})

describe('a card', () => {
  const colour = (message: Message) => (cardOf(render(message))['body'] as JsonObject[])[0]?.['style']

  test('has the colour of the severity, and green for what is well again', () => {
    const severities = ['debug', 'info', 'warning', 'error', 'critical'] as const
    expect(severities.map((severity) => colour({ ...firing, severity }))).toEqual([
      'emphasis',
      'accent',
      'warning',
      'attention',
      'attention',
    ])
    expect(colour({ ...firing, kind: 'resolved' })).toBe('good')
  })

  test('has six buttons at most; the others are links', () => {
    const actions = Array.from({ length: 9 }, (_, index) => ({ text: `a${index}`, url: `https://x.example/${index}` }))
    const card = cardOf(render({ ...firing, actions }))
    expect(card['actions']).toHaveLength(6)
    expect(JSON.stringify(card['body'])).toContain('https://x.example/8')
  })

  test('keeps the end of a log and the beginning of everything else, and counts what is missing', () => {
    const lines = Array.from({ length: 400 }, (_, line) => `line ${line}`).join('\n')
    const facts = Array.from({ length: 100 }, (_, index) => ({ name: `name ${index}`, value: 'v'.repeat(100) }))
    const rows = Array.from({ length: 100 }, (_, row) => [`row ${row}`])
    const text = JSON.stringify(
      render({ ...firing, code: lines, summary: lines, facts, table: { columns: ['x'], rows, more: 3 } }),
    )
    expect(text).toContain('line 399')
    expect(text).toMatch(/… \d+ lines before/)
    expect(text).toMatch(/\+\d+ more lines/)
    expect(text).toMatch(/\+\d+ more facts/)
    expect(text).toMatch(/\+\d+ more rows/)
  })

  test('cuts one line that is very long rather than leave it out', () => {
    const text = JSON.stringify(render(messages['very-long'] ?? firing))
    for (const part of [/(word ){200}/, /x{1000}…/, /v{1000}…/, /n{100}/]) expect(text).toMatch(part)
  })

  test('keeps spaces of a log, which tell its structure', () => {
    expect(JSON.stringify(render({ ...firing, code: 'a:\n  b: 1  2' }))).toContain('\u00a0\u00a0b: 1\u00a0\u00a02')
  })

  test('names files that stay behind', () => {
    const attachments = [{ name: 'rows.csv', contentType: 'text/csv', content: '' }]
    expect(JSON.stringify(render({ ...firing, attachments }))).toContain('Files that Teams does not get: rows.csv')
  })

  test('as text has lines and links alone', () => {
    const card = cardOf(render(firing, 'text'))
    expect(card['actions']).toBeUndefined()
    const types = (card['body'] as JsonObject[]).map((element) => element['type'])
    expect(new Set(types)).toEqual(new Set(['TextBlock', 'RichTextBlock']))
    expect(JSON.stringify(card)).toContain('"url":"https://tocsin.example.com/evaluations/evl_1"')
  })
})

test.each([
  ['churn_v3 0.41', true],
  ['a - b', true],
  ['- a', false],
  ['1. a', false],
  ['1.5', true],
  ['# a', false],
  ['*a*', false],
  ['_a_', false],
  ['a & b', false],
  ['https://x.example', false],
  ['a\nb', false],
])('%j is tame in Markdown: %j', (text, tame) => {
  expect(isTame(text)).toBe(tame)
})

test('any message is small enough for Teams', () => {
  fc.assert(
    fc.property(anyMessage, fc.constantFrom('card', 'text'), (message, format) => {
      expect(Buffer.byteLength(JSON.stringify(render(message, format)))).toBeLessThanOrEqual(20_000)
    }),
    { numRuns: 200 },
  )
})
