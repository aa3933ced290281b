import { existsSync } from 'node:fs'
import { migrations } from '../../assets.ts'
import type { Config } from '../../config.ts'
import { messageOf } from '../../errors.ts'
import {
  assertMasterKey,
  createSecrets,
  isExposed,
  keyId,
  loadMasterKey,
  masterKeyPath,
  type Secrets,
} from '../../secrets.ts'
import type { Store } from '../../store/index.ts'
import { stepsOf } from '../../store/open.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** ms after which a backup is old. */
const OLD = 7 * 86_400_000

/** Whether this executable can work with the database as it is. */
export function lookAtSchema(directory: string): Finding[] {
  const about = 'schema'
  const known = migrations().map(({ tag }) => tag)
  const steps = stepsOf(directory)
  const newer = steps.filter((tag) => !known.includes(tag))
  if (newer.length > 0)
    return [
      fail(
        about,
        `the database is of a newer Tocsin (${newer.join(', ')})`,
        'use that version, or restore the copy that was made before the change',
      ),
    ]
  if (steps.length < known.length)
    return [
      warn(
        about,
        `the database has ${steps.length} of ${known.length} steps`,
        'the next start makes the others, after a copy',
      ),
    ]
  return [ok(about, `${steps.length} of ${known.length} steps`)]
}

/** Whether the key is there, for its owner alone, and opens the secrets; with them, if so. */
export async function lookAtKey(
  config: Config,
  store: Store,
  isRunning: boolean,
): Promise<{ findings: Finding[]; secrets: Secrets | null }> {
  const about = 'master key'
  const path = masterKeyPath(config)
  const check = await store.keys.check()
  if (check === undefined) return { findings: [ok(about, 'not needed yet; the first start makes it')], secrets: null }
  if (!existsSync(path) && isRunning)
    return {
      findings: [ok(about, `${keyId(check)}, which the daemon has; it is not at ${path} for this command`)],
      secrets: null,
    }
  try {
    const key = loadMasterKey(config, true)
    assertMasterKey(key, check)
    const secrets = createSecrets(key, await store.keys.list())
    const findings = isExposed(path)
      ? [warn(about, `${path} opens the secrets, but others may read it`, `chmod 600 ${path}`)]
      : [ok(about, `${path} (${keyId(check)}) opens the secrets`)]
    return { findings, secrets }
  } catch (thrown) {
    const remedy = `put the key ${keyId(check)} there, or name its file with --master-key-file (under systemd: /etc/tocsin/master.key)`
    return { findings: [fail(about, messageOf(thrown), remedy)], secrets: null }
  }
}

/** Whether there is a backup, and of this week. */
export function lookAtBackup(lastBackupAt: number | null, now: number): Finding[] {
  const remedy = 'tocsin backup --data-dir DIR FILE, from a timer'
  if (lastBackupAt === null) return [warn('backup', 'none was ever made', remedy)]
  const text = `the latest is of ${new Date(lastBackupAt).toISOString()}`
  return now - lastBackupAt > OLD ? [warn('backup', text, remedy)] : [ok('backup', text)]
}
