import { describe, expect, test } from 'bun:test'
import { limitMemory } from '../../../src/language/jinja/wasm.ts'
import { analyzeJinja, renderJinja } from '../../../src/language/jinja.ts'

const hostile = {
  'loops for ever': '{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}',
  'builds a gigabyte at once': "{{ 'x' * 1000000000 }}",
  'doubles a text':
    "{% set ns = namespace(s='xxxxxxxxxxxxxxxx') %}\n{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
  'writes without end': "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
  'writes more than a megabyte': "{{ 'x' * 1000001 }}",
  'calls itself': '{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(1) }}',
  'asks for a giant range': '{{ range(100000000) | length }}',
  'nests without end': `{{ ${'not '.repeat(40_000)}x }}`,
  'pads without end': "{{ '%99999999d' | format(1) }}",
}

describe('a template that', () => {
  for (const [name, text] of Object.entries(hostile))
    test(`${name} is stopped, and the next one runs`, async () => {
      const started = performance.now()
      const failure = await renderJinja(text, {}).catch((error: unknown) => error)
      expect(failure).toMatchObject({ name: 'TemplateError' })
      expect(performance.now() - started).toBeLessThan(5000)
      expect(await renderJinja('{{ 1 + 1 }}', {})).toBe('2')
    })
})

test('a template is checked without running it', async () => {
  const text = '{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}'
  expect(await analyzeJinja(text)).toEqual({ used: new Map(), unused: [] })
})

test('many templates at once each get their own text', async () => {
  const texts = await Promise.all(Array.from({ length: 50 }, (_, x) => renderJinja('{{ x * 2 }}', { x })))
  expect(texts).toEqual(Array.from({ length: 50 }, (_, x) => String(x * 2)))
})

test('a thousand rows are no trouble', async () => {
  const row = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`column${index}`, `value ${index}`]))
  const rows = Array.from({ length: 1000 }, () => row)
  expect(await renderJinja('{{ rows | length }} {{ rows[999].column7 }}', { rows })).toBe('1000 value 7')
})

describe('limitMemory', () => {
  // A module with one memory: 17 pages at the start and no limit.
  const module = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 17, 7, 5, 1, 1, 109, 2, 0])

  test('keeps a memory from growing beyond the limit', async () => {
    const { instance } = await WebAssembly.instantiate(limitMemory(module, 20) as Uint8Array<ArrayBuffer>)
    const memory = instance.exports['m'] as WebAssembly.Memory
    expect(memory.grow(3)).toBe(17)
    expect(() => memory.grow(1)).toThrow()
  })

  test('refuses a module without a memory', () => {
    expect(() => limitMemory(module.slice(0, 8), 20)).toThrow('no memory')
  })
})
