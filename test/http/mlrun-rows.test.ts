import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { type NotificationsAnswer, notifiedRun } from '../support/mlrun.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { serverPackages, skipUnless } from '../support/requirements.ts'
import { eventually } from '../support/servers.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'

const withServers = await skipUnless(serverPackages)

let daemon: InProcess
let receiver: Receiver
let secure: Receiver
let number = 0
beforeAll(async () => {
  ;[daemon, receiver, secure] = await Promise.all([
    startInProcess(),
    startReceiver(),
    startReceiver({ tls: 'localhost' }),
  ])
})
afterAll(async () => {
  await daemon.stop()
  await Promise.all([receiver.close(), secure.close()])
})

const get = <T>(path: string) => daemon.call<T>('GET', path)

/** The one request that arrives when a run with such a webhook completes. */
async function requestOf(params: Record<string, unknown>, event: Record<string, unknown> = {}, changes = {}) {
  number += 1
  const path = `/hook-${number}`
  const run = await notifiedRun(daemon)
  const given = { kind: 'webhook', name: 'n', params: { url: `${receiver.url}${path}`, ...params }, ...changes }
  expect((await run.set([given])).status).toBe(200)
  await run.tell({ state: 'completed', ...event })
  await run.settled('sent')
  const found = receiver.received.filter((request) => request.path === path)
  expect(found).toHaveLength(1)
  return { run, request: found[0] ?? receiver.received[0] }
}

describe('§8.8 webhook', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    '%s is the verb, with the body and the headers',
    async (verb) => {
      const params = { method: verb.toLowerCase(), headers: { 'x-team': 'ml', authorization: 'Bearer t' } }
      const { run, request } = await requestOf(params, {}, { message: 'test-message', severity: 'warning' })
      expect(request).toMatchObject({ method: verb, headers: { 'x-team': 'ml', authorization: 'Bearer t' } })
      expect(JSON.parse(request?.body ?? '')).toEqual({
        message: 'Run completed in project rows: test-message',
        severity: 'warning',
        runs: [expect.objectContaining({ metadata: expect.objectContaining({ uid: run.uid, name: 'test-run' }) })],
      })
    },
  )

  const bodies: [row: string, given: unknown, got: unknown][] = [
    ['an object', { a: 'b' }, { a: 'b' }],
    ['a list', ['a', 1, null], ['a', 1, null]],
    ['values that are no text', { f: 1.5, t: true, n: null, l: [1] }, { f: 1.5, t: true, n: null, l: [1] }],
  ]
  test.each(bodies)('override_body is exactly what is sent: %s', async (_, given, got) => {
    const { request } = await requestOf({ override_body: given })
    expect(JSON.parse(request?.body ?? '')).toEqual(got)
  })
  test.each(['{{runs}}', '{{ runs }}', '{{ runs}}', '{{runs }}'])('%s is replaced', async (token) => {
    const event = { labels: { host: 'func-func-8lvl8' }, results: { return: 1 } }
    const { request } = await requestOf({ override_body: { text: `val${token}end` } }, event)
    const run = "{'project': 'rows', 'name': 'test-run', 'status': {'state': 'completed', 'results': {'return': 1}}"
    expect(JSON.parse(request?.body ?? '')).toEqual({ text: `val[${run}, 'host': 'func-func-8lvl8'}]end` })
  })
  test('without a label there is no host', async () => {
    const { request } = await requestOf({ override_body: { text: '{{ runs }}' } }, { results: { return: 1 } })
    expect(request?.body).not.toContain('host')
  })

  test.each([undefined, null, true])(
    'a certificate nobody vouches for: verify_ssl %p is an error that says so',
    async (verify) => {
      const apart = await startInProcess()
      try {
        const before = secure.received.length
        const run = await notifiedRun(apart)
        const params = { url: `${secure.url}/x`, ...(verify === undefined ? {} : { verify_ssl: verify }) }
        await run.set([{ kind: 'webhook', name: 'n', params }])
        await run.tell({ state: 'completed' })
        // It is tried again, since certificates are mended; meanwhile the reason is told.
        await eventually(async () => {
          const [{ status, reason } = { status: '', reason: '' }] = await run.shown()
          expect([status, reason]).toEqual(['pending', expect.stringMatching(/repeated.* certificate/)])
        })
        apart.clock.advance(2 * 86_400_000)
        const { sent_time: sentTime, reason } = await run.settled('error')
        expect([sentTime, reason]).toEqual([null, expect.stringMatching(/certificate/)])
        expect(secure.received).toHaveLength(before)
      } finally {
        await apart.stop()
      }
    },
  )
  test('the same with verify_ssl false is sent', async () => {
    const run = await notifiedRun(daemon)
    await run.set([{ kind: 'webhook', name: 'n', params: { url: `${secure.url}/unchecked`, verify_ssl: false } }])
    await run.tell({ state: 'completed' })
    expect((await run.settled('sent')).sent_time).not.toBeNull()
    expect(secure.received.map(({ path }) => path)).toContain('/unchecked')
  })
  test.each([true, false, null])('over http verify_ssl %p is ignored', async (verify) => {
    const { request } = await requestOf({ verify_ssl: verify })
    expect(request?.method).toBe('POST')
  })
})

