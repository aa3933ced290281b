import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImportReport } from '../../src/manage/import.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { startGraph } from '../support/fake-graph.ts'
import { reporterCard } from '../support/reporter-card.ts'
import { serverPackages, skipUnless } from '../support/requirements.ts'
import { type RunWorld, runWorld } from '../support/runs.ts'
import { type Scene, startScene } from '../support/scene.ts'
import { eventually } from '../support/servers.ts'
import { type Mail, type SmtpTestServer, startSmtp } from '../support/smtp.ts'

/** A text as people see it: values in bodies for chats may hold signs that nobody does. */
const seen = (text: string | undefined) => text?.replaceAll('\u200b', '')

const here = await skipUnless(serverPackages)

let scene: Scene
let world: RunWorld
let smtp: SmtpTestServer
beforeAll(async () => {
  smtp = await startSmtp()
  scene = await startScene({ baseUrl: 'https://dss.test', 'shell.allow': '/bin/sh' })
  world = runWorld(scene)
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await smtp.close()
})

const take = (objects: unknown, apply = true, fix = false) =>
  scene.api<ImportReport>('POST', '/import/dataiku', { objects, apply, fix })
const given = () => scene.api<{ scenarios: JsonObject[]; reporters: JsonObject[] }>('GET', '/export/dataiku')

function reporter(name: string, type: string, configuration: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    ...{ id: `id of ${name}`, name, active: true, phase: 'END', runConditionEnabled: false, runCondition: '' },
    messaging: { type, configuration },
    ...more,
  }
}

const smtpChannel = (id: string, more: JsonObject = {}) => ({
  id,
  type: 'smtp',
  configuration: {
    host: '127.0.0.1',
    port: smtp.port,
    useSSL: false,
    useTLS: false,
    sender: 'dss@example.test',
    ...more,
  },
  permissions: null,
})
const mail = (channelId: string, more: JsonObject) => ({
  channelId,
  ...{ sender: '', ccRecipient: '', bccRecipient: '', subject: `\${scenarioName}: \${outcome}` },
  ...{ messageSource: 'INLINE', sendAsHTML: false, attachments: [] },
  ...more,
})
/** The mails of a subject, once there are so many. */
async function mails(subject: string, count: number): Promise<Mail[]> {
  const found = () => smtp.mails.filter((one) => one.subject === subject)
  await eventually(() => expect(found().length).toBeGreaterThanOrEqual(count))
  return found()
}
/** Bodies a receiver got at a path. */
async function bodies(path: string, count: number): Promise<string[]> {
  const found = () => scene.receiver.received.filter((one) => one.path.startsWith(path)).map(({ body }) => body)
  await eventually(() => expect(found().length).toBeGreaterThanOrEqual(count))
  return found()
}

/** The card of the document, with its formulas. */
const card = reporterCard({
  scenario: `\${scenarioName}`,
  project: `\${scenarioProjectKey}`,
  trigger: `\${triggerName}`,
  outcome: `\${outcome}`,
  url: `\${scenarioRunURL}`,
  colour: `\${if(outcome == 'FAILED', 'attention', 'default')}`,
})

