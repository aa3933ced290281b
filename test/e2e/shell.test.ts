import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startDaemon } from '../support/executable.ts'
import { eventually } from '../support/servers.ts'

interface Shown {
  state: string
  attempts: { outcome: string; response: string }[]
}

/** Sends a test through the channel and gives what became of it. */
async function tried(daemon: Daemon, channel: string): Promise<Shown> {
  const { deliveries } = await daemon.api<{ deliveries: string[] }>('POST', `/channels/${channel}/test`)
  return eventually(async () => {
    const shown = await daemon.api<Shown>('GET', `/deliveries/${deliveries[0]}`)
    expect(shown.attempts[0]?.outcome).toBeString()
    return shown
  })
}

test('the executable starts the programs that are allowed, with a clean environment, and no others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-shell-'))
  try {
    const script = join(folder, 'page.sh')
    writeFileSync(script, '#!/bin/sh\nenv; cat\n', { mode: 0o755 })
    const config = join(folder, 'tocsin.yaml')
    writeFileSync(config, `shell:\n  allow: [${folder}]\n`)
    await using daemon = await startDaemon({ env: { TOCSIN_CONFIG: config, AWS_SECRET_ACCESS_KEY: 'canary' } })
    const settings = { script, environment: { TEAM: 'models' }, secretEnvironment: { PAGER_TOKEN: 'hunter2hunter2' } }
    await daemon.api('POST', '/channels', { name: 'pager', kind: 'shell', settings })
    const { state, attempts } = await tried(daemon, 'pager')
    const response = attempts[0]?.response ?? ''
    expect(state).toBe('delivered')
    expect(response).toContain('TEAM=models')
    expect(response).toContain('PAGER_TOKEN=***')
    expect(response).toContain('"type":"test"')
    expect(response).not.toMatch(/canary|hunter2|TOCSIN_(TOKEN|CONFIG|DATA_DIR|MASTER)/)

    const other = { name: 'other', kind: 'shell', settings: { command: ['/bin/true'] } }
    const refusal = daemon.api('POST', '/channels', other)
    await expect(refusal).rejects.toThrow(/settings\.command.*shell: \{allow: \[\/bin\/true\]\}/)
    const route = { channel: { kind: 'shell', settings: { command: ['/bin/true'] } } }
    const rule = {
      name: 'r',
      connection: 'none',
      query: 'SELECT 1',
      schedule: { every: '1h' },
      condition: { text: 'rows' },
    }
    await expect(daemon.api('POST', '/rules', { ...rule, routes: [route] })).rejects.toThrow(/shell: \{allow:/)
    const call = { message: { title: 'x' }, settings: { command: ['/bin/true'] } }
    await expect(daemon.api('POST', '/channels/pager/send', call)).rejects.toThrow(
      'can only be set in the channel itself',
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
