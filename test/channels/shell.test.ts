import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shell } from '../../src/channels/shell.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Message } from '../../src/model/message.ts'
import { createPrograms, ProgramError } from '../../src/programs.ts'
import { channelContract, contextOf, failureOf, settingsOf } from './contract.ts'
import { firing, messages } from './messages.ts'
import { type Fate, meetsFate } from './vendor-life.ts'

const command = ['/usr/bin/logger', '--tag', 'tocsin']

channelContract(shell, {
  accepted: [
    { command },
    { script: '/opt/alerts/page.sh', environment: { TEAM: 'models' }, secretEnvironment: { TOKEN: 'canary' } },
    { command: ['/bin/true'], timeoutSeconds: 120 },
  ],
  rejected: [
    [{}, 'command', 'either a command or a script'],
    [{ command, script: '/opt/a.sh' }, 'command', 'either a command or a script'],
    [{ command: 'logger tocsin' }, 'command', 'must be a list'],
    [{ command: [] }, 'command', 'must name a program'],
    [{ command: ['logger'] }, 'command', 'whole path'],
    [{ command: ['/bin/echo', 'a\0b'] }, 'command.1', 'NUL'],
    [{ script: 'page.sh' }, 'script', 'whole path'],
    [{ command, environment: { 'a-b': 'x' } }, 'environment.a-b', 'letters, digits and underscores'],
    [{ command, environment: { TOCSIN_TITLE: 'x' } }, 'environment.TOCSIN_TITLE', 'set by Tocsin itself'],
    [
      { command, environment: { LD_PRELOAD: '/tmp/x.so' } },
      'environment.LD_PRELOAD',
      'would change what the program runs',
    ],
    [{ command, environment: { BASH_ENV: '/tmp/x' } }, 'environment.BASH_ENV', 'would change what the program runs'],
    [{ command, secretEnvironment: { PATH: '/tmp' } }, 'secretEnvironment.PATH', 'would change what the program runs'],
    [{ command, environment: { A: 1 } }, 'environment.A', 'must be text'],
    [{ command, timeoutSeconds: 121 }, 'timeoutSeconds', '120 seconds at most'],
  ],
  secrets: ['secretEnvironment'],
})

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-shell-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function send(given: JsonObject, message: Message = firing, changes: Parameters<typeof contextOf>[0] = {}) {
  const settings = settingsOf(shell, given)
  const programs = createPrograms(['/bin', '/usr/bin', folder])
  return shell.send(shell.render(message), settings, contextOf({ programs, ...changes }))
}
const sh = (script: string, more: JsonObject = {}, message?: Message) =>
  send({ command: ['/bin/sh', '-c', script], ...more }, message)

describe('the program of a shell channel', () => {
  test('reads the message as JSON', async () => {
    const { response } = await sh('cat')
    const [end, text = ''] = response.split('\n')
    expect(end).toBe('exit code 0')
    expect(JSON.parse(text)).toMatchObject({
      v: 1,
      type: 'alert.firing',
      data: { title: firing.title, rule: firing.rule },
    })
  })

  test("reads a route's own body instead", async () => {
    const body = { text: '{"mine": 1}', contentType: 'application/json' } as const
    expect((await sh('cat', {}, { ...firing, body })).response).toBe('exit code 0\n{"mine": 1}')
  })

  test('finds the message, the delivery and the chosen variables in its environment', async () => {
    const script =
      'echo "$TOCSIN_TYPE|$TOCSIN_SEVERITY|$TOCSIN_TITLE|$TOCSIN_RULE|$TOCSIN_DELIVERY|$TOCSIN_ATTEMPT|$A|$TOKEN"'
    const { response } = await sh(script, { environment: { A: 'a b' }, secretEnvironment: { TOKEN: 'canary' } })
    expect(response.split('\n')[1]).toBe(
      'alert.firing|critical|Model drift is high|Model drift|msg_000000001abcdefgh|1|a b|canary',
    )
  })

  test('is started with hostile texts without harm: they stay what they are', async () => {
    const hostile = { ...(messages['hostile'] ?? firing), title: '$(touch /tmp/pwned) `id`; () { :;}; echo \0x' }
    const { response } = await sh(
      'printf "%s\\n" "$TOCSIN_TITLE" "$A"',
      { environment: { A: 'a\0b\u001b[2Jc' } },
      hostile,
    )
    expect(response.split('\n').slice(1)).toEqual([
      '$(touch /tmp/pwned) `id`; () { :;}; echo \\x00x',
      'a\\x00b\\x1b[2Jc',
    ])
  })

  test('takes the longest message', async () => {
    for (const message of Object.values(messages)) await sh('cat > /dev/null', {}, message)
    const long = {
      ...firing,
      title: 'x'.repeat(1_000_000),
      summary: 'y'.repeat(1_000_000),
      rule: 'z'.repeat(1_000_000),
    }
    expect((await sh('cat | wc -c', {}, long)).response).toMatch(/^exit code 0\n3\d{6}$/)
  })

  test('may be a script file', async () => {
    const script = join(folder, 'page.sh')
    writeFileSync(script, '#!/bin/sh\necho "paged about $TOCSIN_TITLE"\n', { mode: 0o755 })
    expect((await send({ script })).response).toBe('exit code 0\npaged about Model drift is high')
  })
})

