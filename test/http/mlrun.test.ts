import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type Any = any

let daemon: InProcess
let receiver: Receiver
let number = 0
beforeAll(async () => {
  ;[daemon, receiver] = await Promise.all([startInProcess(), startReceiver()])
})
afterAll(async () => {
  await daemon.stop()
  await receiver.close()
})

const until = (isSo: () => boolean | Promise<boolean>) =>
  eventually(async () => {
    expect(await isSo()).toBe(true)
  }, 4000)

const P = '/api/v1/projects/p1'
const call = (method: string, path: string, body?: unknown) => daemon.call<Any>(method, `${P}${path}`, body)

/** A run of its own, with a webhook of its own. */
async function run(state: string, more: Record<string, unknown> = {}) {
  number += 1
  const uid = `run-${number}`
  const event = { name: 'train', state, ...more }
  expect((await call('PUT', `/runs/${uid}`, event)).status).toBe(200)
  const path = `/hook-${number}`
  const set = (notifications: unknown[]) => call('PUT', `/runs/${uid}/notifications`, { notifications })
  const hook = (changes: Record<string, unknown> = {}) => ({
    kind: 'webhook',
    name: 'n1',
    params: { url: `${receiver.url}${path}` },
    ...changes,
  })
  const got = () => receiver.received.filter((request) => request.path === path)
  const shown = async () => (await call('GET', `/runs/${uid}/notifications`)).body.notifications as Any[]
  const settled = async (status: string) => {
    await until(async () => (await shown())[0]?.status === status)
    return shown()
  }
  return { uid, set, hook, got, shown, settled }
}

test('§8.3 defaults: nothing but a webhook in secret_params', async () => {
  const { set } = await run('running')
  const answer = await set([{ secret_params: { webhook: 'https://hooks.slack.com/services/T/B/x' } }])
  expect(answer.status).toBe(200)
  const [found] = answer.body.notifications
  expect(found).toMatchObject({
    kind: 'slack',
    name: '',
    message: '',
    severity: 'info',
    when: ['completed'],
    condition: '',
    params: {},
    status: 'pending',
    sent_time: null,
    reason: null,
  })
})

