import type { Clock } from '../clock.ts'
import { newId } from '../ids.ts'
import {
  assertMasterKey,
  checkValue,
  createSecrets,
  loadMasterKey,
  type MasterKeySources,
  rewrap,
  type Secrets,
  wrapNewKey,
} from '../secrets.ts'
import type { KeyQueries } from '../store/keys.ts'

/**
 * Reads the master key and unwraps the data keys with it; at the first start both are made. Throws `locked` when the
 * key is missing or is not the one the secrets were sealed with.
 */
export async function unlockSecrets(keys: KeyQueries, sources: MasterKeySources, clock: Clock): Promise<Secrets> {
  const masterKey = loadMasterKey(sources, (await keys.check()) !== undefined)
  await keys.initialise(checkValue(masterKey), wrapNewKey(masterKey, newId('key', clock.now())))
  assertMasterKey(masterKey, (await keys.check()) ?? '')
  return createSecrets(masterKey, await keys.list())
}

/** Puts the data keys under another master key. What they sealed stays as it is. Throws `locked`. */
export async function changeMasterKey(keys: KeyQueries, from: Uint8Array, to: Uint8Array): Promise<void> {
  assertMasterKey(from, (await keys.check()) ?? '')
  const wrapped = (await keys.list()).map((key) => rewrap(key, from, to))
  await keys.replaceWrapped(checkValue(to), wrapped)
}
