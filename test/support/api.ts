import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, createApp } from '../../src/app.ts'
import { systemClock } from '../../src/clock.ts'
import { loadConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { manageTokens } from '../../src/manage/tokens.ts'
import type { Role } from '../../src/store/tokens.ts'

export interface ApiAnswer {
  status: number
  headers: Headers
  /** The text as it came. */
  text: string
  /** The text as JSON; undefined when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json: any
}

export interface RequestOptions {
  /** null sends none. */
  token?: string | null
  headers?: Record<string, string>
  /** Sent as it is instead of JSON. */
  raw?: string | Uint8Array
}

export interface TestApi extends AsyncDisposable {
  app: App
  /** Where SQLite files may be queried. */
  sources: string
  /** Lines the log wrote. */
  log: string[]
  call(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<ApiAnswer>
  /** A new token. */
  token(role: Role, project?: string): Promise<string>
}

/** The whole daemon but for its timers and its socket, over a database of its own. Calls are made as admin. */
export async function testApi(settings: Record<string, string> = {}): Promise<TestApi> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-api-'))
  const log: string[] = []
  const sources = join(folder, 'sources')
  mkdirSync(sources)
  const flags = { dataDir: join(folder, 'data'), 'connections.sqlite.paths': sources, ...settings }
  const { config } = loadConfig(flags, {}, () => '')
  const app = await createApp(
    config,
    createLog((line) => log.push(line), 'debug', systemClock),
  )
  const tokens = manageTokens({ store: app.store, clock: systemClock })
  let count = 0
  const token = async (role: Role, project?: string) => {
    count += 1
    const made = await tokens.create('test', { name: `${role} ${count}`, role, project: project ?? null })
    return made.token
  }
  const admin = await token('admin')

  return {
    app,
    sources,
    log,
    token,
    async call(method, path, body, options = {}) {
      const headers = new Headers(options.headers)
      const bearer = options.token === undefined ? admin : options.token
      if (bearer !== null) headers.set('authorization', `Bearer ${bearer}`)
      const content = options.raw ?? (body === undefined ? undefined : JSON.stringify(body))
      if (content !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
      const init = { method, headers, ...(content === undefined ? {} : { body: content }) }
      const response = await app.fetch(new Request(`http://tocsin.test${path}`, init))
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
      const text = isStream ? await firstOf(response) : await response.text()
      return { status: response.status, headers: response.headers, text, json: parsed(text) }
    },
    async [Symbol.asyncDispose]() {
      await app.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** What comes first of an answer without end. */
async function firstOf(response: Response): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const { value } = await reader.read()
  await reader.cancel()
  return new TextDecoder().decode(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
