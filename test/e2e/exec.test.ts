import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunView } from '../../src/model/run.ts'
import { type Daemon, executable, startDaemon } from '../support/executable.ts'
import { eventually } from '../support/servers.ts'

let daemon: Daemon
let folder: string
beforeAll(async () => {
  daemon = await startDaemon()
})
afterAll(() => daemon[Symbol.asyncDispose]())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-exec-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Running {
  process: ChildProcess
  /** What it wrote to its standard output and error so far. */
  out: () => string
  err: () => string
  ended: Promise<number | null>
}

/** Starts `tocsin exec` on a shell script, as cron would: with pipes. */
function start(name: string, script: string, options: string[] = [], url = daemon.url): Running {
  const [program = '', ...rest] = executable()
  const argv = [...rest, 'exec', '--name', name, '--uid', name, ...options, '--', 'sh', '-c', script]
  const env = { ...process.env, TOCSIN_URL: url, TOCSIN_TOKEN: daemon.token, TOCSIN_SPOOL: join(folder, 'spool') }
  const child = spawn(program, argv, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { process: child, out: () => out, err: () => err, ended }
}

const run = (uid: string) => daemon.api<RunView & Record<string, unknown>>('GET', `/runs/${uid}`)
const kept = () => {
  try {
    return readdirSync(join(folder, 'spool'))
  } catch {
    return []
  }
}

describe('a command under exec', () => {
  test('writes what it writes, ends as it ends, and is told of', async () => {
    const {
      out,
      err,
      ended,
      process: child,
    } = start('greeting', 'read word; echo "hello $word"; printf "no line end" >&2; exit 7', [
      '--label',
      'team=ml',
      '--label',
      'note=a=b',
    ])
    child.stdin?.end('world\n')
    expect(await ended).toBe(7)
    expect(out()).toBe('hello world\n')
    expect(err()).toBe('no line end')
    expect(await run('greeting')).toMatchObject({
      name: 'greeting',
      kind: 'job',
      state: 'error',
      error: { message: 'exit code 7' },
      results: { exitCode: 7 },
      labels: { team: 'ml', note: 'a=b' },
      trigger: { name: 'exec' },
    })
    expect((await run('greeting')).log).toContain('hello world')
    expect((await run('greeting')).log).toContain('no line end')
    expect(kept()).toEqual([])
  })

  test('passes on bytes of any kind and any number', async () => {
    const { out, ended } = start(
      'many',
      'i=0; while [ $i -lt 20000 ]; do echo "line $i of many lines"; i=$((i+1)); done',
    )
    expect(await ended).toBe(0)
    expect(out().split('\n')).toHaveLength(20_001)
    const { log, state } = await run('many')
    expect(state).toBe('completed')
    expect(log.length).toBeLessThanOrEqual(16 * 1024)
    expect(log).toEndWith('line 19999 of many lines\n')
  })

  test('keeps the order of output and errors that go to one file, and its mode mask', async () => {
    const path = join(folder, 'both')
    const file = openSync(path, 'w')
    const [program = '', ...rest] = executable()
    const script = 'umask; for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done'
    const env = {
      ...process.env,
      TOCSIN_URL: daemon.url,
      TOCSIN_TOKEN: daemon.token,
      TOCSIN_SPOOL: join(folder, 'spool'),
    }
    const argv = [...rest, 'exec', '--uid', 'both', '--', 'sh', '-c', script]
    const child = spawn('sh', ['-c', 'umask 027; exec "$@"', 'sh', program, ...argv], {
      env,
      stdio: ['ignore', file, file],
    })
    await once(child, 'close')
    closeSync(file)
    const lines = [1, 2, 3, 4, 5].map((number) => `out ${number}\nerr ${number}\n`).join('')
    expect(readFileSync(path, 'utf8')).toBe(`0027\n${lines}`)
    const { name, log } = await run('both')
    expect(name).toBe('sh')
    expect(log).toContain('err 5')
  })

  test('that is killed gives 128 and the signal, and one that cannot be found gives 127', async () => {
    const { ended } = start('killed', 'kill -9 $$')
    expect(await ended).toBe(128 + 9)
    expect(await run('killed')).toMatchObject({ state: 'error', error: { message: 'ended by SIGKILL' } })
    const [program = '', ...rest] = executable()
    const env = {
      ...process.env,
      TOCSIN_URL: daemon.url,
      TOCSIN_TOKEN: daemon.token,
      TOCSIN_SPOOL: join(folder, 'spool'),
    }
    const child = spawn(program, [...rest, 'exec', '--uid', 'nowhere', '--', 'no-such-program'], { env, stdio: 'pipe' })
    expect((await once(child, 'close'))[0]).toBe(127)
    expect(await run('nowhere')).toMatchObject({ state: 'error', name: 'no-such-program' })
  })

  test('gets the signals that are sent to exec, and decides what becomes of them', async () => {
    const script = 'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.05; done'
    const { out, ended, process: child } = start('trapped', script)
    await eventually(() => expect(out()).toContain('ready'))
    expect((await eventually(() => run('trapped'))).state).toBe('running')
    child.kill('SIGTERM')
    expect(await ended).toBe(3)
    expect(out()).toContain('caught')
    expect(await run('trapped')).toMatchObject({ state: 'error', results: { exitCode: 3 } })
    const other = start('stopped', 'echo ready; while :; do sleep 0.05; done')
    await eventually(() => expect(other.out()).toContain('ready'))
    other.process.kill('SIGINT')
    other.process.kill('SIGHUP')
    expect(await other.ended).toBeGreaterThan(128)
  })

  test('is heard of while it runs', async () => {
    const { ended } = start('beating', 'sleep 2.5', ['--heartbeat', '1s'])
    const began = (await eventually(() => run('beating')))['updatedAt'] as number
    await eventually(async () => expect((await run('beating'))['updatedAt'] as number).toBeGreaterThan(began + 900))
    expect(await ended).toBe(0)
  })
})

describe('while the daemon is down', () => {
  test('events stay on disk and are sent by a later run, once', async () => {
    const port = Number(new URL(daemon.url).port)
    const { dataDir, token } = daemon
    await daemon.stop()
    const { ended, err, out } = start('unheard', 'echo did it; exit 4')
    expect(await ended).toBe(4)
    expect(out()).toBe('did it\n')
    expect(err()).toBe('')
    expect(kept()).toHaveLength(2)
    for (const file of kept()) expect(readFileSync(join(folder, 'spool', file), 'utf8')).not.toContain(token)
    // A crash may leave half a file.
    writeFileSync(join(folder, 'spool', '000000000000001-half.json'), '{"url":')
    daemon = await startDaemon({ dataDir, port })
    const later = start('later', 'true')
    expect(await later.ended).toBe(0)
    expect(await run('unheard')).toMatchObject({ state: 'error', results: { exitCode: 4 } })
    expect(await run('later')).toMatchObject({ state: 'completed' })
    expect(kept()).toEqual(['000000000000001-half.json'])
  })

  test('a command is not held up', async () => {
    const { ended } = start('offline', 'exit 5', [], 'http://127.0.0.1:1')
    expect(await ended).toBe(5)
    const [program = '', ...rest] = executable()
    const env = {
      ...process.env,
      TOCSIN_URL: 'http://127.0.0.1:1',
      TOCSIN_TOKEN: 'x',
      TOCSIN_SPOOL: join(folder, 'spool'),
    }
    const flushing = spawn(program, [...rest, 'exec', '--flush'], { env, stdio: 'pipe' })
    expect((await once(flushing, 'close'))[0]).toBe(1)
  })
})

test('a wrong command line is told before anything runs', () => {
  expect(daemon.run('exec').code).toBe(2)
  expect(daemon.run('exec', '--label', 'nonsense', '--', 'true').err).toContain('must be name=value')
  expect(daemon.run('exec', '--heartbeat', 'often', '--', 'true').err).toContain('--heartbeat')
})
