import { afterAll, beforeAll, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clickhouseServer } from '../support/clickhouse.ts'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { mainJob } from '../support/main-job.ts'
import { postgresServer } from '../support/postgres.ts'
import { skipUnless } from '../support/requirements.ts'
import { watchedClickhouse, watchedPostgres, watchedSqlite } from '../support/watched.ts'

/** ms for a rule that is due every five seconds to fire, to be suppressed and to resolve. */
const TIME = 90_000

let folder: string
let daemon: Daemon
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-main-job-'))
  daemon = await startDaemon({ env: { TOCSIN_CONNECTIONS_SQLITE_PATHS: folder } })
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const withPostgres = await skipUnless(postgresServer)
const withClickhouse = await skipUnless(clickhouseServer)

test('the executable does the main job on SQLite', () => mainJob(daemon, watchedSqlite(join(folder, 'drift.db'))), TIME)

withPostgres('on a real Postgres', () => {
  test('the executable does the main job', async () => mainJob(daemon, await watchedPostgres()), TIME)
})

withClickhouse('on a real ClickHouse', () => {
  test('the executable does the main job', async () => mainJob(daemon, await watchedClickhouse()), TIME)
})