describe('§8.7 git', () => {
  const rows: [row: string, params: Record<string, unknown>, path: string, header: string, value: string][] = [
    ['GitHub', { issue: 7 }, '/repos/test-org/test-repo/issues/7/comments', 'authorization', 'Bearer test-token'],
    [
      'GitLab issue',
      { issue: 7, gitlab: true },
      '/api/v4/projects/test-org%2Ftest-repo/issues/7/notes',
      'private-token',
      'test-token',
    ],
    [
      'GitLab merge request',
      { merge_request: 8, gitlab: true },
      '/api/v4/projects/test-org%2Ftest-repo/merge_requests/8/notes',
      'private-token',
      'test-token',
    ],
  ]
  test.each(rows)('%s', async (_, params, path, header, value) => {
    receiver.reply(() => ({ status: 201, body: '{"id":1}' }))
    const run = await notifiedRun(daemon)
    const target = { repo: 'test-org/test-repo', token: 'test-token', server: receiver.url, ...params }
    await run.set([{ kind: 'git', name: 'git', message: 'test-message', params: target }])
    await run.tell({ state: 'completed', results: { accuracy: 0.9 } })
    await run.settled('sent')
    const request = receiver.received.findLast((one) => one.path === path)
    expect([request?.method, request?.headers[header]]).toEqual(['POST', value])
    const { body } = JSON.parse(request?.body ?? '{}')
    // Markdown: brackets are escaped, and no word is.
    expect(body.replaceAll('\\', '')).toContain('[info] git: Run completed in project rows: test-message')
    expect(body).toContain('accuracy=0.9')
  })
  test.each(['issue', 'merge_request'])('%s that is no number is refused, since no address has one', async (name) => {
    const run = await notifiedRun(daemon)
    const answer = await run.set([
      { kind: 'git', name: 'g', params: { repo: 'a/b', token: 't', [name]: 'test-issue' } },
    ])
    expect([answer.status, answer.body.issues[0]?.message]).toEqual([
      400,
      expect.stringContaining('must be the number'),
    ])
  })
})