const bad: [row: string, changes: unknown, path: string, says: RegExp][] = [
  ['kind invalid', { kind: 'invalid' }, 'notifications.0.kind', /console, git/],
  ['severity invalid', { severity: 'invalid' }, 'notifications.0.severity', /info, debug/],
  ['status invalid', { status: 'invalid' }, 'notifications.0.status', /pending, sent/],
  ['when a text', { when: 'completed' }, 'notifications.0.when', /list/],
  ['message an object', { message: { 'my-message': 1 } }, 'notifications.0.message', /text/],
  ['condition a list', { condition: ['x'] }, 'notifications.0.condition', /text/],
  ['both empty', { params: null, secret_params: null }, 'notifications.0.params', /Both/],
  [
    'slack webhook null',
    { kind: 'slack', params: { webhook: null } },
    'notifications.0.params.webhook',
    /'webhook' is required/,
  ],
  [
    'git repo null',
    { kind: 'git', params: { token: 't', issue: 1 } },
    'notifications.0.params.repo',
    /'repo' is required/,
  ],
  [
    'git token null',
    { kind: 'git', params: { repo: 'o/r', issue: 1 } },
    'notifications.0.params.token',
    /'token' is required/,
  ],
  [
    'git issue null',
    { kind: 'git', params: { repo: 'o/r', token: 't' } },
    'notifications.0.params.issue',
    /'issue' or 'merge_request'/,
  ],
  ['webhook url null', { params: { url: null, method: 'POST' } }, 'notifications.0.params.url', /'url' is required/],
  ['secret and more', { secret_params: { secret: 'x', y: 1 } }, 'notifications.0.secret_params', /only key/],
  ['slack webhook no address', { kind: 'slack', params: { webhook: 'x' } }, 'notifications.0.params.webhook', /URL/],
  ['slack webhook no text', { kind: 'slack', params: { webhook: 5 } }, 'notifications.0.params.webhook', /text/],
  [
    'verify_ssl a text',
    { params: { url: 'https://x', verify_ssl: 'no' } },
    'notifications.0.params.verify_ssl',
    /boolean/,
  ],
  [
    'override_body a number',
    { params: { url: 'https://x', override_body: 5 } },
    'notifications.0.params.override_body',
    /object/,
  ],
  [
    'git server no text',
    { kind: 'git', params: { repo: 'a/b', token: 't', issue: 1, server: 5 } },
    'notifications.0.params.server',
    /text/,
  ],
  [
    'git server no host',
    { kind: 'git', params: { repo: 'a/b', token: 't', issue: 1, server: 'a b' } },
    'notifications.0.params.server',
    /address/,
  ],
  [
    'git gitlab a text',
    { kind: 'git', params: { repo: 'a/b', token: 't', issue: 1, gitlab: 'yes' } },
    'notifications.0.params.gitlab',
    /boolean/,
  ],
  [
    'mail password no text',
    { kind: 'mail', params: { email_addresses: 'a@b.cd', username: 'u', password: 5 } },
    'notifications.0.params.password',
    /text/,
  ],
  [
    'mail port too high',
    {
      kind: 'mail',
      params: { server_host: 'h', sender_address: 'a@b.cd', email_addresses: 'a@b.cd', server_port: 70000 },
    },
    'notifications.0.params.server_port',
    /65535/,
  ],
  ['secret no name', { params: {}, secret_params: { secret: '../x' } }, 'notifications.0.secret_params.secret', /name/],
  ['too large', { secret_params: { x: 'y'.repeat(921_600) } }, 'notifications.0.secret_params', /1 MB/],
]
for (const [row, changes, path, says] of bad)
  test(`§8.3/8.4 ${row} answers 400 with detail`, async () => {
    const { set, hook, shown } = await run('running')
    await set([hook()])
    const answer = await set([hook(changes as Record<string, unknown>)])
    expect(answer.status).toBe(400)
    expect(answer.body.issues[0].path).toBe(path)
    expect(answer.body.issues[0].message).toMatch(says)
    expect(answer.body.detail).toBe(answer.body.message)
    expect(await shown()).toHaveLength(1)
  })

test('§8.3 names n1, n1 are refused; n1, n2 taken; a body without the key and one for no run too', async () => {
  const { set, hook, uid } = await run('running')
  const twice = await set([hook(), hook()])
  expect([twice.status, twice.body.detail]).toEqual([400, expect.stringContaining('must be unique')])
  expect((await set([hook(), hook({ name: 'n2' })])).status).toBe(200)
  expect((await call('PUT', `/runs/${uid}/notifications`, {})).status).toBe(400)
  const lost = await call('PUT', '/runs/none/notifications', { notifications: [] })
  expect([lost.status, lost.body.detail]).toEqual([404, lost.body.message])
})

test('§8.3 a list of more notifications than anybody has is refused', async () => {
  const { set, hook } = await run('running')
  const many = (count: number) => Array.from({ length: count }, (_, index) => hook({ name: `n${index}` }))
  const answer = await set(many(201))
  expect([answer.status, answer.body.issues[0]]).toEqual([
    400,
    { path: 'notifications', message: 'must be at most 200, not 201' },
  ])
  expect((await set(many(200))).status).toBe(200)
})

test('§8.4 webhook url in params, another key in secret_params; a reference skips the check of the kind', async () => {
  const { set, hook } = await run('running')
  expect((await set([hook({ secret_params: { headers: { 'x-key': 'k' } } })])).status).toBe(200)
  expect((await set([{ kind: 'slack', name: 'r', secret_params: { secret: 'x' } }])).status).toBe(200)
})

test('kinds without parameters and unknown words are taken with a warning', async () => {
  const { set } = await run('completed')
  const answer = await set([
    { kind: 'console', name: 'c', when: ['finished'] },
    { kind: 'ipython', name: 'i' },
  ])
  expect(answer.status).toBe(200)
  expect(answer.body.notifications.map(({ when }: Any) => when)).toEqual([['finished'], ['completed']])
  expect(answer.body.warnings.join('\n')).toMatch(
    /notifications\.0\.when: "finished"[\s\S]*notifications\.1\.kind: ipython/,
  )
})

