import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { type PresetName, presetNames, presets } from '../../src/channels/webhook/presets.ts'
import { webhook } from '../../src/channels/webhook.ts'
import type { Json, JsonObject } from '../../src/model/json.ts'
import { blankMessage, type Message, type RenderedBody } from '../../src/model/message.ts'
import { testHttp } from '../support/egress.ts'
import { elements, githubMarkdown, shownText } from '../support/markdown.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { program, serverPackages, serversFolder, skipUnless } from '../support/requirements.ts'
import { eventually, freePort, type RunningServer, startServer } from '../support/servers.ts'
import { contextOf, failureOf, goldenFile, settingsOf } from './contract.ts'
import { firing, messages } from './messages.ts'

const url = 'https://chat.example.com/hooks/canary'
const resolved = messages['resolved'] ?? firing

function render(preset: PresetName, message: Message, more: JsonObject = {}) {
  return webhook.render(message, settingsOf(webhook, { url, preset, ...more }))
}
const bodyOf = (preset: PresetName, message: Message) => JSON.parse(render(preset, message).body ?? '') as JsonObject

/** Messages made of pieces that are hard to write somewhere. */
const nasty = fc.array(
  fc.constantFrom(
    '@all',
    '<!channel>',
    '<@1>',
    '**b**',
    '`',
    '$',
    '&lt;',
    '</b>',
    '\\',
    '_x_',
    '[a](b)',
    '😀',
    'é',
    '\n',
    ' ',
    'word',
  ),
  { maxLength: 400 },
)
const hostile = fc
  .record({ title: nasty, summary: nasty, fact: nasty, cell: nasty })
  .map(({ title, summary, fact, cell }) => ({
    ...firing,
    title: title.join(''),
    summary: summary.join(''),
    facts: Array.from({ length: 30 }, () => ({ name: fact.slice(0, 5).join(''), value: fact.join('') })),
    table: { columns: ['a'], rows: Array.from({ length: 40 }, () => [cell.join('')]), more: 3 },
    paragraphs: [summary.join('')],
    code: cell.join('\n'),
  }))

describe.each(presetNames.map((name) => [name] as const))('the preset %s', (name) => {
  test('is documented and accepted', () => {
    expect(presets[name].documentation).toMatch(/^https:/)
    expect(settingsOf(webhook, { url, preset: name }).preset).toBe(name)
  })
  test.each(Object.keys(messages))('renders the message "%s" as its golden file has it', (which) => {
    const { body, contentType } = render(name, messages[which] ?? firing)
    const shown = contentType === 'application/json' ? JSON.parse(body ?? '') : body
    expect(goldenFile(`webhook-presets/${name}`, which, shown)).toBe(`${JSON.stringify(shown, null, 2)}\n`)
  })
})

const textsIn = (value: Json | undefined): string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

describe('limits', () => {
  const runs = { numRuns: 60 }
  test('of ntfy: 4096 bytes of message', () => {
    fc.assert(
      fc.property(hostile, (message) => {
        const { message: text, title, actions } = bodyOf('ntfy', message) as Record<string, string>
        expect(Buffer.byteLength(text ?? '')).toBeLessThanOrEqual(4096)
        expect((title ?? '').length).toBeLessThanOrEqual(250)
        expect(actions).toHaveLength(2)
      }),
      runs,
    )
  })
  test('of Google Chat: 32 kB, and texts that its cards take', () => {
    fc.assert(
      fc.property(hostile, (message) => {
        const body = render('google-chat', message).body ?? ''
        expect(Buffer.byteLength(body)).toBeLessThan(32_000)
        for (const html of textsIn(JSON.parse(body).cardsV2[0].card.sections))
          expect(elements(html).filter((name) => !['a', 'b', 'br', 'i'].includes(name))).toEqual([])
      }),
      runs,
    )
  })
  test('of Mattermost: 16383 characters of text', () => {
    fc.assert(
      fc.property(hostile, (message) => {
        const [attachment] = bodyOf('mattermost', { ...message, paragraphs: [] })['attachments'] as JsonObject[]
        // Those in which Mattermost looks for mentions and mark-up.
        for (const text of textsIn([attachment?.['text'] ?? '', attachment?.['fields'] ?? []])) {
          expect(text.length).toBeLessThanOrEqual(7000)
          expect(text.replace(/```[\s\S]*?```/g, '')).not.toMatch(/@all|<!channel>/)
        }
      }),
      runs,
    )
  })
})

