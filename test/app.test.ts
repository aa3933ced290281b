import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../src/app.ts'
import { systemClock } from '../src/clock.ts'
import { loadConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { manageTokens } from '../src/manage/tokens.ts'
import { type InProcess, startInProcess } from './support/in-process.ts'
import { type Receiver, startReceiver } from './support/receiver.ts'
import { eventually } from './support/servers.ts'

let app: InProcess
let receiver: Receiver
beforeEach(async () => {
  app = await startInProcess()
  receiver = await startReceiver()
})
afterEach(async () => {
  await app.stop()
  await receiver.close()
})

const make = (path: string, body: object) => app.call('POST', `/api/v1/${path}`, body)

describe('the fallback channel', () => {
  beforeEach(() => make('channels', { name: 'standby', kind: 'console', settings: {}, fallback: true }))

  test('is told of a channel that was disabled for good', async () => {
    receiver.reply({ status: 410 })
    await make('channels', { name: 'hook', kind: 'webhook', settings: { url: receiver.url } })
    await make('channels/hook/send', { message: { title: 'hello' } })
    await eventually(() => expect(app.printed.join('\n')).toContain('Channel hook is disabled'))
    const { body } = await app.call('GET', '/api/v1/channels/hook')
    expect(body['disabled']).toContain('410')
  })
})

test('a daemon that cannot listen says how to go on and leaves its data directory free', async () => {
  const taken = { listen: `127.0.0.1:${receiver.port}` }
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-app-'))
  const log = createLog(() => {}, 'error', systemClock)
  const { config } = loadConfig({ dataDir: join(folder, 'data'), ...taken }, {}, () => '')
  const daemon = await createApp(config, log)
  await expect(daemon.start()).rejects.toThrow('Choose another one with --listen')
  const next = await createApp({ ...config, listen: '127.0.0.1:0' }, log)
  const { url } = await next.start()
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  await next.stop()
  rmSync(folder, { recursive: true })
})

describe('a daemon that is given another configuration', () => {
  let folder: string
  const load = (flags: Record<string, string>) =>
    loadConfig({ dataDir: join(folder, 'data'), listen: '127.0.0.1:0', ...flags }, {}, () => '').config
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tocsin-app-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('sends by the new egress policy at once, and names what must wait for a restart', async () => {
    const daemon = await createApp(
      load({}),
      createLog(() => {}, 'error', systemClock),
    )
    const { url } = await daemon.start()
    const tokens = manageTokens({ store: daemon.store, clock: systemClock })
    const { token } = await tokens.create('tests', { name: 'tests', role: 'admin' })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const post = (path: string, body: object) =>
      fetch(`${url}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    await post('channels', { name: 'hook', kind: 'webhook', settings: { url: receiver.url } })
    const send = async () => {
      const answer = await post('channels/hook/send', { message: { title: 'hello' } })
      const { deliveries } = (await answer.json()) as { deliveries: string[] }
      return eventually(async () => {
        const { state } = (await daemon.store.deliveries.get(deliveries[0] ?? ''))?.delivery ?? {}
        expect(['delivered', 'rejected']).toContain(state ?? '')
        return state
      })
    }
    expect(await send()).toBe('rejected')
    const next = load({ 'egress.allow': '127.0.0.0/8', 'retention.days': '3', 'delivery.concurrency': '5' })
    expect(daemon.reload(next)).toEqual({
      changed: ['egress.allow', 'retention.days'],
      needRestart: ['delivery.concurrency'],
    })
    expect(await send()).toBe('delivered')
    // What waits for a restart is named again as long as it does.
    expect(daemon.reload(next)).toEqual({ changed: [], needRestart: ['delivery.concurrency'] })
    await daemon.stop()
  })

  test('keeps what it has when the new one cannot be used', async () => {
    const daemon = await createApp(
      load({ 'egress.allow': '127.0.0.0/8' }),
      createLog(() => {}, 'error', systemClock),
    )
    await daemon.start()
    expect(() => daemon.reload(load({ 'egress.allow': '1.2.3.4/99', 'retention.days': '3' }))).toThrow('egress.allow')
    expect(() => daemon.reload(load({ 'smtp.passwordFile': '/nowhere', 'retention.days': '3' }))).toThrow(
      'smtp.passwordFile',
    )
    expect(daemon.reload(load({ 'egress.allow': '127.0.0.0/8' })).changed).toEqual([])
    await daemon.stop()
  })
})

test('an authority file that is missing is named at the start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-app-'))
  const { config } = loadConfig({ dataDir: join(folder, 'data'), 'tls.caFile': '/nowhere.pem' }, {}, () => '')
  const starting = createApp(
    config,
    createLog(() => {}, 'error', systemClock),
  )
  await expect(starting).rejects.toThrow('tls.caFile: cannot be read')
  rmSync(folder, { recursive: true })
})