withServers('§8.10 mail', () => {
  let open: SmtpTestServer
  let closed: SmtpTestServer
  beforeAll(async () => {
    ;[open, closed] = await Promise.all([startSmtp(), startSmtp({ login: { user: 'u', password: 'p' } })])
  })
  afterAll(async () => {
    await Promise.all([open.close(), closed.close()])
  })
  const params = (port: number, more: Record<string, unknown> = {}) => ({
    server_host: '127.0.0.1',
    server_port: port,
    sender_address: 'sender@example.com',
    email_addresses: ['a@b.com', 'c@d.com'],
    use_tls: false,
    ...more,
  })
  async function mailed(given: Record<string, unknown>, changes: Record<string, unknown> = {}) {
    const run = await notifiedRun(daemon)
    const answer = await run.set([{ kind: 'mail', name: 'm', message: 'test-message', params: given, ...changes }])
    expect([answer.status, answer.body.issues]).toEqual([200, undefined as never])
    await run.tell({ state: 'completed' })
    return run
  }

  test.each(['info', 'warning'])('the subject of %s; no login where there is none', async (severity) => {
    const run = await mailed(params(open.port), { severity })
    await run.settled('sent')
    const mail = open.mails.at(-1)
    expect(mail?.subject).toBe(`[${severity}] Run completed in project rows: test-message`)
    expect(mail?.envelope).toEqual({ from: 'sender@example.com', to: ['a@b.com', 'c@d.com'] })
    expect(String(mail?.html)).toContain('test-run')
  })
  test('message_body_override with the runs in it', async () => {
    const run = await mailed(params(open.port, { message_body_override: '<p>runs: {{ runs }} :end</p>' }))
    await run.settled('sent')
    expect(String(open.mails.at(-1)?.html)).toMatch(/<p>runs: [\s\S]*test-run[\s\S]* :end<\/p>/)
  })
  test('username and password log in; both empty do not', async () => {
    await (await mailed(params(closed.port, { username: 'u', password: 'p' }))).settled('sent')
    expect(closed.mails).toHaveLength(1)
    await (await mailed(params(closed.port, { username: '', password: '' }))).settled('error')
    await (await mailed(params(open.port, { username: '', password: '' }))).settled('sent')
  })

  const refused: [row: string, changes: Record<string, unknown>, path: string, says: string][] = [
    ['addresses "a,b"', { email_addresses: 'a,b' }, 'email_addresses', "Invalid email address 'a'"],
    ['an address that is no text', { email_addresses: ['a@b.com', 1] }, 'email_addresses', "'1' must be a string"],
    ['sender aaa', { sender_address: 'aaa' }, 'sender_address', "Invalid email address 'aaa'"],
    ['use_tls "True"', { use_tls: 'True' }, 'use_tls', 'must be a boolean'],
    ['password only', { password: 'p' }, 'username', "is required when 'password'"],
    ['no server_host, and none of the instance', { server_host: undefined }, 'server_host', 'smtp.host'],
  ]
  test.each(refused)('%s answers 400', async (_, changes, path, says) => {
    const run = await notifiedRun(daemon)
    const answer = await run.set([{ kind: 'mail', name: 'm', params: { ...params(open.port), ...changes } }])
    expect(answer.status).toBe(400)
    expect(answer.body.issues[0]).toEqual({
      path: `notifications.0.params.${path}`,
      message: expect.stringContaining(says),
    })
  })
  test('username only is taken, with a warning', async () => {
    const run = await notifiedRun(daemon)
    const answer = await run.set([{ kind: 'mail', name: 'm', params: params(open.port, { username: 'u' }) }])
    expect([answer.status, answer.body.warnings.join()]).toEqual([200, expect.stringContaining('username')])
  })
})

describe('§8.11 messages', () => {
  const limit = 'Retry limit reached - run has failed after all retry attempts.'
  const rows: [row: string, event: Record<string, unknown>, text: string][] = [
    ['completed', { state: 'completed' }, 'Run completed in project rows'],
    ['aborted', { state: 'aborted' }, 'Run aborted in project rows'],
    ['no retry of 3', { state: 'error', maxAttempts: 4 }, 'Run failed in project rows'],
    ['0 of 0', { state: 'error', attempt: 1, maxAttempts: 1 }, 'Run failed in project rows'],
    [
      '2/5 completed',
      { state: 'completed', attempt: 3, maxAttempts: 6 },
      'Run completed in project rows\nRetries attempted: 2',
    ],
    [
      '3/3 error',
      { state: 'error', attempt: 4, maxAttempts: 4 },
      `Run failed in project rows\nRetries attempted: 3\n${limit}`,
    ],
    [
      '2/3 aborted',
      { state: 'aborted', attempt: 3, maxAttempts: 4 },
      'Run aborted in project rows\nRetries attempted: 2',
    ],
    [
      '3/3 aborted',
      { state: 'aborted', attempt: 4, maxAttempts: 4 },
      'Run aborted in project rows\nRetries attempted: 3',
    ],
    ['2/? error', { state: 'error', attempt: 3 }, 'Run failed in project rows\nRetries attempted: 2'],
  ]
  test.each(rows)('%s', async (_, event, text) => {
    const { request } = await requestOf({}, event, { when: ['completed', 'error', 'aborted'] })
    expect(JSON.parse(request?.body ?? '').message).toBe(text)
  })
  test('conditions know the retries as MLRun has them', async () => {
    const condition = '{{ run.status.retry_count == 2 and run.spec.retry.count == 5 }}'
    const { request } = await requestOf({}, { attempt: 3, maxAttempts: 6 }, { condition })
    const [run] = JSON.parse(request?.body ?? '').runs
    expect([run.status.retry_count, run.spec.retry]).toEqual([2, { count: 5 }])
  })
})

