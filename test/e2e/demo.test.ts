import { expect, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { executable } from '../support/executable.ts'
import { eventually } from '../support/servers.ts'

test('the demonstration tells the whole story and leaves nothing behind', async () => {
  const child = spawn(executable()[0] ?? '', ['demo'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const shows = (text: RegExp, limit: number) => eventually(() => expect(out + err).toMatch(text), limit)
  try {
    await shows(/Console {2}http:\/\/127\.0\.0\.1:\d+\nToken {4}tcs_/, 10_000)
    await shows(/alert {7}churn: normal to firing, value/, 20_000)
    await shows(/received {4}firing \(warning\): Model drift/, 5_000)
    await shows(/delivered {3}msg_/, 5_000)
    await shows(/suppressed {2}Suppressed after the last delivered message/, 20_000)
    await shows(/received {4}resolved \(info\): .*churn/, 40_000)
    const folder = /Files {4}(\S+)/.exec(out)?.[1] ?? ''
    expect(existsSync(folder)).toBe(true)
    child.kill('SIGINT')
    await once(child, 'exit')
    expect(child.exitCode).toBe(0)
    expect(err).toBe('')
    expect(existsSync(folder)).toBe(false)
  } finally {
    child.kill('SIGKILL')
  }
}, 120_000)
