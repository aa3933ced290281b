import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { convertFreemarker } from '../../../src/importers/dataiku/freemarker.ts'
import { renderLiquid } from '../../../src/language/liquid.ts'
import { parseVariables } from '../../../src/language/template-value.ts'

const variables = parseVariables(
  JSON.stringify({
    scenarioName: 'Nightly <1>',
    outcome: 'FAILED',
    count: 1234.5,
    n: 3,
    flag: true,
    start: 1_586_945_472_000,
    day: '2020-04-15',
    steps: [
      { name: 'load', outcome: 'SUCCESS' },
      { name: 'check', outcome: 'FAILED' },
    ],
    names: ['b', 'a'],
    limits: { low: 1, high: 5 },
    json: '{"a": [1]}',
    owner: { name: 'ops team' },
  }),
)

function rendered(template: string): string {
  const { liquid, refusals } = convertFreemarker(template)
  if (liquid === null) throw new Error(refusals.map(({ message }) => message).join('; '))
  return renderLiquid(liquid, variables)
}

/** The rows of the table of what is converted: what Freemarker makes of them, and the converted text makes too. */
const groups: Record<string, [freemarker: string, text: string][]> = {
  values: [
    ['${scenarioName}', 'Nightly <1>'],
    ['${owner.name} ${owner["name"]} ${names[0]} ${steps[1].name}', 'ops team ops team b check'],
    ['${"It ended: ${outcome}!"}', 'It ended: FAILED!'],
    ['${"a\\"b\'c"}', 'a"b\'c'],
    ['${n + 1} ${n * 2} ${n - 1} ${n / 2} ${n % 2} ${-n}', '4 6 2 1.5 1 -3'],
    ['${(n + 1) * 2}', '8'],
    ['${"n: " + n}', 'n: 3'],
    ['{{ x }} {% y %} #{', null as never],
    ['{{ x }} {% y %} { % }', '{{ x }} {% y %} { % }'],
  ],
  defaults: [
    ['${missing!"none"}', 'none'],
    ['[${missing!}]', '[]'],
    ['${(missing.a)!"none"}', 'none'],
    ['${missing!n}', '3'],
    ['${scenarioName!"none"}', 'Nightly <1>'],
    ['${missing?default("x")}', 'x'],
    ['[${missing?if_exists}]', '[]'],
  ],
  if: [
    ['<#if outcome == "FAILED">bad<#elseif outcome == "ABORTED">stopped<#else>good</#if>', 'bad'],
    ["<#if outcome = 'SUCCESS'>good</#if>", ''],
    ['<#if n gt 2 && n lte 3>yes</#if>', 'yes'],
    ['<#if n gte 4 || !(n lt 2)>yes</#if>', 'yes'],
    ['<#if (n > 2)>yes</#if>', 'yes'],
    ['<#if n &gt; 2>yes</#if>', 'yes'],
    ['<#if missing??>there<#else>not there</#if>', 'not there'],
    ['<#if outcome??>there</#if>', 'there'],
    ['<#if scenarioName?has_content>full</#if>', 'full'],
    ['<#if !missing?has_content>empty</#if>', 'empty'],
    ['<#if flag>on</#if>', 'on'],
    ['<#if steps?size != 2>no<#else>two</#if>', 'two'],
  ],
  list: [
    ['<#list names as v>${v}<#sep>, </#sep></#list>', 'b, a'],
    ['<#list names as v>${v}<#sep>, </#list>', 'b, a'],
    ['<#list names as v>${v_index}${v?index}${v?counter}<#if v_has_next>,</#if></#list>', '001,112'],
    ['<#list names as v>${v}<#if v?has_next>, </#if></#list>', 'b, a'],
    ['<#list missing as v>${v}<#else>none</#list>', 'none'],
    ['<#list limits as k, v>${k}=${v};</#list>', 'low=1;high=5;'],
    ['<#list limits?keys as k>${k}=${limits[k]};</#list>', 'low=1;high=5;'],
    ['<#list limits?values as v>${v};</#list>', '1;5;'],
    ['<#list 1..3 as i>${i}</#list>', '123'],
    ['<#list names?sort as v>${v}</#list>', 'ab'],
    ['<#list steps as s><#if s.outcome == "FAILED">${s.name}<#break></#if></#list>', 'check'],
    ['<#list steps as s><#list names as v>${s.name}${v} </#list></#list>', 'loadb loada checkb checka '],
  ],
  'assign, switch, comments': [
    ['<#assign x = n + 1>${x}', '4'],
    ['<#assign x = 1 y = "b">${x}${y}', '1b'],
    ['<#assign x>a${n}</#assign>${x}', 'a3'],
    ['<#global x = "g">${x}', 'g'],
    ['<#switch outcome><#case "SUCCESS">ok<#break><#case "FAILED">bad<#break><#default>other</#switch>', 'bad'],
    ['a<#-- not ${shown} {% x %} -->b', 'ab'],
    ['<#noparse>${x} {{ y }} {% z %}</#noparse>', '${x} {{ y }} {% z %}'],
  ],
  escapes: [
    ['${scenarioName?html} ${scenarioName?xhtml}', 'Nightly &lt;1&gt; Nightly &lt;1&gt;'],
    ['${scenarioName?xml}', 'Nightly &lt;1&gt;'],
    ['${"a\\"b"?json_string} ${"it\'s"?js_string}', 'a\\"b it\\\'s'],
    ['${"a b&c"?url}', 'a%20b%26c'],
  ],
  string: [
    ['${n?string}', '3'],
    [
      '${count?string("0.00")} ${count?string("#,##0.0")} ${count?string("0.###")} ${0.256?string("0.#%")}',
      '1234.50 1,234.5 1234.5 25.6%',
    ],
    ['${start?string("yyyy-MM-dd HH:mm")}', '2020-04-15 10:11'],
    ['${day?date?string("dd/MM/yyyy")}', '15/04/2020'],
    ['${"15.04.2020"?date("dd.MM.yyyy")?string("EEE, d MMM yyyy")}', 'Wed, 15 Apr 2020'],
    ['${start?number_to_datetime?string("HH:mm")}', '10:11'],
    ['${n?c}', '3'],
    ['${flag?string("on", "off")} ${(n gt 5)?then("many", "few")}', 'on few'],
  ],
  'built-ins': [
    ['${names?size} ${scenarioName?length}', '2 11'],
    ['${outcome?lower_case} ${"a"?upper_case} ${"hello World"?cap_first}', 'failed A Hello World'],
    ['${"  a "?trim}|', 'a|'],
    ['${"a-b"?replace("-", "+")}', 'a+b'],
    ['${"a,b"?split(",")?last} ${names?join("+")} ${names?first} ${names?reverse?join("")}', 'b b+a b ab'],
    ['${"3"?number + 1} ${3.7?int} ${2.5?floor} ${2.1?ceiling} ${(-3)?abs}', '4 3 2 3 3'],
    ['${2.6?round}', '3'],
    ['<#if scenarioName?contains("Night")>yes</#if><#if names?seq_contains("z")>no</#if>', 'yes'],
    ['<#if outcome?starts_with("FA") && outcome?ends_with("ED")>yes</#if>', 'yes'],
    ['${outcome?index_of("L")} ${outcome?substring(1)} ${outcome?substring(1, 3)}', '3 AILED AI'],
    ['${steps?sort_by("name")?first.name}', null as never],
    ['<#assign first = steps?sort_by("name")?first>${first.name}', 'check'],
    ['<#assign j = json?eval_json>${j.a[0]}', '1'],
  ],
  'lines that hold directives only leave nothing': [
    ['a\n  <#if flag>\n  b\n  </#if>\nc\n', 'a\n  b\nc\n'],
    ['<#list names as v>\n- ${v}\n</#list>\n', '- b\n- a\n'],
    ['a\n<#-- x -->\nb <#if flag> c</#if>\n', 'a\nb  c\n'],
    ['<#assign x = 1>\n\n${x}\n', '\n1\n'],
  ],
}

