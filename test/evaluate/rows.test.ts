import { describe, expect, test } from 'bun:test'
import { ConditionError } from '../../src/evaluate/condition.ts'
import { decideOn, fires, inputOf, NOW, resultOf } from './support.ts'

const three = resultOf('cnt:integer name:text drift:float', [
  [3, 'psi', 0.25],
  [1, 'ks', 0.5],
  [7, 'js', 1],
])
const one = resultOf('cnt', [[3]])
const none = resultOf('cnt name:text', [])

describe('the rows of a result', () => {
  for (const text of [
    'query_result["cnt"] == 3',
    'query_result.cnt == 3',
    'query_results["cnt"] == 3',
    'query_result[0]["cnt"] == 3',
    'query_result[-1]["cnt"] == 7',
    'query_result[1].name == "ks"',
    'len(query_result) == 3 == row_count == len(rows)',
    'len(query_result[1:]) == 2 and query_result[::-1][0]["cnt"] == 7',
    'any(r["cnt"] > 5 for r in query_result)',
    'sum(r.cnt for r in rows) == 11',
    'max(r["drift"] for r in query_result) == 1.0',
    '"cnt" in query_result and "nope" not in query_result',
    'query_result.get("nope", 9) == 9 and query_result.get("cnt") == 3',
    'list(query_result.keys()) == ["cnt", "name", "drift"]',
    'query_result[0] == {"cnt": 3, "name": "psi", "drift": 0.25}',
    'query_result[0] in query_result and query_result[0] != query_result[1]',
    'dict_like == 1 if False else len(query_result[0]) == 3',
    '[k for k, v in query_result[0].items() if v == "psi"] == ["name"]',
    'bool(query_result) and not not query_result',
    'str(query_result[2]["drift"]) == "1.0"',
    'sorted([r["cnt"] for r in rows], reverse=True) == [7, 3, 1]',
    'previous is None and "drift" in tags and createdby == "someone"',
  ]) {
    test(text, () => expect(fires(text, three)).toBe(true))
  }

  test('an unknown column is an error that names the nearest', () => {
    expect(() => fires('query_result["cmt"] > 0', three)).toThrow("no column 'cmt'. Nearest: 'cnt'")
    expect(() => fires('query_result.cmt > 0', three)).toThrow("no column 'cmt'")
    expect(() => fires('any(r["cmt"] > 0 for r in rows)', three)).toThrow("no column 'cmt'")
    expect(() => fires('query_result["cmt"] > 0', none)).toThrow("no column 'cmt'")
  })

  test('an unknown name is an error that names the nearest, at its place', () => {
    const decide = () => fires('query_result["cnt"] > 0 and\\\n rowcount > 1', three)
    expect(decide).toThrow(ConditionError)
    expect(decide).toThrow("name 'rowcount' is not defined. Nearest: 'row_count'")
    expect(decide).toThrow('(line 2, column 2)')
  })

  test('a row that is not there is an error where there are others', () => {
    expect(() => fires('query_result[3]["cnt"] > 0', three)).toThrow('There is no row 3; the query returned 3.')
  })
})

describe('no rows', () => {
  for (const text of [
    'query_result["cnt"] > 0',
    'query_result["cnt"] < 0',
    'query_result["cnt"] == 0',
    'query_result["cnt"] != 0',
    'query_result["cnt"] is None',
    'query_result["cnt"] in (1, 2)',
    'query_result["cnt"] not in (1, 2)',
    '0 < query_result["cnt"] < 5',
    'query_result["cnt"] + 1 > 0',
    'query_result[0]["cnt"] > 0',
    'query_result["name"].upper() == "PSI"',
    'round(abs(query_result["cnt"]), 1) >= 0',
    'max(query_result["cnt"], 5) > 1',
    'query_result["cnt"]',
  ]) {
    test(`${text} is false, and says why`, () => {
      const { items, reasons } = decideOn(text, inputOf(none))
      expect(items.map(({ fire }) => fire)).toEqual([false])
      expect(reasons).toEqual([{ code: 'no-rows' }])
    })
  }

  test('can be asked for', () => {
    expect(fires('not query_result', none)).toBe(true)
    expect(fires('row_count == 0 and len(query_result) == 0', none)).toBe(true)
    expect(fires('query_result.get("cnt", 0) == 0', none)).toBe(false)
    expect(decideOn('not query_result', inputOf(none)).reasons).toEqual([])
  })
})