here('reporters of scenarios, from event to message', () => {
  test('rows 3 to 5: start and end, with and without condition, several on one scenario', async () => {
    const text = `\${scenarioName} \${outcome}`
    const webhook = (path: string) => ({ url: `${scene.receiver.url}/phases-${path}`, message: text })
    const when = (outcome: string) => ({ runConditionEnabled: true, runCondition: `outcome == '${outcome}'` })
    const report = await take({
      ...{ projectKey: 'CHURN', id: 'TRAIN', name: 'phases' },
      reporters: [
        reporter('begins', 'webhook-scenario', webhook('start'), { phase: 'START' }),
        reporter('ends', 'webhook-scenario', webhook('end'), { runCondition: "outcome == 'FAILED'" }),
        reporter('good', 'webhook-scenario', webhook('good'), when('SUCCESS')),
        reporter('bad', 'webhook-scenario', webhook('bad'), when('FAILED')),
        reporter('stopped', 'webhook-scenario', webhook('stopped'), when('ABORTED')),
      ],
    })
    expect(report.items.map(({ action }) => action)).toEqual(Array(5).fill('create'))
    await world.tell('p1', { name: 'phases', kind: 'scenario', state: 'running' })
    await world.tell('p1', { state: 'completed' })
    await world.tell('p2', { name: 'phases', kind: 'scenario', state: 'error' })
    await world.tell('p3', { name: 'phases', kind: 'scenario', state: 'aborted' })
    expect(await bodies('/phases-start', 1)).toEqual(['phases '])
    expect((await bodies('/phases-end', 3)).toSorted()).toEqual(['phases ABORTED', 'phases FAILED', 'phases SUCCESS'])
    expect(await bodies('/phases-good', 1)).toEqual(['phases SUCCESS'])
    expect(await bodies('/phases-bad', 1)).toEqual(['phases FAILED'])
    expect(await bodies('/phases-stopped', 1)).toEqual(['phases ABORTED'])
  })

  test('row 2: an inactive reporter is paused, and sends nothing until it is resumed', async () => {
    const { items } = await take({
      ...{ id: 'quiet', name: 'quiet' },
      reporters: [
        reporter('off', 'webhook-scenario', { url: `${scene.receiver.url}/off`, message: 'off' }, { active: false }),
        reporter('on', 'webhook-scenario', { url: `${scene.receiver.url}/quiet-on`, message: 'on' }),
      ],
    })
    expect(items[0]?.action).toBe('create')
    const place = `/rules/${encodeURIComponent('quiet: off')}`
    expect(await scene.api('GET', place)).toMatchObject({ paused: true })
    await world.tell('q1', { name: 'quiet', kind: 'scenario', state: 'completed' })
    expect(await bodies('/quiet-on', 1)).toEqual(['on'])
    expect(await bodies('/off', 0)).toEqual([])
    await scene.api('POST', `${place}/resume`)
    scene.pass(1000)
    await world.tell('q2', { name: 'quiet', kind: 'scenario', state: 'completed' })
    expect(await bodies('/off', 1)).toEqual(['off'])
  })

  test('row 6: "or" is refused with the mend, which --fix makes', async () => {
    const object = {
      ...{ id: 'words', name: 'words' },
      reporters: [
        reporter(
          'on trouble',
          'webhook-scenario',
          { url: `${scene.receiver.url}/words`, message: 'x' },
          {
            runConditionEnabled: true,
            runCondition: "outcome == 'FAILED' or outcome == 'ABORTED'",
          },
        ),
      ],
    }
    const { items } = await take(object)
    expect(items[0]).toMatchObject({
      action: 'refuse',
      issues: [{ path: 'runCondition', message: expect.stringContaining('write ||') }],
      fixes: [{ field: 'runCondition', value: "outcome == 'FAILED' || outcome == 'ABORTED'" }],
    })
    expect((await take(object, true, true)).items[0]?.action).toBe('create')
    await world.tell('w1', { name: 'words', kind: 'scenario', state: 'aborted' })
    expect(await bodies('/words', 1)).toEqual(['x'])
  })

  test('rows 8, 9, 10 and 12: mails of their own with variables, lists, copies, text and HTML', async () => {
    const message = [
      `Dear \${mailVariables_variable1},`,
      `\${if(parseJson(mailVariables).hasField("variable2"), parseJson(mailVariables).get("variable2"), "message for not-john")}`,
      'Yours truly,\n    A humble documentation',
    ].join('\n\n')
    const mailList = {
      mails: [
        { to: 'john@here.test', variables: { variable1: 'Sir', variable2: 'some special message for john' } },
        { to: 'jane@there.test', variables: { variable1: 'Madam' } },
      ],
    }
    const { items } = await take({
      channels: [smtpChannel('smtp-main')],
      scenarios: [
        {
          ...{ id: 'letters', name: 'letters' },
          reporters: [
            reporter(
              'own',
              'mail-scenario',
              mail('smtp-main', { recipient: JSON.stringify(mailList), subject: 'own', message }),
            ),
            reporter(
              'plain',
              'mail-scenario',
              mail('smtp-main', {
                ...{
                  recipient: 'john@here.test, jane@there.test',
                  ccRecipient: 'cc@here.test',
                  bccRecipient: 'b@here.test',
                },
                ...{ subject: `plain \${outcome}`, message: `\${scenarioName} <b>`, sendAsHTML: false },
              }),
            ),
            reporter(
              'list',
              'mail-scenario',
              mail('smtp-main', {
                ...{ recipient: '["john@here.test", "jane@there.test"]', subject: 'list' },
                ...{ message: `All of \${triggerName}`, sendAsHTML: true },
              }),
            ),
            reporter(
              'freemarker',
              'mail-scenario',
              mail('smtp-main', {
                ...{ recipient: 'john@here.test', subject: `ftl \${outcome}`, templateFormat: 'FREEMARKER' },
                message: `<#if outcome == "FAILED">\${scenarioName} broke: \${firstFailedStepName}<#else>fine</#if>`,
              }),
            ),
          ],
        },
      ],
    })
    expect(items.flatMap(({ issues }) => issues)).toEqual([])
    await world.tell('l1', {
      ...{ name: 'letters', kind: 'scenario', state: 'error', trigger: 'a & b' },
      steps: [{ name: 'Step #1', state: 'error' }],
    })
    const own = await mails('own', 2)
    const by = (address: string) => own.find(({ envelope }) => envelope.to.includes(address))?.text.trim()
    expect(by('john@here.test')).toBe(
      'Dear Sir,\n\nsome special message for john\n\nYours truly,\n    A humble documentation',
    )
    expect(by('jane@there.test')).toBe(
      'Dear Madam,\n\nmessage for not-john\n\nYours truly,\n    A humble documentation',
    )
    const [plain] = await mails('plain FAILED', 1)
    expect(plain?.envelope.to.toSorted()).toEqual(['b@here.test', 'cc@here.test', 'jane@there.test', 'john@here.test'])
    expect(plain?.text.trim()).toBe('letters <b>')
    expect(plain?.html).toBe(false)
    const [list] = await mails('list', 1)
    expect(list?.envelope.to.toSorted()).toEqual(['jane@there.test', 'john@here.test'])
    expect(list?.html).toContain('<div>All of a &#38; b</div>')
    const [ftl] = await mails('ftl FAILED', 1)
    expect(ftl?.text.trim()).toBe('letters broke: Step #1')
  })

  test('row 11: an address outside the allowed domain is refused when it is imported', async () => {
    await take([smtpChannel('narrow', { authorizedDomain: 'here.test' })])
    const { items } = await take({
      ...{ id: 'out', name: 'out' },
      reporters: [reporter('out', 'mail-scenario', mail('narrow', { recipient: 'a@elsewhere.test', message: 'x' }))],
    })
    expect(items[0]?.action).toBe('refuse')
    expect(items[0]?.issues[0]?.path).toBe('messaging.configuration.recipient')
  })

  test('row 11: an address outside the allowed domain that a variable brings is refused when it is sent', async () => {
    await take([smtpChannel('narrow-late', { authorizedDomain: 'here.test' })])
    const letter = mail('narrow-late', { recipient: `\${owner}`, subject: 'late', message: 'x' })
    const { items } = await take({
      ...{ id: 'late', name: 'late' },
      reporters: [reporter('late', 'mail-scenario', letter)],
    })
    expect(items[0]?.action).toBe('create')
    const end = (uid: string, owner: string) =>
      world.tell(uid, { name: 'late', kind: 'scenario', state: 'completed', parameters: { owner } })
    await end('late-1', 'a@here.test')
    expect((await mails('late', 1))[0]?.envelope.to).toEqual(['a@here.test'])
    await end('late-2', 'a@elsewhere.test')
    const { id } = await scene.api<{ id: string }>('GET', `/rules/${encodeURIComponent('late: late')}`)
    await eventually(async () => {
      const states = (await scene.deliveries(id)).map(({ state }) => state)
      expect(states).toEqual(['delivered', 'rejected'])
    })
    const [, refused] = await scene.deliveries(id)
    expect(JSON.stringify(refused?.reason)).toContain('here.test')
    expect(smtp.mails.filter(({ envelope }) => envelope.to.includes('a@elsewhere.test'))).toEqual([])
  })

  test('rows 13 and 16: the card of Teams, valid for a hostile name, to a reporter and a channel of its own', async () => {
    const hostile = 'say "hi" \\ </b>\n{{ x }}'
    const message = JSON.stringify(card, null, 3)
    await take({
      channels: [
        {
          id: 'teams-ops',
          type: 'msft-teams',
          configuration: { webhookUrl: `${scene.receiver.url}/teams-stored`, webhookType: 'WORKFLOWS' },
        },
      ],
      scenarios: [
        {
          ...{ id: 'c', name: 'say*' },
          reporters: [
            reporter('stored', 'msft-teams-scenario', { channelId: 'teams-ops', message }),
            reporter('own', 'msft-teams-scenario', { webhookUrl: `${scene.receiver.url}/teams-own`, message }),
          ],
        },
      ],
    })
    const name = hostile.replace('\n', ' ')
    await world.tell('card', { name, kind: 'scenario', state: 'error', trigger: hostile })
    for (const path of ['/teams-stored', '/teams-own']) {
      const [body = ''] = await bodies(path, 1)
      const [attachment] = (JSON.parse(body) as typeof card).attachments
      expect(attachment?.contentType).toBe('application/json')
      const [title, line, facts] = attachment?.content.body[0]?.items ?? []
      expect(title).toMatchObject({ color: 'attention', size: 'medium' })
      expect(seen(title?.text)).toBe(`${name} run report`)
      expect(seen(line?.text)).toBe(`[${name}](https://dss.test/projects/default/runs/card): **FAILED**`)
      expect(facts?.facts?.map(({ value }) => seen(value))).toEqual(['default', hostile])
    }
  })

  test.each(['application/json', 'application/vnd.microsoft.card.adaptive'])(
    'row 16: a card declared as %s goes to Teams as it is',
    async (contentType) => {
      const name = contentType.replace(/\W/g, '-')
      const message = JSON.stringify({ attachments: [{ ...card.attachments[0], contentType }] })
      const webhookUrl = `${scene.receiver.url}/typed-${name}`
      await take({ ...{ id: name, name }, reporters: [reporter('t', 'msft-teams-scenario', { webhookUrl, message })] })
      await world.tell(`t-${name}`, { name, kind: 'scenario', state: 'completed', trigger: 'x' })
      const [body = ''] = await bodies(`/typed-${name}`, 1)
      const [attachment] = (JSON.parse(body) as typeof card).attachments
      expect(attachment?.contentType).toBe(contentType)
      expect(attachment?.content.body[0]?.items[0]).toMatchObject({ text: `${name} run report`, color: 'default' })
    },
  )

  test('row 17: text for Google Chat goes as its JSON, with key and token that stood apart', async () => {
    const configuration = {
      webhookUrl: `${scene.receiver.url}/v1/spaces/A/messages`,
      webhookKey: 'k',
      webhookToken: 't=',
    }
    await take({
      channels: [{ id: 'g-chat', type: 'google-chat', configuration }],
      scenarios: [
        {
          ...{ id: 'gc', name: 'chatted' },
          reporters: [
            reporter('gc', 'google-chat-scenario', { channelId: 'g-chat', message: `*\${scenarioName}* \${outcome}` }),
          ],
        },
      ],
    })
    await world.tell('gc1', { name: 'chatted', kind: 'scenario', state: 'error' })
    const [body = ''] = await bodies('/v1/spaces/A/messages', 1)
    expect(JSON.parse(body)).toEqual({ text: '*chatted* FAILED' })
    const asked = scene.receiver.received.find(({ path }) => path.startsWith('/v1/spaces'))
    expect(asked?.path).toBe('/v1/spaces/A/messages?key=k&token=t%3D')
    expect(asked?.headers['content-type']).toStartWith('application/json')
  })

  test('row 14: Slack by a webhook of the channel, with formulas in text and sender', async () => {
    scene.receiver.reply(() => ({ status: 200, body: 'ok' }))
    await take({
      channels: [
        {
          id: 'slack-ops',
          type: 'slack',
          configuration: { mode: 'WEBHOOK', webhookUrl: `${scene.receiver.url}/slack`, useProxy: false },
        },
      ],
      scenarios: [
        {
          ...{ id: 's', name: 'slacking' },
          reporters: [
            reporter('slack', 'slack-scenario', {
              channelId: 'slack-ops',
              message: `*\${scenarioName}* \${outcome}`,
              username: `\${scenarioProjectKey}`,
            }),
          ],
        },
      ],
    })
    await world.tell('s1', { name: 'slacking', kind: 'scenario', state: 'completed' })
    const [body = ''] = await bodies('/slack', 1)
    expect(body).toContain('*slacking* SUCCESS')
    expect(body).toContain('"username":"default"')
  })

  test('row 14: Slack by a bot, and Microsoft 365 by the names of its form', async () => {
    const graph = await startGraph()
    const { clientId, tenantId, clientSecret } = graph.settings
    await take([
      {
        ...{ id: 'm365', type: 'microsoft-graph-mail' },
        configuration: { clientId, tenantId, clientSecret, sender: 'alerts@example.test' },
      },
      {
        id: 'bot',
        type: 'slack',
        configuration: { mode: 'API', authorizationToken: 'xoxb-1', channel: 'C0123456789' },
      },
    ])
    const patch = async (name: string, settings: JsonObject) => {
      const now = await scene.api<{ version: number; settings: JsonObject }>('GET', `/channels/${name}`)
      await scene.api('PATCH', `/channels/${name}`, {
        version: now.version,
        settings: { ...now.settings, ...settings },
      })
    }
    const { graphUrl, loginUrl } = graph.settings
    await patch('m365', { clientSecret, graphUrl, loginUrl })
    await patch('bot', { token: 'xoxb-1', apiUrl: `${scene.receiver.url}/slack-api` })
    scene.receiver.reply(() => ({ status: 200, body: '{"ok":true,"channel":"C0123456789","ts":"1.2"}' }))
    const letter = {
      channelId: 'm365',
      recipient: 'ops@example.test',
      subject: `\${outcome}`,
      message: `\${scenarioName}`,
    }
    const { items } = await take({
      ...{ id: 'g', name: 'graphed' },
      reporters: [
        reporter('m365', 'mail-scenario', letter),
        reporter('bot', 'slack-scenario', { channelId: 'bot', message: `\${scenarioName}: \${outcome}` }),
      ],
    })
    expect(items.map(({ action, issues }) => [action, issues])).toEqual([
      ['create', []],
      ['create', []],
    ])
    await world.tell('g1', { name: 'graphed', kind: 'scenario', state: 'aborted' })
    await eventually(() => expect(graph.mails()).toHaveLength(1))
    const [sent] = graph.mails()
    expect(sent?.body.message.subject).toBe('ABORTED')
    expect(sent?.body.message.body.content.trim()).toBe('graphed')
    expect(sent?.body.message.toRecipients.map(({ emailAddress }) => emailAddress.address)).toEqual([
      'ops@example.test',
    ])
    const [body = ''] = await bodies('/slack-api/chat.postMessage', 1)
    expect(JSON.parse(body)).toMatchObject({ channel: 'C0123456789' })
    expect(body).toContain('graphed: ABORTED')
    await graph.close()
  })

  test('the shell, where the operator allowed it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-dataiku-'))
    const file = join(folder, 'told.txt')
    await take({
      channels: [{ id: 'sh', type: 'shell', configuration: { type: 'COMMAND', command: `cat > ${file}` } }],
      scenarios: [
        {
          ...{ id: 'sh', name: 'shelled' },
          reporters: [reporter('sh', 'shell-scenario', { channelId: 'sh', message: `\${scenarioName} \${outcome}` })],
        },
      ],
    })
    await world.tell('sh1', { name: 'shelled', kind: 'scenario', state: 'completed' })
    await eventually(() => expect(readFileSync(file, 'utf8')).toBe('shelled SUCCESS'))
    rmSync(folder, { recursive: true })
  })

  test('row 18: an undefined variable in a body costs no message', async () => {
    await take({
      ...{ id: 'u', name: 'undefined-one' },
      reporters: [reporter('u', 'webhook-scenario', { url: `${scene.receiver.url}/undef`, message: `\${nobody}` })],
    })
    await world.tell('u1', { name: 'undefined-one', kind: 'scenario', state: 'error' })
    const [body = ''] = await bodies('/undef', 1)
    expect(body).toContain('nobody')
  })
})

