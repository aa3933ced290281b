import { afterAll, beforeAll, expect, test } from 'bun:test'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Daemon, executable, startDaemon } from '../support/executable.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { program, skipUnless } from '../support/requirements.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'

const describe = await skipUnless(program('python3', 'python3'))
const script = fileURLToPath(new URL('../../clients/python/tests/send_messages.py', import.meta.url))

describe("Dataiku's message senders from Python, in a command under exec", () => {
  let daemon: Daemon
  let receiver: Receiver
  let smtp: SmtpTestServer
  let folder: string
  let found: { run: string[]; sent: Record<string, string[]>; refused: Record<string, string> }

  beforeAll(async () => {
    ;[daemon, receiver, smtp] = await Promise.all([startDaemon(), startReceiver(), startSmtp()])
    folder = mkdtempSync(join(tmpdir(), 'tocsin-dataiku-'))
    receiver.reply(({ path }) => {
      if (path === '/closed') return { status: 403, body: 'go away' }
      const sid = JSON.stringify({ sid: `SM${'0'.repeat(32)}`, status: 'queued' })
      return path.includes('Messages.json') ? { status: 201, body: sid } : { status: 200, body: 'ok' }
    })
    const { url } = receiver
    const channels = [
      [
        'post',
        'mail',
        { host: '127.0.0.1', port: smtp.port, tls: 'none', sender: 'o@example.com', to: 'o@example.com' },
      ],
      ['teams', 'teams', { webhookUrl: `${url}/teams` }],
      ['slack', 'slack', { webhookUrl: `${url}/slack` }],
      ['hook', 'webhook', { url: `${url}/hook` }],
      ['closed', 'webhook', { url: `${url}/closed` }],
      ['sms', 'twilio', { accountSid: `AC${'0'.repeat(32)}`, authToken: 'x', apiUrl: url, fromNumber: '+15550000000' }],
    ] as const
    for (const [name, kind, settings] of channels)
      await daemon.api('POST', '/projects/science/channels', { name, kind, settings })
    const [file = '', ...rest] = executable()
    const about = ['--project', 'science', '--name', 'train', '--uid', 'run-7', '--kind', 'scenario']
    const argv = [...rest, 'exec', ...about, '--', 'python3', script]
    const env = {
      ...process.env,
      TOCSIN_URL: daemon.url,
      TOCSIN_TOKEN: daemon.token,
      TOCSIN_SPOOL: folder,
      PYTHONDONTWRITEBYTECODE: '1',
    }
    const { stdout } = await promisify(execFile)(file, argv, { env })
    found = JSON.parse(stdout)
  }, 60_000)
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]()
    await Promise.all([receiver.close(), smtp.close()])
    rmSync(folder, { recursive: true, force: true })
  })

  const bodyAt = (path: string) => receiver.received.find((request) => request.path.includes(path))?.body ?? ''

  test('the script knows its run from exec', () => {
    expect(found.run).toEqual(['science', 'run-7'])
  })

  test('every message arrived', () => {
    const one = ['delivered']
    expect(found.sent).toEqual({
      mail: one,
      html: one,
      each: ['delivered', 'delivered'],
      teams: one,
      slack: one,
      webhook: one,
      twilio: one,
    })
  })

  test('mail has the parameters that were set, those of the call over them, and the variables of the run', () => {
    const [plain, html, ...each] = smtp.mails
    expect(plain).toMatchObject({
      envelope: { from: 'dss@example.com', to: ['data@example.com'] },
      subject: 'About train',
      text: expect.stringContaining('All is well with train of science.'),
    })
    expect(html?.envelope.to).toEqual(['a@example.com', 'b@example.com'])
    expect(html?.html).toContain('<b>run-7</b>')
    expect(each.map(({ envelope }) => envelope.to)).toEqual([['c@example.com'], ['d@example.com']])
  })

  test('chats, webhooks and short messages have theirs', () => {
    expect(bodyAt('/teams')).toContain('Hello from train')
    expect(bodyAt('/slack')).toContain('run-7')
    expect(JSON.parse(bodyAt('/hook'))).toEqual({ text: 'named "train"' })
    const form = new URLSearchParams(bodyAt('Messages.json'))
    expect([form.get('From'), form.get('To'), form.get('Body')]).toEqual([
      '+15551234567',
      '+15557654321',
      'train is done',
    ])
  })

  test.each([
    ['misspelt', "recipent: is no parameter of mail. Did you mean 'recipient'?"],
    ['reversed', "'mail-scenario' is a type. The channel comes first"],
    ['type', 'type: must be one of mail-scenario, slack-scenario'],
    ['kind', "The channel 'teams' is of the kind teams; mail-scenario needs mail or microsoft-graph-mail."],
    ['channel', 'There is no channel "pots". Did you mean "post"?'],
    ['address', "channel_id: must name a channel of Tocsin's."],
    ['recipient', 'settings.to'],
    ['json', 'recipient: begins like JSON and is none'],
    ['gone', '403 go away'],
    ['run', 'Which run is this? Run the script under `tocsin exec`'],
    ['unknown', 'There is no run "nobody".'],
  ])('a mistake is told: %s', (name, words) => {
    expect(found.refused[name]).toContain(words)
  })
})