for (const [group, rows] of Object.entries(groups)) {
  describe(group, () => {
    for (const [template, text] of rows.filter(([, wanted]) => wanted !== null))
      test(JSON.stringify(template), () => expect(rendered(template)).toBe(text))
  })
}

describe('both texts stand side by side', () => {
  test('what is converted', () => {
    const original = '<#if outcome == "FAILED">Bad: ${owner.name!"nobody"}</#if>'
    const { warnings, ...rest } = convertFreemarker(original)
    expect(rest).toEqual({
      original,
      liquid: '{% if outcome == "FAILED" %}Bad: {{ owner.name | default: "nobody", allow_false: true }}{% endif %}',
      refusals: [],
    })
    expect(warnings.map(({ line, column, message }) => [line, column, message.slice(0, 30)])).toEqual([
      [1, 31, 'Freemarker stops at a variable'],
      [1, 43, 'In Liquid a default also stand'],
    ])
  })

  test('what is not, with all places, and the original kept', () => {
    const original = 'Hello\n<#include "x.ftl">\n  <@greet/> ${a?eval} ${a b}\n<#if x>'
    expect(convertFreemarker(original)).toMatchObject({
      original,
      liquid: null,
      refusals: [
        { line: 2, column: 1, message: '<#include> is not converted.' },
        { line: 3, column: 3, message: 'Calls of macros such as <@greet> are not converted.' },
        { line: 3, column: 16, message: '?eval runs code and is never converted.' },
        { line: 3, column: 27, message: 'Unexpected b.' },
        { line: 4, column: 1, message: '<#if> is never closed.' },
      ],
    })
  })
})

