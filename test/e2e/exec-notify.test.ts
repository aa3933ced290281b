import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, executable, startDaemon } from '../support/executable.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { startSmtp } from '../support/smtp.ts'

interface Listed {
  id: string
  state: string
  local?: boolean
  title: string
  channelKind: string
  destination: string
}
interface Shown extends Listed {
  route: string
  recipient: string
  reason: { code: string; text: string }
  target: object
  message: { title: string; rule: string; severity: string }
  attempts: { outcome: string; reason: string; response: string }[]
}

let daemon: Daemon
let receiver: Receiver
let folder: string
beforeAll(async () => {
  ;[daemon, receiver] = await Promise.all([startDaemon(), startReceiver()])
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  await receiver.close()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-notify-'))
  receiver.received.length = 0
  receiver.reply({ status: 200, body: 'ok' })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Ran {
  code: number | null
  out: string
  /** Lines of its standard error. */
  err: string[]
}

interface Options {
  /** What the file holds; a text as it is. */
  list: unknown
  file?: string
  argv?: string[]
  env?: Record<string, string | undefined>
}

/** Runs a shell script under `tocsin exec --notify`, with pipes, and without any daemon's settings. */
async function run(
  uid: string,
  script: string,
  { list, file = 'list.json', argv = [], env = {} }: Options,
): Promise<Ran> {
  const path = join(folder, file)
  writeFileSync(path, typeof list === 'string' ? list : JSON.stringify(list))
  const whole = {
    ...process.env,
    TOCSIN_URL: daemon.url,
    TOCSIN_TOKEN: daemon.token,
    TOCSIN_SPOOL: join(folder, 'spool'),
    TOCSIN_EGRESS_ALLOW: '127.0.0.0/8',
    ...env,
  }
  return ended([...argv, '--uid', uid, '--name', uid, '--notify', path, '--', 'sh', '-c', script], whole)
}

async function ended(argv: string[], env: Record<string, string | undefined>): Promise<Ran> {
  const [program = '', ...rest] = executable()
  const child = spawn(program, [...rest, 'exec', ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const [code] = await once(child, 'close')
  return { code, out, err: err.split('\n').filter((line) => line !== '') }
}

const webhook = (name: string, path: string, more: object = {}) => ({
  kind: 'webhook',
  name,
  message: `about ${name}`,
  when: ['completed', 'error'],
  params: { url: `${receiver.url}${path}` },
  ...more,
})
const paths = () => receiver.received.map(({ path }) => path).sort()
const deliveriesOf = async (run: string): Promise<Shown[]> => {
  const { items } = await daemon.api<{ items: Listed[] }>('GET', '/deliveries?limit=100')
  const whole = await Promise.all(
    items.map(({ id }) => daemon.api<Shown & { fingerprints: string[] }>('GET', `/deliveries/${id}`)),
  )
  return whole.filter(({ fingerprints }) => fingerprints[0] === JSON.stringify([run, run]))
}
const kept = () => readdirSync(join(folder, 'spool'))

describe('notifications of a command', () => {
  test('go out without the daemon, beside an output and an exit code that stay as they are', async () => {
    const list = [
      webhook('both', '/both', { severity: 'warning' }),
      webhook('good-news', '/good', { when: ['completed'] }),
    ]
    const { code, out, err } = await run('fails', 'echo out; printf err >&2; exit 3', { list })
    expect(code).toBe(3)
    expect(out).toBe('out\n')
    expect(err).toEqual(['errtocsin: notification "both" (webhook): delivered: 200 ok'])
    expect(receiver.received.map(({ method }) => method)).toEqual(['POST'])
    expect(paths()).toEqual(['/both'])
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      message: 'Run failed in project default: about both',
      severity: 'warning',
      runs: [{ metadata: { name: 'fails', uid: 'fails' }, status: { state: 'error', error: 'exit code 3' } }],
    })
  })

  test('are deliveries of the daemon, marked local, that it does not send again', async () => {
    receiver.reply(({ path }) =>
      path === '/refused' ? { status: 404, body: 'nobody here' } : { status: 200, body: 'fine' },
    )
    const list = [webhook('taken', '/taken'), webhook('refused', '/refused')]
    const { code, err } = await run('told', 'true', { list })
    expect(code).toBe(0)
    expect(err).toHaveLength(2)
    const found = (await deliveriesOf('told')).sort((one, other) => one.state.localeCompare(other.state))
    expect(found).toMatchObject([
      {
        state: 'delivered',
        local: true,
        route: 'local',
        message: { title: '[info] Run completed in project default: about taken', rule: 'taken' },
        target: { kind: 'webhook', settings: {} },
        attempts: [{ outcome: 'delivered', response: '200 fine' }],
      },
      {
        state: 'rejected',
        local: true,
        attempts: [{ outcome: 'rejected', reason: 'http-404', response: '404 nobody here' }],
      },
    ])
    const { items } = await daemon.api<{ items: Listed[] }>('GET', '/deliveries?state=rejected')
    expect(items[0]).toMatchObject({ id: found[1]?.id ?? '', local: true })
    const again = daemon.api('POST', `/deliveries/${found[1]?.id}/retry`)
    await expect(again).rejects.toThrow('was sent by a client, which alone has its settings')
    const bulk = await daemon.api('POST', '/deliveries/bulk', { action: 'retry', filter: { states: ['rejected'] } })
    expect(bulk).toMatchObject({ changed: 0 })
    expect(paths()).toEqual(['/refused', '/taken'])
    expect(await daemon.api('POST', `/deliveries/${found[1]?.id}/discard`)).toMatchObject({ state: 'discarded' })
  })

  test('follow their conditions as MLRun does: a broken one sends, and only completed runs are asked', async () => {
    const condition = (text: string) => ({ condition: `{{ ${text} }}` })
    const list = [
      webhook('long', '/long', condition("run['status']['results']['exitCode'] > 0")),
      webhook('short', '/short', condition("run['status']['results']['exitCode'] == 0")),
      webhook('broken', '/broken', condition('nothing.at.all')),
      { kind: 'slack', name: 'off', when: ['done'], params: { webhook: `${receiver.url}/off` } },
    ]
    const good = await run('asked', 'true', { list })
    expect(paths()).toEqual(['/broken', '/short'])
    expect(good.err.filter((line) => line.includes('"long"'))).toEqual([
      'tocsin: notification "long" (webhook): not sent: The run came to what the rule is for: completed. The condition was false: False.',
    ])
    expect(good.err.some((line) => line.includes('notifications.3.when: "done" is no state MLRun tells of'))).toBe(true)
    receiver.received.length = 0
    expect((await run('not-asked', 'exit 1', { list })).code).toBe(1)
    expect(paths()).toEqual(['/broken', '/long', '/short'])
  })

  test('of a pipeline tell its start as well; the console writes to standard error', async () => {
    const list = [webhook('all', '/all', { when: ['running', 'completed'] }), { kind: 'console', name: 'screen' }]
    const { out, err } = await run('pipe', 'echo made', { list, argv: ['--kind', 'pipeline'] })
    expect(out).toBe('made\n')
    expect(receiver.received.map(({ body }) => JSON.parse(body).message)).toEqual([
      'workflow started in project default: about all',
      'workflow completed in project default: about all',
    ])
    const printed = err.findIndex((line) => line.includes('INFO  run  [info] workflow completed'))
    expect(err.slice(printed + 1).find((line) => line !== '')).toStartWith('  ')
    expect(err).toContain('tocsin: notification "screen" (console): delivered: printed')
    expect(await deliveriesOf('pipe')).toHaveLength(3)
  })

  test('go by mail, to each address', async () => {
    const server = await startSmtp()
    const params = {
      server_host: '127.0.0.1',
      server_port: server.port,
      use_tls: false,
      sender_address: 'jobs@example.com',
    }
    const list = [
      { kind: 'mail', name: 'post', params: { ...params, email_addresses: ['a@example.com', 'b@example.com'] } },
    ]
    const { err } = await run('mailed', 'true', { list })
    expect(err.join('\n')).toContain('notification "post" (mail): delivered')
    expect(server.mails.flatMap(({ envelope }) => envelope.to).sort()).toEqual(['a@example.com', 'b@example.com'])
    await server.close()
  })
})

describe('secrets', () => {
  const canary = 'canary-5f1c'
  const everything = ({ out, err }: Ran) =>
    [out, ...err, ...kept().map((name) => readFileSync(join(folder, 'spool', name), 'utf8'))].join('\n')

  test('come from the file and from the environment, and are neither printed nor kept', async () => {
    receiver.reply(({ path, headers }) => ({ status: 403, body: `no: ${path} ${headers['authorization'] ?? ''}` }))
    const list = [
      { kind: 'slack', name: 'hidden', secret_params: { webhook: `${receiver.url}/${canary}/one` } },
      { kind: 'slack', name: 'named', secret_params: { secret: 'HOOK' } },
      { kind: 'slack', name: 'around' },
      { kind: 'slack', name: 'absent', secret_params: { secret: 'NOBODY' } },
    ]
    const env = {
      HOOK: JSON.stringify({ webhook: `${receiver.url}/${canary}/two` }),
      SLACK_WEBHOOK: `${receiver.url}/${canary}/three`,
      TOCSIN_URL: 'http://127.0.0.1:1',
    }
    const ran = await run('secretive', 'true', { list, env })
    expect(paths()).toEqual([`/${canary}/one`, `/${canary}/three`, `/${canary}/two`])
    expect(ran.err).toHaveLength(4)
    expect(ran.err.join('\n')).toContain('"absent" (slack): not delivered: the project has no secret "NOBODY"')
    expect(kept()).toHaveLength(6)
    expect(everything(ran)).not.toContain(canary)
  })
})

describe('without the daemon', () => {
  test('outcomes wait with the events and are stored once, however often they are told', async () => {
    const port = Number(new URL(daemon.url).port)
    const { dataDir } = daemon
    await daemon.stop()
    receiver.reply(({ path }) => (path === '/bad' ? { status: 500, body: 'broken' } : { status: 200, body: 'ok' }))
    const { code, err } = await run('unheard', 'exit 4', { list: [webhook('one', '/one'), webhook('two', '/bad')] })
    expect(code).toBe(4)
    expect(err).toEqual([
      'tocsin: notification "one" (webhook): delivered: 200 ok',
      'tocsin: notification "two" (webhook): not delivered: The receiver answered 500. 500 broken',
    ])
    expect(kept()).toHaveLength(4)
    cpSync(join(folder, 'spool'), join(folder, 'copy'), { recursive: true })
    daemon = await startDaemon({ dataDir, port })
    const env = { ...process.env, TOCSIN_URL: daemon.url, TOCSIN_TOKEN: daemon.token }
    expect((await ended(['--flush', '--spool', join(folder, 'spool')], env)).code).toBe(0)
    expect(kept()).toEqual([])
    const first = await deliveriesOf('unheard')
    expect(first.map(({ state }) => state).sort()).toEqual(['delivered', 'rejected'])
    expect(first.every(({ local }) => local === true)).toBe(true)
    expect(first.find(({ state }) => state === 'rejected')?.attempts).toMatchObject([
      { outcome: 'retryable', reason: 'http-500', response: '500 broken' },
    ])
    expect((await ended(['--flush', '--spool', join(folder, 'copy')], env)).code).toBe(0)
    expect(await deliveriesOf('unheard')).toEqual(first)
    expect(receiver.received).toHaveLength(2)
    expect(await daemon.api('GET', '/runs/unheard')).toMatchObject({ state: 'error', results: { exitCode: 4 } })
  })

  test('the egress policy of the settings holds', async () => {
    const list = [webhook('inside', '/inside')]
    const closed = await run('closed', 'true', { list, env: { TOCSIN_EGRESS_ALLOW: undefined } })
    expect(closed.code).toBe(0)
    expect(closed.err[0]).toContain('To allow it, set egress.allow: 127.0.0.0/8')
    expect(receiver.received).toEqual([])
    const config = join(folder, 'tocsin.yaml')
    writeFileSync(config, 'egress: {allow: [127.0.0.0/8]}')
    const env = { TOCSIN_EGRESS_ALLOW: undefined }
    expect((await run('open', 'true', { list, env, argv: ['--config', config] })).err[0]).toContain('delivered: 200 ok')
  })

  test('a receiver that never answers ends with its time; it may have arrived', async () => {
    receiver.reply('hang')
    const { code, err } = await run('hung', 'exit 2', {
      list: [{ kind: 'slack', name: 'slow', when: ['error'], params: { webhook: `${receiver.url}/slow` } }],
      env: { TOCSIN_DELIVERY_TIMEOUT: '1s' },
    })
    expect(code).toBe(2)
    expect(err[0]).toContain('"slow" (slack): may not have arrived: ')
    expect((await deliveriesOf('hung'))[0]).toMatchObject({ state: 'unknown', local: true })
  })
})

describe('a list that is faulty', () => {
  test('is told, field by field, and keeps neither the command nor the other notifications back', async () => {
    const list = [{ kind: 'webhook', name: 'empty', params: {} }, { kind: 'pager' }, webhook('whole', '/whole')]
    const { code, out, err } = await run('faulty', 'echo done; exit 6', { list })
    expect([code, out]).toEqual([6, 'done\n'])
    expect(err.slice(0, 2).map((line) => line.replace(/^.*list\.json/, 'FILE'))).toEqual([
      "FILE: notifications.0.params.url: Parameter 'url' is required for WebhookNotification",
      expect.stringContaining('FILE: notifications.1.kind: must be one of console, git'),
    ])
    expect(paths()).toEqual(['/whole'])
  })

  test('or no list at all, or settings that cannot be used, are told, and the command runs', async () => {
    const broken = await run('broken', 'exit 5', { list: '{"kind":' })
    expect(broken.code).toBe(5)
    expect(broken.err[0]).toContain('No notification is sent. ')
    expect(broken.err[0]).toContain('cannot be read as JSON')
    const odd = await run('odd', 'exit 5', { list: [], env: { TOCSIN_EGRESS_POLICY: 'shut' } })
    expect(odd.code).toBe(5)
    expect(odd.err[0]).toContain('egress.policy: must be one of open')
  })

  test('may be YAML', async () => {
    const list = `notifications:\n  - kind: webhook\n    name: yaml\n    params: {url: "${receiver.url}/yaml"}\n`
    expect((await run('yaml', 'true', { list, file: 'list.yaml' })).err).toEqual([
      'tocsin: notification "yaml" (webhook): delivered: 200 ok',
    ])
  })
})
