import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createBudget } from '../../../src/language/expression/budget.ts'
import { compare, equals, type Ordering } from '../../../src/language/expression/compare.ts'
import { datetime, momentOf, parseDatetime } from '../../../src/language/expression/datetime.ts'
import { compareDecimal } from '../../../src/language/expression/decimal.ts'
import { ExpressionError } from '../../../src/language/expression/failure.ts'
import { binary, truthy, unary } from '../../../src/language/expression/operators.ts'
import { show } from '../../../src/language/expression/print.ts'
import { compile, evaluate } from '../../../src/language/expression/program.ts'
import {
  type Datetime,
  type Decimal,
  dict,
  hashKey,
  list,
  noRow,
  set,
  setItems,
  tuple,
  typeName,
  type Value,
} from '../../../src/language/expression/value.ts'

const decimal = (text: string): Decimal => ({ kind: 'decimal', text })
const equal = (a: Value, b: Value) => equals(a, b, createBudget())
const of = (text: string, values: Record<string, Value> = {}) =>
  evaluate(compile('python', text), new Map(Object.entries(values)))

function time(text: string): Datetime {
  const found = parseDatetime(text)
  if (found === undefined) throw new Error(`${text} is no time`)
  return found
}

describe('equal values are one key', () => {
  const same: [string, Value, Value][] = [
    ['an int and a float', 1n, 1],
    ['an int and a bool', 1n, true],
    ['zeros of either sign', 0, -0],
    ['a large int and the float it is', 2n ** 70n, 2 ** 70],
    ['a decimal and an int', decimal('12.00'), 12n],
    ['a decimal and the float it is written as', decimal('0.10'), 0.1],
    ['decimals of another scale', decimal('1.5'), decimal('1.500')],
    ['a decimal with an exponent', decimal('1.5E+3'), 1500n],
    ['decimals beyond every float', decimal('0.10000000000000000001'), decimal('0.1000000000000000000100')],
    ['a large decimal and the int', decimal('9007199254740993'), 9007199254740993n],
    ['moments written in two zones', time('2026-01-02T12:00:00Z'), time('2026-01-02T13:00:00+01:00')],
    ['tuples of equal items', tuple([1n, 'a']), tuple([1, 'a'])],
  ]
  for (const [title, a, b] of same)
    test(title, () => {
      expect(equal(a, b)).toBe(true)
      expect(hashKey(a)).toBe(hashKey(b))
    })

  const different: [string, Value, Value][] = [
    ['an int and its text', 1n, '1'],
    ['None and its text', null, 'None'],
    ['None and zero', null, 0n],
    ['a large int and its neighbour', 2n ** 53n, 2n ** 53n + 1n],
    ['a large int and a float beside it', 2n ** 53n + 1n, 2 ** 53],
    ['decimals that one float stands for', decimal('0.1'), decimal('0.10000000000000000001')],
    ['large decimals side by side', decimal('9007199254740992'), decimal('9007199254740993')],
    ['a decimal and its text', decimal('1.5'), '1.5'],
    ['a text that looks like a key of ours', '\0d0', time('1970-01-01')],
    ['texts that begin with a zero character', '\0a', '\0sa'],
    ['tuples that run together', tuple(['a', 'b']), tuple(['ab'])],
    ['a tuple and the text of its key', tuple(['a']), '\0t8:string a'],
    ['nested tuples', tuple([tuple(['a']), 'b']), tuple(['a', tuple(['b'])])],
    ['precomposed letters and combined ones', 'é', 'e\u0301'],
  ]
  for (const [title, a, b] of different)
    test(`not ${title}`, () => {
      expect(equal(a, b)).toBe(false)
      expect(hashKey(a)).not.toBe(hashKey(b))
    })

  const digits = fc.tuple(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.nat(20)).map(([int, scale]) => {
    const text = (int < 0n ? -int : int).toString().padStart(scale + 1, '0')
    return `${int < 0n ? '-' : ''}${text.slice(0, text.length - scale)}${scale === 0 ? '' : `.${text.slice(-scale)}`}`
  })

  test('decimals have one key exactly when they are equal', () => {
    fc.assert(
      fc.property(digits, digits, (a, b) => {
        expect(hashKey(decimal(a)) === hashKey(decimal(b))).toBe(compareDecimal(decimal(a), decimal(b)) === 0)
        expect(hashKey(decimal(`${a}${a.includes('.') ? '' : '.'}00`))).toBe(hashKey(decimal(a)))
      }),
    )
  })

  test('lists, sets and dicts are no keys', () => {
    for (const value of [list([]), set([]), dict([]), tuple([list([])])])
      expect(() => hashKey(value)).toThrow('unhashable type')
  })
})

