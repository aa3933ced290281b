import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import { unlockSecrets } from '../../src/manage/keys.ts'
import { openStore } from '../../src/store/open.ts'
import { runCommand } from '../support/command.ts'

let folder: string
let dataDir: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-check-'))
  dataDir = join(folder, 'data')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const check = (...argv: string[]) => runCommand(['check', '--data-dir', dataDir, ...argv])

describe('check', () => {
  test('tells what is usable before anything was started', async () => {
    expect(await check()).toEqual({
      code: 0,
      out: `settings: usable\ndata directory: ${dataDir} holds no database yet; "tocsin serve" makes it`,
      err: '',
    })
  })

  test('names settings that are not', async () => {
    writeFileSync(join(folder, 'tocsin.yaml'), 'egress: {alow: [x]}')
    const { code, err } = await check('--config', join(folder, 'tocsin.yaml'))
    expect(code).toBe(1)
    expect(err).toContain('egress.alow: is not a setting. Did you mean "egress.allow"?')
  })

  test('says when the key is not the one that sealed the secrets', async () => {
    const { store } = openStore(dataDir, systemClock)
    await unlockSecrets(store.keys, { masterKeyFile: null, credentialsDirectory: null, dataDir }, systemClock)
    store.close()
    expect((await check()).out).toContain(`master key: ${dataDir}.key opens the secrets`)
    rmSync(`${dataDir}.key`)
    const lost = await check()
    expect(lost.code).toBe(1)
    expect(lost.err).toContain('is missing')
  })
})
