import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import { messageOf } from '../errors.ts'
import { assertMasterKey, keyId, loadMasterKey, masterKeyPath } from '../secrets.ts'
import { backUp } from '../store/backup.ts'
import { databaseFile } from '../store/open.ts'
import { restore as restoreInto } from '../store/restore.ts'
import { type Flags, settle } from './settings.ts'
import type { Terminal } from './terminal.ts'

/** Copies the database to a file, beside the daemon or without it, and verifies the copy. */
export function backup(terminal: Terminal, flags: Flags, file: string, { force }: { force: boolean }): number {
  const { dataDir } = settle(terminal, flags)
  const { rules, waiting, keyCheck } = backUp(databaseFile(dataDir), file, { overwrite: force })
  terminal.out(`${resolve(file)}: ${rules} rules, ${waiting} deliveries under way; whole and consistent.`)
  if (keyCheck !== null)
    terminal.out(
      `It holds no key: its secrets open with the master key ${keyId(keyCheck)}, of which a copy belongs elsewhere.`,
    )
  return 0
}

/** Puts a backup into an empty data directory and says which key it needs. */
export function restore(terminal: Terminal, flags: Flags, file: string): number {
  const config = settle(terminal, flags)
  const { rules, waiting, keyCheck } = restoreInto(config.dataDir, file)
  terminal.out(`${resolve(config.dataDir)}: ${rules} rules, ${waiting} deliveries that are sent once it is started.`)
  if (keyCheck !== null) terminal.out(tellKey(config, keyCheck))
  return 0
}

function tellKey(config: Config, keyCheck: string): string {
  const path = masterKeyPath(config)
  try {
    assertMasterKey(loadMasterKey(config, true), keyCheck)
    return `Its secrets open with the master key ${keyId(keyCheck)}, which ${path} holds.`
  } catch (thrown) {
    return `Its secrets need the master key ${keyId(keyCheck)}. Put that one at ${path}, or name it with --master-key-file, before the start. (${messageOf(thrown)})`
  }
}
