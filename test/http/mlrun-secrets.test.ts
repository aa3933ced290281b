import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'

interface Shown {
  name: string
  kind: string
  params: Record<string, unknown>
  secret_params: Record<string, unknown>
  status: string
}
interface Answer {
  notifications: Shown[]
  issues: { path: string; message: string }[]
}

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

const P = '/api/v1/projects/sealed'
const call = <T = Answer>(method: string, path: string, body?: unknown) => daemon.call<T>(method, `${P}${path}`, body)

async function run(state = 'created', more: Record<string, unknown> = {}) {
  number += 1
  const uid = `run-${number}`
  await call('PUT', `/runs/${uid}`, { name: 'train', state, ...more })
  const path = `/runs/${uid}/notifications`
  return {
    path,
    set: (notifications: unknown[]) => call('PUT', path, { notifications }),
    shown: async () => (await call('GET', path)).body.notifications,
    end: () => call('PUT', `/runs/${uid}`, { state: 'completed' }),
  }
}

/** Every file of the data directory, as it lies on the disk. */
function onDisk(): string {
  const folder = join(daemon.folder, 'data0')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')).join('\n')
}

const kinds: [kind: string, params: Record<string, unknown>, shown: Record<string, unknown>][] = [
  [
    'slack',
    { webhook: 'https://hooks.slack.com/services/T/B/canary-slack' },
    { webhook: 'https://hooks.slack.com/***' },
  ],
  ['git', { repo: 'a/b', issue: 1, token: 'canary-git' }, { repo: 'a/b', issue: 1, token: '***' }],
  [
    'git',
    { repo: 'a/b', issue: 1, GIT_TOKEN: 'canary-one', GITHUB_TOKEN: 'canary-two' },
    { repo: 'a/b', issue: 1, GIT_TOKEN: '***', GITHUB_TOKEN: '***' },
  ],
  [
    'mail',
    { server_host: 'h', sender_address: 'a@b.com', email_addresses: 'c@d.com', username: 'u', password: 'canary-mail' },
    { server_host: 'h', sender_address: 'a@b.com', email_addresses: 'c@d.com', username: 'u', password: '***' },
  ],
  [
    'webhook',
    {
      url: 'https://u:canary-user@x.example/canary-path?k=canary',
      headers: { 'x-key': 'canary-header' },
      method: 'put',
    },
    { url: 'https://x.example/***', headers: { 'x-key': '***' }, method: 'put' },
  ],
  ['webhook', { url: 'https://x.example', tokn: 'canary-misspelt' }, { url: 'https://x.example/***', tokn: '***' }],
  ['console', { token: ['canary-list'], width: 80, wide: true }, { token: '***', width: 80, wide: true }],
]

describe('§8.13 secrets among params', () => {
  test.each(kinds)('of %s are sealed and never come back: %j', async (kind, params, shown) => {
    const { path, set } = await run()
    const given = { kind, name: 'n', params }
    const planned = await daemon.call('POST', `${P}/import/mlrun`, { run: path.split('/')[2], notifications: [given] })
    expect([planned.status, JSON.stringify(planned.body)]).toEqual([200, expect.not.stringContaining('canary')])
    const answer = await set([given])
    expect([answer.status, answer.body.notifications[0]?.params]).toEqual([200, shown])
    const seen = await Promise.all([path, '/rules?limit=500', '/secrets'].map((each) => call('GET', each)))
    expect(JSON.stringify(seen)).not.toContain('canary')
    const disk = onDisk()
    // What is no secret is found there, so the other would be too.
    expect(disk).toContain(`n · run ${path.split('/')[2]}`.replace('·', '\xc2\xb7'))
    expect(disk).not.toContain('canary')
  })

  test('stored for a schedule secret_params are a reference of the internal prefix, and no run that is told bears them', async () => {
    const url = `${receiver.url}/redacted`
    const given = {
      kind: 'webhook',
      name: 'n',
      params: { url },
      secret_params: { headers: { 'x-key': 'canary-redacted' } },
    }
    const set = await call('PUT', '/schedules/redacted/notifications', { notifications: [given] })
    expect(set.body.notifications[0]?.secret_params['secret']).toMatch(/^mlrun\.notifications\.[0-9a-f]{56}$/)
    const scheduled = await run('running', { schedule: 'redacted' })
    await scheduled.end()
    await arrived('/redacted', 'x-key', 'canary-redacted')
    expect(receiver.received.find(({ path }) => path === '/redacted')?.body).not.toContain('canary')
    expect(onDisk()).not.toContain('canary')
  })

  test('beside a secret of the project are sealed too, and sent with what it holds', async () => {
    const { set, shown, end } = await run()
    const secret = { url: `${receiver.url}/referred` }
    await call('POST', '/secrets', { secrets: { PLACE: JSON.stringify(secret) } })
    const given = { kind: 'webhook', name: 'n', secret_params: { secret: 'PLACE' } }
    await set([{ ...given, params: { headers: { 'x-key': 'canary-beside' } } }])
    expect((await shown())[0]).toMatchObject({
      params: { headers: { 'x-key': '***' } },
      secret_params: { secret: 'PLACE' },
    })
    expect(onDisk()).not.toContain('canary')
    await set(await shown())
    await end()
    await arrived('/referred', 'x-key', 'canary-beside')
    expect(onDisk()).not.toContain('canary')
  })
})

