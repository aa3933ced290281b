import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { connect, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import * as v from 'valibot'
import type { ClickhouseSettings } from '../../src/connections/clickhouse/settings.ts'
import { connectionKinds } from '../../src/connections/index.ts'
import { type CertificateFile, certificate } from '../support/certificates.ts'
import {
  type ClickhouseServer,
  clickhouseServer,
  clickhouse as sharedServer,
  startClickhouse,
} from '../support/clickhouse.ts'
import { connectionContext, queryOptions } from '../support/connections.ts'
import { skipUnless } from '../support/requirements.ts'
import { eventually, listening } from '../support/servers.ts'
import { connectionContract, expectFailure } from './contract.ts'

setDefaultTimeout(60_000)
const { clickhouse } = connectionKinds
const withClickhouse = await skipUnless(clickhouseServer)

let server: ClickhouseServer
let settings: ClickhouseSettings

const SLOW = 'select sum(sipHash64(number)) as n from numbers(1000000000000) -- slow one'

withClickhouse('clickhouse', () => {
  beforeAll(async () => {
    server = await sharedServer()
    settings = settingsOf(server)
    await server.execute('DROP TABLE IF EXISTS treasure')
    await server.execute("CREATE TABLE treasure (i Int32, s String) ENGINE = MergeTree ORDER BY i AS SELECT 1, 'x'")
  })

  const attacks = [
    "with 1 as a insert into treasure select a, 'evil'",
    "insert into treasure values (2, 'evil')",
    'create table evil (a Int32) engine = Memory',
    'select 1 as a settings readonly = 0',
    'select 1 as a settings max_execution_time = 0',
    'select 1 as a settings allow_ddl = 1, readonly = 2',
    'set readonly = 0',
    'drop table treasure',
    'truncate table treasure',
    'alter table treasure delete where 1',
    'optimize table treasure',
    'system shutdown',
    'kill query where 1',
    "select 1; insert into treasure values (3, 'evil')",
    "select * from url('http://127.0.0.1:1/', 'CSV', 'a Int32')",
    "select * from file('/etc/passwd', 'LineAsString', 'a String')",
    "select * from remote('127.0.0.1:1', 'system', 'one')",
    "insert into function file('evil.csv') select 1",
    "select * from treasure into outfile 'evil.csv'",
    'create temporary table evil (a Int32)',
    'grant all on *.* to keeper',
    'explain insert into treasure select 2, 3',
    'backup table treasure to Disk(1, 2)',
  ]

  connectionContract(async () => ({
    open: (context) => clickhouse.open(settings, context),
    server: /^ClickHouse 2\d\./,
    types: {
      sql: TYPES,
      columns: TYPE_CELLS.map(([, type], index) => `c${index}:${type}`),
      row: TYPE_CELLS.map(([, , cell]) => cell as never),
    },
    series: (count) => `select toInt32(number + 1) as n from numbers(${count})`,
    slow: SLOW,
    running: async () =>
      Number(
        await server.execute(
          "select count() from system.processes where query like '%slow one' || '%' and query not like '%system.processes%'",
        ),
      ),
    attacks: [
      "select * from file('/etc/passwd', 'LineAsString', 'a String')",
      'select 1 as a settings readonly = 0',
      'kill query where 1',
      ...attacks,
    ],
    treasure: async () =>
      `${await server.execute('select * from treasure')} ${await server.execute("show tables like 'evil'")} ${await server.execute('select 1')}`,
    several: 'select 1; select 2',
    syntaxError: 'select from (',
    unknownColumn: 'select nope from treasure',
    bytes: 'select sumState(i) as secret_bytes from treasure',
    parameters: `select toDecimal64(:now, 3), toDecimal64(:since, 3) as since, toDecimal64(:scheduled_at, 3) as scheduled`,
  }))

  test('a profile that is read-only already is asked for less, and queried all the same', async () => {
    const connection = clickhouse.open({ ...settings, ...server.watcher }, connectionContext())
    const { columns, rows } = await connection.query(
      "select 9007199254740993 as a, toDecimal32('1.50', 2) as b, toDateTime('2026-01-01 10:00:00', 'UTC') as c, 0.1 as d",
      queryOptions(),
    )
    expect(columns.map(({ type }) => type)).toEqual(['integer', 'decimal', 'timestamp', 'float'])
    expect(rows).toEqual([['9007199254740993', expect.stringMatching(/^1\.50?$/), '2026-01-01T10:00:00', 0.1]])
    expect(
      await connection.query('select number as n from numbers(1000000)', queryOptions({ maxRows: 2 })),
    ).toMatchObject({ rows: [[0], [1]], truncated: true })
    // Setting what is set already is no change.
    for (const attack of attacks.filter((sql) => !sql.includes('max_execution_time'))) {
      const { failure } = (await connection.query(attack, queryOptions()).catch((thrown) => thrown)) as {
        failure?: string
      }
      expect([attack, failure]).toEqual([attack, expect.stringMatching(/refused|query/)])
    }
    await expectFailure(connection.query(SLOW, queryOptions({ timeout: 100 })), 'timeout')
    await eventually(async () =>
      expect(
        await server.execute(
          "select count() from system.processes where query like '%slow one%' and query not like '%system.processes%'",
        ),
      ).toBe('0\n'),
    )
    await connection.close()
  })

  test('a check warns of a user who could write, and of one whose queries cannot be limited', async () => {
    const warnings = async (more: Partial<ClickhouseSettings>) =>
      (await clickhouse.open({ ...settings, ...more }, connectionContext()).check(queryOptions().signal)).warnings.join(
        ' ',
      )
    expect(await warnings({})).toMatch(/"keeper" has readonly=0/)
    expect(await warnings(server.watcher)).toMatch(/readonly=1, so no limits/)
    expect(await warnings(server.limited)).toBe('')
  })

  test('limits hold where the profile lets them be set', async () => {
    const connection = clickhouse.open({ ...settings, ...server.limited }, connectionContext())
    await expectFailure(connection.query(SLOW, queryOptions({ timeout: 300 })), 'timeout')
    await expectFailure(connection.query('select 1 as a settings readonly = 0', queryOptions()), 'refused')
    expect((await connection.query('select 1 as a settings max_threads = 1', queryOptions())).rows).toEqual([[1]])
    await connection.close()
  })

  test('a login that fails is the connection’s fault', async () => {
    const fails = (more: Partial<ClickhouseSettings>, message: RegExp) =>
      expectFailure(
        clickhouse.open({ ...settings, ...more }, connectionContext()).check(queryOptions().signal),
        'unavailable',
        message,
      )
    await fails({ password: 'wrong horse' }, /Authentication failed/)
    await fails({ user: 'nobody' }, /Authentication failed/)
    await fails({ database: 'nowhere' }, /nowhere/)
    await fails({ url: 'http://127.0.0.1:1' }, /ECONNREFUSED|refused/)
    await fails({ url: 'http://nowhere.invalid:8123' }, /nowhere\.invalid/)
    await fails({ url: 'http://169.254.169.254' }, /link-local/)
    await fails({ url: 'http://[fe80::1]:8123' }, /link-local/)
  })

  test('errors are short', async () => {
    const connection = clickhouse.open(settings, connectionContext())
    const thrown = await connection.query('select 1 frm treasure', queryOptions()).catch((error: Error) => error)
    expect(String(thrown)).toMatch(/^QueryError: Syntax error: failed at position/)
    expect(String(thrown).length).toBeLessThan(120)
    await expectFailure(
      connection.query("select repeat('x', 1000000) as s, number from numbers(40)", queryOptions()),
      'query',
      /over 32 MB/,
    )
    await connection.close()
  })

  test('TLS is checked, unless that is turned off', async () => {
    const front = await tlsFront('localhost')
    const wrong = await tlsFront('wrong-host')
    const ca = certificate('ca.pem')
    const check = async (more: Partial<ClickhouseSettings>, authorities: string[] = []) => {
      const connection = clickhouse.open({ ...settings, url: front.url, ...more }, connectionContext({ authorities }))
      try {
        return await connection.check(queryOptions().signal)
      } finally {
        await connection.close()
      }
    }
    await check({ ca })
    await check({}, [ca])
    await check({ ca, url: front.url.replace('127.0.0.1', 'localhost') })
    await expectFailure(check({}), 'unavailable', /not trusted.*"ca"/)
    await expectFailure(check({ ca: certificate('other-ca.pem') }, [ca]), 'unavailable', /not trusted/)
    await expectFailure(check({ ca, url: wrong.url }), 'unavailable', /not trusted.*(altnames|match)/i)
    await check({ ca, url: wrong.url, sslmode: 'verify-ca' })
    expect((await check({ sslmode: 'no-verify' })).warnings.join(' ')).toMatch(/certificate is not checked/)
    front.server.close()
    wrong.server.close()
  })

  test('settings', () => {
    const issue = (input: object) => v.safeParse(clickhouse.settings, input).issues?.[0].message
    expect(issue({ url: 'http://127.0.0.1:8123' })).toBeUndefined()
    expect(issue({ url: 'tcp://127.0.0.1:9000' })).toMatch(/http:\/\/host:8123/)
    expect(issue({ url: 'http://user:secret@host' })).toMatch(/own settings/)
    expect(issue({ url: 'http://host', ca: 'nonsense' })).toMatch(/PEM/)
    expect(clickhouse.destination({ url: 'https://host:8443/' })).toBe('https://host:8443 default')
  })
})

withClickhouse('clickhouse, killed and back', () => {
  let own: ClickhouseServer
  beforeAll(async () => {
    own = await startClickhouse()
  })

  test('queries fail while it is away and work when it is back', async () => {
    const connection = clickhouse.open(settingsOf(own), connectionContext())
    const ask = () => connection.query('select 1 as a', queryOptions())
    await Promise.all([ask(), ask(), ask()])
    const failed = expectFailure(connection.query(SLOW, queryOptions({ timeout: 60_000 })), 'unavailable')
    await eventually(async () =>
      expect(
        await own.execute(
          "select count() from system.processes where query like '%slow one%' and query not like '%system.processes%'",
        ),
      ).toBe('1\n'),
    )
    await own.kill()
    await failed
    await expectFailure(ask(), 'unavailable')
    await own.restart()
    expect((await ask()).rows).toEqual([[1]])
    await connection.close()
  })
})

function settingsOf({ url, user, password }: ClickhouseServer): ClickhouseSettings {
  return { url, user, password }
}

/** TLS in front of the server, with one of the certificates. */
async function tlsFront(name: 'localhost' | 'wrong-host'): Promise<{ server: Server; url: string }> {
  const pem = (ending: 'pem' | 'key') => certificate(`${name}.${ending}` satisfies CertificateFile)
  const front = createTlsServer({ cert: pem('pem'), key: pem('key') }, (client) => {
    const plain = connect(server.port, '127.0.0.1')
    client.pipe(plain).pipe(client)
    client.on('error', () => plain.destroy())
    plain.on('error', () => client.destroy())
  })
  return { server: front, url: `https://127.0.0.1:${await listening(front)}` }
}

const TYPE_CELLS: [expression: string, type: string, cell: unknown][] = [
  ['toUInt8(1)', 'integer', 1],
  ['toInt64(9007199254740991)', 'integer', 9007199254740991],
  ['toUInt64(18446744073709551615)', 'integer', '18446744073709551615'],
  ["toInt256('-123456789012345678901234567890')", 'integer', '-123456789012345678901234567890'],
  ['0.1', 'float', 0.1],
  ['toFloat32(1.5)', 'float', 1.5],
  ['nan', 'float', 'NaN'],
  ['-inf', 'float', '-Infinity'],
  ["toDecimal128('12345678901234567890.25', 2)", 'decimal', '12345678901234567890.25'],
  ['true', 'boolean', true],
  ["'it''s ☃\\n'", 'text', "it's ☃\n"],
  ["toFixedString('ab', 2)", 'text', 'ab'],
  ["toUUID('00000000-0000-0000-0000-000000000001')", 'text', '00000000-0000-0000-0000-000000000001'],
  ["toIPv4('10.0.0.1')", 'text', '10.0.0.1'],
  ["toIPv6('::1')", 'text', '::1'],
  ["cast('b', 'Enum8(\\'a, (\\' = 1, \\'b\\' = 2)')", 'text', 'b'],
  ["toDateTime('2026-03-01 12:00:00', 'Europe/Berlin')", 'timestamp', '2026-03-01T11:00:00Z'],
  ["toDateTime64('2026-03-01 12:00:00.250', 3, 'UTC')", 'timestamp', '2026-03-01T12:00:00.250Z'],
  ["toDate('2026-03-01')", 'date', '2026-03-01'],
  ["toDate32('1925-03-01')", 'date', '1925-03-01'],
  ['toIntervalMinute(5)', 'interval', 'PT5M'],
  ['toNullable(toInt32(7))', 'integer', 7],
  ["cast(null, 'Nullable(String)')", 'text', null],
  ["toLowCardinality('low')", 'text', 'low'],
  ["cast([1, null], 'Array(Nullable(UInt64))')", 'json', [1, null]],
  ['[[18446744073709551615]]', 'json', [['18446744073709551615']]],
  ["map('k', toDecimal32('1.5', 1))", 'json', { k: '1.5' }],
  ["(1, 'a')", 'json', [1, 'a']],
  ["cast((1, 'a'), 'Tuple(n UInt8, s String)')", 'json', { n: 1, s: 'a' }],
  ["cast('{\"a\": 1}', 'JSON')", 'json', { a: 1 }],
  ["cast(42, 'Variant(UInt8, String)')", 'json', 42],
]
const TYPES = `select ${TYPE_CELLS.map(([expression], index) => `${expression} as c${index}`).join(', ')}`
