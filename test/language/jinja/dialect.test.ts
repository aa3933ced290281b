import { describe, expect, test } from 'bun:test'
import { analyzeJinja, renderJinja } from '../../../src/language/jinja.ts'
import { float, parseVariables } from '../../../src/language/template-value.ts'

const variables = {
  ...parseVariables('{"f": 2.0, "big": 123456789012345678901234567890, "huge": 1e400, "row": {"b": 1, "a": 2.0}}'),
  rows: [
    { name: "it's", v: 0.1 },
    { name: 'two "words"', v: null },
  ],
  quote: 'say "hi" \\ \n é',
  weird: { __proto__x: 1, 'a b': true },
}

// Expected texts are those of Jinja2 3.1.6.
const rendered: [template: string, expected: string][] = [
  ['{{ f }} {{ [f, 1, 0.5] }} {{ f * 2 }}', '2.0 [2.0, 1, 0.5] 4.0'],
  ['{{ big }} {{ big + 1 }}', '123456789012345678901234567890 123456789012345678901234567891'],
  ['{{ row }}', "{'b': 1, 'a': 2.0}"],
  ['{{ rows }}', `[{'name': "it's", 'v': 0.1}, {'name': 'two "words"', 'v': None}]`],
  ['{{ weird }}', "{'__proto__x': 1, 'a b': True}"],
  ['{{ [quote] }}', `['say "hi" \\\\ \\n é']`],
  ['{{ 1e16 }} {{ 1e-5 }} {{ 123456789.0 }} {{ 1.5e300 }}', '1e+16 1e-05 123456789.0 1.5e+300'],
  ['{{ row | tojson }}', '{"a": 2.0, "b": 1}'],
  ['{{ "é<>&\'" | tojson }}', '"\\u00e9\\u003c\\u003e\\u0026\\u0027"'],
  ['{{ "%s %d %.2f %5s|%-5s|%05d %x %%" | format("a", 3, 2, "b", "c", 42, 255) }}', 'a 3 2.00     b|c    |00042 ff %'],
  ['{{ "%s" | format(f) }} {{ "%d of %d" % (1, 2) }} {{ "%s" % row }}', "2.0 1 of 2 {'b': 1, 'a': 2.0}"],
  ['{{ "%(n)s!" | format(n="x") }}', 'x!'],
  [
    '{{ "one two three four" | truncate(12) }}|{{ "one two three four" | truncate(12, true, "…", 0) }}',
    'one two...|one two thr…',
  ],
  ['{{ "a b-c d" | wordcount }} {{ "ab" | center(7) }}|', '4    ab  |'],
  ['{{ "a b/c?&é" | urlencode }} {{ {"a": "b c"} | urlencode }}', 'a%20b/c%3F%26%C3%A9 a=b+c'],
  ['{{ "the quick brown fox" | wordwrap(10) }}', 'the quick\nbrown fox'],
  ['{{ "a" "b" }}{{ rows.0.name }}', "abit's"],
  ['{{ row.get("zz", rows.1.v) }} {{ row.get("b", 0) + 1 }} {{ row.get("a") }}', 'None 2 2.0'],
  ['{% raw %}{{ x }}{% endraw %}{# no #}{{ "}}" }}{{ {"a": {"b": 1}} }}', "{{ x }}}}{'a': {'b': 1}}"],
  ['a  {{- f -}}  b', 'a2.0b'],
  [
    '{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 7 | round(2) }} {{ 12345 | round(-2) }}',
    '2.0 4.0 2.67 7 12300',
  ],
  ['{{ 2.1 | round(0, "ceil") }} {{ 2.567 | round(1, method="floor") }} {{ f | round | int }}', '3.0 2.5 2'],
  [
    '{{ "abc" | int }} {{ "x" | int(7) }} {{ "3.7" | int }} {{ big | int }} {{ "1e3" | float }} {{ "x" | float(1.5) }}',
    '0 7 3 123456789012345678901234567890 1000.0 1.5',
  ],
  ['{{ "" | default("z", boolean=true) }} {{ missing | d("y") }}', 'z y'],
  ['{{ "a\nb" | indent(width=2, first=true) }}', '  a\n  b'],
  [
    '{{ rows | join(", ", attribute="name") }} {{ [{"v": 1.5}, {"v": 0.5}] | sum(attribute="v") }} {{ [1, 2] | sum(start=10) }}',
    `it's, two "words" 2.0 13`,
  ],
  ['{{ [{"v": 1}, {"v": 3}] | max(attribute="v") }} {{ [3, 1, 2] | sort(true) }}', "{'v': 3} [3, 2, 1]"],
  ['{{ quote | e }}', 'say &#34;hi&#34; \\ \n é'],
  ['{{ "a-b_c d" | title }} {{ +1 + +2 }}', 'A-B_c D 3'],
  [
    '{{ "{:.2f} {} {n} {:>5}|{:<5}|{:^5}|{:,}|{:05d}|{:.1%}".format(1.5, f, 1, 2, 3, 1234567, 42, 0.25, n="x") }}',
    '1.50 2.0 x     1|2    |  3  |1,234,567|00042|25.0%',
  ],
  ['{{ "7".zfill(3) }} {{ "x".rjust(3) }}|{{ "x".ljust(3) }}|{{ "x".center(4) }}|', '007   x|x  | x  |'],
  ['{% set a, b = 1, 2 %}{{ a + b }}{% set c = cycler("x", "y") %}{{ c.next() }}{{ c.next() }}', '3xy'],
  ['{{ {"b": 1, "a": 2} }} {% for k, v in {"z": 1, "y": 2}.items() %}{{ k }}{% endfor %}', "{'b': 1, 'a': 2} zy"],
  ['{% for k in row %}{{ k }}{% endfor %} {{ row.keys() | join }}', 'ba ba'],
  ['{% for k, v in row.items() %}{{ k }}={{ v }};{% endfor %}', 'b=1;a=2.0;'],
]

