import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { manageTokens } from '../../src/manage/tokens.ts'
import type { Store } from '../../src/store/index.ts'
import type { ManualClock } from './manual-clock.ts'
import { travellingClock } from './travelling-clock.ts'

export interface Answer<T> {
  status: number
  headers: Headers
  body: T
}

/** A whole daemon within this process, on a clock that the test can put forward; it may query the SQLite files of its folder. */
export interface InProcess {
  /** Where it listens, and a token of it. */
  url: string
  admin: string
  clock: ManualClock
  folder: string
  store: Store
  /** What the console channel printed. */
  printed: string[]
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown, token?: string): Promise<Answer<T>>
  token(name: string, role: string, project?: string): Promise<string>
  /** Runs SQL on `name` in its folder; gives the settings of a connection to it. */
  sqlite(name: string, sql: string): { path: string }
  /** Ends it and starts it again on the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Starts one; `admin` is the name of the token that calls are made with. */
export async function startInProcess(): Promise<InProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-app-'))
  const clock = travellingClock()
  const printed: string[] = []
  // Defects alone are of this level; a test must not hide one.
  const log = createLog(
    (line) =>
      void process.stderr.write(`${line}
`),
    'error',
    clock,
  )
  const flags = {
    dataDir: join(folder, 'data'),
    listen: '127.0.0.1:0',
    'egress.allow': '127.0.0.0/8',
    'connections.sqlite.paths': folder,
  }
  const { config } = loadConfig(flags, {}, (path) => readFileSync(path, 'utf8'))
  const start = async () => {
    const app = await createApp(config, log, { clock, print: (line) => void printed.push(line) })
    const { url } = await app.start()
    return { ...app, url }
  }
  let app = await start()
  const token = async (name: string, role: string, project?: string) => {
    const input = { name, role, ...(project === undefined ? {} : { project }) }
    return (await manageTokens({ store: app.store, clock }).create('tests', input)).token
  }
  const admin = await token('ada', 'admin')

  return {
    get url() {
      return app.url
    },
    admin,
    clock,
    folder,
    get store() {
      return app.store
    },
    printed,
    token,
    async call<T>(method: string, path: string, body?: unknown, bearer = admin) {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      const response = await app.fetch(new Request(`http://127.0.0.1${path}`, init))
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as T }
    },
    sqlite(name, sql) {
      const path = join(folder, name)
      const database = new Sqlite(path)
      database.exec(sql)
      database.close()
      return { path }
    },
    async restart() {
      await app.stop()
      app = await start()
    },
    async stop() {
      await app.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
