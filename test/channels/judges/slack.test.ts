import { afterAll, beforeAll, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { slack } from '../../../src/channels/slack.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { testHttp } from '../../support/egress.ts'
import { type Receiver, startReceiver } from '../../support/receiver.ts'
import { serverPackages, serversFolder, skipUnless } from '../../support/requirements.ts'
import { contextOf, settingsOf } from '../contract.ts'
import { firing, messages } from '../messages.ts'

const describe = await skipUnless(serverPackages)
const token = 'xoxb-1'
const folder = join(serversFolder, '.cache', `slack-${process.pid}`)
const tsc = fileURLToPath(new URL('../../../node_modules/.bin/tsc', import.meta.url))
const packages = join(serversFolder, 'node_modules')

/** What the compiler says of bodies as arguments of the vendor's client. */
function compile(name: string, bodies: object[]): string {
  const lines = bodies.map(
    (body) => `void (${JSON.stringify({ channel: 'C1', ...body })} satisfies ChatPostMessageArguments)`,
  )
  const hooks = bodies.map((body) => `void (${JSON.stringify(body)} satisfies IncomingWebhookSendArguments)`)
  const file = join(folder, `${name}.ts`)
  const imports = [
    "import type { ChatPostMessageArguments } from '@slack/web-api'",
    "import type { IncomingWebhookSendArguments } from '@slack/webhook'",
  ]
  writeFileSync(file, [...imports, ...lines, ...hooks].join('\n'))
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--module', 'nodenext', '--types', '']
  const { stdout, stderr } = spawnSync(tsc, [...options, file], { cwd: folder, encoding: 'utf8' })
  return `${stdout}${stderr}`
}

const contentOf = (name: string, given: JsonObject) =>
  slack.render(messages[name] ?? firing, settingsOf(slack, { webhookUrl: 'http://x', ...given }))

describe("Slack's own types and clients", () => {
  let receiver: Receiver
  const http = testHttp()
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true })
    receiver = await startReceiver()
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    http.close()
    await receiver.close()
  })

  test('accept every message, with a bar and without', () => {
    const looks: JsonObject[] = [{}, { colour: 'none' }, { username: 'Tocsin', icon: ':bell:' }]
    const bodies = Object.keys(messages).flatMap((name) => looks.map((given) => contentOf(name, given)))
    expect(
      compile(
        'good',
        bodies.flatMap(({ content, text }) => [content, text]),
      ),
    ).toBe('')
  }, 60_000)

  test('would refuse what is wrong', () => {
    const text = { type: 'markdown', text: 'x' }
    expect(compile('text', [{ text: 'x', blocks: [{ type: 'section', text }] }])).toContain('\'"markdown"\'')
    expect(compile('button', [{ text: 'x', blocks: [{ type: 'button', text, url: 'https://x' }] }])).toContain(
      'error TS',
    )
    expect(compile('colour', [{ text: 'x', attachments: [{ color: 7 }] }])).toContain('error TS')
  }, 60_000)

  test('a webhook sends the bytes the vendor sends', async () => {
    const { IncomingWebhook } = await import(join(packages, '@slack/webhook/dist/index.js'))
    const url = `${receiver.url}/services/T0/B0/x`
    const settings = settingsOf(slack, { webhookUrl: url })
    for (const name of Object.keys(messages)) {
      const payload = slack.render(messages[name] ?? firing, settings)
      await slack.send(payload, settings, contextOf({ http }))
      await new IncomingWebhook(url).send(payload.content)
      const [ours, theirs] = receiver.received.slice(-2)
      expect([ours?.method, ours?.path]).toEqual([theirs?.method, theirs?.path])
      expect(JSON.parse(ours?.body ?? '')).toEqual(JSON.parse(theirs?.body ?? ''))
      expect(ours?.headers['content-type']).toStartWith('application/json')
      expect(theirs?.headers['content-type']).toStartWith('application/json')
    }
  })

  test('a bot calls what the vendor calls, with the same arguments', async () => {
    const { WebClient } = await import(join(packages, '@slack/web-api/dist/index.js'))
    receiver.reply({ status: 200, body: JSON.stringify({ ok: true, channel: 'C1', ts: '1.2' }) })
    const settings = settingsOf(slack, {
      mode: 'bot',
      token,
      channel: 'C1',
      apiUrl: `${receiver.url}/api`,
      followUp: 'update',
    })
    const client = new WebClient(token, { slackApiUrl: `${receiver.url}/api/`, retryConfig: { retries: 0 } })
    const previous = { asked: 'C1', channel: 'C1', ts: '1.2' }
    for (const [kind, method] of [
      ['firing', 'chat.postMessage'],
      ['reminder', 'chat.postMessage'],
      ['resolved', 'chat.update'],
    ] as const) {
      const context = contextOf({ http, ...(kind === 'firing' ? {} : { previous }) })
      const receipt = await slack.send(slack.render({ ...firing, kind }, settings), settings, context)
      const ours = receiver.received.at(-1)
      const answer = await client.apiCall(method, JSON.parse(ours?.body ?? ''))
      const theirs = receiver.received.at(-1)
      expect([ours?.method, ours?.path]).toEqual([theirs?.method, theirs?.path])
      expect(ours?.headers['authorization']).toBe(theirs?.headers['authorization'] ?? '')
      expect(JSON.parse(ours?.body ?? '')).toEqual(fromForm(theirs?.body ?? ''))
      expect(receipt.reference).toMatchObject({ channel: answer.channel, ts: answer.ts })
    }
  })
})

/** The arguments of a form as the vendor's client writes it: objects as JSON. */
function fromForm(form: string): object {
  const entries = [...new URLSearchParams(form)].map(([key, value]) => {
    const isJson = /^[[{]|^(true|false)$/.test(value)
    return [key, isJson ? JSON.parse(value) : value] as const
  })
  return Object.fromEntries(entries)
}
