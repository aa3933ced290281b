import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '../..')

/** A daemon that runs as a process of its own. */
export interface Daemon extends AsyncDisposable {
  url: string
  token: string
  dataDir: string
  process: ChildProcess
  /** Lines of its log so far, parsed. */
  events: Record<string, unknown>[]
  /** Calls its API, relative to `/api/v1`; throws when the status is not 2xx. */
  api<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>
  /** Runs a verb against it and gives what it printed. */
  run(...argv: string[]): { code: number; out: string; err: string }
  /** Asks it to end and gives its exit code. */
  stop(): Promise<number | null>
  /** Ends it as a crash would. */
  kill(): Promise<void>
}

export interface DaemonOptions {
  /** The command that runs the program; the executable by default. */
  command?: string[]
  env?: Record<string, string>
  /** Kept at the end when given. */
  dataDir?: string
  port?: number
}

/** The command of the executable, which is built when it is not there. */
export function executable(): string[] {
  const file = join(root, 'dist/tocsin')
  if (!existsSync(file)) {
    const { status, stderr } = spawnSync(process.execPath, ['build.ts'], { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw new Error(`The executable cannot be built: ${stderr}`)
  }
  return [file]
}

/** Starts a daemon on a data directory of its own and a free port, with an admin's token. */
export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const command = options.command ?? executable()
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-daemon-'))
  const dataDir = options.dataDir ?? join(folder, 'data')
  const env = { ...inherited(), TOCSIN_EGRESS_ALLOW: '127.0.0.0/8', TOCSIN_DATA_DIR: dataDir, ...options.env }
  const token = runToken(command, env)
  const [program = '', ...rest] = command
  const child = spawn(program, [...rest, 'serve', '--listen', `127.0.0.1:${options.port ?? 0}`], {
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  const ended = once(child, 'exit')
  const events: Record<string, unknown>[] = []
  const url = await started(child, events)

  async function kill() {
    child.kill('SIGKILL')
    await ended
  }

  return {
    url,
    token,
    dataDir,
    process: child,
    events,
    async api(method, path, body) {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
      return text === '' ? null : JSON.parse(text)
    },
    run(...argv) {
      const verbs = { ...env, TOCSIN_URL: url, TOCSIN_TOKEN: token }
      const { status, stdout, stderr } = spawnSync(program, [...rest, ...argv], { env: verbs, encoding: 'utf8' })
      return { code: status ?? -1, out: stdout.trimEnd(), err: stderr.trimEnd() }
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
      return child.exitCode
    },
    kill,
    async [Symbol.asyncDispose]() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Waits for the line of the log that says where it listens. */
async function started(child: ChildProcess, events: Record<string, unknown>[]): Promise<string> {
  if (child.stderr === null) throw new Error('The daemon has no standard error.')
  const lines: string[] = []
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stderr as NonNullable<typeof child.stderr> }).on('line', (line) => {
      lines.push(line)
      const event = line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : { event: 'text', text: line }
      events.push(event)
      if (event['event'] === 'started') resolve(String(event['url']))
    })
    child.once('exit', (code) => reject(new Error(`The daemon ended with ${code} at its start:\n${lines.join('\n')}`)))
  })
}

function runToken([program = '', ...rest]: string[], env: Record<string, string>): string {
  const argv = [...rest, 'token', 'create', '--name', `test-${Date.now()}`, '--role', 'admin']
  const { status, stdout, stderr } = spawnSync(program, argv, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`No token could be made: ${stderr}`)
  return stdout.trimEnd().split('\n').at(-1) ?? ''
}

/** The environment of this process without settings of Tocsin. */
function inherited(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('TOCSIN_'))
  return Object.fromEntries(own) as Record<string, string>
}
