import { describe, expect, test } from 'bun:test'
import { checkTemplate, renderTemplate } from '../../src/language/template.ts'
import { float, jsonText, parseVariables, plain } from '../../src/language/template-value.ts'

const known = new Set(['query_result', 'rows', 'createdtime', 'rule'])

describe('a check reports', () => {
  test('undefined variables with the nearest known one, in both engines', async () => {
    const warnings = ['line 2: there is no variable "creatdtime", it is empty. Did you mean "createdtime"?']
    for (const engine of ['liquid', 'jinja'] as const)
      expect(await checkTemplate(engine, '{{ rule.name }}\n{{ creatdtime }}', known)).toEqual({ errors: [], warnings })
  })

  test('variables that are set in vain, and none that are used', async () => {
    const warnings = ['"a" is set and never used']
    expect(await checkTemplate('liquid', '{% assign a = 1 %}{% assign b = rows %}{{ b }}', known)).toEqual({
      errors: [],
      warnings,
    })
    expect(await checkTemplate('jinja', '{% set a = 1 %}{% set b = rows %}{{ b }}', known)).toEqual({
      errors: [],
      warnings,
    })
  })

  test('texts that cannot be read, with their line', async () => {
    const liquid = await checkTemplate('liquid', '\n{{ rule | nope }}', known)
    expect(liquid.errors[0]?.message).toStartWith('line 2: there is no filter "nope"')
    const jinja = await checkTemplate('jinja', '\n{% if rule %}', known)
    expect(jinja.errors[0]?.message).toStartWith('line 2: syntax error')
  })

  test('JSON that can only be rendered as text', async () => {
    const { warnings } = await checkTemplate('liquid', '[{% for r in rows %}{{ r.v }},{% endfor %}]', known)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('begins like JSON but is rendered as text')
    expect(await checkTemplate('liquid', '{"a": "{{ rule }}"}', known)).toEqual({ errors: [], warnings: [] })
  })
})

test('a text without tags is itself', async () => {
  expect(await renderTemplate('jinja', 'plain $5 }} text', {})).toBe('plain $5 }} text')
})

describe('parseVariables', () => {
  test('keeps big integers and whole floats', () => {
    const variables = parseVariables('{"big": 12345678901234567890, "f": 2.0, "n": [1, 0.5], "__proto__": {"a": 1}}')
    expect(variables['big']).toBe(12345678901234567890n)
    expect(variables['f']).toEqual(float(2))
    expect(jsonText(plain({ ...variables }))).toBe('{"big":12345678901234567890,"f":2,"n":[1,0.5],"__proto__":{"a":1}}')
  })

  for (const text of ['[1]', '1', 'null', '{"a": ', '2.0'])
    test(`refuses ${text}`, () => {
      expect(() => parseVariables(text)).toThrow('the data')
    })
})
