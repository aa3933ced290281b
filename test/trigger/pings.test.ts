import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RunView } from '../../src/model/run.ts'
import { type RunWorld, runWorld } from '../support/runs.ts'
import { type Scene, startScene } from '../support/scene.ts'

let scene: Scene
let world: RunWorld
beforeAll(async () => {
  scene = await startScene()
  world = runWorld(scene)
})
afterAll(() => scene[Symbol.asyncDispose]())

/** Makes a ping address and gives what asks for it, as curl would: without a token. */
async function pinging(name: string, more: object = {}) {
  const { path } = await scene.api<{ path: string }>('POST', '/pings', { name, ...more })
  return async (after = '', init: RequestInit = {}) => {
    const response = await fetch(`${scene.daemon.url}${path}${after}`, init)
    return { status: response.status, text: await response.text() }
  }
}

const runsOf = async (name: string) =>
  (await scene.api<{ items: RunView[] }>('GET', `/runs?name=${encodeURIComponent(name)}`)).items.reverse()

describe('a ping address', () => {
  test('tells of a start and an end, as one run', async () => {
    const ping = await pinging('backup', { kind: 'scenario', labels: { env: 'prod' } })
    expect(await ping('/start')).toEqual({ status: 200, text: 'OK\n' })
    scene.pass(90_000)
    expect(await ping('', { method: 'POST', body: 'copied 3 files' })).toEqual({ status: 200, text: 'OK\n' })
    const runs = await runsOf('backup')
    expect(runs).toHaveLength(1)
    expect(runs[0]).toMatchObject({
      kind: 'scenario',
      state: 'completed',
      labels: { env: 'prod' },
      trigger: { name: 'ping' },
    })
    expect(runs[0]?.duration).toBeGreaterThanOrEqual(90_000)
    const run = await scene.api<RunView>('GET', `/runs/${encodeURIComponent(runs[0]?.uid ?? '')}`)
    expect(run.log).toBe('copied 3 files')
  })

  test('tells of an end alone, each a run of its own, by any method', async () => {
    const ping = await pinging('sync')
    await ping()
    await ping('', { method: 'HEAD' })
    await ping('/fail', { method: 'PUT', body: 'no route to host' })
    expect((await runsOf('sync')).map(({ state }) => state)).toEqual(['completed', 'completed', 'error'])
  })

  test('takes exit codes, and the names of runs that overlap', async () => {
    const ping = await pinging('jobs')
    await ping('/start?rid=one')
    await ping('/start?rid=two')
    await ping('/3?rid=one')
    await ping('/0?rid=two')
    const runs = await runsOf('jobs')
    expect(runs.map(({ uid, state, results, error }) => [uid, state, results, error?.message])).toEqual([
      ['jobs:one', 'error', { exitCode: 3 }, 'exit code 3'],
      ['jobs:two', 'completed', { exitCode: 0 }, undefined],
    ])
  })

  test('takes lines for the run that is under way, or the last one', async () => {
    const ping = await pinging('talk')
    await ping('/start')
    await ping('/log', { method: 'POST', body: 'half way' })
    await ping()
    await ping('/log', { method: 'POST', body: 'afterthought' })
    const runs = await runsOf('talk')
    expect(runs.map(({ state }) => state)).toEqual(['completed'])
    const run = await scene.api<RunView>('GET', `/runs/${encodeURIComponent(runs[0]?.uid ?? '')}`)
    expect(run.log).toBe('afterthought')
  })

  test('is what rules on runs tell of', async () => {
    const ping = await pinging('nightly')
    await world.rule('nightly-fails', { runs: { name: 'nightly' }, when: ['first-failure', 'recovered'] })
    await ping('/fail')
    await ping('/1')
    await ping()
    expect(await world.titles('nightly-fails', 2)).toEqual(['[FAILED] nightly', '[RECOVERED] nightly'])
  })

  test('keeps the end of what is sent along, and refuses what is too much', async () => {
    const ping = await pinging('long')
    const long = `${'x'.repeat(100_000)}end`
    expect((await ping('', { method: 'POST', body: long })).status).toBe(200)
    const [shown] = await runsOf('long')
    const run = await scene.api<RunView>('GET', `/runs/${encodeURIComponent(shown?.uid ?? '')}`)
    expect(run.log).toHaveLength(16 * 1024)
    expect(run.log).toEndWith('xend')
    expect((await ping('', { method: 'POST', body: 'x'.repeat(1_100_000) })).status).toBe(413)
  })

  test('ends when it is removed; a wrong key or word is told', async () => {
    const ping = await pinging('gone')
    expect((await ping('/nonsense')).status).toBe(400)
    expect((await ping('/256')).text).toContain('exit code from 0 to 255')
    await scene.api('DELETE', '/pings/gone')
    expect((await ping()).status).toBe(404)
    expect((await fetch(`${scene.daemon.url}/p/guessed`)).status).toBe(404)
    const twice = await scene.daemon.call('POST', '/api/v1/pings', { name: 'backup' })
    expect(twice.status).toBe(409)
  })

  test('shows its key once and keeps only its hash', async () => {
    const { key, id } = await scene.api<{ key: string; id: string }>('POST', '/pings', { name: 'secret' })
    const listed = await scene.api<{ items: { name: string }[] }>('GET', '/pings')
    expect(listed.items.map(({ name }) => name)).toContain('secret')
    expect(JSON.stringify(listed)).not.toContain(key)
    const row = await scene.daemon.store.pings.get(id)
    expect(JSON.stringify(row)).not.toContain(key)
    const viewer = await scene.daemon.token('looker', 'viewer')
    expect((await scene.daemon.call('POST', '/api/v1/pings', { name: 'x' }, viewer)).status).toBe(403)
  })
})
