import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AppError, messageOf } from './errors.ts'

/** A data key as it is stored: encrypted by the master key. */
export interface WrappedKey {
  id: string
  wrapped: string
}

/**
 * Seals and opens texts. `identity` names the place the text is stored at, such as `channels|chn_1`; sealed text that
 * was moved to another place does not open. Both throw `AppError` with code `locked`.
 */
export interface Secrets {
  seal(plain: string, identity: string): string
  open(sealed: string, identity: string): string
}

/** Where the master key may come from, in this order; the last one, `<dataDir>.key`, is made when nothing is there yet. */
export interface MasterKeySources {
  /** From `--master-key-file` or `TOCSIN_MASTER_KEY_FILE`. */
  masterKeyFile: string | null
  /** systemd's `$CREDENTIALS_DIRECTORY`; its `master.key` is used if there is one. */
  credentialsDirectory: string | null
  dataDir: string
}

const FILE_PREFIX = 'tocsin-master-key-1:'
const VERSION = 'v1'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32

/** The file the master key is read from. */
export function masterKeyPath(sources: MasterKeySources): string {
  if (sources.masterKeyFile !== null) return sources.masterKeyFile
  const credential = sources.credentialsDirectory === null ? null : join(sources.credentialsDirectory, 'master.key')
  return credential !== null && existsSync(credential) ? credential : `${resolve(sources.dataDir)}.key`
}

/**
 * Reads the master key. It is made where it is missing, unless `inUse` says that secrets were already sealed with one:
 * a new key could never open them. Throws `AppError` with code `locked`.
 */
export function loadMasterKey(sources: MasterKeySources, inUse: boolean): Uint8Array {
  const path = masterKeyPath(sources)
  if (!existsSync(path)) {
    const own = path === `${resolve(sources.dataDir)}.key`
    if (inUse || !own)
      throw locked(
        `The master key file ${path} is missing. ${inUse ? 'Secrets of this data directory were sealed with it: put it back' : 'Make the file, or leave the setting out to have one made'}.`,
      )
    writeMasterKey(path)
  }
  return parseMasterKey(readText(path), path)
}

/** Writes a new random master key to a file that must not exist yet, readable by its owner alone. */
export function writeMasterKey(path: string): void {
  try {
    writeFileSync(path, `${FILE_PREFIX}${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
    chmodSync(path, 0o600)
  } catch (thrown) {
    throw locked(
      `The master key cannot be written to ${path} (${messageOf(thrown)}). Name another file with --master-key-file.`,
    )
  }
}

/** Whether others than its owner may read the file; the modes of Windows say nothing, so there it is never so. */
export function isExposed(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0
}

/** A value that tells whether a master key is the right one, and nothing else about it. */
export function checkValue(masterKey: Uint8Array): string {
  return createHmac('sha256', masterKey).update('tocsin master key check').digest('base64url')
}

/** A short name of the master key that a check value was made with, for people. */
export function keyId(check: string): string {
  return check.slice(0, 8)
}

/** Throws `AppError` with code `locked` when the key is not the one `expected` was made with. */
export function assertMasterKey(masterKey: Uint8Array, expected: string): void {
  const [given, known] = [Buffer.from(checkValue(masterKey)), Buffer.from(expected)]
  if (given.length === known.length && timingSafeEqual(given, known)) return
  throw locked(
    `The master key is not the one this data directory was sealed with: it is ${keyId(checkValue(masterKey))}, and ${keyId(expected)} is needed. Give the right one with --master-key-file; nothing was changed.`,
  )
}

/** A new data key, wrapped by the master key. */
export function wrapNewKey(masterKey: Uint8Array, id: string): WrappedKey {
  return { id, wrapped: encrypt(masterKey, randomBytes(KEY_BYTES), keyIdentity(id)) }
}

/** The same data key, wrapped by another master key: what it sealed stays as it is. */
export function rewrap(key: WrappedKey, from: Uint8Array, to: Uint8Array): WrappedKey {
  return { id: key.id, wrapped: encrypt(to, decrypt(from, key.wrapped, keyIdentity(key.id)), keyIdentity(key.id)) }
}

/** Unwraps the data keys; the last one seals, all of them open. */
export function createSecrets(masterKey: Uint8Array, keys: readonly WrappedKey[]): Secrets {
  const opened = new Map(keys.map(({ id, wrapped }) => [id, decrypt(masterKey, wrapped, keyIdentity(id))]))
  const newest = keys.at(-1)?.id
  return {
    seal(plain, identity) {
      const key = newest === undefined ? undefined : opened.get(newest)
      if (newest === undefined || key === undefined) throw locked('There is no data key to seal secrets with.')
      return `${VERSION}.${newest}.${encrypt(key, Buffer.from(plain), identity)}`
    },
    open(sealed, identity) {
      const [version, id = '', ...rest] = sealed.split('.')
      const key = opened.get(id)
      if (version !== VERSION || key === undefined)
        throw locked('A stored secret was sealed with a key that is not here. Restore the database as a whole.')
      return decrypt(key, rest.join('.'), identity).toString()
    },
  }
}

function parseMasterKey(text: string, path: string): Uint8Array {
  const bytes = text.startsWith(FILE_PREFIX)
    ? Buffer.from(text.slice(FILE_PREFIX.length).trim(), 'base64')
    : Buffer.alloc(0)
  if (bytes.length !== KEY_BYTES)
    throw locked(`${path} holds no master key: it must be one line, "${FILE_PREFIX}" and 32 bytes in base64.`)
  return bytes
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw locked(`The master key cannot be read from ${path} (${messageOf(thrown)}).`)
  }
}

function keyIdentity(id: string): string {
  return `data_keys|${id}`
}

function encrypt(key: Uint8Array, plain: Uint8Array, identity: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(`${VERSION}|${identity}`))
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return `${nonce.toString('base64url')}.${body.toString('base64url')}`
}

function decrypt(key: Uint8Array, sealed: string, identity: string): Buffer {
  const [nonce = '', text = ''] = sealed.split('.')
  const body = Buffer.from(text, 'base64url')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(`${VERSION}|${identity}`))
    decipher.setAuthTag(body.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()])
  } catch {
    throw locked(
      `The secret of ${identity} cannot be opened: it was altered, moved from another place or sealed with another key. Enter it again.`,
    )
  }
}

function locked(message: string): AppError {
  return new AppError('locked', message)
}

/** What is kept of a token or key that is shown once: its SHA-256. Long random texts need no more. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