async function arrived(path: string, header: string, value: string): Promise<void> {
  await eventually(async () => {
    const found = receiver.received.find((request) => request.path === path)
    expect(found?.headers[header]).toBe(value)
  }, 4000)
}

describe('§8.13 a list that is sent as it was read', () => {
  test('keeps its secrets, however often, and what is given anew replaces them', async () => {
    const { set, shown, end } = await run()
    const params = { url: `${receiver.url}/kept`, headers: { 'x-a': 'canary-a', 'x-b': 'canary-b' } }
    await set([{ kind: 'webhook', name: 'n', params }])
    for (const _ of [1, 2]) expect((await set(await shown())).status).toBe(200)
    const [read] = await shown()
    const changed = { ...read, params: { ...read?.params, headers: { 'x-a': '***', 'x-b': 'new', 'x-c': 'more' } } }
    expect((await set([changed])).status).toBe(200)
    await end()
    await arrived('/kept', 'x-a', 'canary-a')
    await arrived('/kept', 'x-b', 'new')
    await arrived('/kept', 'x-c', 'more')
  })

  test('keeps the token of git and the password of mail beside other changes', async () => {
    const { set, shown } = await run()
    const known = kinds.filter(([kind]) => kind === 'mail' || kind === 'git').slice(1)
    await set(known.map(([kind, params]) => ({ kind, name: kind, params })))
    const changed = (await shown()).map((one) => ({ ...one, severity: 'error', params: { ...one.params } }))
    expect((await set(changed)).body.notifications.map(({ params }) => params)).toEqual(known.map(([, , seen]) => seen))
    expect((await set([{ ...changed[1], params: { ...changed[1]?.params, username: 'v' } }])).status).toBe(200)
  })

  test('of the schedule may become the own list of a run', async () => {
    const params = { url: `${receiver.url}/scheduled`, headers: { 'x-s': 'canary-s' } }
    const set = await call('PUT', '/schedules/weekly/notifications', {
      notifications: [{ kind: 'webhook', name: 'n', params }],
    })
    expect(set.status).toBe(200)
    const scheduled = await run('running', { schedule: 'weekly' })
    expect((await scheduled.set(await scheduled.shown())).status).toBe(200)
    await call('PUT', '/schedules/weekly/notifications', { notifications: [] })
    await scheduled.end()
    await arrived('/scheduled', 'x-s', 'canary-s')
  })

  const elsewhere: [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['the address of a webhook', { url: 'https://elsewhere.example' }, {}],
    ['whether certificates are checked', { verify_ssl: false }, {}],
    ['where secret_params lead', { url: undefined }, { url: 'https://elsewhere.example' }],
  ]
  test.each(elsewhere)('does not send kept secrets elsewhere: %s changed', async (_, params, secretParams) => {
    const { set, shown } = await run()
    await set([{ kind: 'webhook', name: 'n', params: { url: 'https://x.example/a', headers: { 'x-key': 'k' } } }])
    const [read] = await shown()
    const stolen = await set([{ ...read, params: { ...read?.params, ...params }, secret_params: secretParams }])
    expect(stolen.status).toBe(400)
    expect(stolen.body.issues).toContainEqual({
      path: 'notifications.0.params.headers',
      message: expect.stringContaining('must be given again'),
    })
    expect((await shown())[0]?.params).toEqual(read?.params ?? {})
  })

  test('nor the token of git, nor the password of mail', async () => {
    const { set, shown } = await run()
    const known = kinds.filter(([kind]) => kind === 'mail' || kind === 'git').slice(1)
    await set(known.map(([kind, params]) => ({ kind, name: kind, params })))
    const [git, mail] = await shown()
    const stolen = await set([
      { ...git, params: { ...git?.params, server: 'git.example.com' } },
      { ...mail, params: { ...mail?.params, server_host: 'mail.example.com' } },
    ])
    expect(stolen.body.issues.map(({ path }) => path)).toEqual([
      'notifications.0.params.GIT_TOKEN',
      'notifications.0.params.GITHUB_TOKEN',
      'notifications.1.params.password',
    ])
  })

  const lost: [string, Record<string, unknown>][] = [
    ['of another name', { name: 'other' }],
    ['of another kind', { kind: 'slack', params: { webhook: 'https://x.example/***' } }],
    ['of another origin', { params: { url: 'https://y.example/***' } }],
    ['with a header that was not there', { params: { url: 'https://x.example/***', headers: { 'x-new': '***' } } }],
  ]
  test.each(lost)('%s says what is not known', async (_, changes) => {
    const { set, shown } = await run()
    await set([{ kind: 'webhook', name: 'n', params: { url: 'https://x.example/a' } }])
    const [read] = await shown()
    const answer = await set([{ ...read, ...changes }])
    expect(answer.status).toBe(400)
    expect(answer.body.issues[0]?.message).toContain('stands for a secret that is not known here')
  })
})
