import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { connect, createServer } from 'node:net'
import { connectionKinds } from '../../src/connections/index.ts'
import type { PostgresSettings } from '../../src/connections/postgres/settings.ts'
import { certificate } from '../support/certificates.ts'
import { connectionContext, queryOptions } from '../support/connections.ts'
import { type PostgresServer, postgresServer, postgres as sharedServer, startPostgres } from '../support/postgres.ts'
import { skipUnless } from '../support/requirements.ts'
import { eventually, listening } from '../support/servers.ts'
import { connectionContract, expectFailure } from './contract.ts'

setDefaultTimeout(60_000)
const { postgres } = connectionKinds
const withPostgres = await skipUnless(postgresServer)

let server: PostgresServer
let settings: PostgresSettings

withPostgres('postgres', () => {
  beforeAll(async () => {
    server = await (await sharedServer()).createDatabase(`watched_${process.pid}_${Date.now()}`)
    settings = settingsOf(server)
    await server.execute(`create table t (i int, s text); insert into t values (1, 'x');
      create sequence counter;
      create function sneak() returns int language plpgsql as $$ begin insert into t values (2, 'evil'); return 1; end $$;
      create function unlock() returns text language sql as $$ select set_config('default_transaction_read_only', 'off', false) $$;
      create procedure escape() language plpgsql as $$ begin commit; set transaction read write; insert into t values (3, 'evil'); end $$;
      create type mood as enum ('calm', 'cross')`)
  })

  connectionContract(async () => ({
    open: (context) => postgres.open(settings, context),
    server: /^PostgreSQL 1\d/,
    types: {
      sql: TYPES,
      columns: TYPE_COLUMNS,
      row: TYPE_ROW,
    },
    series: (count) => `select * from (select n::int from generate_series(1, ${count}) as n) as numbers`,
    slow: 'select count(*) as n, pg_sleep(120)::text as slept from t',
    running: async () => {
      const sql =
        "select count(*)::int as n from pg_stat_activity where query like '%pg_sleep(120)%' and state = 'active' and pid <> pg_backend_pid()"
      return Number((await server.execute(sql))[0]?.['n'])
    },
    attacks: [
      "with x as (insert into t values (4, 'evil') returning i) select * from x",
      'select sneak()',
      "select nextval('counter')",
      "select set_config('default_transaction_read_only', 'off', false)",
      'select unlock()',
      "select set_config('transaction_read_only', 'off', false), sneak()",
      "select set_config('transaction_read_only', 'off', true) as a, sneak() as b",
      "select u&\"\\0073et_config\"('default_transaction_read_only', 'off', false)",
      'set session characteristics as transaction read write',
      'set default_transaction_read_only = off',
      'set transaction read write',
      'begin',
      'begin read write',
      'commit',
      'rollback and chain',
      'discard all',
      'reset all',
      "do $$ begin commit; set transaction read write; insert into t values (5, 'evil'); end $$",
      '/* select /* */ */ ; do $$ begin commit; set default_transaction_read_only = off; end $$',
      'call escape()',
      'explain analyze insert into t values (6)',
      'explain analyze create table evil as select 1 as a',
      'explain (analyze) create materialized view evil as select 1 as a',
      'explain analyze select unlock()',
      'select * into evil from t',
      'create temp table evil as select 1 as a',
      "copy t to program 'touch /tmp/evil'",
      "prepare p as insert into t values (7, 'evil')",
      'select lo_create(4711)',
      'select i from t for update',
      'lock table t in share row exclusive mode',
      "select 1; insert into t values (8, 'evil')",
      'drop table t',
    ],
    treasure: async () => {
      const sql = `select (select json_agg(t) from t) as t, (select last_value from counter) as counter,
        (select count(*) from pg_class where relname = 'evil') as tables, (select count(*) from pg_largeobject_metadata) as objects,
        (select count(*) from pg_prepared_xacts) as prepared`
      return JSON.stringify(await server.execute(sql))
    },
    several: 'select 1; select 2',
    syntaxError: 'select from where',
    unknownColumn: 'select nope from t',
    bytes: "select 1 as a, '\\x00'::bytea as secret_bytes",
    parameters:
      'select extract(epoch from :now), extract(epoch from :since) as since, extract(epoch from :scheduled_at) as scheduled',
  }))

  test('a session that could write is not used again, although others go on', async () => {
    const connection = postgres.open(settings, connectionContext({ poolSize: 1 }))
    const pid = 'select pg_backend_pid() as pid'
    const before = (await connection.query(pid, queryOptions())).rows
    expect((await connection.query(pid, queryOptions())).rows).toEqual(before)
    await connection.query('select unlock()', queryOptions())
    expect((await connection.query(pid, queryOptions())).rows).not.toEqual(before)
    expect((await connection.query('show transaction_read_only', queryOptions())).rows).toEqual([['on']])
    await connection.close()
  })

  test('where the session’s default is lost on the way, each query gets a read-only transaction', async () => {
    const proxy = createServer((client) => {
      const upstream = connect(server.port, '127.0.0.1')
      client.once('data', (startup) => {
        upstream.write(startup.toString('latin1').replace('read_only=on', 'read_only=no'), 'latin1')
        client.pipe(upstream).pipe(client)
      })
      client.on('error', () => upstream.destroy())
      upstream.on('error', () => client.destroy())
    })
    const target = { ...settings, port: await listening(proxy) }
    const connection = postgres.open(target, connectionContext({ poolSize: 1 }))
    const insert = "with x as (insert into t values (9, 'evil') returning i) select * from x"
    for (const attack of [insert, 'select sneak()', "select set_config('transaction_read_only', 'off', false)"])
      await expectFailure(connection.query(attack, queryOptions()), attack.includes('config') ? 'query' : 'refused')
    await connection.query('select unlock()', queryOptions())
    await expectFailure(connection.query(insert, queryOptions()), 'refused')
    expect((await connection.query('show default_transaction_read_only', queryOptions())).rows).toEqual([['off']])
    expect((await server.execute("select from t where s = 'evil'")).length).toBe(0)
    await connection.close()
    proxy.close()
  })

  test('a timeout that differs from the session’s is kept by the server too', async () => {
    const connection = postgres.open(settings, connectionContext({ poolSize: 1 }))
    const timeout = async (ms: number) =>
      (await connection.query('show statement_timeout', queryOptions({ timeout: ms }))).rows
    expect(await timeout(10_000)).toEqual([['10s']])
    expect(await timeout(2500)).toEqual([['2500ms']])
    expect(await timeout(10_000)).toEqual([['10s']])
    await connection.close()
  })

  test('repeated queries are prepared, and follow a change of their tables', async () => {
    const connection = postgres.open(settings, connectionContext({ poolSize: 1 }))
    await server.execute('create table shape (a int); insert into shape values (1)')
    const ask = async () => (await connection.query('select * from shape where :now > :since', queryOptions())).rows
    for (let round = 0; round < 4; round += 1) expect(await ask()).toEqual([[1]])
    const prepared = 'select statement from pg_prepared_statements'
    expect((await connection.query(prepared, queryOptions())).rows).toEqual([['select * from shape where $1 > $2']])
    await server.execute('alter table shape add column b text')
    expect(await ask()).toEqual([[1, null]])
    await server.execute('drop table shape')
    await expectFailure(ask(), 'query', /shape/)
    await server.execute('create table shape (a int)')
    expect(await ask()).toEqual([])
    // Many others push it out again.
    for (let number = 0; number < 150; number += 1) await connection.query(`select ${number % 75} as n`, queryOptions())
    expect(
      Number((await connection.query(`select count(*) as n from pg_prepared_statements`, queryOptions())).rows[0]?.[0]),
    ).toBeLessThanOrEqual(64)
    await connection.close()
  })

  test('errors say where', async () => {
    const connection = postgres.open(settings, connectionContext())
    await expectFailure(connection.query("select 'é😀',\n  nope from t", queryOptions()), 'query', /line 2, column 3/)
    await expectFailure(
      connection.query('select i as a, s as a from t', queryOptions()),
      'query',
      /two columns named "a"/,
    )
    await expectFailure(
      connection.query("select repeat('x', 1000000) as s from generate_series(1, 100)", queryOptions()),
      'query',
      /over 32 MB/,
    )
    await connection.close()
  })

  test('a login that fails is the connection’s fault', async () => {
    const fails = (more: Partial<PostgresSettings>, message: RegExp) =>
      expectFailure(
        postgres.open({ ...settings, ...more }, connectionContext()).check(queryOptions().signal),
        'unavailable',
        message,
      )
    await fails({ password: 'wrong horse' }, /password authentication failed/)
    await fails({ password: '' }, /password/)
    await fails({ user: 'nobody' }, /password authentication failed/)
    await fails({ database: 'nowhere' }, /"nowhere" does not exist/)
    await fails({ port: 1 }, /ECONNREFUSED|refused/)
    await fails({ host: 'nowhere.invalid' }, /nowhere\.invalid/)
    await fails({ host: '169.254.169.254' }, /link-local/)
  })

  test('a check warns of a role that could write', async () => {
    const own = await server.createDatabase(`roles_${Date.now()}`)
    await own.execute('create table t (i int); revoke create on schema public from public')
    const warnings = async (user: string, ...grants: string[]) => {
      const role = await makeRole(own, user, ...grants)
      const connection = postgres.open({ ...settingsOf(own), ...role }, connectionContext())
      const report = await connection.check(queryOptions().signal)
      await connection.close()
      return report.warnings.join(' ')
    }
    expect((await postgres.open(settings, connectionContext()).check(queryOptions().signal)).warnings[0]).toMatch(
      /"postgres" is a superuser/,
    )
    expect(await warnings('reader', 'grant select on t to reader')).toBe('')
    expect(await warnings('inserter', 'grant insert on t to inserter')).toMatch(/may write to tables/)
    expect(await warnings('creator', 'grant create on schema public to creator')).toMatch(/may create objects/)
    expect(await warnings('filer', 'grant pg_write_server_files to filer')).toMatch(/files or programs/)
  })

  test('TLS is checked, unless that is turned off', async () => {
    const check = (more: Partial<PostgresSettings>, authorities: string[] = []) =>
      postgres.open({ ...settings, ...more }, connectionContext({ authorities })).check(queryOptions().signal)
    const ca = certificate('ca.pem')
    const encrypted = { ...settings, sslmode: 'verify-full', ca } as const
    const connection = postgres.open(encrypted, connectionContext())
    const { rows } = await connection.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()', queryOptions())
    expect(rows).toEqual([[true]])
    await expectFailure(connection.query('select pg_sleep(120)', queryOptions({ timeout: 200 })), 'timeout')
    await connection.close()

    await check({ ca })
    await check({ sslmode: 'require' }, [ca])
    await check({ sslmode: 'verify-ca', ca })
    await expectFailure(check({ sslmode: 'require' }), 'unavailable', /not trusted.*"ca"/)
    await expectFailure(
      check({ sslmode: 'verify-full', ca: certificate('other-ca.pem') }),
      'unavailable',
      /not trusted/,
    )
    await expectFailure(
      check({ sslmode: 'verify-ca', ca: certificate('other-ca.pem') }, [ca]),
      'unavailable',
      /not trusted/,
    )
    expect((await check({ sslmode: 'no-verify' })).warnings.join(' ')).toMatch(/certificate is not checked/)
    const url = server.url.replace('127.0.0.1', 'localhost')
    const byUrl = postgres.open({ url: `${url}?sslmode=verify-full`, ca }, connectionContext())
    expect((await byUrl.check(queryOptions().signal)).server).toMatch(/PostgreSQL/)
    await byUrl.close()
  })
})

