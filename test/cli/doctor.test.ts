import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { migrations } from '../../src/assets.ts'
import { lookAtBackup } from '../../src/cli/doctor/database.ts'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { lookAtDisk } from '../../src/cli/doctor/place.ts'
import { lookAtClock, lookAtTimeZones } from '../../src/cli/doctor/time.ts'
import { systemClock } from '../../src/clock.ts'
import { openStore } from '../../src/store/open.ts'
import { runCommand } from '../support/command.ts'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { freePort } from '../support/servers.ts'

/** Runs it and gives what it found, by what that is about. */
async function examine(dataDir: string, ...options: string[]) {
  const { code, out } = await runCommand(['doctor', '--json', '--data-dir', dataDir, ...options])
  const findings = JSON.parse(out) as Finding[]
  return { code, findings, of: (about: string) => findings.find((finding) => finding.about === about) }
}

const newRule = (definition: string) =>
  `INSERT INTO rules (id, project, name, connection, definition, external_index, created_by, created_at, updated_at)
   VALUES ('r', 'default', 'r', 'c', '${definition}', 1, 'x', 1, 1)`

describe('tocsin doctor, without a daemon', () => {
  let folder: string
  let data: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tocsin-doctor-'))
    data = join(folder, 'data')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A data directory that was used, with its key beside it. */
  async function used() {
    const daemon = await startInProcess({ dataDir: data })
    await daemon.stop()
  }
  function change(sql: string) {
    const database = new Sqlite(join(data, 'tocsin.db'))
    database.exec(sql)
    database.close()
  }

  test('before the first start finds nothing wrong and makes nothing', async () => {
    const { code, of } = await examine(data)
    expect(code).toBe(0)
    expect(of('data directory')).toMatchObject({ level: 'warn', remedy: expect.stringContaining('tocsin serve') })
    expect(existsSync(data)).toBe(false)
  })

  test('of a used directory tells each thing, and that nobody serves it', async () => {
    await used()
    const { code, findings, of } = await examine(data)
    expect(code).toBe(0)
    expect(findings.filter(({ level }) => level !== 'ok').map(({ about }) => about)).toEqual(['daemon', 'backup'])
    expect(of('schema')?.text).toBe(`${migrations().length} of ${migrations().length} steps`)
    expect(of('master key')?.text).toContain('opens the secrets')
    expect(of('connections')?.text).toBe('there are none')
  })

  test('prints a line for each, and the remedy under it', async () => {
    await used()
    const { out } = await runCommand(['doctor', '--data-dir', data])
    expect(out).toMatch(/^ok {4}settings: usable$/m)
    expect(out).toMatch(/^warn {2}daemon: none runs on this data directory\n {6}tocsin serve/m)
  })

  test('settings that are not usable are told', async () => {
    const { code, findings } = await examine(data, '--listen', 'nowhere')
    expect(code).toBe(1)
    expect(findings).toMatchObject([
      { about: 'settings', level: 'fail', text: expect.stringContaining('listen: must be') },
    ])
  })

  const faults: [what: string, make: () => void, about: string, level: Finding['level'], remedy: RegExp][] = [
    ['a directory that is open to others', () => chmodSync(data, 0o755), 'permissions', 'warn', /^chmod 700/],
    ['a key that is open to others', () => chmodSync(`${data}.key`, 0o644), 'master key', 'warn', /^chmod 600/],
    ['a key that is lost', () => rmSync(`${data}.key`), 'master key', 'fail', /put the key \S{8} there/],
    [
      'a database of a newer version',
      () => change("INSERT INTO schema_migrations VALUES ('9999_next', 1)"),
      'schema',
      'fail',
      /use that version/,
    ],
    [
      'a database of an older version',
      () => change('DELETE FROM schema_migrations'),
      'schema',
      'warn',
      /the next start/,
    ],
    [
      'work that lies ahead',
      () =>
        change(`${newRule('{}')};
      INSERT INTO rule_clocks (rule_id, last_run_at) VALUES ('r', ${Date.now() + 3_600_000})`),
      'clock',
      'fail',
      /set the clock/,
    ],
    [
      'a time zone that nobody knows',
      () => change(newRule('{"schedule":{"cron":"* * * * *","timezone":"Mars/Base"}}')),
      'time zones',
      'fail',
      /another name/,
    ],
  ]
  for (const [what, make, about, level, remedy] of faults)
    test(`finds ${what}`, async () => {
      await used()
      make()
      const { code, of } = await examine(data)
      expect(of(about)).toMatchObject({ level, remedy: expect.stringMatching(remedy) })
      expect(code).toBe(level === 'fail' ? 1 : 0)
    })

  test('changes no schema', async () => {
    openStore(data, systemClock).store.close()
    change('DELETE FROM schema_migrations')
    await examine(data)
    const database = new Sqlite(join(data, 'tocsin.db'), { readonly: true })
    expect(database.prepare('SELECT count(*) FROM schema_migrations').pluck().get()).toBe(0)
    database.close()
  })

  test('a file that is no database is told', async () => {
    await used()
    writeFileSync(join(data, 'tocsin.db'), 'x'.repeat(9000))
    const { code, of } = await examine(data)
    expect({ code, level: of('schema')?.level }).toEqual({ code: 1, level: 'fail' })
  })
})

