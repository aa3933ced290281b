import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { migrations } from '../../src/assets.ts'
import { systemClock } from '../../src/clock.ts'
import { backUp, inspect } from '../../src/store/backup.ts'
import { databaseFile, openStore } from '../../src/store/open.ts'
import { restore } from '../../src/store/restore.ts'

let folder: string
let data: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-backup-'))
  data = join(folder, 'data')
  file = join(folder, 'copies', 'today.db')
  mkdirSync(join(folder, 'copies'))
  openStore(data, systemClock).store.close()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const copy = (overwrite = false) => backUp(databaseFile(data), file, { overwrite })
/** Writes over a part in the middle of a file. */
function damage(path: string) {
  const bytes = readFileSync(path)
  bytes.fill(0xff, 4096 + 100, 4096 * 3)
  writeFileSync(path, bytes)
}

describe('a backup', () => {
  test('is whole, for its owner alone, and alone in its folder', () => {
    expect(copy()).toEqual({ schema: migrations().length, rules: 0, waiting: 0, keyCheck: null })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(folder, 'copies'))).toEqual(['today.db'])
  })

  test('is noted in the database it was made of', async () => {
    const before = Date.now()
    copy()
    const { store } = openStore(data, systemClock)
    expect((await store.census.count()).lastBackupAt).toBeGreaterThanOrEqual(before)
    store.close()
  })

  test('holds what was committed, and nothing of what a writer has not', () => {
    const writer = new Sqlite(databaseFile(data))
    writer.exec("INSERT INTO meta VALUES ('a', '1'); BEGIN IMMEDIATE; INSERT INTO meta VALUES ('b', '2')")
    // A writer that never lets go keeps it from being noted, and from nothing else.
    copy()
    writer.close()
    const database = new Sqlite(file, { readonly: true })
    expect(database.prepare("SELECT key FROM meta WHERE key IN ('a', 'b')").pluck().all()).toEqual(['a'])
    database.close()
  })

  test('overwrites a file only when it is told to, and then all at once', () => {
    writeFileSync(file, 'precious')
    expect(() => copy()).toThrow('is there already. Choose another name, or overwrite it with --force.')
    expect(readFileSync(file, 'utf8')).toBe('precious')
    copy(true)
    expect(inspect(file).schema).toBe(migrations().length)
  })

  test('of a damaged database is refused, and the one before stays', () => {
    copy()
    const good = readFileSync(file)
    // All is in the file itself, so that it can be damaged.
    const database = new Sqlite(databaseFile(data))
    database.pragma('wal_checkpoint(TRUNCATE)')
    database.close()
    damage(databaseFile(data))
    expect(() => copy(true)).toThrow(/not a usable database|malformed|not a database/)
    expect(readFileSync(file).equals(good)).toBe(true)
    expect(readdirSync(join(folder, 'copies'))).toEqual(['today.db'])
  })

  test('of nothing, or to nowhere, says what is wrong', () => {
    expect(() => backUp(join(folder, 'none/tocsin.db'), file, { overwrite: false })).toThrow('Name the data directory')
    expect(() => backUp(databaseFile(data), join(folder, 'none/x.db'), { overwrite: false })).toThrow(
      'cannot be written to',
    )
  })
})

describe('restore', () => {
  test('puts a backup into a directory that is missing or empty', () => {
    copy()
    for (const name of ['missing', 'empty']) {
      if (name === 'empty') mkdirSync(join(folder, name))
      expect(restore(join(folder, name), file)).toMatchObject({ schema: migrations().length })
      expect(statSync(join(folder, name, 'tocsin.db')).mode & 0o777).toBe(0o600)
      openStore(join(folder, name), systemClock).store.close()
    }
  })

  test('takes a database with its log as well, as a plain copy of a directory has it', () => {
    const writer = new Sqlite(databaseFile(data))
    writer.exec("INSERT INTO meta VALUES ('late', '1')")
    mkdirSync(join(folder, 'plain'))
    for (const name of readdirSync(data).filter((name) => name.startsWith('tocsin.db')))
      writeFileSync(join(folder, 'plain', name), readFileSync(join(data, name)))
    writer.close()
    restore(join(folder, 'new'), join(folder, 'plain/tocsin.db'))
    const database = new Sqlite(databaseFile(join(folder, 'new')), { readonly: true })
    expect(database.prepare("SELECT value FROM meta WHERE key = 'late'").pluck().get()).toBe('1')
    database.close()
  })

  test('refuses a directory that holds anything, and leaves it alone', () => {
    copy()
    const before = readdirSync(data)
    expect(() => restore(data, file)).toThrow('is not empty')
    expect(readdirSync(data)).toEqual(before)
  })

  const unusable: [what: string, make: () => void, message: string][] = [
    ['a file that is not there', () => rmSync(file), 'cannot be read'],
    ['a file that is no database', () => writeFileSync(file, 'x'.repeat(9000)), 'is not a usable database of Tocsin'],
    ['an empty file', () => writeFileSync(file, ''), 'is not a usable database of Tocsin'],
    ['a damaged one', () => damage(file), 'is not a usable database of Tocsin'],
    [
      'the database of a newer version',
      () => change("INSERT INTO schema_migrations VALUES ('9999_next', 1)"),
      'newer Tocsin',
    ],
    [
      'one with loose ends',
      () => change("PRAGMA foreign_keys = OFF; INSERT INTO rule_clocks (rule_id) VALUES ('x')"),
      'rows refer to others',
    ],
  ]
  function change(sql: string) {
    const database = new Sqlite(file)
    database.exec(sql)
    database.close()
  }
  for (const [what, make, message] of unusable)
    test(`refuses ${what} and makes nothing`, () => {
      copy()
      make()
      expect(() => restore(join(folder, 'new'), file)).toThrow(message)
      expect(existsSync(join(folder, 'new'))).toBe(false)
    })
})