test('ipython is kept and sends nothing, however the run ends, and goes back as it came', async () => {
  const { uid, set, hook, settled, shown } = await run('running')
  const ipython = { kind: 'ipython', name: 'notebook', when: ['completed'], params: { width: 80 } }
  await set([hook(), ipython])
  await call('PUT', `/runs/${uid}`, { state: 'completed' })
  await settled('sent')
  const [, found] = await shown()
  expect(found).toMatchObject({ ...ipython, status: 'pending', sent_time: null, statuses: [{ deliveries: [] }] })
})

const results = { val: 5 }
const val = (operator: string) => `{{ run["status"]["results"]["val"] ${operator} 4 }}`
const matrix: [when: string[], condition: string, state: string, sent: boolean][] = [
  [['completed'], '', 'completed', true],
  [['completed'], '', 'error', false],
  [['error'], '', 'error', true],
  [['error'], '', 'completed', false],
  [['completed', 'error'], '', 'completed', true],
  [['completed', 'error'], '', 'error', true],
  [['completed'], val('>'), 'completed', true],
  [['completed'], val('<'), 'completed', false],
  [['completed', 'error'], val('<'), 'error', true],
  [['running'], '', 'running', false],
  [['aborted'], '', 'aborted', true],
  [['skipped'], '', 'skipped', false],
]
for (const [when, condition, state, sent] of matrix)
  test(`§8.1 ${when} / ${condition || 'none'} / ${state}: ${sent ? 'send' : 'no'}`, async () => {
    const { uid, set, hook, got, settled, shown } = await run('created')
    await set([hook({ when, condition })])
    await call('PUT', `/runs/${uid}`, { state, results })
    if (sent) await settled('sent')
    expect(got()).toHaveLength(sent ? 1 : 0)
    if (!sent) expect((await shown())[0].status).toBe('pending')
  })

test('§8.1 what was sent is never sent again, whatever is pushed', async () => {
  const { uid, set, hook, got, settled } = await run('created')
  await set([hook({ when: ['completed', 'error'], condition: val('>') })])
  await call('PUT', `/runs/${uid}`, { state: 'completed', results })
  const [{ statuses, sent_time: sentTime }] = await settled('sent')
  expect(statuses).toMatchObject([{ run: uid, state: 'completed', attempt: 1, status: 'sent', sent_time: sentTime }])
  const pushed = await call('POST', `/runs/${uid}/push-notifications`)
  expect([pushed.status, pushed.body.status]).toEqual([200, { state: 'succeeded' }])
  expect(got()).toHaveLength(1)
})

test('§8.14 notifications set on a run that has ended are evaluated at once; set anew they are sent anew', async () => {
  const { set, hook, got, settled, shown } = await run('completed', { results })
  await set([hook({ condition: val('<') })])
  expect([(await shown())[0].statuses[0].reason, got().length]).toEqual(['The condition was false.', 0])
  await set([hook({ condition: '{{ broken' })])
  await settled('sent')
  expect(got()).toHaveLength(1)
  await set([])
  expect(await shown()).toEqual([])
  expect(
    (await daemon.call<Any>('GET', `${P}/rules`)).body.items.filter(({ runs }: Any) => runs?.uid === 'run-x'),
  ).toEqual([])
})

test('§8.12 the start of a pipeline is told and its end too, each with a status of its own', async () => {
  const { uid, set, hook, got, settled } = await run('created', { kind: 'pipeline' })
  await set([hook({ when: ['running', 'completed'], message: 'my pipeline' })])
  await call('PUT', `/runs/${uid}`, { state: 'running' })
  await settled('sent')
  expect(JSON.parse(got()[0]?.body ?? '')).toMatchObject({ message: 'workflow started in project p1: my pipeline' })
  await call('PUT', `/runs/${uid}`, {
    state: 'completed',
    steps: [{ id: 's1', name: 'prep', state: 'completed', results: { n: 1 } }],
  })
  await until(() => got().length === 2)
  const [{ statuses }] = await settled('sent')
  expect(statuses.map(({ state }: Any) => state).sort()).toEqual(['completed', 'running'])
  expect(JSON.parse(got()[1]?.body ?? '').runs.map(({ metadata }: Any) => metadata.name)).toEqual(['train', 'prep'])
})

