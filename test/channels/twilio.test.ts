import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { twilioErrors, twilioFailure } from '../../src/channels/twilio/failure.ts'
import { parseNumbers } from '../../src/channels/twilio/recipients.ts'
import { inGsm, segmentsOf } from '../../src/channels/twilio/segments.ts'
import { smsText } from '../../src/channels/twilio/text.ts'
import { twilio } from '../../src/channels/twilio.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Message } from '../../src/model/message.ts'
import { testHttp } from '../support/egress.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { channelContract, contextOf, failureOf, now, settingsOf } from './contract.ts'
import { firing, messages } from './messages.ts'
import { refused, retried, unknown, vendorLife } from './vendor-life.ts'

const accountSid = `AC${'0123456789abcdef'.repeat(2)}`
const apiKeySid = `SK${'0'.repeat(32)}`
const messagingServiceSid = `MG${'1'.repeat(32)}`
const contentSid = `HX${'2'.repeat(32)}`
const account = { accountSid, authToken: 'canary' }
const from = { ...account, fromNumber: '+15005550006' }
const full = { ...from, to: '+15551234567' }

channelContract(twilio, {
  accepted: [
    full,
    { ...account, messagingServiceSid, to: ['+15551234567', '+44 20 7946 0000; +49-171-1234567'] },
    { accountSid, apiKeySid, apiKeySecret: 'canary', fromNumber: 'whatsapp:+15005550006', contentSid },
    { ...from, fromNumber: 'Tocsin', segments: 1, apiUrl: 'https://api.dublin.ie1.twilio.com/', useProxy: false },
  ],
  rejected: [
    [{}, 'accountSid', 'accountSid'],
    [{ ...full, accountSid: 'AC1' }, 'accountSid', 'must be "AC" and 32 digits'],
    [{ accountSid, fromNumber: '+15005550006' }, 'authToken', 'is missing; give it, or "apiKeySid" and "apiKeySecret"'],
    [{ accountSid, apiKeySid, fromNumber: '+15005550006' }, 'apiKeySecret', 'an API key needs its secret'],
    [account, 'fromNumber', 'is missing; give it, or "messagingServiceSid"'],
    [{ ...full, fromNumber: '0171 123' }, 'fromNumber', 'must be a number such as +15551234567'],
    [{ ...full, messagingServiceSid: 'x' }, 'messagingServiceSid', 'must be "MG"'],
    [{ ...full, to: '0171 1234567' }, 'to', '"0171 1234567" is not a number; write + and the country'],
    [{ ...full, to: ['+15551234567', 'ops'] }, 'to', '"ops" is not a number'],
    [{ ...full, to: Array.from({ length: 101 }, (_, at) => `+1555123${1000 + at}`) }, 'to', 'at most 100 numbers'],
    [{ ...full, segments: 0 }, 'segments', '1 at least'],
    [{ ...full, segments: 1.5 }, 'segments', 'must be whole'],
    [{ ...full, apiUrl: 'twilio.com' }, 'apiUrl', 'begins with https://'],
  ],
  secrets: ['authToken', 'apiKeySecret'],
  http: (apiUrl) => ({ ...full, apiUrl }),
})

const MINUTE = 60_000
const refusal = (status: number, code: number) => ({
  status,
  body: JSON.stringify({ code, message: 'x', more_info: `https://www.twilio.com/docs/errors/${code}`, status }),
})
const refusedBy = (status: number, code: number, disabled = false) =>
  refused(`${status} with ${code}`, refusal(status, code), `twilio-${code}`, disabled)
const accepted = { sid: `SM${'3'.repeat(32)}`, status: 'queued', num_segments: '1', error_code: null }

vendorLife('Twilio', twilio, (url) => ({ ...full, apiUrl: url }), [
  { name: '201', reply: { status: 201, body: JSON.stringify(accepted) }, state: 'delivered', cause: 'delivered' },
  { name: 'half a reply', reply: 'half', state: 'delivered', cause: 'delivered' },
  ...[21211, 21408, 21606, 21610, 21614, 21617, 21659].map((code) => refusedBy(400, code)),
  ...[30032, 30034, 21608, 21612, 63007, 63016].map((code) => refusedBy(400, code)),
  refusedBy(401, 20003, true),
  refusedBy(403, 20005, true),
  { name: '400 with a code nobody knows', reply: refusal(400, 99_999), state: 'rejected', cause: 'http-400' },
  {
    name: '201 for a message that failed at once',
    reply: { status: 201, body: JSON.stringify({ ...accepted, status: 'failed', error_code: 30_034 }) },
    state: 'rejected',
    cause: 'twilio-30034',
  },
  retried('429 with 20429', refusal(429, 20_429), 'twilio-20429', MINUTE),
  retried('429 with seconds', { ...refusal(429, 20_429), retryAfter: 90 }, 'twilio-20429', 90_000),
  retried('429 with a date', { status: 429, retryAfter: new Date(now + 70_000).toUTCString() }, 'http-429', 70_000),
  retried('400 for a queue that is full', refusal(400, 30_001), 'twilio-30001', MINUTE),
  retried('503', { status: 503 }, 'http-503', 5000),
  unknown('500', refusal(500, 20_500), 'http-500'),
  unknown('500 with a code of another kind', refusal(500, 21_211), 'http-500'),
  unknown('a reset after the request', 'reset', 'reset'),
])

