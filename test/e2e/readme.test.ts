import { expect, setDefaultTimeout, test } from 'bun:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { executable } from '../support/executable.ts'
import { postgres, postgresServer } from '../support/postgres.ts'
import { startReceiver } from '../support/receiver.ts'
import { program, skipUnless } from '../support/requirements.ts'
import { freePort } from '../support/servers.ts'

setDefaultTimeout(120_000)

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const section = /^## Your first rule$([\s\S]*?)^## /m.exec(readme)?.[1] ?? ''
const commands = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text?.trim()).join('\n\n')
const canRun = await skipUnless(program('curl', 'curl'), postgresServer)

canRun('what the README tells a newcomer to type', () => {
  test('is five commands', () => {
    expect(commands.split(/\n\n(?=\S)/)).toHaveLength(5)
  })

  test('leads to a message about their own Postgres in their own webhook, and to its explanation', async () => {
    const server = await postgres()
    const receiver = await startReceiver()
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-readme-'))
    const [file = ''] = executable()
    const address = `127.0.0.1:${await freePort()}`
    await server.execute(`CREATE TABLE orders AS SELECT true AS paid, false AS shipped, now() - interval '1 day' AS changed_at
      FROM generate_series(1, 11)`)
    const script = commands
      .replaceAll('dist/tocsin', file)
      .replaceAll('./data', join(folder, 'data'))
      .replaceAll('127.0.0.1:8686', address)
      .replace('postgres://watcher:secret@db.example.com/shop', server.url)
      .replace('https://hooks.example.com/orders', receiver.url)
      .replace('"30s"', '"5s"')
    const env = {
      ...process.env,
      TOCSIN_EGRESS_ALLOW: '127.0.0.0/8',
      TOCSIN_LISTEN: address,
      TOCSIN_URL: `http://${address}`,
    }
    // The daemon is in the background, so the third command waits until it listens, and the last one until it has sent.
    const [token, serve, connection, rule, explain] = script.split(/\n\n(?=\S)/)
    const listens = `until ${file} healthcheck > /dev/null 2>&1; do sleep 0.1; done`
    const steps = [token, serve, listens, connection, rule, 'read -r line', explain, 'kill $!', 'wait']
    const shell = spawn('bash', ['-c', steps.join('\n')], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    let out = ''
    shell.stdout.on('data', (chunk) => {
      out += String(chunk)
    })
    const ended = once(shell, 'exit')
    const [message] = await receiver.until(1)
    shell.stdin.end('\n')
    await ended
    expect(message?.body).toContain('orders are stuck')
    expect(out).toMatch(/"name":"orders are stuck"[\s\S]*the condition was true/)
    await server.execute('DROP TABLE orders')
    await receiver.close()
    rmSync(folder, { recursive: true })
  })
})
