import Sqlite from 'better-sqlite3'
import { clickhouse } from './clickhouse.ts'
import type { Watched } from './main-job.ts'
import { postgres } from './postgres.ts'

/** A SQLite file; the daemon must be allowed to query its folder. */
export function watchedSqlite(file: string): Watched {
  const database = new Sqlite(file)
  database.exec("CREATE TABLE drift (model TEXT, score REAL); INSERT INTO drift VALUES ('churn', 0)")
  database.close()
  return {
    kind: 'sqlite',
    settings: { path: file },
    async setScore(score) {
      const writer = new Sqlite(file)
      writer.prepare('UPDATE drift SET score = ?').run(score)
      writer.close()
    },
  }
}

/** A database of its own on the Postgres of this run. */
export async function watchedPostgres(): Promise<Watched> {
  const { host, port, database, user, password, execute } = await (await postgres()).createDatabase('main_job')
  await execute("CREATE TABLE drift (model text, score double precision); INSERT INTO drift VALUES ('churn', 0)")
  return {
    kind: 'postgres',
    settings: { host, port, database, user, password, sslmode: 'disable' },
    setScore: async (score) => void (await execute(`UPDATE drift SET score = ${score}`)),
  }
}

/** A table on the ClickHouse of this run. */
export async function watchedClickhouse(): Promise<Watched> {
  const { url, database, user, password, execute } = await clickhouse()
  await execute('CREATE OR REPLACE TABLE drift (model String, score Float64) ENGINE = Memory')
  return {
    kind: 'clickhouse',
    settings: { url, database, user, password },
    async setScore(score) {
      await execute('TRUNCATE TABLE drift')
      await execute(`INSERT INTO drift VALUES ('churn', ${score})`)
    },
  }
}