describe('a body of the rule', () => {
  const sent = (preset: PresetName, text: string, contentType: RenderedBody['contentType'], given = url) => {
    const { body, contentType: type } = webhook.render(
      { ...firing, body: { text, contentType } },
      settingsOf(webhook, { url: given, preset }),
    )
    return type === 'application/json' ? JSON.parse(body ?? '') : [body, type]
  }
  const topic = 'https://ntfy.example/a/alerts'

  test.each<[preset: PresetName, key: string, more: JsonObject]>([
    ['google-chat', 'text', {}],
    ['discord', 'content', {}],
    ['mattermost', 'text', {}],
    ['gotify', 'message', {}],
    ['ntfy', 'message', { topic: 'alerts' }],
  ])('that is text goes to %s as the text of a message, since it takes JSON alone', (preset, key, more) => {
    expect(sent(preset, 'A "quoted"\n*text*', 'text/plain', topic)).toEqual({ ...more, [key]: 'A "quoted"\n*text*' })
    expect(sent(preset, '<p>One &amp; <b>two</b></p>', 'text/html', topic)).toEqual({ ...more, [key]: 'One & two' })
    const long = sent(preset, '🔥'.repeat(20_000), 'text/plain', topic)[key]
    expect(long).toEndWith('…')
    expect(long).not.toMatch(/[\ud800-\udbff]…$/)
    const most = { 'google-chat': 4096, discord: 2000, mattermost: 16_383, gotify: 8000, ntfy: 4096 } as Record<
      string,
      number
    >
    expect(preset === 'ntfy' ? Buffer.byteLength(long) : long.length).toBeLessThanOrEqual(most[preset] ?? 0)
  })

  test('that is JSON goes as it is, but to ntfy with the topic of the address', () => {
    for (const preset of presetNames.filter((name) => name !== 'ntfy'))
      expect(sent(preset, '{"content": "x"}', 'application/json')).toEqual({ content: 'x' })
    expect(sent('ntfy', '{"message": "x"}', 'application/json', topic)).toEqual({ topic: 'alerts', message: 'x' })
    expect(sent('ntfy', '{"topic": "t"}', 'application/json', topic)).toEqual({ topic: 't' })
    expect(sent('ntfy', '[1]', 'application/json', topic)).toEqual([1])
  })

  test('and any message are rendered without an address, too, as a preview knows none', () => {
    for (const preset of presetNames)
      expect(webhook.render(firing, { method: 'POST', preset } as never).body).toMatch(/Model.drift.is.high/)
  })

  test('that is text goes as it is where no preset has a place for it', () => {
    expect(sent('form', 'a=1', 'application/x-www-form-urlencoded')).toEqual([
      'a=1',
      'application/x-www-form-urlencoded',
    ])
    expect(sent('alertmanager', 'x', 'text/plain')).toEqual(['x', 'text/plain; charset=utf-8'])
  })
})

