import { describe, expect, test } from 'bun:test'
import { errorOf, resultOf, truthOf } from './run.ts'

/** Rows of the documents' tables on the language, by their names there. */
const groups: Record<string, [formula: string, value: unknown][]> = {
  'run conditions': [
    ["outcome == 'SUCCESS'", false],
    ['outcome == "FAILED"', true],
    ["outcome != 'SUCCESS'", true],
    ["outcome == 'ABORTED' || outcome == 'FAILED'", true],
    ["outcome == 'FAILED' && scenarioName == 'Nightly'", true],
    ['true', true],
    ["'${outcome}' == 'FAILED'", true],
    ["'${outcome} in ${scenarioName}'", 'FAILED in Nightly'],
  ],
  'auto-typing of variables': [
    ['rows', 12345],
    ['rows + 1', 12346],
    ['share * 4', 1],
    ['strval("rows")', '012345'],
    ['numval("rows") + 1', 12346],
    ['val("rows") + 1', 12346],
    ['val("none", "other")', 'other'],
    ['strval("none", "x")', 'x'],
    ['numval("none")', null],
    ["rows == '012345'", true],
    ['type(created)', 'string'],
    ['"5" + 1', '51'],
  ],
  literals: [
    ["'it\\'s'", "it's"],
    ['"a\\tb"', 'a\tb'],
    ['[1, "a", [2.5]]', [1, 'a', [2.5]]],
    ['1.5e3', 1500],
    ['.5', 0.5],
    ['True', true],
    ['null', null],
  ],
  operators: [
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 4 - 3', 3],
    ['7 / 2', 3.5],
    ['7 // 2', 3],
    ['-7 // 2', -3],
    ['7.5 // 2', 3],
    ['-7 % 3', -1],
    ['7.5 % 2', 1.5],
    ['"a" + 1 + 2', 'a12'],
    ['1 + 2 + "a"', '3a'],
    ['"n: " + null', 'n: '],
    ['[1] + [2]', [1, 2]],
    ['1 < 2 == true', true],
    ['-3 + +2', -1],
    ['1 == 1.0', true],
    ['"b" > "a"', true],
    ['"10" > 9', true],
    ['asDate(created) > "2020-01-01"', true],
    ['asDate(created) == "2020-04-15T10:11:12Z"', true],
    ['nothing == ""', true],
    ['nothing == 0', false],
    ['true && 1', true],
    ['"" || 0', false],
  ],
  access: [
    ['numbers[0]', 3],
    ['numbers[-1]', 2],
    ['limits["low"]', 1],
    ['limits.high', 5],
    ['"abc"[1]', 'b'],
    ['"abcd"[1, 3]', 'bc'],
    ['numbers[0, 2]', [3, 1]],
    ['parseJson(stepOutput_sql)["rows"][0][0]', 7],
    ['parseJson(stepOutput_sql).rows[1][1]', 'b'],
    ['stepOutput_sql.rows[0][0] > 5', true],
    ['variables["stepOutcome_Step #2"]', 'SUCCESS'],
    ['val("stepOutcome_Step #2")', 'SUCCESS'],
    ['${stepOutcome_Step #2} == "SUCCESS"', true],
    ['variables["none"]', null],
    ['variables["rows"] + 1', 12346],
  ],
  'object notation': [
    ['"abc".toUppercase().length()', 3],
    ['numbers.join("-")', '3-1-2'],
    ['"%4d-%02d".format(2020, 4)', '2020-04'],
    ['scenarioName.replace("N", "n").toUppercase()', 'NIGHTLY'],
    ['3.7.floor()', 3],
  ],
}

for (const [group, rows] of Object.entries(groups)) {
  describe(group, () => {
    for (const [formula, value] of rows) test(formula, () => expect(resultOf(formula)).toEqual(value as never))
  })
}

describe('what counts as true', () => {
  for (const text of ['true', '"True"', '"yes"', '1', '-0.5', '[0]', '"anything"', 'limits'])
    test(text, () => expect(truthOf(text)).toBe(true))
  for (const text of ['false', '"False"', '"FALSE"', '"no"', '"off"', '0', '0.0', '""', 'null', '[]', 'objectNew()'])
    test(`not ${text}`, () => expect(truthOf(text)).toBe(false))
})