withPostgres('postgres, killed and back', () => {
  let own: PostgresServer
  beforeAll(async () => {
    own = await startPostgres()
  })

  test('queries fail while it is away and work when it is back', async () => {
    const connection = postgres.open(settingsOf(own), connectionContext())
    const ask = () => connection.query('select 1 as a', queryOptions())
    await Promise.all([ask(), ask(), ask()])
    const asked = connection.query('select pg_sleep(120)::text as a', queryOptions({ timeout: 60_000 }))
    await eventually(async () =>
      expect(
        (
          await own.execute(
            "select from pg_stat_activity where query like '%sleep(120)%text%' and pid <> pg_backend_pid()",
          )
        ).length,
      ).toBe(1),
    )
    const failed = expectFailure(asked, 'unavailable')
    await own.kill()
    await failed
    await expectFailure(ask(), 'unavailable')
    await own.restart()
    expect((await ask()).rows).toEqual([[1]])
    await connection.close()
  })

  test('a connection that was cut while idle goes unnoticed', async () => {
    const connection = postgres.open(settingsOf(own), connectionContext({ poolSize: 1 }))
    const { rows } = await connection.query('select pg_backend_pid() as pid', queryOptions())
    const again = own.execute(`select pg_terminate_backend(${rows[0]?.[0]})`)
    await again
    expect((await connection.query('select 1 as a', queryOptions())).rows).toEqual([[1]])
    await connection.close()
  })

  test('a server with too many guests is unavailable', async () => {
    await own.execute("create role guest login connection limit 1 password 'correct horse'")
    const guest = { ...settingsOf(own), user: 'guest' }
    const connection = postgres.open(guest, connectionContext())
    await connection.query('select 1 as a', queryOptions())
    await expectFailure(
      postgres.open(guest, connectionContext()).query('select 1', queryOptions()),
      'unavailable',
      /too many connections/,
    )
    await connection.close()
  })

  test('a server without TLS is told so', async () => {
    const plain = createServer((socket) => socket.once('data', () => socket.write('N')))
    const target = { ...settingsOf(own), port: await listening(plain), sslmode: 'require' } as const
    const connection = postgres.open(target, connectionContext())
    await expectFailure(connection.check(queryOptions().signal), 'unavailable', /does not offer TLS.*"disable"/)
    plain.close()
  })

  test('a server that never answers is given up', async () => {
    const silent = createServer()
    const connection = postgres.open({ ...settingsOf(own), port: await listening(silent) }, connectionContext())
    await expectFailure(connection.query('select 1', queryOptions({ timeout: 100 })), 'timeout')
    await expectFailure(connection.query('select 1', queryOptions({ signal: AbortSignal.timeout(50) })), 'aborted')
    silent.close()
  })
})

