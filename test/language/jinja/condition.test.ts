import { describe, expect, test } from 'bun:test'
import { checkJinjaCondition, evaluateJinjaCondition, isTrueForMlrun } from '../../../src/language/jinja-condition.ts'
import { parseVariables } from '../../../src/language/template-value.ts'

const variables = parseVariables(
  JSON.stringify({
    val: 5,
    run: {
      metadata: { labels: { 'a/b': 'x' } },
      status: {
        state: 'completed',
        results: { val: 5, drift: 0.2, ok: true, txt: 'Off', zero: 0, none: null },
      },
    },
    notification: { severity: 'info' },
  }),
)

async function outcome(text: string) {
  const verdict = await evaluateJinjaCondition(text, variables)
  if (!verdict.ok) return ['error', 'send']
  return [verdict.rendered, verdict.truthy ? 'send' : 'skip']
}

describe('8.2 condition vectors', () => {
  const rows: [condition: string, rendered: string, result: 'send' | 'skip'][] = [
    ['', '', 'send'],
    ['{{ run["status"]["results"]["val"] > 4 }}', 'True', 'send'],
    ['{{ run["status"]["results"]["val"] < 4 }}', 'False', 'skip'],
    ['{{ run.status.results.drift > 0.1 }}', 'True', 'send'],
    ['{{ run.status.results.ok }}', 'True', 'send'],
    ['{{ run.status.results.txt }}', 'Off', 'skip'],
    ['{{ run.status.results.zero }}', '0', 'skip'],
    ['{{ run.status.results.missing }}', '', 'send'],
    ['{{ run.status.results.missing == 3 }}', 'False', 'skip'],
    ['{{ run.status.results.missing is defined }}', 'False', 'skip'],
    ['{{ run.status.results.missing > 3 }}', 'error', 'send'],
    ['{{ run.status.results.missing.deeper }}', 'error', 'send'],
    ['{{ notification.severity == "error" }}', 'False', 'skip'],
    ['{{ run.metadata.labels["a/b"] == "x" and run.status.results.val == 5 }}', 'True', 'send'],
    ...['False', 'false', 'FALSE', 'no', 'N', 'f', 'F', 'off', 'OFF', '0'].map((text): [string, string, 'skip'] => [
      text,
      text,
      'skip',
    ]),
    ['False\n', 'False', 'skip'],
    ...['0.0', '00', '-0', '1', 'yes', 't', 'True', 'on', 'None', 'null', 'maybe', ' False', 'False '].map(
      (text): [string, string, 'send'] => [text, text, 'send'],
    ),
    ['{{ 0 }}', '0', 'skip'],
    ['{{ not true }}', 'False', 'skip'],
    ['{{ val - 5 }}', '0', 'skip'],
    ['{% if val > 4 %}False{% endif %}', 'False', 'skip'],
    ['{{ run.status.results | length > 3 }}', 'True', 'send'],
    ['{{ range(5)|sum == 10 }}', 'True', 'send'],
    ['{{ 5 is divisibleby 5 }}', 'True', 'send'],
    ['{{ run.status.state in ["completed","error"] }}', 'True', 'send'],
    ['{{ run.status.results.txt | lower == "off" }}', 'True', 'send'],
    ['{{ val > }}', 'error', 'send'],
    ['{{ unclosed', 'error', 'send'],
    ['{% if x %}', 'error', 'send'],
    ['{{ 1/0 }}', 'error', 'send'],
    ['{{ val > "4" }}', 'error', 'send'],
    ['{{ undefined_name.x }}', 'error', 'send'],
    ['{{ undefined_name }}', '', 'send'],
    ['{{ "".__class__ }}', '', 'send'],
    // A last line break is dropped behind an expression too, and blanks around it are kept.
    ['{{ val > 9 }}\n', 'False', 'skip'],
    [' {{ val > 9 }}', ' False', 'send'],
    ['{{- val > 9 -}}', 'False', 'skip'],
    ['{{ val }}{{ val }}', '55', 'send'],
    // A filter that only the engine has.
    ['{{ "off" | title }}', 'Off', 'skip'],
  ]
  for (const [condition, rendered, result] of rows)
    test(JSON.stringify(condition), async () => expect(await outcome(condition)).toEqual([rendered, result]))

  test('three nested loops of 100,000 end in time, and send', async () => {
    const loop = '{% for a in range(100000) %}'
    const text = `${loop.repeat(3)}${'{% endfor %}'.repeat(3)}{{ 0 }}`
    expect(await outcome(text)).toEqual(['error', 'send'])
  })
})

test('errors carry their place', async () => {
  expect(await evaluateJinjaCondition('{{ val > "4" }}', variables)).toEqual({
    ok: false,
    error: {
      kind: 'TypeError',
      message: "'>' not supported between instances of 'int' and 'str'",
      line: 1,
      column: 8,
    },
    truthy: true,
  })
  expect(await evaluateJinjaCondition('x\n{% if x %}', variables)).toMatchObject({
    ok: false,
    error: { kind: 'TemplateError', line: 2 },
  })
})

test('only six words are false, in any letter case', () => {
  const words = ['0', 'no', 'n', 'f', 'false', 'off', 'FALSE', 'No']
  expect(words.filter(isTrueForMlrun)).toEqual([])
  expect(['', ' no', 'no ', '0.0', 'none', 'n0', 'falsé'].map(isTrueForMlrun)).not.toContain(false)
})

describe('what is told when a condition is saved', () => {
  const rows: [condition: string, errors: string[], warnings: string[]][] = [
    ['{{ run.status.results.drift > 0.1 }}', [], []],
    ['', [], []],
    ['False', [], []],
    ['{{ val > }}', ['SyntaxError: The expression ends too early. (line 1, column 9)'], []],
    ['{{ val', ['line 1: the tag {{ val is never closed by }}'], []],
    ['always', [], ['It holds no {{ expression }}, so it is always the same: true.']],
  ]
  for (const [condition, errors, warnings] of rows)
    test(JSON.stringify(condition), () => expect(checkJinjaCondition(condition)).toEqual({ errors, warnings }))

  test('comparisons in other texts, which the engine makes by kind', () => {
    const { errors, warnings } = checkJinjaCondition('{% if val > "4" %}1{% endif %}{{ "<" }}')
    expect(errors).toEqual([])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('{% if val > "4" %}: where a number is compared with a text')
  })

  test('filters and tests that only the engine has, or nobody', () => {
    expect(checkJinjaCondition('{{ val | titel > 3 }}').warnings).toEqual([
      expect.stringContaining("There is no filter 'titel' here."),
      expect.stringContaining('the comparison is made by kind'),
    ])
  })
})