describe('tocsin doctor, beside a daemon', () => {
  let daemon: InProcess
  let port: number
  beforeEach(async () => {
    daemon = await startInProcess()
    port = await freePort()
    const make = (path: string, body: object) => daemon.call('POST', `/api/v1/${path}`, body)
    await make('connections', {
      name: 'good',
      kind: 'sqlite',
      settings: daemon.sqlite('data.db', 'CREATE TABLE t (n)'),
    })
    await make('connections', {
      name: 'gone',
      kind: 'postgres',
      settings: { url: `postgres://watcher:hunter2@127.0.0.1:${port}/shop` },
    })
    await make('channels', {
      name: 'silent',
      kind: 'webhook',
      settings: { url: `http://127.0.0.1:${port}/secret-path-9` },
    })
    await make('channels', { name: 'off', kind: 'console', settings: {} })
    await make('channels/off/disable', {})
  })
  afterEach(() => daemon.stop())

  const dataDir = () => join(daemon.folder, 'data0')
  const allow = () => ['--egress-allow', '127.0.0.0/8', '--connections-sqlite-paths', daemon.folder]

  for (const [how, options] of [
    ['by the daemon', () => ['--token', daemon.admin]],
    ['from here', () => []],
  ] as const)
    test(`connections are looked at ${how}, channels from here, and no secret is told`, async () => {
      const { code, findings, of } = await examine(dataDir(), ...allow(), ...options())
      expect(code).toBe(1)
      expect(of('daemon')).toMatchObject({ level: 'ok', text: expect.stringContaining(`listening on ${daemon.url}`) })
      expect(of('connection good')?.level).toBe('ok')
      expect(of('connection gone')).toMatchObject({ level: 'fail', text: expect.stringContaining('ECONNREFUSED') })
      expect(of('channel silent')).toMatchObject({
        level: 'fail',
        text: expect.stringContaining('refuses connections'),
      })
      expect(of('channel off')?.level).toBe('warn')
      expect(JSON.stringify(findings)).not.toMatch(/hunter2|secret-path/)
    })

  test('without the key and without a token, connections are not looked at, and it says how they would be', async () => {
    const { of } = await examine(dataDir(), '--master-key-file', join(daemon.folder, 'nowhere.key'))
    expect(of('master key')?.level).toBe('ok')
    expect(of('connections')).toMatchObject({ level: 'warn', remedy: expect.stringContaining('--token') })
  })
})

describe('single looks', () => {
  test('the disk: too small for a copy of the database is a warning', () => {
    const levels = [0, 1e18].map((bytes) => lookAtDisk(tmpdir(), bytes).map(({ level }) => level))
    expect(levels).toEqual([['ok'], ['warn']])
  })

  test('a clock from before the build is wrong; a moment of lead is not', () => {
    const now = Date.now()
    expect(lookAtClock(now, now + 1000)[0]?.level).not.toBe('fail')
    expect(lookAtClock(now, now + 120_000)[0]).toMatchObject({
      level: 'fail',
      text: expect.stringContaining('put back'),
    })
  })

  test('time zones that are known', () => {
    expect(lookAtTimeZones(['Asia/Kathmandu', 'UTC'])).toMatchObject([{ level: 'ok' }])
  })

  test('a backup of last month is old', () => {
    const day = 86_400_000
    const levels = [1, 8].map((days) => lookAtBackup(0, days * day).map(({ level }) => level))
    expect(levels).toEqual([['ok'], ['warn']])
  })
})
