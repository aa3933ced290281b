import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { spawn, spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import * as v from 'valibot'
import { connectionKinds } from '../../src/connections/index.ts'
import { connectionContext, queryOptions } from '../support/connections.ts'
import { eventually } from '../support/servers.ts'
import { connectionContract, expectFailure } from './contract.ts'

setDefaultTimeout(60_000)
const { sqlite } = connectionKinds
const folder = mkdtempSync(join(tmpdir(), 'tocsin-sqlite-'))
const path = join(folder, 'watched.db')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const writer = new Sqlite(path)
writer.pragma('journal_mode = WAL')
writer.exec(`create table t (i integer, r real, s text, d datetime, day date, flag boolean, n numeric);
  insert into t values (1, 1.5, 'x', '2026-01-01 10:00:00', '2026-01-01', 1, 9007199254740993)`)

const open = (file: string, more = {}) =>
  sqlite.open({ path: file }, connectionContext({ sqlitePaths: [folder], ...more }))

describe('sqlite', () => {
  connectionContract(async () => ({
    open: (context) => sqlite.open({ path }, { ...context, sqlitePaths: [folder] }),
    server: /^SQLite 3\.\d+/,
    types: {
      sql: `select i, r, s, d, day, flag, n, null as none, 9e999 as inf, max('2026-01-01T10:00+01:00') as computed,
        '2026-01-01' || '' as day2, 12345678901234567 as big from t`,
      columns:
        'i:integer r:float s:text d:timestamp day:date flag:boolean n:integer none:text inf:float computed:timestamp day2:date big:integer'.split(
          ' ',
        ),
      row: [
        1,
        1.5,
        'x',
        '2026-01-01T10:00:00',
        '2026-01-01',
        true,
        '9007199254740993',
        null,
        'Infinity',
        '2026-01-01T09:00:00Z',
        '2026-01-01',
        '12345678901234567',
      ],
    },
    series: (count) =>
      `with recursive s(n) as (select 1 where ${count} > 0 union all select n + 1 from s where n < ${count}) select n from s`,
    slow: 'with recursive s(n) as (select 1 union all select n + 1 from s) select count(*) as n from s',
    running: async () => busyChildren(),
    attacks: [
      "insert into t (s) values ('evil')",
      "with x as (select 'evil' as s) insert into t (s) select s from x returning s",
      'with x as (select 1) delete from t returning i',
      'pragma query_only = off',
      'pragma writable_schema = on',
      `attach '${folder}/evil.db' as evil`,
      `vacuum into '${folder}/evil.db'`,
      'create temp table evil (a)',
      "select load_extension('evil')",
      "select writefile('evil', 'x')",
      'select * from pragma_query_only(0)',
      'begin exclusive',
      'select 1; drop table t',
      'drop table t',
    ],
    treasure: async () =>
      `${JSON.stringify(writer.prepare('select * from t').all())} ${spawnSync('ls', [folder]).stdout}`,
    several: 'select 1; select 2',
    syntaxError: 'select from where',
    unknownColumn: 'select nope from t',
    bytes: "select x'00' as secret_bytes",
    parameters: "select unixepoch(:now, 'subsec'), unixepoch(:since, 'subsec'), unixepoch(:scheduled_at)",
  }))

  test('types of an empty result are the declared ones', async () => {
    const connection = open(path)
    const { columns } = await connection.query('select *, i + 1 as more from t where 0', queryOptions())
    expect(columns.map(({ type }) => type)).toEqual([
      'integer',
      'float',
      'text',
      'timestamp',
      'date',
      'boolean',
      'float',
      'text',
    ])
    await connection.close()
  })

  test('values of several kinds in one column are json', async () => {
    const connection = open(path)
    const { columns, rows } = await connection.query(
      "select 1 as a union all select 'x' union all select 2.5 union all select 9007199254740993",
      queryOptions(),
    )
    expect(columns).toEqual([{ name: 'a', type: 'json' }])
    expect(rows.flat()).toEqual([1, 'x', 2.5, '9007199254740993'])
    await connection.close()
  })

  test('only files in allowed folders are read, whatever the way to them', async () => {
    mkdirSync(join(folder, 'own'))
    writeFileSync(join(folder, 'own.key'), '')
    symlinkSync('/etc/passwd', join(folder, 'out.db'))
    symlinkSync(join(folder, 'own'), join(folder, 'in'))
    writeFileSync(join(folder, 'own', 'tocsin.db'), '')
    const cases: [string, RegExp][] = [
      ['/etc/passwd', /connections\.sqlite\.paths/],
      [join(folder, 'out.db'), /connections\.sqlite\.paths/],
      [`${folder}/../${folder.split('/').at(-1)}x/a.db`, /connections\.sqlite\.paths/],
      [join(folder, 'own', 'tocsin.db'), /belongs to Tocsin/],
      [join(folder, 'in', 'tocsin.db'), /belongs to Tocsin/],
      [join(folder, 'own.key'), /belongs to Tocsin/],
      [join(folder, 'none.db'), /does not exist/],
    ]
    for (const [file, message] of cases) {
      const connection = open(file, { deniedPaths: [join(folder, 'own'), join(folder, 'own.key')] })
      await expectFailure(connection.check(queryOptions().signal), 'unavailable', message)
      await connection.close()
    }
    await expectFailure(
      sqlite.open({ path }, connectionContext()).check(queryOptions().signal),
      'unavailable',
      /connections\.sqlite\.paths/,
    )
  })

  test('what is no database is the connection’s fault', async () => {
    const file = join(folder, 'text.db')
    writeFileSync(file, 'this is no database, whatever its name says '.repeat(50))
    await expectFailure(open(file).check(queryOptions().signal), 'unavailable', /not a database/)
  })

  test('a file that takes the place of another is read at the next query', async () => {
    const file = join(folder, 'rotated.db')
    const make = (name: string, value: number) => {
      const database = new Sqlite(name)
      database.exec(`create table v (n); insert into v values (${value})`)
      database.close()
    }
    make(file, 1)
    const connection = open(file)
    expect((await connection.query('select n from v', queryOptions())).rows).toEqual([[1]])
    make(`${file}.new`, 2)
    renameSync(`${file}.new`, file)
    expect((await connection.query('select n from v', queryOptions())).rows).toEqual([[2]])
    await connection.close()
  })

  test('a process that was killed is started again', async () => {
    const connection = open(path, { poolSize: 1 })
    await connection.query('select 1 as a', queryOptions())
    const asked = connection.query(
      'with recursive s(n) as (select 1 union all select n + 1 from s) select count(*) as n from s',
      queryOptions(),
    )
    const failed = expectFailure(asked, 'unavailable', /ended \(SIGKILL\)/)
    await eventually(() => expect(busyChildren()).toBe(1))
    for (const pid of children()) process.kill(pid, 'SIGKILL')
    await failed
    expect((await connection.query('select 1 as a', queryOptions())).rows).toEqual([[1]])
    await connection.close()
  })

  test('a query does not outlive a daemon that was killed', async () => {
    const sql = 'with recursive s(n) as (select 1 union all select n + 1 from s) select count(*) as n from s'
    const request = JSON.stringify({ path, sql, parameters: {}, maxRows: 1 })
    // The shell is the daemon; it is killed while the process that it started is busy.
    const [command, entry] = connectionContext().self
    const script = `(echo '${request}'; sleep 20) | '${command}' '${entry}' sqlite-query $$ & wait`
    const daemon = spawn('sh', ['-c', script], { stdio: 'ignore' })
    const worker = () =>
      processes().find((pid) => fileOf(pid, 'cmdline').includes('sqlite-query') && parentOf(pid) === daemon.pid)
    const pid = await eventually(() => {
      const found = worker()
      if (found === undefined || !/ R /.test(fileOf(found, 'stat'))) throw new Error('not busy yet')
      return found
    })
    daemon.kill('SIGKILL')
    await eventually(() => expect(fileOf(pid, 'stat')).toBe(''))
  })

  test('a program that cannot be started is named', async () => {
    const connection = open(path, { self: [join(folder, 'no-such-program')] })
    await expectFailure(connection.query('select 1', queryOptions()), 'unavailable', /cannot be started/)
  })

  test('settings', () => {
    const { issues } = v.safeParse(sqlite.settings, { path: 'watched.db' })
    expect(issues?.[0].message).toMatch(/whole path/)
    expect(sqlite.destination({ path })).toBe(`sqlite:${path}`)
  })
})

/** Children of this process that serve SQLite queries. */
function children(): number[] {
  const pids = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  return pids.map(Number).filter((pid) => fileOf(pid, 'cmdline').includes('sqlite-query'))
}

/** A query keeps its process running; one that waits sleeps. */
function busyChildren(): number {
  return children().filter((pid) => / R /.test(fileOf(pid, 'stat'))).length
}

function processes(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
}

function parentOf(pid: number): number {
  return Number(fileOf(pid, 'stat').split(') ')[1]?.split(' ')[1])
}

function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
