import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RunWorld, runWorld } from '../support/runs.ts'
import { type Event, type Input, type Scene, startScene } from '../support/scene.ts'

let scene: Scene
let world: RunWorld
beforeAll(async () => {
  scene = await startScene({ baseUrl: 'https://tocsin.test' })
  world = runWorld(scene)
  await scene.api('PUT', '/projects/default/variables', { variables: [{ name: 'owner', value: 'ops' }] })
  await world.tell('s1', {
    ...{ name: 'say "hi" *now*', kind: 'scenario', state: 'running', parameters: { region: 'north' } },
    steps: [{ name: 'load', state: 'error', error: 'disk full' }],
  })
})
afterAll(() => scene[Symbol.asyncDispose]())

const send = (channel: string, request: Input) =>
  scene.daemon.call<{ results: { state: string; attempt: unknown }[]; message?: string }>(
    'POST',
    `/api/v1/channels/${channel}/send?wait=true`,
    { run: 's1', message: { title: `\${scenarioName}` }, ...request },
  )
const bodyAt = (path: string) => scene.receiver.received.findLast((one) => one.path.startsWith(path))?.body ?? ''

describe('row 19: a message sent while a run is under way', () => {
  test("knows the run's variables and those of the project in all its parts", async () => {
    const { body } = await send('Ops', {
      message: {
        title: `\${scenarioName} for \${owner}`,
        summary: `\${firstFailedStepName}: \${firstFailedStepError} in \${region}`,
        facts: [{ name: `\${state}`, value: `\${scenarioRunURL}` }],
        table: { columns: ['run'], rows: [[`\${runId}`]] },
      },
    })
    expect(body.results).toMatchObject([{ state: 'delivered' }])
    const { data } = JSON.parse(bodyAt('/ops')) as Event
    expect(data).toMatchObject({
      title: 'say "hi" *now* for ops',
      summary: 'load: disk full in north',
      facts: [{ name: 'running', value: 'https://tocsin.test/projects/default/runs/s1' }],
      table: { rows: [['s1']] },
    })
  })

  test('may be written in Liquid or Jinja, too', async () => {
    for (const engine of ['liquid', 'jinja']) {
      await send('Ops', { engine, message: { title: '{{ scenarioProjectKey }} {{ parameters.region }}' } })
      expect((JSON.parse(bodyAt('/ops')) as Event).data.title).toBe('default north')
    }
  })

  test('goes through channels of every family, in the form of each', async () => {
    scene.receiver.reply(({ path }) =>
      path.includes('Messages.json')
        ? { status: 201, body: JSON.stringify({ sid: `SM${'0'.repeat(32)}`, status: 'queued' }) }
        : { status: 200, body: 'ok' },
    )
    const { url } = scene.receiver
    const sid = `AC${'0'.repeat(32)}`
    const channels: [name: string, kind: string, settings: Input, path: string][] = [
      ['t', 'teams', { webhookUrl: `${url}/t-teams` }, '/t-teams'],
      ['s', 'slack', { webhookUrl: `${url}/t-slack` }, '/t-slack'],
      ['g', 'webhook', { preset: 'google-chat', url: `${url}/t-google` }, '/t-google'],
      ['w', 'twilio', { accountSid: sid, authToken: 'x', fromNumber: '+15551234567', apiUrl: url }, '/2010-04-01'],
    ]
    for (const [name, kind, settings, path] of channels) {
      await scene.api('POST', '/channels', { name, kind, settings })
      const overrides = kind === 'twilio' ? { to: '+15557654321' } : {}
      const { body } = await send(name, { message: { title: `\${owner} of \${runId}` }, settings: overrides })
      expect(body.results).toMatchObject([{ state: 'delivered' }])
      expect(decodeURIComponent(bodyAt(path)).replaceAll('+', ' ')).toContain('ops of s1')
    }
  })

  test('may have a body of its own, which no value can break', async () => {
    const { body } = await send('Ops', { body: `{"text": "\${scenarioName}"}` })
    expect(body.results).toMatchObject([{ state: 'delivered' }])
    expect(JSON.parse(bodyAt('/ops'))).toEqual({ text: 'say "hi" *now*' })
  })

  test('may have a body of its own in which values stay text for the receiver', async () => {
    await world.tell('s3', { name: '<!channel> @all *b*', kind: 'scenario', state: 'running' })
    const { url } = scene.receiver
    await scene.api('POST', '/channels', { name: 'sl', kind: 'slack', settings: { webhookUrl: `${url}/t-own-slack` } })
    const settings = { preset: 'discord', url: `${url}/t-own-discord` }
    await scene.api('POST', '/channels', { name: 'di', kind: 'webhook', settings })
    await send('sl', { run: 's3', body: `{"text": "\${scenarioName}"}` })
    expect(bodyAt('/t-own-slack')).not.toMatch(/<!channel>|\*b\*"/)
    expect(JSON.parse(bodyAt('/t-own-slack')).text).toStartWith('&lt;!channel&gt; ')
    await send('di', { run: 's3', body: `Look: \${scenarioName}` })
    expect(JSON.parse(bodyAt('/t-own-discord')).content).toMatch(/^Look: <\u200b!\u200bchannel> @\u200ball \\\*b\\\*$/)
  })

  test('is not lost by a variable that is not there, but names it', async () => {
    await send('Ops', { message: { title: 'Hello', summary: `\${nobody}` } })
    const { data } = JSON.parse(bodyAt('/ops')) as Event
    expect(data.title).toBe('Hello')
    expect(data.facts).toEqual([{ name: 'Template error', value: expect.stringContaining('nobody') }])
  })

  const refused: [what: string, request: Input, status: number, message: string][] = [
    ['a run nobody told of', { run: 's2' }, 404, 'There is no run \\"s2\\"'],
    ['a body without a run', { run: undefined, body: 'x' }, 400, 'needs'],
    ['a key it does not know', { recipent: 'a@x.test' }, 400, 'recipent'],
    ['a setting it does not know', { settings: { recipent: 'a@x.test' } }, 400, 'recipent'],
    ['an engine that is none', { engine: 'freemarker' }, 400, 'must be'],
  ]
  for (const [what, request, status, message] of refused)
    test(`is refused for ${what}`, async () => {
      const answer = await send('Ops', request)
      expect(answer.status).toBe(status)
      expect(JSON.stringify(answer.body)).toContain(message)
    })

  test('stays as it is where no run is named', async () => {
    await send('Ops', { run: undefined, message: { title: `\${price}` } })
    expect((JSON.parse(bodyAt('/ops')) as Event).data.title).toBe(`\${price}`)
  })
})