describe('refused by line and column', () => {
  const rows: [template: string, message: string, column: number][] = [
    ['<#macro m></#macro>', '<#macro> is not converted.', 1],
    ['<#function f x></#function>', '<#function> is not converted.', 1],
    ['<#import "a" as b>', '<#import> is not converted.', 1],
    ['${"freemarker.template.utility.Execute"?new()}', '?new runs code', 40],
    ['${x?api.getClass()}', '?api runs code', 4],
    ['${x?interpret}', '?interpret runs code', 4],
    ['${x.getClass()}', 'Calls of functions', 13],
    ['${x?nope}', '?nope is not converted.', 4],
    ['${a + b}', 'It cannot be told whether', 5],
    ['${[1,2]?size}', 'Literals of lists', 3],
    ['${x[1..3]}', 'Slices by a range', 4],
    ['${.vars.x}', 'The special variable .vars', 3],
    ['${steps?sort_by("name")?first.name}', 'A part of a computed value', 30],
    ['${nil}', 'The name nil cannot be used', 3],
    ['#{x}', 'Numbers as #{…}', 1],
    ['${x', 'The ${ is never closed', 1],
    ['<#if x', '<#if is never closed by >', 1],
    ['<#-- x', 'never closed by -->', 1],
    ['</#if>', '</#if> closes nothing.', 1],
    ['<#else>', '<#else> stands in no', 1],
    ['<#if x><#else><#else></#if>', '<#else> stands behind <#else>', 15],
    ['<#if x><#else><#elseif y></#if>', '<#elseif> stands behind <#else>', 15],
    ['<#list xs as v><#else><#else></#list>', '<#else> stands behind <#else>', 23],
    ['<#switch x><#default>a<#break><#case 1>b</#switch>', '<#case> stands behind <#default>', 31],
    ['<#list xs></#list>', '<#list> is converted with "as" only.', 1],
    ['<#switch x><#case 1>a<#case 2>b</#switch>', 'does not end with <#break>', 22],
    ['<#list a as x><#list b as y>${x?index}</#list></#list>', 'within its own list only', 32],
    ['[#if x]', 'square brackets', 1],
    ['<#t>', '<#t> is not converted.', 1],
    ['<#setting locale="en">', '<#setting> is not converted.', 1],
    ['${x?string("qq")}', 'The format qq', 4],
    ['${(x', 'The ${ is never closed', 1],
    ['<#assign x += 1>', '<#assign> is converted with = only.', 1],
    ['<#break>', '<#break> stands in no', 1],
  ]
  for (const [template, message, column] of rows)
    test(template, () => {
      const { liquid, refusals } = convertFreemarker(template)
      expect(liquid).toBeNull()
      expect(refusals[0]?.message).toContain(message)
      expect(refusals[0]).toMatchObject({ line: 1, column })
    })
})

describe('any text', () => {
  const pieces = fc.constantFrom(
    ...[
      '<#if x>',
      '</#if>',
      '<#list xs as v>',
      '</#list>',
      '<#else>',
      '${',
      '}',
      '${x}',
      '${v?html}',
      '<#sep>',
      '"',
      "'",
      '{{',
      '{%',
      '%}',
    ],
    ...[
      '<#assign a = 1>',
      '<#-- c -->',
      '\n',
      ' ',
      'a',
      '!',
      '??',
      '?',
      '(',
      ')',
      '[',
      ']',
      '..',
      '+',
      '<#switch x>',
      '<#case 1>',
      '<#break>',
    ],
  )

  test('is converted to Liquid that can be read, or refused, and no text of it becomes a tag', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (list) => {
        const { liquid, refusals } = convertFreemarker(list.join(''))
        expect(liquid === null).toBe(refusals.length > 0)
        if (liquid !== null) renderLiquid(liquid, variables)
      }),
      { numRuns: 3000 },
    )
  })

  test('takes time in proportion', () => {
    for (const piece of [
      '${a}\n',
      '<#if x>',
      '</#if>',
      '${"',
      '<#-- x -->\n',
      '${a?b}',
      '\n',
      '<#list a as b>\n',
      '!',
      '((',
      `\${${'('.repeat(100)}`,
    ]) {
      const start = performance.now()
      convertFreemarker(piece.repeat(Math.floor(150_000 / piece.length)))
      expect(performance.now() - start).toBeLessThan(2000)
    }
  })
})
