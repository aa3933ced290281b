import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findServiceManager } from '../src/systemd.ts'

let folder: string
let failures: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-systemd-'))
  failures = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const told = () => readFileSync(join(folder, 'told'), 'utf8').trim().split('\n')

/** A program in the place of systemd-notify that writes down what it is given. */
function manager(env: Record<string, string>, script = `echo "$@" >> '${join(folder, 'told')}'`) {
  const program = join(folder, 'notify')
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return findServiceManager({ env, pid: 7, onFailure: (reason) => failures.push(reason), program })
}

describe('the service manager', () => {
  test('is told what happens, in order', async () => {
    const { notify } = manager({ NOTIFY_SOCKET: '/run/notify' })
    void notify('READY=1', 'STATUS=Listening')
    void notify('RELOADING=1')
    await notify('STOPPING=1')
    expect(told()).toEqual(['READY=1 STATUS=Listening', 'RELOADING=1', 'STOPPING=1'])
    expect(failures).toEqual([])
  })

  test('is left alone where there is none', async () => {
    const { notify, watchdog } = manager({ WATCHDOG_USEC: '1000000' })
    await notify('READY=1')
    expect({ watchdog, told: existsSync(join(folder, 'told')) }).toEqual({ watchdog: null, told: false })
  })

  test('is waited for by nobody when it cannot be told, and that is said once', async () => {
    const { notify } = manager({ NOTIFY_SOCKET: '/run/notify' }, 'exit 3')
    await notify('READY=1')
    await notify('WATCHDOG=1')
    expect(failures).toEqual([`${join(folder, 'notify')} ended with 3`])
    const missing = findServiceManager({
      env: { NOTIFY_SOCKET: '/run/notify' },
      pid: 7,
      onFailure: (reason) => failures.push(reason),
      program: join(folder, 'nowhere'),
    })
    await missing.notify('READY=1')
    expect(failures).toHaveLength(2)
  })

  const watchdogs: [what: string, env: Record<string, string>, watchdog: number | null][] = [
    ['that waits for a sign of life', { WATCHDOG_USEC: '30000000' }, 30_000],
    ['that waits for one of this process', { WATCHDOG_USEC: '2000000', WATCHDOG_PID: '7' }, 2000],
    ['that waits for one of another process', { WATCHDOG_USEC: '2000000', WATCHDOG_PID: '8' }, null],
    ['that waits for none', {}, null],
    ['that says nonsense', { WATCHDOG_USEC: 'soon' }, null],
  ]
  for (const [what, env, watchdog] of watchdogs)
    test(`one ${what}: ${watchdog}`, () => {
      expect(manager({ NOTIFY_SOCKET: '/run/notify', ...env }).watchdog).toBe(watchdog)
    })
})