describe('§8.12 status', () => {
  test('running of a job is no state that is told: [running, completed] is told once, when it completed', async () => {
    number += 1
    const path = `/hook-${number}`
    const run = await notifiedRun(daemon)
    await run.set([
      { kind: 'webhook', name: 'n', when: ['running', 'completed'], params: { url: `${receiver.url}${path}` } },
    ])
    await run.tell({ state: 'running' })
    expect((await run.shown())[0]).toMatchObject({ status: 'pending', sent_time: null })
    await run.tell({ state: 'completed' })
    await run.settled('sent')
    expect(receiver.received.filter((one) => one.path === path)).toHaveLength(1)
  })
  const failing: [kind: string, params: (url: string) => Record<string, unknown>][] = [
    ['webhook', (url) => ({ url })],
    ['slack', (url) => ({ webhook: url })],
    ['git', (url) => ({ repo: 'a/b', issue: 1, token: 't', server: url })],
  ]
  test.each(failing)('a push of %s that fails is an error with the reason in full', async (kind, params) => {
    const refusing = await startReceiver()
    try {
      refusing.reply({ status: 400, body: `refused ${'r'.repeat(400)} end` })
      const run = await notifiedRun(daemon)
      await run.set([{ kind, name: 'n', params: params(refusing.url) }])
      await run.tell({ state: 'completed' })
      const { reason, sent_time: sentTime } = await run.settled('error')
      expect([sentTime, reason]).toEqual([null, expect.stringMatching(/refused r+/)])
      // MLRun cuts at 255.
      expect(reason?.length).toBeGreaterThan(255)
    } finally {
      await refusing.close()
    }
  })
  test('console and ipython: ipython does nothing here, so the console prints', async () => {
    const run = await notifiedRun(daemon)
    const both = ['console', 'ipython'].map((kind) => ({ kind, name: kind, message: 'both kinds' }))
    await run.set(both)
    await run.tell({ state: 'completed' })
    await run.settled('sent')
    expect(daemon.printed.filter((line) => line.includes('both kinds'))).toHaveLength(1)
    expect((await run.shown())[1]).toMatchObject({ kind: 'ipython', status: 'pending' })
  })
})

