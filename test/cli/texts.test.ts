import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../support/command.ts'

let folder: string
let data: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-texts-'))
  data = join(folder, 'data.json')
  writeFileSync(data, '{"x": 2, "help": 1, "dialect": 5}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const evaluate = (...argv: string[]) => runCommand(['eval', '--dialect', 'python', '--data', data, ...argv])

describe('a text as the last argument', () => {
  const taken: [text: string, value: unknown][] = [
    ['x + 1', 3],
    ['-x', -2],
    ['--x', 2],
    ['--help', -(-1)],
    ['--dialect', 5],
    ['- -x', 2],
  ]
  for (const [text, value] of taken)
    test(`${text} is taken as it is`, async () => {
      const { code, out } = await evaluate(text)
      expect(JSON.parse(out)).toMatchObject({ ok: true, value })
      expect(code).toBe(0)
    })

  test('the usual end of options works too', async () => {
    expect(JSON.parse((await evaluate('--', '-x')).out)).toMatchObject({ value: -2 })
  })

  test('two texts are refused, and none', async () => {
    expect((await evaluate('x', 'x')).code).toBe(2)
    expect((await runCommand(['eval'])).code).toBe(2)
    expect((await runCommand(['eval', '--help'])).out).toContain('Usage: tocsin eval')
  })
})

describe('eval', () => {
  test('an error is one line of JSON with its place, and exit code 1', async () => {
    const { code, out, err } = await evaluate('x +')
    expect(code).toBe(1)
    expect(err).toBe('')
    expect(JSON.parse(out)).toEqual({
      ok: false,
      error: { kind: 'SyntaxError', message: expect.any(String), line: 1, column: expect.any(Number) },
    })
  })

  test('a file that cannot be read is an error of the input', async () => {
    const { code, out } = await runCommand(['eval', '--data', join(folder, 'nothing.json'), 'x'])
    expect(code).toBe(1)
    expect(JSON.parse(out).error.message).toContain('cannot be read as JSON')
  })
})
