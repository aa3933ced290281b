import { expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Message } from '../../src/model/message.ts'
import { startDaemon } from '../support/executable.ts'
import { startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'

test('the executable runs the scripts of variables that the operator allowed, with a clean environment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-variables-'))
  const receiver = await startReceiver()
  try {
    const script = join(folder, 'owner.sh')
    const text = `#!/bin/sh\nif env | grep -q -e TOCSIN -e AWS; then exit 4; fi\nname=$(grep -o '"name":"[a-z]*"' | head -1)\necho "{\\"owner\\": \\"owner of $(echo $name | tr -d '"')\\"}"\n`
    writeFileSync(script, text, { mode: 0o755 })
    const config = join(folder, 'tocsin.yaml')
    writeFileSync(config, `shell:\n  allow: [${script}]\n`)
    await using daemon = await startDaemon({ env: { TOCSIN_CONFIG: config, AWS_SECRET_ACCESS_KEY: 'canary' } })
    const refusal = daemon.api('PUT', '/variables', { variables: [{ command: ['/bin/true'], defines: ['owner'] }] })
    await expect(refusal).rejects.toThrow(/variables\.0\.command.*shell: \{allow: \[\/bin\/true\]\}/)
    await daemon.api('PUT', '/variables', { variables: [{ command: [script], defines: ['owner'] }] })
    await daemon.api('POST', '/channels', { name: 'ops', kind: 'webhook', settings: { url: receiver.url } })
    const rule = { name: 'ends', runs: {}, when: ['end'], message: { title: 'For {{ owner }}' } }
    await daemon.api('POST', '/rules', { ...rule, routes: [{ channel: 'ops' }] })
    await daemon.api('PUT', '/runs/r1', { name: 'nightly', state: 'completed' })
    await eventually(() => expect(receiver.received).toHaveLength(1))
    const { data } = JSON.parse(receiver.received[0]?.body ?? '') as { data: Message }
    expect(data.title).toBe('For owner of name:nightly')
  } finally {
    await receiver.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a script that runs when the executable is asked to end is ended with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-variables-'))
  try {
    const script = join(folder, 'long.sh')
    writeFileSync(script, `#!/bin/sh\ntrap '' TERM\necho $$ > ${folder}/pid\nwhile :; do sleep 1; done\n`, {
      mode: 0o755,
    })
    await using daemon = await startDaemon({ env: { TOCSIN_SHELL_ALLOW: folder } })
    const variables = [{ command: [script], defines: ['owner'], timeoutSeconds: 30 }]
    await daemon.api('PUT', '/variables', { variables })
    const message = { title: '{{ owner }}' }
    await daemon.api('POST', '/rules', {
      ...{ name: 'ends', runs: {}, when: ['end'], message },
      routes: [{ channel: { kind: 'console', settings: {} } }],
    })
    const told = daemon.api('PUT', '/runs/r1', { name: 'nightly', state: 'completed' }).catch(() => 'not answered')
    const pid = await eventually(() => {
      const read = Number(readFileSync(`${folder}/pid`, 'utf8'))
      expect(read).toBeGreaterThan(0)
      return read
    })
    expect(await daemon.stop()).toBe(0)
    expect(await told).toBe('not answered')
    expect(existsSync(`/proc/${pid}`)).toBe(false)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 20_000)
