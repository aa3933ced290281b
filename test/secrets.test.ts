import { describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  assertMasterKey,
  checkValue,
  createSecrets,
  isExposed,
  loadMasterKey,
  masterKeyPath,
  rewrap,
  wrapNewKey,
  writeMasterKey,
} from '../src/secrets.ts'

const master = new Uint8Array(32).fill(7)
const other = new Uint8Array(32).fill(8)

function folder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'tocsin-secrets-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

describe('sealing', () => {
  const secrets = createSecrets(master, [wrapNewKey(master, 'key_1')])

  test('any text opens where it was sealed and nowhere else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (plain, identity, elsewhere) => {
        const sealed = secrets.seal(plain, identity)
        expect(secrets.open(sealed, identity)).toBe(plain)
        if (elsewhere !== identity) expect(() => secrets.open(sealed, elsewhere)).toThrow('cannot be opened')
      }),
      { numRuns: 50 },
    )
  })

  test('two ciphertexts swapped between rows do not open', () => {
    const [first, second] = [secrets.seal('one', 'channels|chn_1'), secrets.seal('two', 'channels|chn_2')]
    expect(() => secrets.open(second, 'channels|chn_1')).toThrow('moved from another place')
    expect(() => secrets.open(first, 'channels|chn_2')).toThrow('moved from another place')
  })

  test('every altered character is noticed', () => {
    const sealed = secrets.seal('hunter2', 'connections|con_1')
    for (let at = 0; at < sealed.length - 1; at += 1) {
      const altered = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
      expect(() => secrets.open(altered, 'connections|con_1')).toThrow()
    }
  })

  test('the same text is never sealed the same way twice and does not show', () => {
    const [first, second] = [secrets.seal('hunter2', 'x'), secrets.seal('hunter2', 'x')]
    expect(first).not.toBe(second)
    expect(first).not.toContain('hunter2')
    expect(first).not.toContain(Buffer.from('hunter2').toString('base64url'))
  })

  test('without a data key nothing is sealed', () => {
    expect(() => createSecrets(master, []).seal('x', 'y')).toThrow('no data key')
  })
})

describe('keys', () => {
  test('a wrong master key opens no data key', () => {
    expect(() => createSecrets(other, [wrapNewKey(master, 'key_1')])).toThrow('data_keys|key_1')
  })

  test('a data key cannot pass for another one', () => {
    const { wrapped } = wrapNewKey(master, 'key_1')
    expect(() => createSecrets(master, [{ id: 'key_2', wrapped }])).toThrow('cannot be opened')
  })

  test('the newest data key seals, older ones still open', () => {
    const first = wrapNewKey(master, 'key_1')
    const old = createSecrets(master, [first]).seal('kept', 'x')
    const both = createSecrets(master, [first, wrapNewKey(master, 'key_2')])
    expect(both.open(old, 'x')).toBe('kept')
    expect(both.seal('new', 'x')).toStartWith('v1.key_2.')
  })

  test('after rewrapping the new master key opens what the old one sealed, and the old one does not', () => {
    const key = wrapNewKey(master, 'key_1')
    const sealed = createSecrets(master, [key]).seal('kept', 'x')
    const moved = rewrap(key, master, other)
    expect(createSecrets(other, [moved]).open(sealed, 'x')).toBe('kept')
    expect(() => createSecrets(master, [moved])).toThrow()
  })

  test('the check value tells the right key from others', () => {
    const check = checkValue(master)
    expect(() => assertMasterKey(master, check)).not.toThrow()
    expect(() => assertMasterKey(other, check)).toThrow('not the one this data directory was sealed with')
    expect(() => assertMasterKey(master, '')).toThrow()
  })
})

describe('where the master key comes from', () => {
  test('the named file, then the credential, then the file beside the data directory', () => {
    using home = folder()
    const credentialsDirectory = join(home.path, 'credentials')
    const sources = { masterKeyFile: null, credentialsDirectory, dataDir: join(home.path, 'data') }
    expect(masterKeyPath(sources)).toBe(join(home.path, 'data.key'))
    mkdirSync(credentialsDirectory)
    expect(masterKeyPath(sources)).toBe(join(home.path, 'data.key'))
    writeMasterKey(join(credentialsDirectory, 'master.key'))
    expect(masterKeyPath(sources)).toBe(join(credentialsDirectory, 'master.key'))
    expect(masterKeyPath({ ...sources, masterKeyFile: '/etc/own.key' })).toBe('/etc/own.key')
  })

  test('it is made once, for its owner alone, beside the data directory', () => {
    using home = folder()
    const sources = { masterKeyFile: null, credentialsDirectory: null, dataDir: `${home.path}/data/` }
    const made = loadMasterKey(sources, false)
    const file = join(home.path, 'data.key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(isExposed(file)).toBe(false)
    expect(loadMasterKey(sources, true)).toEqual(made)
  })

  test('a lost key is never replaced by a new one while secrets were sealed with it', () => {
    using home = folder()
    const sources = { masterKeyFile: null, credentialsDirectory: null, dataDir: join(home.path, 'data') }
    expect(() => loadMasterKey(sources, true)).toThrow('is missing. Secrets of this data directory were sealed with it')
  })

  test('a named file must be there and hold a key', () => {
    using home = folder()
    const masterKeyFile = join(home.path, 'own.key')
    const sources = { masterKeyFile, credentialsDirectory: null, dataDir: join(home.path, 'data') }
    expect(() => loadMasterKey(sources, false)).toThrow('own.key is missing. Make the file')
    writeFileSync(masterKeyFile, 'password\n')
    expect(() => loadMasterKey(sources, false)).toThrow('holds no master key')
    writeFileSync(masterKeyFile, 'tocsin-master-key-1:c2hvcnQ=\n')
    expect(() => loadMasterKey(sources, false)).toThrow('32 bytes in base64')
  })
})
