import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { twilio } from '../../../src/channels/twilio.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { testHttp } from '../../support/egress.ts'
import { type Receiver, startReceiver } from '../../support/receiver.ts'
import { program, serverPackages, serversFolder, skipUnless } from '../../support/requirements.ts'
import { eventually, freePort, type RunningServer, startServer } from '../../support/servers.ts'
import { contextOf, failureOf, settingsOf } from '../contract.ts'
import { firing, messages } from '../messages.ts'

const describe = await skipUnless(serverPackages, program('node', 'nodejs'))
const load = createRequire(join(serversFolder, 'package.json'))
const description = fileURLToPath(new URL('../../vendor-specs/twilio_api_v2010.messages.json', import.meta.url))

const accountSid = `AC${'0123456789abcdef'.repeat(2)}`
const account = { accountSid, authToken: 'secret', fromNumber: '+15005550006', to: '+15551234567' }
const others: JsonObject[] = [
  {},
  { messagingServiceSid: `MG${'1'.repeat(32)}` },
  { fromNumber: 'whatsapp:+15005550006' },
  { fromNumber: 'whatsapp:+15005550006', contentSid: `HX${'2'.repeat(32)}` },
  { apiKeySid: `SK${'3'.repeat(32)}`, apiKeySecret: 'secret' },
]

describe("a server made from Twilio's own description", () => {
  let server: RunningServer
  let url: string
  const http = testHttp()
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prism-'))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const prism = join(serversFolder, 'node_modules/@stoplight/prism-cli/dist/index.js')
    const command = `node ${prism} mock --errors -h 127.0.0.1 -p ${port} ${description}`
    server = startServer({ command, end: 'TERM', crash: 'KILL', folder })
    await eventually(() => fetch(url), 60_000)
  }, 90_000)
  afterAll(async () => {
    http.close()
    await server.kill()
  })

  async function send(given: JsonObject, name = 'firing') {
    const settings = settingsOf(twilio, { ...account, apiUrl: url, ...given })
    return twilio.send(twilio.render(messages[name] ?? firing, settings), settings, contextOf({ http }))
  }

  test.each(Object.keys(messages))('takes the message "%s"', async (name) => {
    const receipt = await send({}, name)
    expect(receipt.response).toStartWith('201 ')
    expect(receipt.reference?.['sid']).toMatch(/^(SM|MM)[0-9a-fA-F]{32}$/)
  })

  test.each(others)('takes messages with the settings %j', async (given) => {
    expect((await send(given)).response).toStartWith('201 ')
  })

  test('would refuse a form without a number, and one nobody signed', async () => {
    const to = `${url}/2010-04-01/Accounts/${accountSid}/Messages.json`
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const signed = { ...headers, authorization: `Basic ${btoa(`${accountSid}:x`)}` }
    const post = async (body: string, given: Record<string, string>) =>
      (await fetch(to, { method: 'POST', headers: given, body })).status
    expect(await post('From=%2B15005550006&Body=x', signed)).toBe(422)
    expect(await post('To=%2B15551234567&From=%2B15005550006&Body=x', headers)).toBe(401)
    const wrong = settingsOf(twilio, { ...account, apiUrl: `${url}/elsewhere` })
    const failure = await failureOf(twilio.send(twilio.render(firing, wrong), wrong, contextOf({ http })))
    expect(failure).toMatchObject({ outcome: 'rejected', reason: 'http-404' })
  })
})

describe("Twilio's own client", () => {
  let receiver: Receiver
  const http = testHttp()
  beforeAll(async () => {
    receiver = await startReceiver()
    receiver.reply({ status: 201, body: JSON.stringify({ sid: `SM${'4'.repeat(32)}`, status: 'queued' }) })
  })
  afterAll(async () => {
    http.close()
    await receiver.close()
  })

  test.each(others.slice(0, 4))('writes the same request for the settings %j', async (given) => {
    const settings = settingsOf(twilio, { ...account, apiUrl: receiver.url, ...given })
    const payload = twilio.render(firing, settings)
    await twilio.send(payload, settings, contextOf({ http }))
    const ours = receiver.received.at(-1)
    const form = Object.fromEntries(new URLSearchParams(ours?.body))
    const options = Object.fromEntries(
      Object.entries(form).map(([key, value]) => [`${key[0]?.toLowerCase()}${key.slice(1)}`, value]),
    )
    await client().messages.create(options)
    const theirs = receiver.received.at(-1)
    expect([ours?.method, ours?.path]).toEqual([theirs?.method, theirs?.path])
    expect(form).toEqual(Object.fromEntries(new URLSearchParams(theirs?.body)))
    for (const name of ['authorization', 'content-type']) expect(ours?.headers[name]).toBe(theirs?.headers[name] ?? '')
  })

  /** The vendor's client, whose requests come here. */
  function client() {
    const make = load('twilio')
    const RequestClient = load('twilio/lib/base/RequestClient')
    const requests = new (RequestClient.default ?? RequestClient)()
    const request = requests.request.bind(requests)
    requests.request = (options: { uri: string }) =>
      request({ ...options, uri: options.uri.replace('https://api.twilio.com', receiver.url) })
    return make(accountSid, 'secret', { httpClient: requests })
  }
})