describe('lenient reading', () => {
  test('letter case does not matter where only one column fits', () => {
    expect(fires('query_result["CNT"] > 0', one, { lenient: true })).toBe(true)
    expect(() => fires('query_result["CNT"] > 0', one)).toThrow("no column 'CNT'")
    expect(() => fires('query_result["a"] > 0', resultOf('A A:text', [[1, 'x']]), { lenient: true })).toThrow(
      'no column',
    )
  })

  test('the only column stands for any, with the reason told once', () => {
    const { items, reasons } = decideOn(
      'query_result["count"] > 0 and query_result.count < 9',
      inputOf(one, { lenient: true }),
    )
    expect(items[0]?.fire).toBe(true)
    expect(reasons).toEqual([{ code: 'single-column-fallback', detail: '"count" was read as "cnt"' }])
    expect(() => fires('query_result["count"] > 0', one)).toThrow('no column')
    expect(() => fires('query_result["count"] > 0', three, { lenient: true })).toThrow('no column')
  })
})

describe('cells by type', () => {
  const cells = resultOf(
    'big price:decimal at:timestamp naive:timestamp day:date ratio:float flag:boolean data:json nothing',
    [
      [
        '12345678901234567890',
        '12.50',
        '2026-01-02T11:00:00.5Z',
        '2026-01-02 11:00:00',
        '2026-01-01',
        'NaN',
        true,
        { a: [1, 2.5] },
        null,
      ],
    ],
  )
  for (const text of [
    'query_result["big"] == 12345678901234567890 and query_result["big"] + 1 > query_result["big"]',
    'query_result["price"] == 12.5 and query_result["price"] > 12 and 13 > query_result["price"]',
    'str(query_result["price"]) == "12.50" and query_result["price"] * 2 == 25.0',
    'query_result["price"] in [12.5] and round(query_result["price"]) == 12 and int(query_result["price"]) == 12',
    'query_result["at"] > "2026-01-02T10:00:00Z" and "2026-01-02T13:00:00+01:00" > query_result["at"]',
    'query_result["at"] == "2026-01-02T11:00:00.500Z"',
    'now - query_result["at"] == 3599.5 and now - query_result["at"] < 3600',
    'query_result["at"] - "2026-01-02T11:00:00Z" == 0.5',
    'query_result["naive"] < query_result["at"] < now <= createdtime',
    'now - 7200 < query_result["at"] and max(query_result["at"], query_result["naive"]) == query_result["at"]',
    'query_result["day"] < now and query_result["day"].startswith("2026")',
    'query_result["ratio"] != query_result["ratio"]',
    'query_result["flag"] is True',
    'query_result["data"]["a"][1] == 2.5',
    'query_result["nothing"] is None',
  ]) {
    test(text, () => expect(fires(text, cells)).toBe(true))
  }

  test('what has no order is an error', () => {
    expect(() => fires('query_result["at"] > 5', cells)).toThrow(
      "'>' not supported between instances of 'datetime' and 'int'",
    )
    expect(() => fires('query_result["at"] > "soon"', cells)).toThrow('not supported')
    expect(() => fires('query_result["nothing"] > 5', cells)).toThrow("'NoneType' and 'int'")
  })

  test('decimals are compared by all their digits', () => {
    const exact = resultOf('a:decimal b:decimal', [['12345678901234567890.1', '12345678901234567890.2']])
    expect(fires('query_result["a"] < query_result["b"]', exact)).toBe(true)
    expect(fires('query_result["a"] > 12345678901234567890', exact)).toBe(true)
    expect(fires('query_result["a"] == 12345678901234567890.1', exact)).toBe(true)
  })

  test('times are told in full', () => {
    expect(decideOn('now', inputOf(cells)).items[0]?.value).toBe(new Date(NOW).toISOString())
  })
})
