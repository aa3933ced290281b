import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { channels } from '../../src/channels/index.ts'
import { presetNames } from '../../src/channels/webhook/presets.ts'
import { type FakeGit, startFakeGit } from '../support/fake-git.ts'
import { type FakeGraph, startGraph } from '../support/fake-graph.ts'
import { serverPackages, skipUnless } from '../support/requirements.ts'
import { runWorld } from '../support/runs.ts'
import { type Input, type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'

/** One way to send: the channel, what a call or route gives besides, and all that arrived by it, as text. */
interface Way {
  name: string
  kind: string
  settings: Input
  own?: Input
  arrived(): string | Promise<string>
}

const describe = await skipUnless(serverPackages)
let scene: Scene
let smtp: SmtpTestServer
let graph: FakeGraph
let github: FakeGit
let gitlab: FakeGit
let ways: Way[]
const folder = mkdtempSync(join(tmpdir(), 'tocsin-about-runs-'))

/** What came to the receiver under a path, readable whatever form it has; ntfy has the topic in the body. */
const received = (path: string) => () =>
  scene.receiver.received
    .filter((one) => one.path.includes(path) || one.body.includes(`"topic":"${path.slice(1)}"`))
    .map(({ body, headers }) =>
      headers['content-type']?.includes('form') ? [...new URLSearchParams(body).values()].join('\n') : body,
    )
    .join('\n')

function allWays(): Way[] {
  const { url } = scene.receiver
  const token = 'canary-token'
  const place = { repository: 'acme/models', issue: 7, token }
  const script = join(folder, 'note.sh')
  writeFileSync(script, `#!/bin/sh\n(echo "$TOCSIN_TITLE"; cat) >> ${folder}/notes\n`, { mode: 0o755 })
  const sid = `AC${'0'.repeat(32)}`
  const twilio = { accountSid: sid, authToken: 'x', fromNumber: '+15551234567', apiUrl: url }
  const bot = { mode: 'bot', token: 'xoxb-1', channel: '#ops', apiUrl: `${url}/bot` }
  const post = { host: '127.0.0.1', port: smtp.port, tls: 'none', sender: 'tocsin@x.test' }
  return [
    {
      ...{ name: 'smtp', kind: 'mail', settings: post, own: { to: 'ops@x.test' } },
      arrived: () => smtp.mails.map(({ subject, text, html }) => `${subject}\n${text}\n${html}`).join('\n'),
    },
    {
      ...{ name: 'graph', kind: 'microsoft-graph-mail', own: { to: 'ops@x.test' } },
      settings: { ...graph.settings, sender: 'tocsin@x.test' },
      arrived: () => JSON.stringify(graph.mails()),
    },
    { name: 'hooked', kind: 'slack', settings: { webhookUrl: `${url}/slack-hook` }, arrived: received('slack-hook') },
    { name: 'bot', kind: 'slack', settings: bot, arrived: received('chat.postMessage') },
    { name: 'teams', kind: 'teams', settings: { webhookUrl: `${url}/teams` }, arrived: received('/teams') },
    {
      ...{ name: 'sms', kind: 'twilio', settings: twilio, own: { to: '+15557654321' } },
      arrived: received('Messages.json'),
    },
    { name: 'plain', kind: 'webhook', settings: { url: `${url}/plain` }, arrived: received('/plain') },
    ...presetNames.map((preset) => {
      const path = `/preset-${preset}-x`
      const settings = { preset, url: `${url}${path}` }
      return { name: preset, kind: 'webhook', settings, arrived: received(path) }
    }),
    {
      ...{ name: 'github', kind: 'git', settings: { ...place, platform: 'github', apiUrl: github.url } },
      arrived: () => github.comments.map(({ body }) => body).join('\n'),
    },
    {
      ...{
        name: 'gitlab',
        kind: 'git',
        settings: { ...place, mergeRequest: 7, platform: 'gitlab', apiUrl: gitlab.url },
      },
      arrived: () => gitlab.comments.map(({ body }) => body).join('\n'),
    },
    { name: 'program', kind: 'shell', settings: { script }, arrived: () => readFileSync(`${folder}/notes`, 'utf8') },
    { name: 'printed', kind: 'console', settings: {}, arrived: () => scene.daemon.printed.join('\n') },
    {
      ...{ name: 'kept', kind: 'inbox', settings: {} },
      arrived: async () => JSON.stringify(await scene.api('GET', '/inbox?limit=100')),
    },
  ]
}

beforeAll(async () => {
  ;[scene, smtp, graph, github, gitlab] = await Promise.all([
    startScene({ 'shell.allow': folder }),
    startSmtp(),
    startGraph(),
    startFakeGit('github'),
    startFakeGit('gitlab'),
  ])
  scene.receiver.reply(({ path }) => {
    if (path.includes('Messages.json'))
      return { status: 201, body: JSON.stringify({ sid: `SM${'0'.repeat(32)}`, status: 'queued' }) }
    if (path.includes('chat.postMessage'))
      return { status: 200, body: JSON.stringify({ ok: true, channel: 'C1', ts: '1700000000.000100' }) }
    return { status: 200, body: 'ok' }
  })
  await scene.api('PUT', '/projects/default/variables', { variables: [{ name: 'owner', value: 'ops' }] })
  ways = allWays()
  for (const { name, kind, settings } of ways) await scene.api('POST', '/channels', { name, kind, settings })
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await Promise.all([smtp, graph, github, gitlab].map((server) => server.close()))
  rmSync(folder, { recursive: true, force: true })
})

describe('row 19: a run under way is told through every channel', () => {
  test('there is', () => {
    expect([...new Set(ways.map(({ kind }) => kind))].sort()).toEqual(Object.keys(channels).sort())
    expect(presetNames.filter((name) => !ways.some((way) => way.name === name))).toEqual([])
  })

  test('by hand, with its variables in message and settings', async () => {
    await runWorld(scene).tell('s1', {
      ...{ name: 'nightly', kind: 'scenario', state: 'running' },
      steps: [{ name: 'load', state: 'error', error: 'disk full' }],
    })
    const sent: Record<string, unknown> = {}
    for (const { name, own = {} } of ways) {
      const message = {
        title: `\${owner} asked of \${runId}`,
        summary: `\${firstFailedStepName} broke by \${firstFailedStepError}`,
      }
      const answer = await scene.daemon.call<{ results: { state: string; attempt: unknown }[] }>(
        'POST',
        `/api/v1/channels/${name}/send?wait=true`,
        { run: 's1', message, settings: own },
      )
      sent[name] = answer.body.results?.map(({ state }) => state) ?? answer.body
    }
    expect(sent).toEqual(Object.fromEntries(ways.map(({ name }) => [name, ['delivered']])))
    for (const { name, arrived } of ways) {
      const text = await arrived()
      expect([name, text.includes('ops asked of s1'), text.includes('load broke by disk full')]).toEqual([
        name,
        true,
        true,
      ])
    }
  })

  test('by a rule on one of its steps, while it goes on', async () => {
    const routes = ways.map(({ name, own = {} }) => ({ channel: name, settings: own }))
    const { id } = await scene.api<{ id: string }>('POST', '/rules', {
      ...{ name: 'steps', runs: { name: 'weekly' }, when: [{ step: 'train*', states: ['error'] }] },
      message: { engine: 'formula', title: `\${step.name} of \${scenarioName} for \${owner}` },
      routes,
    })
    await runWorld(scene).tell('w1', {
      ...{ name: 'weekly', kind: 'scenario', state: 'running' },
      steps: [
        { name: 'load', state: 'completed' },
        { name: 'train 2', state: 'error', error: 'no memory' },
      ],
    })
    await eventually(async () => {
      const states = (await scene.deliveries(id)).map(({ state }) => state)
      expect(states).toEqual(ways.map(() => 'delivered'))
    })
    for (const { name, arrived } of ways)
      expect([name, (await arrived()).includes('train 2 of weekly for ops')]).toEqual([name, true])
  })
})
