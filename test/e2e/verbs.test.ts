import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { plainObject } from '../support/notifications.ts'
import { freePort } from '../support/servers.ts'
import { watchedSqlite } from '../support/watched.ts'

let folder: string
let daemon: Daemon
let data: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-verbs-'))
  data = join(folder, 'data.json')
  writeFileSync(data, '{"x": 2, "big": 12345678901234567890, "whole": 2.0}')
  daemon = await startDaemon({ env: { TOCSIN_CONNECTIONS_SQLITE_PATHS: folder } })
  const watched = watchedSqlite(join(folder, 'drift.db'))
  await watched.setScore(0.42)
  await daemon.api('POST', '/connections', { name: 'data', kind: 'sqlite', settings: watched.settings })
  await daemon.api('POST', '/channels', { name: 'console', kind: 'console', settings: {} })
  const nobody = { url: `http://127.0.0.1:${await freePort()}/` }
  await daemon.api('POST', '/channels', { name: 'nobody', kind: 'webhook', settings: nobody })
  await daemon.api('POST', '/rules', {
    name: 'nightly drift',
    connection: 'data',
    query: 'SELECT model, score FROM drift',
    schedule: { cron: '0 0 1 1 *' },
    condition: { dialect: 'python', text: 'query_result["score"] > 0.3' },
    message: { title: '{{ query_result.model }} drifts' },
    routes: [{ channel: 'console' }],
  })
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** What a verb printed when it did what it was asked for. */
function ok(...argv: string[]): string {
  const { code, out, err } = daemon.run(...argv)
  expect({ argv, code, err }).toEqual({ argv, code: 0, err: '' })
  return out
}

describe('verbs of the executable beside a daemon', () => {
  test('run shows first, then does, and explain says what was done', () => {
    const shown = ok('run', 'nightly drift', '--dry-run')
    expect(shown).toContain('verdict: true, value 0.42 (1 row)')
    expect(shown).toContain('churn drifts')
    expect(shown).toEndWith('Nothing was stored or sent.')
    expect(ok('run', 'nightly drift')).toContain('the condition was true')
    const words = ok('explain', 'nightly drift')
    const delivery = /msg_[0-9a-z]+/.exec(words)?.[0] ?? 'none'
    expect(ok('explain', delivery)).toMatch(/is delivered.*Evaluation evl_/s)
  })

  test('send, channels, check and healthcheck', () => {
    expect(ok('send', 'console')).toMatch(/^msg_\S+: delivered\./)
    const kinds: { kind: string }[] = JSON.parse(ok('channels', '--json'))
    expect(kinds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['console', 'mail', 'webhook']))
    expect(ok('check')).toContain('settings: usable')
    expect(ok('healthcheck')).toBe('ready')
  })

  test('a token is made, listed and ended while the daemon runs, and it hears of it at once', async () => {
    const made = daemon.run('token', 'create', '--name', 'robot', '--role', 'viewer')
    const token = made.out.split('\n').at(-1) ?? ''
    const status = async () =>
      (await fetch(`${daemon.url}/api/v1/rules`, { headers: { authorization: `Bearer ${token}` } })).status
    expect(await status()).toBe(200)
    expect(ok('token', 'list')).toMatch(/robot\s+viewer/)
    expect(ok('token', 'revoke', 'robot')).toBe('revoked: robot')
    expect(await status()).toBe(401)
  })

  test('an import shows its plan, and does it with --apply', async () => {
    const file = join(folder, 'notification.json')
    writeFileSync(file, JSON.stringify(plainObject()))
    const names = async () =>
      (await daemon.api<{ items: { name: string }[] }>('GET', '/rules')).items.map(({ name }) => name)
    expect(ok('import', 'vianops', file)).toContain('Add --apply to do it.')
    expect(await names()).toEqual(['nightly drift'])
    expect(ok('import', 'vianops', file, '--apply')).toContain('1 of 1 notifications were taken.')
    expect(await names()).toContain('drift')
  })

  test('eval and render take their last argument as it is, even when it begins with a dash', () => {
    const evaluate = (text: string) => ok('eval', '--dialect', 'python', '--data', data, text)
    expect(evaluate('-x')).toBe('{"ok":true,"value":-2,"truthy":true}')
    expect(evaluate('--x - 2')).toBe('{"ok":true,"value":0,"truthy":false}')
    expect(evaluate('--big')).toBe('{"ok":true,"value":"12345678901234567890","truthy":true}')
    const render = (engine: string, text: string) => ok('render', '--engine', engine, '--data', data, text)
    expect(render('liquid', '--{{ x }} {{ big }}')).toBe('--2 12345678901234567890')
    expect(render('jinja', '-{{ whole }}')).toBe('-2.0')
  })

  const failing: [what: string, argv: () => string[], code: number, told: RegExp][] = [
    ['a rule that does not exist', () => ['run', 'nightly drfit'], 1, /no rule "nightly drfit".*"nightly drift"/],
    ['what cannot be explained', () => ['explain', 'msg_0'], 1, /msg_0/],
    ['a channel that does not exist', () => ['send', 'consle'], 1, /consle.*"console"/],
    ['a token that does not work', () => ['run', 'nightly drift', '--token', 'tcs_x'], 1, /token/],
    ['a daemon that is not there', () => ['healthcheck', '--url', 'http://127.0.0.1:1'], 1, /cannot be reached/],
    ['settings that are none', () => ['check', '--listen', 'nowhere'], 1, /listen: must be HOST:PORT/],
    ['a token that is not there', () => ['token', 'revoke', 'nobody'], 1, /no token "nobody"/],
    ['a file that is not there', () => ['import', 'vianops', join(folder, 'none.json')], 1, /none\.json/],
    ['a template that is none', () => ['render', '--engine', 'jinja', '--data', data, '{{ 1 + }}'], 1, /line 1/],
    ['an engine that is none', () => ['render', '--engine', 'perl', '--data', data, 'x'], 1, /--engine/],
    ['a verb that is none', () => ['rnu', 'x'], 2, /unknown command 'rnu'/],
    ['an option that is none', () => ['run', 'x', '--dry'], 2, /--dry/],
    ['an argument that is missing', () => ['explain'], 2, /missing required argument/],
  ]
  for (const [what, argv, code, told] of failing)
    test(`${what} is told on standard error with exit code ${code}`, () => {
      const result = daemon.run(...argv())
      expect(result).toMatchObject({ code, out: '' })
      expect(result.err).toMatch(told)
      expect(result.err).not.toMatch(/^\s+at /m)
    })

  test('an expression that fails is told as JSON, and a message that nobody takes by the exit code', () => {
    const evaluated = daemon.run('eval', '--dialect', 'python', '--data', data, '-y')
    expect(evaluated.code).toBe(1)
    expect(JSON.parse(evaluated.out)).toMatchObject({ ok: false, error: { kind: 'NameError', line: 1, column: 2 } })
    expect(daemon.run('send', 'nobody')).toMatchObject({ code: 1, out: expect.stringContaining('refused') })
  })
})
