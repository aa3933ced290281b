import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Engine } from '../../src/language/tags.ts'
import { checkTemplate, renderBody, renderMarkdown, renderTemplate } from '../../src/language/template.ts'

const pieces = fc.constantFrom(
  ...'{{ }} {% %} {# #} {{- -}} {%- -%} { } [ ] ( ) | . , : = == ~ + - * / // % ** < > " \' \\" \\ for in if else endif endfor set x y rows items get( keys() format round( tojson default( is not defined and or 1 2.5 0 constructor __proto__ raw endraw comment endcomment assign capture endcapture'.split(
    ' ',
  ),
  ' ',
  '\n',
  'é😀',
)
const template = fc.array(pieces, { maxLength: 25 }).map((all) => all.join(' '))
const tagged = fc.tuple(template, template).map(([inside, after]) => `{"a": "{{ ${inside} }}"} ${after}`)
const variables = { x: 'a"b', y: 2, rows: [{ z: 1, constructor: null }] }

describe('whatever a template holds, it is rendered or refused', () => {
  const renderers = { renderTemplate, renderMarkdown, renderBody }
  for (const engine of ['liquid', 'jinja'] as Engine[])
    for (const [name, render] of Object.entries(renderers))
      test(`${name} in ${engine}`, async () => {
        const property = fc.asyncProperty(fc.oneof(template, tagged), async (text) => {
          const failure: unknown = await render(engine, text, variables).then(
            () => null,
            (error: unknown) => error,
          )
          if (failure !== null) expect(failure).toMatchObject({ name: 'TemplateError' })
          const { errors, warnings } = await checkTemplate(engine, text, new Set(['x']))
          expect([...errors.map(({ message }) => message), ...warnings].every((line) => line.length > 0)).toBe(true)
        })
        await fc.assert(property, { numRuns: 150 })
      }, 60_000)
})
