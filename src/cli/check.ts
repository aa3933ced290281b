import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { assertMasterKey, isExposed, loadMasterKey, masterKeyPath } from '../secrets.ts'
import type { Store } from '../store/index.ts'
import { openStoreBeside } from '../store/open.ts'
import { type Flags, settle } from './settings.ts'
import type { Terminal } from './terminal.ts'

/** Checks settings, data directory and key without starting anything. Exit code 1 when something is not usable. */
export async function check(terminal: Terminal, flags: Flags): Promise<number> {
  const config = settle(terminal, flags)
  terminal.out('settings: usable')
  if (!existsSync(join(config.dataDir, 'tocsin.db'))) {
    terminal.out(`data directory: ${config.dataDir} holds no database yet; "tocsin serve" makes it`)
    return 0
  }
  const { store, schema } = openStoreBeside(config.dataDir, systemClock)
  try {
    terminal.out(`data directory: ${config.dataDir}, schema ${schema.to}`)
    terminal.out(`master key: ${await checkKey(config, store)}`)
    const rules = await store.rules.count()
    terminal.out(`rules: ${rules}`)
    return 0
  } finally {
    store.close()
  }
}

async function checkKey(config: Config, store: Store): Promise<string> {
  const expected = await store.keys.check()
  if (expected === undefined) return 'not needed yet'
  assertMasterKey(loadMasterKey(config, true), expected)
  const path = masterKeyPath(config)
  return isExposed(path)
    ? `${path} opens the secrets, but others may read it: run chmod 600 ${path}`
    : `${path} opens the secrets`
}
