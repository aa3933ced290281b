import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../src/app.ts'
import { systemClock } from '../src/clock.ts'
import { loadConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
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
