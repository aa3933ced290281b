import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { planBody } from '../../src/language/json-body.ts'
import type { Engine } from '../../src/language/tags.ts'
import { renderBody } from '../../src/language/template.ts'

const engines: Engine[] = ['liquid', 'jinja']
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '"',
    '\\',
    '"}',
    '"}, {"admin": true',
    '\\"',
    '\n\r\u2028\u0000',
    '{{ 7 * 7 }}',
    '{% raw %}',
    "']",
    '\ud800',
    ',',
  ),
  fc
    .array(fc.constantFrom('"', '\\', '}', '{', ',', ':', '\n', 'a', '[', ']', 'u0022'), { maxLength: 12 })
    .map((all) => all.join('')),
)

describe('no value breaks a JSON body', () => {
  for (const engine of engines) {
    test(`inside strings and keys (${engine})`, async () => {
      const template = '{"{{ x }}": {"a": "<{{ x }}>{{ y }}", "n": [{{ n }}, null]}}'
      const property = fc.asyncProperty(hostile, hostile, fc.integer(), async (x, y, n) => {
        const { text, contentType } = await renderBody(engine, template, { x, y, n })
        const seen = engine === 'jinja' ? (value: string) => value.toWellFormed() : (value: string) => value
        expect(contentType).toBe('application/json')
        expect(JSON.parse(text)).toEqual(Object.fromEntries([[seen(x), { a: `<${seen(x)}>${seen(y)}`, n: [n, null] }]]))
      })
      await fc.assert(property, { numRuns: 100 })
    })

    test(`where tags make up the structure (${engine})`, async () => {
      const comma = engine === 'liquid' ? '{% unless forloop.last %},{% endunless %}' : '{{ "," if not loop.last }}'
      const template = `[{% for row in rows %}{"name": "{{ row.name }}", "v": {{ row.v }}}${comma}{% endfor %}]`
      const row = fc.record({ name: hostile, v: fc.integer() })
      const property = fc.asyncProperty(fc.array(row, { maxLength: 4 }), async (rows) => {
        const { text } = await renderBody(engine, template, { rows })
        const seen = engine === 'jinja' ? rows.map(({ name, v }) => ({ name: name.toWellFormed(), v })) : rows
        expect(JSON.parse(text)).toEqual(seen)
      })
      await fc.assert(property, { numRuns: 100 })
    })

    test(`outside a string it is refused, never taken as structure (${engine})`, async () => {
      const property = fc.asyncProperty(hostile, async (x) => {
        const rendered = await renderBody(engine, '{"a": {{ x }}, "b": 1}', { x }).catch((error: Error) => error)
        if (rendered instanceof Error) return expect(rendered.message).toContain('outside a string')
        expect(Object.keys(JSON.parse(rendered.text) as object)).toEqual(['a', 'b'])
      })
      await fc.assert(property, { numRuns: 100 })
    })
  }
})

const variables = { n: 3, name: 'say "hi"', on: true, empty: null, rows: [{ v: 1.5 }] }

describe('a body', () => {
  const bodies: [engine: Engine, template: string, text: string, type: string][] = [
    ['liquid', '{"a": "{{ "}" }}"}', '{"a": "}"}', 'application/json'],
    ['liquid', '{"a": "plain \\u00e9", "b": 1.50}', '{"a": "plain \\u00e9", "b": 1.50}', 'application/json'],
    ['liquid', '{% assign y = name %}{"a": "{{ y }}"}', '{"a": "say \\"hi\\""}', 'application/json'],
    ['jinja', '{% set y = name %}{"a": "{{ y }}"}', '{"a": "say \\"hi\\""}', 'application/json'],
    ['jinja', '{"a": "{{ rows[0][\\"v\\"] }}"}', '{"a": "1.5"}', 'application/json'],
    ['liquid', '{"a": "{{ rows[0][\\"v\\"] }}"}', '{"a": "1.5"}', 'application/json'],
    ['jinja', '{"on": {{ on }}, "none": {{ empty }}}', '{"on": true, "none": null}', 'application/json'],
    ['jinja', '{"rows": {{ rows | tojson }}}', '{"rows": [{"v": 1.5}]}', 'application/json'],
    ['liquid', '{"rows": {{ rows | json }}}', '{"rows": [{"v":1.5}]}', 'application/json'],
    [
      'jinja',
      '{"a": "{% if n > 2 %}many \\"{{ n }}\\"{% else %}few{% endif %}"}',
      '{"a": "many \\"3\\""}',
      'application/json',
    ],
    ['liquid', '{% if on %}{"a": 1}{% else %}{"b": 2}{% endif %}', '{"a": 1}', 'application/json'],
    ['liquid', '[FIRING] {{ n }}', '[FIRING] 3', 'text/plain'],
    ['liquid', 'n = {{ n }}', 'n = 3', 'text/plain'],
    ['liquid', '<!doctype html><p>{{ n }}</p>', '<!doctype html><p>3</p>', 'text/html'],
    ['jinja', '{{ rows | tojson }}', '[{"v": 1.5}]', 'application/json'],
  ]
  for (const [engine, template, text, contentType] of bodies)
    test(`${engine}: ${template}`, async () => {
      expect(await renderBody(engine, template, variables)).toEqual({ text, contentType } as never)
    })

  const refused: [engine: Engine, template: string, message: string][] = [
    ['liquid', '{"a": 1', 'declares JSON'],
    ['liquid', '{"a": 1,}', 'declares JSON'],
    ['liquid', '{"a": {{ name }}}', 'line 1: {{ name }} stands outside a string'],
    ['jinja', '{\n"a": {{ nothing }}}', 'line 2: {{ nothing }} stands outside a string'],
    ['jinja', '{"a": "{{ n }', 'is never closed'],
    ['liquid', '{"a": "{% if n %}b", "c": "d{% endif %}"', 'declares JSON'],
  ]
  for (const [engine, template, message] of refused)
    test(`${engine} refuses ${template}`, async () => {
      await expect(renderBody(engine, template, variables)).rejects.toThrow(message)
    })
})

test('a block that reaches over two strings is rendered as text', () => {
  const plan = planBody('{"a": "{% if n %}b", "c": "d{% endif %}"}', 'liquid')
  expect(plan).toMatchObject({ kind: 'structure', why: expect.stringContaining('does not end in it') })
})