here('row 1: reporters go in and out without loss', () => {
  const whole = {
    ...{ projectKey: 'P', id: 'LOSS', name: 'lossless' },
    reporters: [
      reporter(
        'one',
        'webhook-scenario',
        { url: 'https://receiver.test/hook?sig=canary', message: 'x', unknownKey: [1, null] },
        {
          ...{ phase: 'START', description: 'd', unknownToo: { a: true } },
        },
      ),
      reporter(
        'two',
        'slack-scenario',
        { channelId: 'nowhere', message: `\${x}` },
        { active: false, runConditionEnabled: true, runCondition: 'true' },
      ),
    ],
  }
  const mine = async () => (await given()).scenarios.find(({ id }) => id === 'LOSS')

  test('as they came', async () => {
    expect(await mine()).toBeUndefined()
    const plan = await take(whole, false)
    expect(plan).toMatchObject({ applied: false, items: [{ action: 'create' }, { action: 'create' }] })
    expect(await mine()).toBeUndefined()
    await take(whole)
    expect(JSON.stringify(await mine())).toBe(JSON.stringify(whole))
    expect((await take(whole)).items.map(({ action }) => action)).toEqual(['unchanged', 'unchanged'])
  })

  test('but for what was changed since', async () => {
    await scene.api('POST', `/rules/${encodeURIComponent('lossless: two')}/resume`)
    const { version } = await scene.api<{ version: number }>('GET', `/rules/${encodeURIComponent('lossless: one')}`)
    await scene.api('PATCH', `/rules/${encodeURIComponent('lossless: one')}`, {
      version,
      condition: { dialect: 'formula', text: 'triggerName != ""' },
    })
    expect(await mine()).toEqual({
      ...whole,
      reporters: [
        { ...whole.reporters[0], runConditionEnabled: true, runCondition: 'triggerName != ""' },
        { ...whole.reporters[1], active: true },
      ],
    } as JsonObject)
    expect((await take(whole)).items.map(({ action }) => action)).toEqual(['replace', 'replace'])
    expect(JSON.stringify(await mine())).toBe(JSON.stringify(whole))
  })

  test('and addresses are shown with no rule', async () => {
    const rules = JSON.stringify(await scene.api('GET', '/rules?limit=200'))
    expect(rules).not.toContain('canary')
  })

  test('a name that another rule has is refused', async () => {
    await world.rule('taken: by hand', { runs: {}, when: ['end'] })
    const { items } = await take({
      ...{ id: 'taken', name: 'taken' },
      reporters: [reporter('by hand', 'webhook-scenario', { url: 'https://receiver.test/' })],
    })
    expect(items[0]).toMatchObject({ action: 'refuse', issues: [{ path: 'name' }] })
  })
})