describe('Jinja2 renders', () => {
  for (const [template, expected] of rendered)
    test(template, async () => {
      expect(await renderJinja(template, variables)).toBe(expected)
    })
})

describe('an error names what is wrong and where', () => {
  const failing: [template: string, message: string][] = [
    ['\n{{ a b }}', 'line 2: syntax error'],
    ['\n\n{{ a.b.c }}', 'line 3: undefined value'],
    ['{{ "%d" | format("x") }}', 'format: %d needs a number'],
    ['{{ "%s %s" | format("x") }}', 'not enough values'],
    ['{{ a | nope }}', 'line 1: there is no filter "nope"'],
    ['\n{{ a', 'line 2: the tag {{ a is never closed by }}'],
    ['{{ 1 / 0 }}', 'division by zero'],
    ['{{ "{} {}".format(1) }}', 'there is no value for {}'],
    [`{{ f${' | round'.repeat(40)} }}`, 'too long or too deep'],
    ['{% raw %}', '{% raw %} has no {% endraw %}'],
    ['{% include "x" %}', 'line 1'],
  ]
  for (const [template, message] of failing)
    test(template, async () => {
      await expect(renderJinja(template, { a: {} })).rejects.toThrow(message)
    })
})

describe('a check', () => {
  test('finds the names a template needs and those it sets in vain', async () => {
    const text =
      '{% set y = x.a %}{{ foo.bar["baz"] }}{% for r in rows if r.v > 1 %}{{ loop.index }}{{ r }}{% endfor %}\n{{ f(k=zz) }}'
    const { used, unused } = await analyzeJinja(text)
    expect([...used]).toEqual([
      ['x', 1],
      ['foo', 1],
      ['rows', 1],
      ['f', 2],
      ['zz', 2],
    ])
    expect(unused).toEqual(['y'])
  })

  test('names an unknown filter with the nearest one, and an unknown test', async () => {
    await expect(analyzeJinja('\n{{ a | trunctate(5) }}')).rejects.toThrow(
      'line 2: there is no filter "trunctate". Did you mean "truncate"?',
    )
    await expect(analyzeJinja('{{ a is wrong }}')).rejects.toThrow('there is no test "wrong"')
  })
})

test('floats of columns print as floats, other numbers as they are', async () => {
  expect(await renderJinja('{{ a }} {{ b }} {{ c }}', { a: float(3), b: float(0.25), c: 3 })).toBe('3.0 0.25 3')
})