describe('refused when it is saved, with the remedy', () => {
  const rows: [formula: string, message: string, column: number][] = [
    ["outcome == 'A' or outcome == 'B'", 'write ||', 16],
    ["outcome == 'A' and true", 'write &&', 16],
    ["outcome = 'A'", 'write ==', 9],
    ["outcome === 'A'", 'write ==', 9],
    ["outcome <> 'A'", 'write !=', 9],
    ['!true', 'write not(…)', 1],
    ['1 ? 2 : 3', 'write if(', 3],
    ['2 ^ 3', 'write pow(', 3],
    ['"a" in "abc"', 'write arrayContains(', 5],
    ['{"a": 1}', 'objectNew(', 1],
    ['lenght(outcome)', "There is no function 'lenght' in formulas here. Nearest: 'length'", 1],
    ['parseHtml(outcome)', "There is no function 'parseHtml' in formulas here. Nearest: 'parseJson'", 1],
    ['1 + geoDistance(1, 2)', "There is no function 'geoDistance'", 5],
    ['round(1, 2)', 'round takes 1 argument, not 2.', 1],
    ['if(true)', 'if takes 2 to 3 arguments, not 1.', 1],
    ['concat()', 'concat takes at least 1 argument', 1],
    ['val("a", 1, 2)', 'val takes 1 to 2 arguments', 1],
    ['filter(numbers, 1, 2)', 'A plain name for the variable is expected here.', 17],
    ['true.if(1, 2)', 'if is written before its arguments', 6],
    ['match(outcome, /(a/)', 'is no regular expression that is supported', 16],
    ['match(outcome, /(?=a)/)', 'is no regular expression that is supported', 16],
    ['match(outcome, /a/g)', 'flag i only', 16],
    ['constructor(1)', "There is no function 'constructor'", 1],
    ['1 constructor 2', "Unexpected 'constructor'", 3],
    ['1 +', 'ends too early', 4],
    ['', 'The formula is empty', 1],
    ['(1', "')' is missing", 3],
    ['"a', 'The text is not closed', 1],
    ['a @ b', "'@' has no meaning here", 3],
  ]
  for (const [formula, message, column] of rows)
    test(formula, () => {
      const error = errorOf(formula)
      expect(error.message).toContain(message)
      expect(error.column).toBe(column)
    })
})

describe('errors of a value name what is wrong', () => {
  const rows: [formula: string, kind: string, message: string][] = [
    ['outcom == 1', 'NameError', "There is no variable 'outcom'. Nearest: 'outcome'"],
    ["'${outcom}' == 'FAILED'", 'NameError', "There is no variable 'outcom'. Nearest: 'outcome'"],
    ['limits.hihg', 'KeyError', "Nearest: 'high'"],
    ['numbers[9]', 'IndexError', 'out of range'],
    ['nothing.a', 'TypeError', "Nothing has no 'a'"],
    ['outcome.a', 'TypeError', 'it is no object'],
    ['nothing > 3', 'TypeError', "'>' cannot compare nothing with the integer 3"],
    ['outcome > 3', 'TypeError', 'cannot compare the text "FAILED"'],
    ['outcome - 3', 'TypeError', "'-' needs numbers, not the text"],
    ['asDate(created) - 3', 'TypeError', 'Use diff('],
    ['1 // 0', 'ZeroDivisionError', 'Division by zero'],
    ['1 / 0', 'ZeroDivisionError', 'division by zero'],
    ['-outcome', 'TypeError', "'-' needs a number"],
    ['arrayLen(5)', 'TypeError', 'arrayLen needs an array, not the integer 5'],
    ['sum(["a"])', 'TypeError', 'sum needs a number, not the text "a"'],
    ['asDate("soon")', 'ValueError', 'is no date in the form ISO 8601'],
    ['parseJson("{")', 'ValueError', 'is no JSON'],
    ['escape("a", "sql")', 'ValueError', 'escape knows html, xml, csv, url and javascript'],
    ['format("%d", "a")', 'TypeError', '%d needs a number'],
    ['format("%s %s", 1)', 'ValueError', 'there is no value 2'],
    ['inc(created, 1, "moons")', 'ValueError', "There is no unit 'moons'"],
    ['trunc(created, "constructor")', 'ValueError', "There is no unit 'constructor'"],
    ['datePart(created, "colour")', 'ValueError', "no part 'colour'"],
    ['datePart(created, "hour", "Mars/Base")', 'ValueError', "There is no time zone 'Mars/Base'"],
    ['toString(created, "yyyy b")', 'ValueError', "no letter 'b'"],
    ['now()', 'NameError', "'now'"],
  ]
  for (const [formula, kind, message] of rows)
    test(formula, () => {
      const error = errorOf(formula)
      expect(error.message).toContain(message)
      expect(String(error.kind)).toBe(kind)
    })
})