test('§8.8 body and override; §8.11 text: error with workflow and message', async () => {
  const { uid, set, hook, got } = await run('created', { labels: { workflow: 'w', host: 'h1' } })
  const override = { message: 'Run Completed {{ runs }}', n: 1, list: ['{{runs}}'] }
  await set([
    hook({ when: ['error'], message: 'oops', severity: 'verbose' }),
    hook({ name: 'n2', when: ['error'], params: { ...hook().params, override_body: override } }),
  ])
  await call('PUT', `/runs/${uid}`, { state: 'error', error: 'some_error' })
  await until(() => got().length === 2)
  const bodies = got().map(({ body }) => JSON.parse(body))
  expect(bodies.find(({ severity }) => severity === 'verbose')).toMatchObject({
    message: 'Run failed in project p1 (workflow: w): oops',
    runs: [{ metadata: { name: 'train', uid }, status: { state: 'error', error: 'some_error' } }],
  })
  expect(bodies.find(({ n }) => n === 1)?.message).toBe(
    "Run Completed [{'project': 'p1', 'name': 'train', 'status': {'state': 'error', 'error': 'some_error'}, 'host': 'h1'}]",
  )
})

test('§8.5 the console prints the header and the table', async () => {
  const { uid, set } = await run('created')
  await set([{ kind: 'console', name: 'c', message: 'test-message' }])
  await call('PUT', `/runs/${uid}`, { state: 'completed', results: { a: 1, b: 'x' } })
  await until(() => daemon.printed.some((line) => line.includes('test-message')))
  const text = daemon.printed.join('\n')
  expect(text).toContain('[info] Run completed in project p1: test-message')
  expect(text).toMatch(new RegExp(`completed +train +\\.\\.${uid.slice(-6)} +a=1, b=x`))
})

test('§8.5 of a run that failed the console prints the error; any severity is the word it was given as', async () => {
  const { uid, set } = await run('created')
  await set([{ kind: 'console', name: 'c', message: 'error-message', severity: 'verbose', when: ['error'] }])
  await call('PUT', `/runs/${uid}`, { state: 'error', error: 'it broke' })
  await until(() => daemon.printed.some((line) => line.includes('error-message')))
  const text = daemon.printed.join('\n')
  expect(text).toContain('[verbose] Run failed in project p1: error-message')
  expect(text).toMatch(new RegExp(`error +train +\\.\\.${uid.slice(-6)} +it broke`))
})

test('§8.12 one good and one bad: independent, and the bad one says why', async () => {
  const { uid, set, hook, settled } = await run('created')
  receiver.reply(({ path }) => ({ status: path === '/bad' ? 400 : 200 }))
  await set([hook(), hook({ name: 'bad', params: { url: `${receiver.url}/bad` } })])
  await call('PUT', `/runs/${uid}`, { state: 'completed' })
  await settled('sent')
  await until(async () => (await call('GET', `/runs/${uid}/notifications`)).body.notifications[1].status === 'error')
  const [, second] = (await call('GET', `/runs/${uid}/notifications`)).body.notifications
  expect([second.sent_time, second.reason]).toEqual([null, expect.stringContaining('400')])
})

test('§8.14 a schedule nobody knows keeps its list for the next run; a list of the run takes its place', async () => {
  const { hook, got } = await run('created')
  const set = await call('PUT', '/schedules/nightly/notifications', { notifications: [hook()] })
  expect([set.status, set.body.notifications[0].status]).toEqual([200, 'pending'])
  const next = await run('running', { schedule: 'nightly' })
  await call('PUT', `/runs/${next.uid}`, { state: 'completed' })
  await next.settled('sent')
  expect(got()).toHaveLength(1)
  const own = await run('running', { schedule: 'nightly' })
  await own.set([])
  await call('PUT', `/runs/${own.uid}`, { state: 'completed' })
  expect(await own.shown()).toEqual([])
  const listed = await call('GET', '/schedules/nightly/notifications')
  expect(listed.body.notifications[0].statuses.map(({ run: uid }: Any) => uid)).toEqual([next.uid])
  expect(got()).toHaveLength(1)
  expect((await call('PUT', '/schedules/a*/notifications', { notifications: [] })).status).toBe(400)
})

