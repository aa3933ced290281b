import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { bindParameters, parameterValue, type SqlDialect, unknownParameters } from '../../src/connections/parameters.ts'

const bind = (sql: string, dialect: SqlDialect = 'postgres') =>
  bindParameters(sql, dialect, (name, n) => `<${n}${name}>`)

describe('parameters become the driver’s own', () => {
  test.each([
    ['select :now', 'select <1now>'],
    ['where at>:since and at<=:now or at>:since', 'where at><1since> and at<=<2now> or at><1since>'],
    ['(:scheduled_at::date)', '(<1scheduled_at>::date)'],
    ['select f(:now,:since)', 'select f(<1now>,<2since>)'],
    ['select array[:now, :since]', 'select array[<1now>, <2since>]'],
    ['select ARRAY [:now]', 'select ARRAY [<1now>]'],
    ['select a -- :now\n, :now', 'select a -- :now\n, <1now>'],
    ["select type':now', :now", "select type':now', <1now>"],
  ])('%s', (sql, expected) => expect(bind(sql).sql).toBe(expected))

  test.each([
    'select x::now, x :: since',
    "select ':now', 'it''s :now'",
    "select E'\\':now', e'a\\\\' || E'\\' :now'",
    'select ":now", "a"":now"',
    'select $$ :now $$, $tag$ $$ :now $tag$',
    '/* :now /* nested */ :since */ select 1',
    'select list[1:now], list[:now], list[low:since], f(x)[:now], (a)[2][:now]',
    "select 'open :now",
    'select $$ open :now',
    'select 1 /* open :now',
    'select now:now',
  ])('nothing is replaced in %s', (sql) => expect(bind(sql)).toMatchObject({ sql, names: [], unknown: [] }))

  test.each([
    'select {now:DateTime64(3)}, {since: String}',
    'select \'it\\\'s :now\', "a\\":now", `:now`',
    'select $tag$ :now $tag$ # not :now',
    "select map('a':now)",
  ])('nor in ClickHouse’s %s', (sql) => expect(bind(sql, 'clickhouse').sql).toBe(sql))

  test('a ClickHouse list may hold them, and its comments do not nest', () => {
    expect(bind('select x IN [:now, :since] /* /* */ , :now', 'clickhouse').sql).toBe(
      'select x IN [<1now>, <2since>] /* /* */ , <1now>',
    )
  })

  test.each(["select [a :now], `:now`, ':now\\'"])('nor in SQLite’s %s', (sql) =>
    expect(bind(sql, 'sqlite').sql).toBe(sql),
  )

  test('names are listed once, in the order of use', () => {
    expect(bind('select :since, :now, :since, :other, :other').names).toEqual(['since', 'now'])
    expect(unknownParameters("select :sinse, ':no', :now, :b, :sinse", 'sqlite')).toEqual(['sinse', 'b'])
    const times = { scheduledAt: 1, now: 2, since: 3 }
    expect(parameterValue('scheduled_at', times)).toBe(1)
    expect(parameterValue('now', times)).toBe(2)
    expect(parameterValue('since', times)).toBe(3)
  })

  test.each([
    ['SELECT 1', 'select'],
    [' ;\n-- do\n/* do /* do */ */ (WITH x', 'with'],
    ['/* /* */ select */ DO $$ $$', 'do'],
    ['--x\rDO $$ $$', 'do'],
    ['', ''],
  ])('the first word of %j', (sql, verb) => expect(bind(sql).verb).toBe(verb))

  test('any text is kept, apart from the parameters', () => {
    const pieces = fc.constantFrom(
      "'",
      '"',
      '$$',
      '$a$',
      '--',
      '\n',
      '/*',
      '*/',
      ':',
      ':now',
      '::',
      '[',
      ']',
      '\\',
      'E',
      'x',
      ' ',
      '`',
      '{',
      '}',
      '1',
    )
    const dialects = fc.constantFrom<SqlDialect>('postgres', 'clickhouse', 'sqlite')
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), dialects, (parts, dialect) => {
        const sql = parts.join('')
        expect(bindParameters(sql, dialect, (name) => `:${name}`).sql).toBe(sql)
      }),
    )
  })

  test('a long string is read in one go', () => {
    const sql = `select '${'x'.repeat(1_000_000)}', E'${'\\n'.repeat(200_000)}', :now`
    expect(bind(sql).names).toEqual(['now'])
  })
})
