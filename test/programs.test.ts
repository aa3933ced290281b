import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPrograms, ProgramError } from '../src/programs.ts'
import { eventually } from './support/servers.ts'

const programs = createPrograms(['/bin', '/usr/bin/env'])
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-programs-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface More {
  input?: string
  environment?: Record<string, string>
  timeout?: number
  signal?: AbortSignal
}

function run(argv: string[], { input = '', environment = {}, timeout = 10_000, signal }: More = {}, door = programs) {
  return door.run({ argv, input, environment, timeout, signal: signal ?? new AbortController().signal })
}
const sh = (script: string, more: More = {}) => run(['/bin/sh', '-c', script], more)

async function refused(running: Promise<unknown>): Promise<ProgramError> {
  const thrown = await running.then(
    () => expect.unreachable(),
    (error) => error,
  )
  expect(thrown).toBeInstanceOf(ProgramError)
  return thrown
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The ids that a script has written to a file, one a line. */
const pidsIn = (file: string) => readFileSync(file, 'utf8').trim().split('\n').map(Number)

describe('which programs may be started', () => {
  const door = createPrograms(['/opt/alerts/', '/usr/bin/logger'])
  test.each(['/opt/alerts/page', '/usr/bin/logger'])('%s may', (path) => {
    expect(door.refusal(path)).toBeNull()
  })
  test.each(['/usr/bin/logger2', '/opt/alerts/sub/page', '/opt/alertsx/page', '/bin/sh'])(
    '%s may not, and it is told how to allow it',
    (path) => {
      expect(door.refusal(path)).toContain(`by "shell: {allow: [${path}]}", or by TOCSIN_SHELL_ALLOW`)
    },
  )
  test.each(['logger', './logger', '/opt/alerts/../../bin/sh', '/opt//alerts/page', '/opt/alerts/./page', ''])(
    '%j is no whole path',
    (path) => {
      expect(door.refusal(path)).toContain('must be a whole path')
    },
  )
  test('none may by default', async () => {
    expect((await refused(run(['/bin/true'], {}, createPrograms([])))).reason).toBe('denied')
  })
})

describe('a program', () => {
  test('gets its arguments as they are, whatever a shell would make of them', async () => {
    const odd = ['$(id)', '`id`', '; id', '|', '> /tmp/x', "it's", '"', '*', '\n', '-n', '']
    const { output, code } = await run(['/bin/sh', '-c', 'for a; do printf "[%s]" "$a"; done', 'sh', ...odd])
    expect([code, output]).toEqual([0, odd.map((text) => `[${text}]`).join('')])
  })
  test('gets its input whole, and need not read it', async () => {
    const input = 'å€🔥\n'.repeat(100_000)
    const { output } = await sh('wc -c', { input })
    expect(output).toBe(String(Buffer.byteLength(input)))
    expect(await sh('exit 0', { input })).toMatchObject({ code: 0 })
  })
  test('finds what it was given in its environment, and nothing of ours', async () => {
    process.env['TOCSIN_CANARY'] = 'canary'
    const { output } = await run(['/usr/bin/env'], { environment: { A: 'one\ntwo', B: '' } })
    delete process.env['TOCSIN_CANARY']
    expect(output.split('\n').sort()).toEqual([
      'A=one',
      'B=',
      'LANG=C.UTF-8',
      expect.stringMatching(/^PATH=\/usr/),
      'two',
    ])
  })
  test('starts in the root folder', async () => {
    expect((await sh('pwd')).output).toBe('/')
  })
  test.each([0, 1, 75, 255])('ends with its code %d', async (code) => {
    expect(await sh(`echo out; echo err >&2; exit ${code}`)).toMatchObject({ code, signal: null, stopped: null })
  })
  test('may crash', async () => {
    expect(await sh('kill -SEGV $$')).toMatchObject({ code: null, signal: 'SIGSEGV', stopped: null })
  })
  test('may write without end: the end of it is kept', async () => {
    const { output, code } = await sh('yes | head -c 20000000; echo the end')
    expect([code, output.length, output.startsWith('…'), output.endsWith('the end')]).toEqual([0, 8192, true, true])
  })
})

describe('a program that is not there', () => {
  test('is missing', async () => {
    expect(await refused(run(['/bin/tocsin-no-such-program']))).toMatchObject({ reason: 'missing' })
  })
  test('may not be executed, or is a script without its interpreter', async () => {
    const door = createPrograms([folder])
    const file = join(folder, 'script')
    writeFileSync(file, '#!/nowhere/sh\n')
    chmodSync(file, 0o644)
    expect(await refused(run([file], {}, door))).toMatchObject({
      reason: 'not-executable',
      message: expect.stringContaining('chmod +x'),
    })
    chmodSync(file, 0o755)
    expect(await refused(run([file], {}, door))).toMatchObject({ reason: 'missing' })
  })
  test('gets more than the system takes', async () => {
    expect(await refused(run(['/bin/true'], { environment: { A: 'x'.repeat(300_000) } }))).toMatchObject({
      reason: 'failed',
    })
  })
})

describe('a program that takes too long', () => {
  test('is ended with all it started', async () => {
    const file = join(folder, 'tree')
    const script = `echo $$ > ${file}; (sleep 600 & echo $! >> ${file}; wait) & sleep 600 & echo $! >> ${file}; wait`
    expect(await sh(script, { timeout: 300 })).toMatchObject({ stopped: 'timeout', signal: 'SIGTERM' })
    expect(pidsIn(file)).toHaveLength(3)
    await eventually(() => expect(pidsIn(file).filter(isAlive)).toEqual([]))
  })
  test('is killed when it does not want to end', async () => {
    const file = join(folder, 'stubborn')
    const script = `trap '' TERM; echo $$ > ${file}; sh -c 'trap "" TERM; echo $$ >> ${file}; while :; do sleep 1; done' & while :; do sleep 1; done`
    expect(await sh(script, { timeout: 200 })).toMatchObject({ stopped: 'timeout', signal: 'SIGKILL' })
    await eventually(() => expect(pidsIn(file).filter(isAlive)).toEqual([]))
  })
  test('may tidy up when it is asked to end', async () => {
    const tidied = join(folder, 'tidied')
    const { code, stopped } = await sh(`trap 'touch ${tidied}; exit 3' TERM; sleep 600 & wait`, { timeout: 200 })
    expect([code, stopped, existsSync(tidied)]).toEqual([3, 'timeout', true])
  })
  test('is ended by a stop', async () => {
    const stop = new AbortController()
    const running = sh('sleep 600', { signal: stop.signal })
    setTimeout(() => stop.abort(), 50)
    expect(await running).toMatchObject({ stopped: 'aborted', signal: 'SIGTERM' })
    expect(await refused(sh('sleep 600', { signal: stop.signal }))).toMatchObject({ reason: 'aborted' })
  })
})

describe('what a program leaves behind', () => {
  test('is ended when it ends itself', async () => {
    const file = join(folder, 'left')
    expect(await sh(`sleep 600 & echo $! > ${file}; echo done`)).toMatchObject({ code: 0, output: 'done' })
    await eventually(() => expect(pidsIn(file).filter(isAlive)).toEqual([]))
  })
  test('does not hold it up when it left the group and keeps the output open', async () => {
    const file = join(folder, 'away')
    const began = performance.now()
    expect(await sh(`setsid sleep 5 & echo $! > ${file}; echo done`)).toMatchObject({ code: 0, output: 'done' })
    expect(performance.now() - began).toBeLessThan(4000)
  })
})