describe('§8.14 storage and API', () => {
  interface Runs {
    items: { uid: string }[]
  }
  const listed = async (query: string) =>
    (await get<Runs>(`/api/v1/projects/rows/runs?limit=500&${query}`)).body.items.map(({ uid }) => uid)
  const console = [{ kind: 'console', name: 'c', params: { token: 'canary' }, when: ['error'] }]
  const onSchedule = (notifications: unknown[]) =>
    daemon.call('PUT', '/api/v1/projects/rows/schedules/s-14/notifications', { notifications })

  test('list runs with notifications: those alone that have some, of their own or of their schedule', async () => {
    const [bare, own, cleared] = [await notifiedRun(daemon), await notifiedRun(daemon), await notifiedRun(daemon)]
    await own.set(console)
    await cleared.set(console)
    await cleared.set([])
    await onSchedule(console)
    const scheduled = await notifiedRun(daemon, { schedule: 's-14' })
    const silenced = await notifiedRun(daemon, { schedule: 's-14' })
    await silenced.set([])
    const mine = new Set([bare, own, cleared, scheduled, silenced].map(({ uid }) => uid))
    const found = (await listed('with-notifications=true')).filter((uid) => mine.has(uid))
    expect(found).toEqual([scheduled.uid, own.uid])
    await onSchedule([])
    expect((await listed('with-notifications=True')).filter((uid) => mine.has(uid))).toEqual([own.uid])
    expect((await listed('with-notifications=false')).filter((uid) => mine.has(uid))).toHaveLength(mine.size)
    expect((await get('/api/v1/projects/rows/runs?with-notifications=maybe')).status).toBe(400)
  })
  test('run format=notifications: parameters and status are there, secrets are not', async () => {
    const run = await notifiedRun(daemon)
    await run.set(console)
    const { status, body } = await get<NotificationsAnswer & { uid: string }>(`${run.path}?format=notifications`)
    expect([status, body.uid]).toEqual([200, run.uid])
    expect(body.notifications).toEqual(await run.shown())
    expect(body.notifications[0]).toMatchObject({ params: { token: '***' }, status: 'pending', reason: null })
    expect((await get<object>(run.path)).body).not.toHaveProperty('notifications')
    const viewer = await daemon.token('rows-reader', 'viewer')
    const seen = await daemon.call<NotificationsAnswer>('GET', `${run.path}?format=notifications`, undefined, viewer)
    expect(seen.body.notifications[0]?.params).toEqual({ token: '***' })
    expect((await get(`${run.path}?format=full`)).status).toBe(400)
  })
  test('set on a schedule nobody knows they are kept, over a restart too, and its next run sends', async () => {
    const apart = await startInProcess()
    try {
      const path = '/after-restart'
      const params = { url: `${receiver.url}${path}`, headers: { 'x-key': 'kept' } }
      const schedule = '/api/v1/projects/rows/schedules/unheard/notifications'
      const notifications = [{ kind: 'webhook', name: 'n', when: ['error'], params }]
      expect((await apart.call('PUT', schedule, { notifications })).status).toBe(200)
      await apart.restart()
      const run = await notifiedRun(apart, { schedule: 'unheard' })
      const other = await notifiedRun(apart, { schedule: 'another' })
      await other.tell({ state: 'error' })
      await run.tell({ state: 'error' })
      await run.settled('sent')
      const found = receiver.received.filter((request) => request.path === path)
      expect(found.map(({ headers }) => headers['x-key'])).toEqual(['kept'])
      expect(await other.shown()).toEqual([])
    } finally {
      await apart.stop()
    }
  })
  test('set on a run that has ended they are evaluated at once, once, and those whose state it was not stay pending', async () => {
    const path = '/at-once'
    const run = await notifiedRun(daemon, { state: 'error', error: 'oops' })
    const hook = (name: string, when: string[]) => ({
      kind: 'webhook',
      name,
      when,
      params: { url: `${receiver.url}${path}?${name}` },
    })
    receiver.reply(() => ({ status: 200 }))
    await run.set([hook('meant', ['error']), hook('other', ['completed'])])
    await run.settled('sent')
    await daemon.call('POST', `${run.path}/push-notifications`)
    expect((await run.shown()).map(({ name, status }) => [name, status])).toEqual([
      ['meant', 'sent'],
      ['other', 'pending'],
    ])
    expect(receiver.received.filter((request) => request.path.startsWith(path)).map((request) => request.path)).toEqual(
      [`${path}?meant`],
    )
  })
  test('set on a live run, a bad and a good Slack: an error with its reason, and sent', async () => {
    receiver.reply(({ path }) =>
      path === '/bad-slack' ? { status: 403, body: 'invalid_token' } : { status: 200, body: 'ok' },
    )
    const run = await notifiedRun(daemon, { state: 'running' })
    const slack = (name: string) => ({ kind: 'slack', name, params: { webhook: `${receiver.url}/${name}` } })
    await run.set([slack('bad-slack'), slack('good-slack')])
    await run.tell({ state: 'completed' })
    expect((await run.settled('error')).reason).toContain('invalid_token')
    const [, good] = await run.shown()
    expect(good).toMatchObject({ status: 'sent', reason: null })
  })
})
