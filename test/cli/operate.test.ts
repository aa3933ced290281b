import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { runCommand } from '../support/command.ts'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'

let daemon: InProcess
let receiver: Receiver
beforeAll(async () => {
  daemon = await startInProcess()
  receiver = await startReceiver()
  const settings = daemon.sqlite(
    'data.db',
    "CREATE TABLE drift (model, score); INSERT INTO drift VALUES ('churn', 0.42)",
  )
  await make('/connections', { name: 'data', kind: 'sqlite', settings })
  await make('/channels', { name: 'hook', kind: 'webhook', settings: { url: receiver.url } })
  await make('/rules', rule('drift'))
  await make('/rules', { ...rule('broken'), condition: { dialect: 'python', text: 'rows[5]["score"] > 1' } })
})
afterAll(async () => {
  await daemon.stop()
  await receiver.close()
})

async function make(path: string, body: unknown) {
  const { status, body: answer } = await daemon.call('POST', `/api/v1${path}`, body)
  if (status !== 201) throw new Error(`${path}: ${JSON.stringify(answer)}`)
}

const rule = (name: string) => ({
  name,
  connection: 'data',
  query: 'SELECT model, score FROM drift',
  schedule: { cron: '0 0 1 1 *' },
  condition: { dialect: 'python', text: 'query_result["score"] > 0.3' },
  message: { title: '{{ query_result.model }} drifts' },
  routes: [{ channel: 'hook' }],
})

const tocsin = (...argv: string[]) => runCommand(argv, { TOCSIN_URL: daemon.url, TOCSIN_TOKEN: daemon.admin })

describe('run', () => {
  test('a dry run shows rows, verdict and message, and nothing is sent', async () => {
    const { code, out } = await tocsin('run', 'drift', '--dry-run')
    expect(code).toBe(0)
    expect(out).toContain('verdict: true, value 0.42 (1 row)')
    expect(out).toContain('message of hook (webhook): churn drifts')
    expect(out).toEndWith('Nothing was stored or sent.')
    expect(receiver.received).toHaveLength(0)
  })

  test('a run sends and says so', async () => {
    const { code, out } = await tocsin('run', 'drift')
    expect(code).toBe(0)
    expect(out).toContain('the condition was true')
    await receiver.until(1)
  })

  test('an evaluation that fails is exit code 1', async () => {
    expect(await tocsin('run', 'broken')).toMatchObject({ code: 1, out: expect.stringContaining('it failed') })
  })

  test('a rule that does not exist is named, with the nearest one', async () => {
    expect(await tocsin('run', 'drfit')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/There is no rule "drfit"\. Did you mean "drift"\?/),
    })
  })
})

describe('explain', () => {
  test('a rule is explained down to its delivery, and the delivery back to its evaluation', async () => {
    const words = await eventually(async () => {
      const { out } = await tocsin('explain', 'drift')
      expect(out).toMatch(/Delivery msg_\S+ .* is delivered/)
      return out
    })
    expect(words).toContain('A delivery was queued')
    const delivery = /msg_[0-9a-z]+/.exec(words)?.[0] ?? ''
    const back = await tocsin('explain', delivery)
    expect(back.code).toBe(0)
    expect(back.out).toMatch(/Evaluation evl_\S+ .* the condition was true/)
  })

  test('what does not exist is an error', async () => {
    expect(await tocsin('explain', 'msg_nothing')).toMatchObject({
      code: 1,
      err: expect.stringContaining('msg_nothing'),
    })
  })
})

describe('send', () => {
  test('a test message is sent and its end told', async () => {
    receiver.reply({ status: 202, body: 'queued as 7' })
    const { code, out } = await tocsin('send', 'hook', '--test')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^msg_\S+: delivered\. .*\n {2}The receiver's answer after \d+ ms \(delivered\): 202 queued as 7$/,
    )
    expect(JSON.parse(receiver.received.at(-1)?.body ?? '')).toMatchObject({ type: 'test' })
  })

  test('a message of one line is sent as it is', async () => {
    const { code } = await tocsin('send', 'hook', '--title', 'Backup failed', '--severity', 'error')
    expect(code).toBe(0)
    expect(JSON.parse(receiver.received.at(-1)?.body ?? '')).toMatchObject({
      type: 'message',
      data: { title: 'Backup failed', severity: 'error' },
    })
    expect(await tocsin('send', 'hook', '--title', 'x', '--severity', 'bad')).toMatchObject({
      code: 1,
      err: expect.stringContaining('must be one of debug, info'),
    })
  })

  test('a receiver that refuses is exit code 1 with its answer', async () => {
    receiver.reply({ status: 400, body: 'not like this' })
    const { code, out } = await tocsin('send', 'hook')
    expect(code).toBe(1)
    expect(out).toContain('http-400')
    expect(out).toContain('not like this')
  })
})

describe('channels', () => {
  test('lists the kinds there are; as JSON with their settings', async () => {
    expect((await tocsin('channels')).out).toContain('webhook')
    const kinds: { kind: string; settings: object }[] = JSON.parse((await tocsin('channels', '--json')).out)
    for (const kind of kinds) expect(Object.keys(kind)).toEqual(['kind', 'label', 'settings', 'limits'])
    expect(kinds.find(({ kind }) => kind === 'webhook')).toMatchObject({
      label: 'Webhook',
      settings: { type: 'object', properties: { url: { type: 'string', secret: true } }, required: ['url'] },
      limits: { inFlight: 32, retries: 'webhook' },
    })
    expect(kinds.find(({ kind }) => kind === 'console')?.settings).toMatchObject({
      type: 'object',
      properties: {},
      additionalProperties: false,
    })
  })
})