describe('how it ends', () => {
  const ends: [script: string, expected: JsonObject][] = [
    ['echo later; exit 75', { outcome: 'retryable', reason: 'exit-75', response: 'exit code 75\nlater' }],
    ['echo no >&2; exit 1', { outcome: 'rejected', reason: 'exit-1', response: 'exit code 1\nno' }],
    ['exit 127', { outcome: 'rejected', reason: 'exit-127' }],
    ['kill -KILL $$', { outcome: 'unknown', reason: 'SIGKILL' }],
    ['sleep 600', { outcome: 'unknown', reason: 'timeout' }],
  ]
  test.each(ends)('%j', async (script, expected) => {
    const error = await failureOf(sh(script, { timeoutSeconds: 1 }))
    expect(error).toMatchObject({ disableChannel: false, ...expected })
    expect(error.message).toMatch(/^The program .*\.$/)
  })

  test.each([
    ['exit 75', { state: 'pending', cause: 'exit-75', wait: 5000 }],
    ['exit 1', { state: 'rejected', cause: 'exit-1' }],
    // It may have done its work, and is not told twice.
    ['kill -KILL $$', { state: 'unknown', cause: 'SIGKILL' }],
    ['sleep 600', { state: 'unknown', cause: 'timeout' }],
  ] as [string, Fate][])('through the worker: %s', async (script, expected) => {
    const settings = { command: ['/bin/sh', '-c', script], timeoutSeconds: script.startsWith('sleep') ? 1 : 60 }
    await meetsFate(shell, settings, expected, { programs: createPrograms(['/bin']) })
  })

  test('by a stop: what it did is not known; before its start: nothing', async () => {
    const stop = new AbortController()
    const sending = send({ command: ['/bin/sleep', '600'] }, firing, { signal: stop.signal })
    setTimeout(() => stop.abort(), 50)
    expect(await failureOf(sending)).toMatchObject({ outcome: 'unknown', reason: 'aborted' })
    const late = send({ command: ['/bin/true'] }, firing, { signal: stop.signal })
    expect(await failureOf(late)).toMatchObject({ outcome: 'retryable', reason: 'aborted' })
  })

  const starts: [reason: ProgramError['reason'], outcome: string][] = [
    ['denied', 'rejected'],
    ['missing', 'rejected'],
    ['not-executable', 'rejected'],
    ['failed', 'rejected'],
    ['busy', 'retryable'],
  ]
  test.each(starts)('that it did not start because of %s is %s', async (reason, outcome) => {
    const programs = { refusal: () => null, run: () => Promise.reject(new ProgramError(reason, 'The program is x.')) }
    const error = await failureOf(send({ command: ['/bin/true'] }, firing, { programs }))
    expect(error as object).toMatchObject({ outcome, reason, message: 'The program is x.' })
  })

  test('nothing is started that is not allowed', async () => {
    const error = await failureOf(send({ command: ['/sbin/reboot'] }))
    expect(error).toMatchObject({
      outcome: 'rejected',
      reason: 'denied',
      message: expect.stringContaining('shell: {allow:'),
    })
  })

  test('its output holds nothing that steers a terminal', async () => {
    expect((await sh("printf '\\033[2Jx\\007'")).response).toBe('exit code 0\n\\x1b[2Jx\\x07')
  })
})

test('programs are told apart by their path alone', () => {
  const at = (given: JsonObject) => shell.destination(settingsOf(shell, given))
  expect(at({ command })).toBe('program /usr/bin/logger')
  expect(at({ script: `/${'x'.repeat(900)}` })).toHaveLength(300)
})