describe('an error of Twilio', () => {
  test.each(Object.keys(twilioErrors))('%s has a sentence for people', (code) => {
    const failure = twilioFailure({ ...refusal(400, Number(code)), headers: {} }, now)
    expect(failure?.message).toMatch(new RegExp(`^[A-Z].*\\. Twilio's number for it: ${code}\\.$`))
  })
})

describe('on the wire', () => {
  let receiver: Receiver
  const http = testHttp()
  beforeAll(async () => {
    receiver = await startReceiver()
  })
  afterAll(async () => {
    http.close()
    await receiver.close()
  })

  async function sent(given: JsonObject, message: Message = firing) {
    receiver.reply({ status: 201, body: JSON.stringify(accepted) })
    const settings = settingsOf(twilio, { ...full, apiUrl: receiver.url, ...given })
    const receipt = await twilio.send(twilio.render(message, settings), settings, contextOf({ http }))
    const { method, path, headers, body } = receiver.received.at(-1) ?? expect.unreachable()
    return { receipt, method, path, headers, form: Object.fromEntries(new URLSearchParams(body)) }
  }

  test('it is a form for the account, with its token', async () => {
    const { receipt, method, path, headers, form } = await sent({})
    expect([method, path]).toEqual(['POST', `/2010-04-01/Accounts/${accountSid}/Messages.json`])
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(Buffer.from(headers['authorization']?.slice(6) ?? '', 'base64').toString()).toBe(`${accountSid}:canary`)
    const Body =
      'Model drift is high\npsi of churn_v3 is 0.41, above 0.25.\nhttps://tocsin.example.com/evaluations/evl_1'
    expect(form).toEqual({ To: '+15551234567', From: '+15005550006', Body })
    expect(receipt.reference).toEqual({ sid: accepted.sid })
    expect(receipt.response).toEndWith('(GSM-7, segments: 1)')
  })

  test('an API key signs in place of the token, and a messaging service writes in place of a number', async () => {
    const { headers, form } = await sent({ apiKeySid, apiKeySecret: 'k', messagingServiceSid })
    expect(Buffer.from(headers['authorization']?.slice(6) ?? '', 'base64').toString()).toBe(`${apiKeySid}:k`)
    expect(form).toMatchObject({ MessagingServiceSid: messagingServiceSid })
    expect(form['From']).toBeUndefined()
  })

  test('WhatsApp gets the whole text, or a template of two variables', async () => {
    const whatsApp = { fromNumber: 'whatsapp:+15005550006' }
    const { receipt, form } = await sent(whatsApp)
    expect(form).toMatchObject({ To: 'whatsapp:+15551234567', From: 'whatsapp:+15005550006' })
    expect(form['Body']).toContain('fraud_v1')
    expect(receipt.response).not.toContain('segments:')
    const template = await sent({ ...whatsApp, contentSid }, { ...firing, summary: 'a\nb   c *d*' })
    expect(template.form['Body']).toBeUndefined()
    expect(template.form).toMatchObject({ ContentSid: contentSid })
    expect(JSON.parse(template.form['ContentVariables'] ?? '')).toEqual({
      1: 'Model drift is high',
      2: 'a b c *\u200bd*\u200b',
    })
  })

  test.each([
    ['no number', {}],
    ['an empty list of them', { to: [] }],
    ['several numbers', { to: ['+15551234567', '+15551234568'] }],
  ] as [string, JsonObject][])('nothing is sent to %s', async (_what, given) => {
    const count = receiver.received.length
    const settings = settingsOf(twilio, { ...from, apiUrl: receiver.url, ...given })
    const failure = await failureOf(twilio.send(twilio.render(firing, settings), settings, contextOf({ http })))
    expect(failure).toMatchObject({ outcome: 'rejected', reason: 'no-recipient' })
    expect(receiver.received).toHaveLength(count)
  })
})

