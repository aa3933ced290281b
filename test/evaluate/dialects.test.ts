import { describe, expect, test } from 'bun:test'
import {
  type CompiledCondition,
  ConditionError,
  compileCondition,
  decide,
  verdicts,
} from '../../src/evaluate/condition.ts'
import { checkCondition, checkNames } from '../../src/evaluate/condition-check.ts'
import { inputOf, resultOf } from './support.ts'

const rows = resultOf('region drift:float n:integer id:text', [
  ['eu', 0.5, 3, '007'],
  ['us', 0.1, 1, '8'],
])
const none = resultOf('region drift:float n:integer id:text', [])

const formula = (text: string) => compileCondition({ dialect: 'formula', text })
const jinja = (text: string) => compileCondition({ dialect: 'jinja', text })

function fires(compiled: CompiledCondition, result = rows): boolean {
  return verdicts(compiled, inputOf(result)).items[0]?.fire ?? false
}

function failure(compiled: CompiledCondition, result = rows): string {
  try {
    verdicts(compiled, inputOf(result))
  } catch (thrown) {
    if (thrown instanceof ConditionError) return thrown.message
    throw thrown
  }
  throw new Error('it was decided')
}

describe('formulas in query rules', () => {
  const cases: [text: string, fire: boolean][] = [
    ['drift > 0.2 && region == "eu"', true],
    ['drift > 0.2 && region == "us"', false],
    ['id == 7', true],
    ['strval("id") == "007"', true],
    ['val("drift") > 0.2', true],
    ['val("missing", 1) == 1', true],
    ['variables["n"] == 3', true],
    ['row_count == 2', true],
    ['arrayLen(rows) > 1', true],
    ['rows[1].drift < 0.2', true],
    ['query_result["drift"] > 0.2', true],
    ['arrayLen(filter(rows, r, r.n > 2)) == 1', true],
    ['sum(forEach(rows, r, r.n)) == 4', true],
    ['isNull(previous)', true],
    ['diff(now(), createdtime, "hours") == 0', true],
    ['"False"', false],
  ]
  for (const [text, fire] of cases) test(text, () => expect(fires(formula(text))).toBe(fire))

  test('without rows, columns are false in every comparison', () => {
    expect(fires(formula('drift > 0'), none)).toBe(false)
    expect(fires(formula('drift != 0'), none)).toBe(false)
    expect(fires(formula('isBlank(drift)'), none)).toBe(true)
    expect(fires(formula('row_count == 0'), none)).toBe(true)
  })

  test('where columns tell alerts apart, names are the columns of each row', () => {
    const { items } = verdicts(formula('drift > 0.2'), inputOf(rows, { fingerprint: ['region'] }))
    expect(items.map(({ labels, fire, value }) => [labels['region'], fire, value])).toEqual([
      ['eu', true, '0.5'],
      ['us', false, '0.1'],
    ])
    expect(decide(formula('region == "us"'), { ...inputOf(rows), row: 1 }).fire).toBe(true)
  })

  test('a column that is not there is an error that names the nearest', () => {
    expect(failure(formula('drft > 0.2'))).toContain("There is no variable 'drft'. Nearest: 'drift'")
    expect(failure(formula('query_result["drft"] > 0.2'))).toContain("Nearest: 'drift'")
  })

  test('and one that the query does not return is found when the rule is saved, with the text that mends it', () => {
    expect(checkCondition(formula('drft > 0.2 || ${drft} < 0'), inputOf(rows)).fixes).toEqual([
      { missing: 'drft', available: ['region', 'drift', 'n', 'id'], fixedText: 'drift > 0.2 || drift < 0' },
    ])
    expect(checkCondition(formula('rows[0].drft > 0.2'), inputOf(rows)).fixes[0]?.fixedText).toBe('rows[0].drift > 0.2')
    const odd = resultOf('x:integer', [[1]])
    odd.columns[0] = { name: 'the count', type: 'integer' }
    expect(checkCondition(formula('count > 0'), inputOf(odd)).fixes[0]?.fixedText).toBe("val('the count') > 0")
  })

  test('forms that bind names do not ask for columns of these names', () => {
    expect(checkCondition(formula('arrayLen(filter(rows, r, r.n > 2)) == 1'), inputOf(rows))).toEqual({
      errors: [],
      warnings: [],
      fixes: [],
    })
  })

  test('without data, only row is told to be missing', () => {
    expect(checkNames(formula('any_column > 2'), [])).toEqual({ errors: [], warnings: [] })
    expect(checkNames(formula('row.x > 2'), []).errors).toHaveLength(1)
    expect(checkNames(formula('row.x > 2'), ['x'])).toEqual({ errors: [], warnings: [] })
    expect(checkNames(formula('row_count > 2'), ['x']).warnings).toHaveLength(1)
  })
})

describe('Jinja expressions in query rules', () => {
  const cases: [text: string, fire: boolean][] = [
    ['{{ query_result["drift"] > 0.2 }}', true],
    ['{{ query_result.drift > 0.2 and row_count == 2 }}', true],
    ['{{ rows | length > 2 }}', false],
    ['{{ rows | map(attribute="n") | sum == 4 }}', true],
    ['{{ rows | selectattr("drift", ">", 0.2) | list | length == 1 }}', true],
    ['{{ previous is none }}', true],
    ['{{ "" }}', false],
  ]
  for (const [text, fire] of cases) test(text, () => expect(fires(jinja(text))).toBe(fire))

  test('a column or name that is not there is an error', () => {
    expect(failure(jinja('{{ query_result.drft > 0.2 }}'))).toContain("Nearest: 'drift'")
    expect(checkNames(jinja('{{ run.status.state == "error" }}'), []).errors[0]).toContain('There is no name "run"')
  })

  test('more than one expression is refused', () => {
    for (const text of ['{% if row_count %}1{% endif %}', '{{ 1 }}{{ 2 }}', '{# a #}{{ 1 }}'])
      expect(() => jinja(text)).toThrow('Only one {{ expression }} can be evaluated here')
  })
})
