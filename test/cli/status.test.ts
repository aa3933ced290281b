import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { runCommand } from '../support/command.ts'
import { type InProcess, startInProcess } from '../support/in-process.ts'

let daemon: InProcess
beforeAll(async () => {
  daemon = await startInProcess()
})
afterAll(() => daemon.stop())

const status = (...options: string[]) =>
  runCommand(['status', '--url', daemon.url, '--token', daemon.admin, ...options])
const make = async (path: string, body: object) =>
  expect((await daemon.call('POST', `/api/v1/${path}`, body)).status).toBeLessThan(300)

describe('tocsin status', () => {
  test('of an empty instance says that there is nothing yet', async () => {
    const { code, out } = await status()
    expect(code).toBe(0)
    expect(out).toMatch(/^tocsin \S+ \(bun \S+\), process \d+, http:\/\/127\.0\.0\.1:\d+, data in \S+\nworking since /)
    expect(out).toContain('rules:       0 active, 0 paused, 0 blocked')
    expect(out).toContain('alerts:      none')
    expect(out).toContain('backup:      none yet; make one with "tocsin backup"')
  })

  test('names what fires and what is in trouble, one a line', async () => {
    const settings = daemon.sqlite(
      'data.db',
      "CREATE TABLE t AS SELECT 'north\nwest' AS region, 7 AS n UNION SELECT 'south', 9",
    )
    await make('connections', { name: 'data', kind: 'sqlite', settings })
    await make('channels', { name: 'out', kind: 'console', settings: {} })
    await make('channels', { name: 'old', kind: 'console', settings: {} })
    await make('channels/old/disable', {})
    await make('rules', {
      name: 'stuck',
      connection: 'data',
      query: 'SELECT region, n FROM t',
      fingerprint: ['region'],
      schedule: { cron: '0 0 1 1 *' },
      condition: { text: 'row["n"] > 5' },
      routes: [{ channel: 'out' }],
    })
    await make('rules/stuck/run', {})
    await make('rules/stuck/pause', {})
    const { code, out } = await status()
    expect(code).toBe(0)
    expect(out).toContain('rules:       0 active, 1 paused, 0 blocked')
    expect(out).toContain('channels:    2, 1 disabled')
    expect(out).toContain('alerts:      2 firing')
    expect(out).toMatch(/^firing {5}stuck \{region=north west\}, value \S+, for \d+s$/m)
    expect(out).toMatch(/^disabled {3}channel old: /m)
  })

  test('is JSON where that was asked for', async () => {
    const { out } = await status('--json')
    expect(JSON.parse(out)).toMatchObject({ alerts: { firing: 2 }, notReady: null })
  })

  test('of a daemon that is not there says how to start it', async () => {
    const { code, err } = await runCommand(['status', '--url', 'http://127.0.0.1:1', '--token', 'x'])
    expect(code).toBe(1)
    expect(err).toContain('Start it with "tocsin serve"')
  })
})
