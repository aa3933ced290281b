import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDaemon } from '../support/executable.ts'
import { eventually } from '../support/servers.ts'
import { watchedSqlite } from '../support/watched.ts'

/** Never returns a row. */
const ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0'

test('a query that runs ends soon after a daemon that was killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-orphans-'))
  try {
    await using daemon = await startDaemon({ env: { TOCSIN_CONNECTIONS_SQLITE_PATHS: folder } })
    const { settings } = watchedSqlite(join(folder, 'drift.db'))
    await daemon.api('POST', '/connections', { name: 'data', kind: 'sqlite', settings })
    const rule = {
      name: 'endless',
      connection: 'data',
      query: ENDLESS,
      schedule: { every: '5s' },
      condition: { trigger: 'rows' },
      timeout: '10m',
    }
    const asked = daemon.api('POST', '/rules', rule).catch(() => null)
    const child = await eventually(() => {
      const [busy] = childrenOf(daemon.process.pid ?? 0).filter((pid) => ticksOf(pid) > 20)
      if (busy === undefined) throw new Error('no query runs yet')
      return busy
    })
    await daemon.kill()
    await asked
    await eventually(() => expect(isAlive(child)).toBe(false))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}

/** Ticks of processor time the process has used. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11])
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
