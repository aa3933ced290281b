import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { migrations } from '../../src/assets.ts'
import { systemClock } from '../../src/clock.ts'
import { lockDataDirectory } from '../../src/store/lock.ts'
import { openStore, openStoreBeside } from '../../src/store/open.ts'

let folder: string
let directory: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-open-'))
  directory = join(folder, 'deep/data')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('openStore', () => {
  test('makes the folder for its owner alone and brings the schema up to date', () => {
    const { store, schema } = openStore(directory, systemClock)
    store.close()
    expect(schema).toEqual({ from: 0, to: migrations().length, backup: null })
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    const again = openStore(directory, systemClock)
    again.store.close()
    expect(again.schema.from).toBe(migrations().length)
  })

  test('keeps a copy of the database as it was before the schema changed', () => {
    openStore(directory, systemClock).store.close()
    const next = { tag: '9999_next', sql: 'CREATE TABLE next (id TEXT)' }
    openStore(directory, systemClock, { migrations: [...migrations(), next] }).store.close()
    const copy = join(directory, `before-schema-${migrations().length + 1}.db`)
    expect(existsSync(copy)).toBe(true)
    const database = new Sqlite(copy, { readonly: true })
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
    database.close()
    expect(tables).toContain('rules')
    expect(tables).not.toContain('next')
  })

  test('refuses a database that is newer than the program', () => {
    openStore(directory, systemClock, {
      migrations: [...migrations(), { tag: '9999_next', sql: 'SELECT 1' }],
    }).store.close()
    expect(() => openStore(directory, systemClock)).toThrow(
      'written by a newer Tocsin (it has the schema change 9999_next)',
    )
  })
})

describe('openStoreBeside', () => {
  test('makes the schema when no daemon is there, and leaves the directory free', () => {
    openStoreBeside(directory, systemClock).store.close()
    lockDataDirectory(directory)()
  })

  test('works beside a daemon', () => {
    openStore(directory, systemClock).store.close()
    const release = lockDataDirectory(directory)
    const { store, schema } = openStoreBeside(directory, systemClock)
    store.close()
    release()
    expect(schema.from).toBe(migrations().length)
  })

  test('never changes the schema under a daemon of another version', () => {
    openStore(directory, systemClock, {
      migrations: [...migrations(), { tag: '9999_next', sql: 'SELECT 1' }],
    }).store.close()
    const release = lockDataDirectory(directory)
    expect(() => openStoreBeside(directory, systemClock)).toThrow('is of another version')
    release()
  })
})
