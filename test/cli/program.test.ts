import { describe, expect, test } from 'bun:test'
import { runCommand } from '../support/command.ts'

describe('the command line', () => {
  test('version --json tells what the program is made of', async () => {
    const { code, out } = await runCommand(['version', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      commit: 'unknown',
      buildTime: null,
      runtime: `bun ${Bun.version}`,
      sqlite: expect.stringMatching(/^3\./),
      schema: expect.any(Number),
    })
  })

  test('an unknown verb or option is refused with exit code 2 and the nearest one', async () => {
    expect(await runCommand(['versio'])).toEqual({
      code: 2,
      out: '',
      err: "error: unknown command 'versio'\n(Did you mean version?)",
    })
    expect(await runCommand(['version', '--jsn'])).toMatchObject({ code: 2, err: expect.stringContaining('--json') })
  })

  test('help goes to standard output with exit code 0; nothing to do is an error', async () => {
    expect(await runCommand(['--help'])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('healthcheck'),
    })
    expect(await runCommand([])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Usage: tocsin') })
  })

  test('healthcheck says what it could not reach and exits with 1', async () => {
    const server = Bun.serve({ port: 0, fetch: () => new Response('', { status: 503 }) })
    expect(await runCommand(['healthcheck', '--url', server.url.href])).toMatchObject({
      code: 1,
      out: expect.stringContaining('answered 503'),
    })
    await server.stop(true)
    expect(await runCommand(['healthcheck', '--url', server.url.href])).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be reached'),
    })
  })
})
