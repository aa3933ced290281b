import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { executable, startDaemon } from '../support/executable.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-executable-'))
  writeFileSync(join(folder, 'data.json'), '{"x": 2}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the executable in an empty folder, with nothing of the source tree around. */
function tocsin(...argv: string[]) {
  const [program = ''] = executable()
  const { status, stdout, stderr } = spawnSync(program, argv, { cwd: folder, encoding: 'utf8' })
  return { code: status, out: stdout.trimEnd(), err: stderr.trimEnd() }
}

describe('the executable', () => {
  test('knows what it was built from and holds its migrations', () => {
    const { code, out } = tocsin('version', '--json')
    expect(code).toBe(0)
    const facts = JSON.parse(out)
    expect(facts).toMatchObject({ runtime: `bun ${Bun.version}`, sqlite: expect.stringMatching(/^3\./) })
    expect(facts.commit).toMatch(/^([0-9a-f]{7,}|unknown)$/)
    expect(new Date(facts.buildTime).toISOString()).toBe(facts.buildTime)
    expect(facts.schema).toBeGreaterThan(0)
  })

  test('holds the Jinja engine and its Worker', () => {
    expect(tocsin('render', '--engine', 'jinja', '--data', 'data.json', '{{ x * 21 }}')).toEqual({
      code: 0,
      out: '42',
      err: '',
    })
  })

  test('takes no settings from files that happen to lie in the working directory', () => {
    writeFileSync(join(folder, '.env'), 'TOCSIN_LISTEN=nonsense\n')
    expect(tocsin('check')).toMatchObject({ code: 0, err: '' })
    rmSync(join(folder, '.env'))
  })

  test('a second daemon on the same data directory is refused with the name of the first', async () => {
    await using first = await startDaemon()
    const { status, stderr } = spawnSync(executable()[0] ?? '', ['serve', '--data-dir', first.dataDir], {
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    expect(stderr).toContain(`is in use by process ${first.process.pid}`)
  })

  test('it ends in good order when asked, and starts again on what it left', async () => {
    await using first = await startDaemon()
    expect(first.run('healthcheck')).toMatchObject({ code: 0, out: 'ready' })
    expect(await first.stop()).toBe(0)
    expect(first.events.map(({ event }) => event)).toEqual(expect.arrayContaining(['started', 'stopped']))
    await using second = await startDaemon({ dataDir: first.dataDir })
    expect(second.run('healthcheck')).toMatchObject({ code: 0 })
  })
})

test('streams of events go out as things change, and hold up no end', async () => {
  await using daemon = await startDaemon()
  const headers = { authorization: `Bearer ${daemon.token}` }
  const { body } = await fetch(`${daemon.url}/api/v1/events`, { headers })
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  const until = async (part: string) => {
    while (!text.includes(part)) {
      const { value, done } = await reader.read()
      if (done) throw new Error(`It ended before "${part}": ${text}`)
      text += decoder.decode(value)
    }
  }
  await until('event: ready')
  const { id } = await daemon.api('POST', '/channels', { name: 'Ops', kind: 'console' })
  await until(`"channels":["${id}"]`)
  const asked = performance.now()
  const ended = daemon.stop()
  while (!(await reader.read()).done) {}
  expect(await ended).toBe(0)
  expect(performance.now() - asked).toBeLessThan(5000)
}, 30_000)