function settingsOf({ host, port, database, user, password }: PostgresServer): PostgresSettings {
  return { host, port, database, user, password }
}

/** Makes a role with a password, and runs more SQL for it. */
async function makeRole({ execute, password }: PostgresServer, user: string, ...more: string[]) {
  await execute(`drop role if exists ${user}; create role ${user} login password '${password}'`)
  for (const sql of more) await execute(sql)
  return { user, password }
}

const TYPE_CELLS: [expression: string, type: string, cell: unknown][] = [
  ['1::int2', 'integer', 1],
  ['9007199254740991::int8', 'integer', 9007199254740991],
  ['(-9007199254740993)::int8', 'integer', '-9007199254740993'],
  ['0.1::float8', 'float', 0.1],
  ['1.1::float4', 'float', 1.1],
  ["'NaN'::float8", 'float', 'NaN'],
  ["'-Infinity'::float8", 'float', '-Infinity'],
  ['12.50::numeric', 'decimal', '12.50'],
  ['123456789012345678901234567890.5', 'decimal', '123456789012345678901234567890.5'],
  ['true', 'boolean', true],
  ['null::bool', 'boolean', null],
  ["'it''s ☃'::varchar", 'text', "it's ☃"],
  ["'00000000-0000-0000-0000-000000000001'::uuid", 'text', '00000000-0000-0000-0000-000000000001'],
  ["'cross'::mood", 'text', 'cross'],
  ["'10.0.0.1'::inet", 'text', '10.0.0.1'],
  ["timestamptz '2026-03-01 12:00:00.25+02'", 'timestamp', '2026-03-01T10:00:00.25Z'],
  ["timestamptz 'infinity'", 'timestamp', 'infinity'],
  ["timestamp '2026-03-01 12:00:00'", 'timestamp', '2026-03-01T12:00:00'],
  ["date '2026-03-01'", 'date', '2026-03-01'],
  ["time '12:00:00.5'", 'time', '12:00:00.5'],
  ["interval '1 year 2 days 3.5 s'", 'interval', 'P1Y2DT3.5S'],
  [
    '\'{"a": [1, 12345678901234567890, 0.5], "b": null}\'::jsonb',
    'json',
    { a: [1, '12345678901234567890', 0.5], b: null },
  ],
  ["'null'::json", 'json', null],
  [
    'array[[1, null], [3, 4]]',
    'json',
    [
      [1, null],
      [3, 4],
    ],
  ],
  ["array['a,b', 'c\"d\\e', null, 'NULL', '', '{}']", 'json', ['a,b', 'c"d\\e', null, 'NULL', '', '{}']],
  ["array[timestamptz '2026-03-01 12:00+00']", 'json', ['2026-03-01T12:00:00Z']],
  ["'{}'::int[]", 'json', []],
  ["'[0:1]={1,2}'::int8[]", 'json', [1, 2]],
  ['array[\'{"a": "b,c"}\'::jsonb]', 'json', [{ a: 'b,c' }]],
]
const TYPES = `select ${TYPE_CELLS.map(([expression], index) => `${expression} as c${index}`).join(', ')}`
const TYPE_COLUMNS = TYPE_CELLS.map(([, type], index) => `c${index}:${type}`)
const TYPE_ROW = TYPE_CELLS.map(([, , cell]) => cell as never)
