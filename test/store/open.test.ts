import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { migrations } from '../../src/assets.ts'
import { systemClock } from '../../src/clock.ts'
import { inspect } from '../../src/store/backup.ts'
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
    expect(statSync(copy).mode & 0o777).toBe(0o600)
  })

  test('keeps the newest copy when an upgrade was taken back and is made again', () => {
    openStore(directory, systemClock).store.close()
    const copy = join(directory, `before-schema-${migrations().length + 1}.db`)
    writeFileSync(copy, 'of an earlier attempt')
    const next = { tag: '9999_next', sql: 'CREATE TABLE next (id TEXT)' }
    const { store, schema } = openStore(directory, systemClock, { migrations: [...migrations(), next] })
    store.close()
    expect(schema.backup).toBe(copy)
    expect(inspect(copy).schema).toBe(migrations().length)
  })

  test('a step that fails changes nothing, and the message names the step and the copy', () => {
    openStore(directory, systemClock).store.close()
    const broken = { tag: '9999_broken', sql: 'CREATE TABLE half (id TEXT); CREATE TABLE rules (id TEXT)' }
    expect(() => openStore(directory, systemClock, { migrations: [...migrations(), broken] })).toThrow(
      /step 9999_broken failed.*version before can be started again.*before-schema-/,
    )
    const { store, schema } = openStore(directory, systemClock)
    store.close()
    expect(schema.from).toBe(migrations().length)
    const database = new Sqlite(join(directory, 'tocsin.db'), { readonly: true })
    expect(database.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").pluck().get()).toBe(0)
    database.close()
  })

  test('changes nothing when there is no room for the copy, or it cannot be written', () => {
    openStore(directory, systemClock).store.close()
    mkdirSync(join(directory, `before-schema-${migrations().length + 1}.db`, 'in the way'), { recursive: true })
    const next = { tag: '9999_next', sql: 'CREATE TABLE next (id TEXT)' }
    expect(() => openStore(directory, systemClock, { migrations: [...migrations(), next] })).toThrow()
    openStore(directory, systemClock).store.close()
  })

  test('refuses a database that is newer than the program', () => {
    openStore(directory, systemClock, {
      migrations: [...migrations(), { tag: '9999_next', sql: 'SELECT 1' }],
    }).store.close()
    expect(() => openStore(directory, systemClock)).toThrow(
      /written by a newer Tocsin \(it has the schema change 9999_next\).*Start that version again, or put back the copy/,
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