describe('recipients', () => {
  test('are numbers parted by anything usual, each once', () => {
    expect(parseNumbers('+1 (555) 123-4567; +15551234567\n+44.20.7946.0000,, WhatsApp:+49 171 1234567')).toEqual([
      '+15551234567',
      '+442079460000',
      'whatsapp:+491711234567',
    ])
    expect(parseNumbers(undefined)).toEqual([])
  })

  test('get a delivery each; one alone needs no parting', () => {
    expect(twilio.split({ to: ['+15551234567', '+15551234568'] })).toEqual(
      ['+15551234567', '+15551234568'].map((number) => ({
        recipient: number,
        settings: { to: number },
        variables: {},
      })),
    )
    expect([twilio.split({ to: '+15551234567' }), twilio.split({})]).toEqual([[], []])
    expect(() => twilio.split({ to: 'nobody' })).toThrow(RangeError)
  })

  test('are paced by who writes to them', () => {
    expect(twilio.place({ fromNumber: '+15005550006' })).toBe('+15005550006')
    expect(twilio.place({ fromNumber: '+15005550006', messagingServiceSid })).toBe(messagingServiceSid)
    expect(twilio.destination(settingsOf(twilio, full))).toMatch(/^https:\/\/api\.twilio\.com#[0-9a-f]{8}\/AC/)
  })
})

describe('segments', () => {
  test.each([
    ['a'.repeat(160), 'GSM-7', 1],
    ['a'.repeat(161), 'GSM-7', 2],
    ['a'.repeat(306), 'GSM-7', 2],
    ['a'.repeat(307), 'GSM-7', 3],
    [`${'a'.repeat(159)}€`, 'GSM-7', 2],
    [`${'a'.repeat(152)}€${'a'.repeat(152)}`, 'GSM-7', 3],
    ['é'.repeat(160), 'GSM-7', 1],
    ['ж'.repeat(70), 'UCS-2', 1],
    ['ж'.repeat(71), 'UCS-2', 2],
    ['ж'.repeat(134), 'UCS-2', 2],
    [`${'ж'.repeat(66)}🔥${'ж'.repeat(66)}`, 'UCS-2', 3],
    ['🔥'.repeat(35), 'UCS-2', 1],
    ['', 'GSM-7', 1],
  ] as const)('%#: a text has the segments it is paid for', (text, encoding, count) => {
    expect(segmentsOf(text)).toEqual({ encoding, count })
  })

  test('are saved by plain quotes and dashes', () => {
    expect(inGsm('“it’s” – a…\u00a0b')).toBe('"it\'s" - a... b')
    expect(segmentsOf(inGsm('“it’s”')).encoding).toBe('GSM-7')
  })

  test('of a text too long end with a count and the link', () => {
    const text = smsText(messages['very-long'] ?? firing, 2)
    expect(segmentsOf(text)).toEqual({ encoding: 'GSM-7', count: 2 })
    expect(text).toMatch(/^long long.* \(\+\d+ more\)\nhttps:\/\/tocsin\.example\.com\/evaluations\/evl_1$/s)
    expect(text.length).toBeGreaterThan(290)
  })

  test('have no room for a link that is as long as they are', () => {
    const text = smsText({ ...firing, summary: 'x'.repeat(500), traceUrl: `https://x.example/${'y'.repeat(140)}` }, 1)
    expect(text).toMatch(/^Model drift is high\nx+ \(\+\d+ more\)$/)
    expect(segmentsOf(text).count).toBe(1)
  })

  test('hold facts where nothing sums them up', () => {
    expect(smsText({ ...firing, summary: '' }, 2)).toContain('model: churn_v3\npsi: 0.41')
  })

  test("hold the route's own text, of HTML too", () => {
    const own = (text: string, contentType: 'text/plain' | 'text/html') =>
      smsText({ ...firing, body: { text, contentType } }, 1)
    expect(own('up\r\nagain', 'text/plain')).toBe('up\nagain')
    expect(own('<p>a &amp; b</p>', 'text/html')).toBe('a & b')
    expect(own('z'.repeat(500), 'text/plain')).toMatch(/^z+ \(\+\d+ more\)$/)
  })

  test('are never more than wanted, whatever the message', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 2000 })
    fc.assert(
      fc.property(text, text, fc.webUrl(), fc.integer({ min: 1, max: 10 }), (title, summary, traceUrl, most) => {
        const sms = smsText({ ...firing, title, summary, traceUrl }, most)
        expect(segmentsOf(sms).count).toBeLessThanOrEqual(most)
        expect(sms.length).toBeLessThanOrEqual(1600)
        expect(sms).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/)
      }),
    )
  })
})
