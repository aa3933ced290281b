import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type App, createApp } from '../../src/app.ts'
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
  /** Ends it and starts it again on the same data; `between` is done while it is down. */
  restart(between?: () => void): Promise<void>
  /** Goes on as after a crash: with what was on the disk at this moment, whatever was under way. */
  crash(between?: () => void): Promise<void>
  stop(): Promise<void>
}

/** Starts one with settings of one's own; `admin` is the name of the token that calls are made with. */
export async function startInProcess(settings: Record<string, string> = {}): Promise<InProcess> {
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
  let life = 0
  const dataDir = () => join(folder, `data${life}`)
  const start = async () => {
    const flags = {
      dataDir: dataDir(),
      listen: '127.0.0.1:0',
      'egress.allow': '127.0.0.0/8',
      'connections.sqlite.paths': folder,
      ...settings,
    }
    const { config } = loadConfig(flags, {}, (path) => readFileSync(path, 'utf8'))
    const app = await createApp(config, log, { clock, print: (line) => void printed.push(line) })
    const { url } = await app.start()
    return { ...app, url }
  }
  // What is under way at the end is waited for by the clock.
  const stopped = async (running: App) => {
    let isEnded = false
    const end = running.stop().finally(() => {
      isEnded = true
    })
    for (let round = 0; !isEnded; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (round > 20) clock.advance(100)
    }
    await end
  }
  let app = await start()
  const token = async (name: string, role: string, project?: string) => {
    const input = { name, role, ...(project === undefined ? {} : { project }) }
    return (await manageTokens({ store: app.store, clock }).create('tests', input)).token
  }
  const admin = await token('operator', 'admin')

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
    async restart(between = () => {}) {
      await stopped(app)
      between()
      app = await start()
    },
    async crash(between = () => {}) {
      const before = { app, dataDir: dataDir() }
      life += 1
      cpSync(before.dataDir, dataDir(), { recursive: true })
      cpSync(`${before.dataDir}.key`, `${dataDir()}.key`)
      await stopped(before.app)
      between()
      app = await start()
    },
    async stop() {
      await stopped(app)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