describe('what a preset sends', () => {
  test('form fields', () => {
    const { body, contentType } = render('form', firing)
    expect(contentType).toBe('application/x-www-form-urlencoded')
    expect(Object.fromEntries(new URLSearchParams(body ?? ''))).toMatchObject({
      type: 'alert.firing',
      severity: 'critical',
      title: 'Model drift is high',
      time: '2026-03-04T09:30:00.000Z',
      url: 'https://tocsin.example.com/rules/rul_1',
      text: expect.stringContaining('churn_v3'),
    })
  })
  test('severities in the words of the receiver, and that it is over', () => {
    const priorities = (preset: PresetName) =>
      (['debug', 'info', 'warning', 'error', 'critical'] as const).map(
        (severity) => bodyOf(preset, { ...firing, severity })['priority'],
      )
    expect(priorities('ntfy')).toEqual([1, 2, 3, 4, 5])
    expect(priorities('gotify')).toEqual([0, 2, 5, 7, 10])
    expect(bodyOf('ntfy', resolved)).toMatchObject({ priority: 3, tags: ['white_check_mark'] })
    expect(bodyOf('discord', resolved)).toMatchObject({ embeds: [{ color: 0x15803d }] })
  })
  test('nothing where there is nothing', () => {
    const empty = blankMessage('firing', 0, { title: 'x' })
    expect(bodyOf('ntfy', empty)).toEqual({
      ...{ topic: 'canary', title: 'x', message: '–', priority: 2, tags: ['information_source'] },
    })
    expect(bodyOf('gotify', empty)['extras']).toEqual({ 'client::display': { contentType: 'text/markdown' } })
    const sections = [{ widgets: [{ textParagraph: { text: '–' } }] }]
    expect(bodyOf('google-chat', empty)).toEqual({
      fallbackText: 'x',
      cardsV2: [{ cardId: 'tocsin', card: { header: { title: 'x', subtitle: 'info' }, sections } }],
    })
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
  const send = async (preset: PresetName, path: string, more: JsonObject = {}) => {
    const settings = settingsOf(webhook, { url: `${receiver.url}${path}`, preset, ...more })
    await webhook.send(webhook.render(firing, settings), settings, contextOf({ http }))
    return receiver.received.at(-1) ?? expect.unreachable()
  }

  test.each([
    ['discord', '/api/webhooks/1/t', '/api/webhooks/1/t?wait=true'],
    ['discord', '/api/webhooks/1/t?thread_id=7&wait=false', '/api/webhooks/1/t?thread_id=7&wait=false'],
    ['ntfy', '/alerts', '/'],
    ['ntfy', '/push/a%20b/', '/push/'],
    ['gotify', '', '/message'],
    ['gotify', '/push/message?x=y', '/push/message?x=y'],
    ['alertmanager-alerts', '/', '/api/v2/alerts'],
    ['alertmanager', '/hook', '/hook'],
    ['google-chat', '/v1/spaces/S/messages?key=k&token=t', '/v1/spaces/S/messages?key=k&token=t'],
  ] as const)('%s at %s is called at %s', async (preset, path, called) => {
    expect((await send(preset, path)).path).toBe(called)
  })

  test('ntfy is told the topic and may ask for a token', async () => {
    const { body, headers } = await send('ntfy', '/push/a%20b/', { bearerToken: 'tk_1' })
    expect([JSON.parse(body).topic, headers['authorization']]).toEqual(['a b', 'Bearer tk_1'])
  })

  test('ntfy without a topic is refused', () => {
    expect(() => settingsOf(webhook, { url: 'https://ntfy.sh/', preset: 'ntfy' })).toThrow('must end in the topic')
  })

  test.each([
    [
      { status: 404, body: '{"message": "Unknown Webhook", "code": 10015}' },
      { outcome: 'rejected', disableChannel: true },
    ],
    [
      { status: 404, body: '{"message": "Unknown Channel", "code": 10003}' },
      { outcome: 'rejected', disableChannel: false },
    ],
    [{ status: 404 }, { outcome: 'rejected', disableChannel: false }],
    [{ status: 401 }, { outcome: 'rejected', disableChannel: false }],
    [
      { status: 400, body: '{"code": 50035}' },
      { outcome: 'rejected', disableChannel: false },
    ],
    [
      { status: 429, body: '{"retry_after": 1.337, "global": false}' },
      { outcome: 'retryable', retryAfter: 1337 },
    ],
    [
      { status: 429, retryAfter: 2, body: '{"retry_after": 1.337}' },
      { outcome: 'retryable', retryAfter: 2000 },
    ],
    [{ status: 500 }, { outcome: 'retryable' }],
  ])('what Discord answers with %j is %j', async (reply, expected) => {
    receiver.reply(reply)
    expect(await failureOf(send('discord', '/api/webhooks/1/t'))).toMatchObject(expected)
    receiver.reply({ status: 200 })
  })

  test('of others a 404 disables nothing', async () => {
    receiver.reply({ status: 404 })
    expect(await failureOf(send('mattermost', '/hooks/x'))).toMatchObject({ reason: 'http-404', disableChannel: false })
    receiver.reply({ status: 200 })
  })
})

const withPackages = await skipUnless(serverPackages)

withPackages('checked by other libraries', async () => {
  const from = (path: string) => import(join(serversFolder, 'node_modules', path))
  const { IncomingWebhookRequestPartialSchema: discord } = await from('discord-api-spec/build/discord-api-spec.zod.js')
  const markdown = await githubMarkdown()

  test('Discord takes every message, and would not take one that is too long', () => {
    for (const message of Object.values(messages))
      expect(discord.safeParse(bodyOf('discord', message)).error?.issues ?? []).toEqual([])
    const body = bodyOf('discord', firing)
    expect(discord.safeParse({ ...body, content: 'x'.repeat(2001) }).success).toBe(false)
    expect(discord.safeParse({ embeds: [{ color: 'red' }] }).success).toBe(false)
  })

  test('Discord takes whatever data holds, within 6000 characters for all', () => {
    fc.assert(
      fc.property(hostile, (message) => {
        const body = bodyOf('discord', message)
        expect(discord.safeParse(body).error?.issues ?? []).toEqual([])
        const [embed] = body['embeds'] as [JsonObject]
        const { title, description, fields, footer } = embed
        expect(textsIn([title ?? '', description ?? '', fields ?? [], footer ?? {}]).join('').length).toBeLessThan(6000)
        expect(body['allowed_mentions']).toEqual({ parse: [] })
      }),
      { numRuns: 60 },
    )
  })

  test('the Markdown for Gotify and Mattermost is text where data is', () => {
    const texts = (message: Message) => [
      ...textsIn(bodyOf('gotify', message)).slice(1),
      ...textsIn((bodyOf('mattermost', message)['attachments'] as JsonObject[])[0]?.['fields'] ?? []),
    ]
    fc.assert(
      fc.property(hostile, (message) => {
        const allowed = [
          'a',
          'br',
          'code',
          'em',
          'li',
          'p',
          'pre',
          'strong',
          'table',
          'tbody',
          'td',
          'th',
          'thead',
          'tr',
          'ul',
        ]
        for (const text of texts({ ...message, paragraphs: [] }))
          expect(elements(markdown(text)).filter((name) => !allowed.includes(name))).toEqual([])
      }),
      { numRuns: 20 },
    )
    expect(shownText(markdown(String(bodyOf('gotify', messages['hostile'] ?? firing)['message'])))).toContain(
      '<script>alert(1)</script></td></b>',
    )
  })
})

const withAlertmanager = await skipUnless(program('prometheus-alertmanager', 'prometheus-alertmanager'))

withAlertmanager('Alertmanager itself', () => {
  let server: RunningServer
  let receiver: Receiver
  let base: string
  const http = testHttp()
  beforeAll(async () => {
    receiver = await startReceiver()
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-alertmanager-'))
    const route = 'route: {receiver: hook, group_wait: 0s, group_interval: 1s, group_by: [alertname]}'
    const hook = `receivers: [{name: hook, webhook_configs: [{url: '${receiver.url}/own', send_resolved: true}]}]`
    writeFileSync(join(folder, 'am.yml'), `${route}\n${hook}\n`)
    const port = await freePort()
    base = `http://127.0.0.1:${port}`
    const options = `--config.file=am.yml --storage.path=data --web.listen-address=127.0.0.1:${port} --cluster.listen-address=`
    server = startServer({ command: `prometheus-alertmanager ${options}`, end: 'TERM', crash: 'KILL', folder })
    await eventually(async () => expect((await fetch(`${base}/-/ready`)).status).toBe(200))
  }, 30_000)
  afterAll(async () => {
    await server.kill()
    http.close()
    await receiver.close()
  })

  const send = (message: Message) => {
    const settings = settingsOf(webhook, { url: base, preset: 'alertmanager-alerts' })
    return webhook.send(webhook.render(message, settings), settings, contextOf({ http }))
  }
  const active = async () => {
    const alerts = (await (await fetch(`${base}/api/v2/alerts`)).json()) as { labels: Record<string, string> }[]
    return alerts.map(({ labels }) => labels)
  }
  // Its clock is the real one.
  const at = (message: Message, time = Date.now()) => ({
    ...message,
    time,
    alerts: message.alerts.map((alert) => ({ ...alert, since: time - 60_000 })),
  })

  test('takes an alert and ends it when it is resolved', async () => {
    await send(at(firing))
    const labels = { alertname: 'Model drift', severity: 'critical', model: 'churn_v3' }
    await eventually(async () => expect(await active()).toEqual([labels]))
    await send(at(resolved))
    await eventually(async () => expect(await active()).toEqual([]))
  })

  test('takes every message', async () => {
    for (const message of Object.values(messages)) await send(at(message))
    const labels = { 'a b': 'x', '': 'y', '9': 'z', severity: 'theirs', empty: '', __name: 'w', 'é"\n': '\u0000"\\\n' }
    await send(at({ ...firing, rule: 'labels', alerts: [{ fingerprint: 'a', labels, since: 0, value: '' }] }))
    const found = (await active()).find(({ alertname }) => alertname === 'labels')
    expect(found).toMatchObject({ a_b: 'x', _9: 'z', label_severity: 'theirs', severity: 'critical', _name: 'w' })
  })

  test('refuses what is none, and says why', async () => {
    const settings = settingsOf(webhook, { url: base, preset: 'alertmanager-alerts' })
    const body = JSON.stringify([{ annotations: {} }])
    const failure = await failureOf(
      webhook.send({ body, contentType: 'application/json' }, settings, contextOf({ http })),
    )
    expect(failure).toMatchObject({ outcome: 'rejected', response: expect.stringContaining('labels') })
  })

  test('sends webhooks with the keys that ours have', async () => {
    await send(at({ ...firing, rule: 'compared' }))
    const theirs = await eventually(() => {
      const found = receiver.received.find(({ path, body }) => path === '/own' && body.includes('compared'))
      return JSON.parse((found ?? expect.unreachable()).body)
    })
    const ours = bodyOf('alertmanager', { ...firing, rule: 'compared' }) as Record<string, Json>
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort())
    const [their] = theirs.alerts
    const [our] = ours['alerts'] as JsonObject[]
    expect(Object.keys(our ?? {}).sort()).toEqual(Object.keys(their).sort())
    expect(our).toMatchObject({ status: 'firing', labels: their.labels, annotations: their.annotations })
    expect(ours).toMatchObject({ version: theirs.version, groupKey: theirs.groupKey, groupLabels: theirs.groupLabels })
    expect(our?.['fingerprint']).toMatch(/^[0-9a-f]{16}$/)
  })
})