test('§8.13 secret_params are concealed under their derived name, shared, counted, and never come back', async () => {
  const { uid, set, hook, got, settled } = await run('created')
  const url = hook().params.url
  const hidden = { params: {}, secret_params: { url, headers: { 'x-canary': 'canary-4711' } } }
  const answer = await set([hook(hidden), hook({ name: 'n2', ...hidden })])
  const references = answer.body.notifications.map(({ secret_params: params }: Any) => params)
  expect(references[0].secret).toMatch(/^mlrun\.notifications\.[0-9a-f]{56}$/)
  expect(references[1]).toEqual(references[0])
  const name = references[0].secret
  const stored = () => daemon.store.notificationLists.sealedSecret('p1', name)
  expect(await stored()).not.toContain('canary')
  // What was read can be sent back.
  expect((await set([hook({ params: {}, secret_params: { secret: name } })])).status).toBe(200)
  await call('PUT', `/runs/${uid}`, { state: 'completed' })
  await settled('sent')
  expect(got()[0]?.headers['x-canary']).toBe('canary-4711')
  const seen = await Promise.all(
    ['/rules', `/runs/${uid}/notifications`, '/deliveries', '/secrets'].map((path) => call('GET', path)),
  )
  expect(JSON.stringify(seen)).not.toContain('canary-4711')
  expect(await stored()).toBeDefined()
  await set([])
  expect(await stored()).toBeUndefined()
})

test('§8.13 a secret of the project: set later, replaced, missing with a clear status, refused where it is internal', async () => {
  const { uid, set, hook, settled, got } = await run('created')
  await set([hook({ params: {}, secret_params: { secret: 'HOOK' } })])
  await call('PUT', `/runs/${uid}`, { state: 'completed' })
  const [missing] = await settled('error')
  expect(missing.reason).toContain('has no secret "HOOK"')
  expect(missing.secret_params).toEqual({ secret: 'HOOK' })
  expect((await call('POST', '/secrets', { secrets: { HOOK: '{"url": cut' } })).body).toEqual({
    items: [{ name: 'HOOK' }],
  })
  await set([hook({ params: {}, secret_params: { secret: 'HOOK' } })])
  expect((await settled('error'))[0].reason).toContain('is no JSON object')
  await call('POST', '/secrets', { secrets: { HOOK: JSON.stringify(hook().params) } })
  await set([hook({ params: {}, secret_params: { secret: 'HOOK' } })])
  await settled('sent')
  expect(got()).toHaveLength(1)
  expect((await call('DELETE', '/secrets/HOOK')).status).toBe(409)
  expect((await call('DELETE', '/secrets/HOOK?force=true')).status).toBe(204)
  const internal = await call('POST', '/secrets', { secrets: { 'mlrun.x': 'y' } })
  expect([internal.status, internal.body.detail]).toEqual([403, expect.stringContaining('mlrun.')])
  expect((await call('GET', '/secrets')).body).toEqual({ items: [] })
})

test('the rule of a notification is changed with its list alone', async () => {
  const { set, hook, uid } = await run('running')
  await set([hook()])
  const { items } = (await daemon.call<Any>('GET', `${P}/rules?limit=500`)).body
  const rule = items.find(({ runs }: Any) => runs?.uid === uid)
  expect(rule).toMatchObject({ name: `n1 · run ${uid}`, policy: 'mlrun', importedFrom: 'mlrun', when: ['completed'] })
  expect((await call('DELETE', `/rules/${rule.id}`)).status).toBe(409)
})

test('those who may only read see names of parameters alone, and change nothing', async () => {
  const { set, hook, uid } = await run('running')
  await set([hook()])
  const viewer = await daemon.token('reader', 'viewer')
  const path = `${P}/runs/${uid}/notifications`
  const shown = await daemon.call<Any>('GET', path, undefined, viewer)
  expect(shown.body.notifications[0].params).toEqual({ url: '***' })
  expect((await daemon.call<Any>('PUT', path, { notifications: [] }, viewer)).status).toBe(403)
})