describe('dicts and sets', () => {
  test('a later value takes the place and key of the earlier one', () => {
    const { entries } = dict([
      [1n, 'a'],
      ['x', 'b'],
      [1, 'c'],
    ])
    expect([...entries.values()]).toEqual([
      [1n, 'c'],
      ['x', 'b'],
    ])
  })

  test('keep their order, sets of whole numbers have theirs', () => {
    expect(setItems(set(['b', 'a', 'b']))).toEqual(['b', 'a'])
    expect(setItems(set([10n, -1n, 2n, 10]))).toEqual([-1n, 2n, 10n])
    expect(setItems(set([3n, 'a', 1n]))).toEqual([3n, 'a', 1n])
  })

  test('hold what objects have by nature as any other key', () => {
    const keys = ['__proto__', 'constructor', 'toString', '']
    const made = dict(keys.map((key) => [key, key]))
    for (const key of keys) expect(made.entries.get(hashKey(key))).toEqual([key, key])
    expect(of('"constructor" in d or "__proto__" in d', { d: dict([]) })).toBe(false)
    expect(() => of('d["toString"]', { d: dict([]) })).toThrow("no key 'toString'")
  })
})

describe('moments', () => {
  const read: [string, string][] = [
    ['2026-01-02', '2026-01-02T00:00:00.000Z'],
    ['2026-01-02T03:04', '2026-01-02T03:04:00.000Z'],
    ['2026-01-02 03:04:05', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02T03:04:05,5Z', '2026-01-02T03:04:05.500Z'],
    ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05.000Z'],
    ['2026-01-02T03:04:05-0530', '2026-01-02T08:34:05.000Z'],
    ['2026-01-02T03:04:05+02', '2026-01-02T01:04:05.000Z'],
    ['2026-01-02 03:04:05 +02:00', '2026-01-02T01:04:05.000Z'],
    ['2026-12-31T23:59:59-01:00', '2027-01-01T00:59:59.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['0100-01-01', '0100-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ]
  for (const [text, iso] of read)
    test(`${text} is ${iso}`, () => {
      expect(new Date(time(text).ms).toISOString()).toBe(iso)
      expect(time(text).text).toBe(text)
    })

  for (const text of [
    '',
    'now',
    '2026',
    '2026-1-2',
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '2026-01-02T24:00',
    '2026-01-02T12:60',
    '2026-01-02T12:00:60',
    '2026-01-02T12',
    '2026-01-02T12:00:00 Europe/Berlin',
    ' 2026-01-02',
    '2026-01-02x',
    '٢٠٢٦-01-02',
    '20260102',
  ])
    test(`${JSON.stringify(text)} is none`, () => expect(parseDatetime(text)).toBeUndefined())

  test('count fractions of milliseconds', () => {
    expect(time('2026-01-02T00:00:00.0005Z').ms - time('2026-01-02').ms).toBeCloseTo(0.5, 3)
    expect(of('a < b', { a: time('2026-01-02T00:00:00.000100Z'), b: time('2026-01-02T00:00:00.000200Z') })).toBe(true)
  })

  const now = time('2026-01-02T12:00:00Z')
  const cases: [string, Value][] = [
    ['now > "2026-01-02"', true],
    ['"2026-01-02T12:00" == now', true],
    ['now == "2026-01-02T13:00+01:00"', true],
    ['now != "tomorrow"', true],
    ['now - "2026-01-02"', 43_200],
    ['"2026-01-03" - now', 43_200],
    ['now - 60 == "2026-01-02T11:59"', true],
    ['60 + now == now + 60', true],
    ['now - 0.5 < now', true],
    ['str(now)', '2026-01-02T12:00:00Z'],
    ['bool(now)', true],
    ['now in ["2026-01-02T12:00"]', true],
    ['max([now - 1, now, now - 2]) == now', true],
    ['len(set([now, now + 0, now - 1]))', 2n],
  ]
  for (const [text, expected] of cases) test(text, () => expect(of(text, { now })).toEqual(expected))

  for (const text of [
    'now > 5',
    'now < None',
    'now > "tomorrow"',
    'now + now',
    '5 - now',
    'now * 2',
    'now + "1"',
    '-now',
  ])
    test(`${text} is a TypeError`, () => expect(() => of(text, { now })).toThrow(ExpressionError))

  test('end where dates end', () => {
    expect(() => of('now + 10.0 ** 20', { now })).toThrow('date value out of range')
    expect(datetime(Number.NaN)).toBeUndefined()
    expect(momentOf('x')).toBeUndefined()
    expect(momentOf(5n)).toBeUndefined()
  })

  test('read back whatever was written', () => {
    const date = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(date, (given) => {
        expect(parseDatetime(given.toISOString())?.ms).toBe(given.getTime())
        expect(datetime(given.getTime())?.text).toBe(given.toISOString())
      }),
    )
  })
})

describe('decimals', () => {
  const cases: [string, Value][] = [
    ['d == 12.5', true],
    ['d + 1', 13.5],
    ['-d', -12.5],
    ['int(d)', 12n],
    ['int(huge)', 123456789012345678901234567890n],
    ['round(d)', 12n],
    ['str(d)', '12.50'],
    ['d * 2 == 25', true],
    ['huge > 123456789012345678901234567889', true],
    ['huge == 123456789012345678901234567890', true],
    ['huge < 123456789012345678901234567890.5', false],
    ['huge in set([123456789012345678901234567890])', true],
    ['zero or "x"', 'x'],
    ['bool(d)', true],
    ['abs(d)', 12.5],
    ['max([d, 3, 12.4]) == d', true],
    ['sorted([d, 3, 99])[1] == d', true],
    ['sum([d, d])', 25],
    ['d == "12.50"', false],
    ['float(d)', 12.5],
  ]
  const values = { d: decimal('12.50'), huge: decimal('123456789012345678901234567890.00'), zero: decimal('0.000') }
  for (const [text, expected] of cases) test(text, () => expect(of(text, values)).toEqual(expected))

  test('have the order of their digits', () => {
    const sorted = ['-1e3', '-2.5', '-2.49', '-0.0', '0.1', '0.10000000000000000001', '2', '10', '1E+2']
    for (const [place, text] of sorted.entries())
      for (const [other, next] of sorted.entries())
        expect(Math.sign(compareDecimal(decimal(text), decimal(next)))).toBe(Math.sign(place - other))
  })
})

describe('a missing row', () => {
  const operators: Ordering[] = ['<', '<=', '>', '>=']
  test('is false in every comparison, and false by itself', () => {
    for (const other of [1n, 'a', null, list([]), noRow])
      for (const operator of operators) {
        expect(compare(operator, noRow, other, createBudget())).toBe(false)
        expect(compare(operator, other, noRow, createBudget())).toBe(false)
      }
    expect(equal(noRow, noRow)).toBe(false)
    expect(truthy(noRow)).toBe(false)
  })

  test('makes a missing row of what it is part of', () => {
    for (const operator of ['+', '-', '*', '/', '//', '%', '**', '&'] as const) {
      expect(binary(operator, noRow, 1n, createBudget())).toBe(noRow)
      expect(binary(operator, 'a', noRow, createBudget())).toBe(noRow)
    }
    expect(unary('-', noRow)).toBe(noRow)
  })

  const cases: [string, Value][] = [
    ['r > 1', false],
    ['not r > 1', true],
    ['r == None', false],
    ['r != 1', false],
    ['r in [1]', false],
    ['r not in [1]', false],
    ['r + 1 > 0', false],
    ['abs(r) < 5', false],
    ['r["a"]["b"] == 1', false],
    ['r.lower() == "a"', false],
    ['len(r) == 0', false],
    ['r or "x"', 'x'],
    ['bool(r)', false],
    ['sum(r)', 0n],
    ['any(r)', false],
    ['[x for x in r] == []', true],
  ]
  for (const [text, expected] of cases) test(text, () => expect(of(text, { r: noRow })).toEqual(expected))
})

test('a name that is None is None, even where a function has the name', () => {
  expect(of('max', { max: null })).toBeNull()
  expect(of('max is None and len([max]) == 1', { max: null })).toBe(true)
})

describe('values for people', () => {
  const cases: [string, Value, string][] = [
    ['a text as it is', 'a "b"', 'a "b"'],
    ['a text within a list in quotes', list(['a']), "['a']"],
    ['a long text cut at 200 characters', 'é'.repeat(300), `${'é'.repeat(199)}…`],
    ['a text of 200 characters whole', '😀'.repeat(200), '😀'.repeat(200)],
    ['no row', noRow, 'no row'],
    ['None', null, 'None'],
    ['a float with its point', 3, '3.0'],
    ['a decimal with its digits', decimal('1.50'), '1.50'],
    ['what is too large to write', list(Array.from({ length: 100_000 }, () => 'abc')), 'a very large value'],
  ]
  for (const [title, value, expected] of cases) test(title, () => expect(show(value)).toBe(expected))

  test('their types have the names of Python', () => {
    const values: [Value, string][] = [
      [null, 'NoneType'],
      [true, 'bool'],
      [1n, 'int'],
      [1, 'float'],
      ['', 'str'],
      [list([]), 'list'],
      [tuple([]), 'tuple'],
      [dict([]), 'dict'],
      [set([]), 'set'],
      [decimal('1'), 'decimal'],
      [noRow, 'missing row'],
    ]
    for (const [value, name] of values) expect(typeName(value)).toBe(name)
  })
})
