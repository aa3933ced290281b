import { describe, expect, test } from 'bun:test'
import { runRender } from '../../src/cli/render.ts'

async function render(
  engine: string,
  template: string,
  data = '{"big": 12345678901234567890, "f": 2.0, "rows": [{"v": null}]}',
) {
  const out: string[] = []
  const errors: string[] = []
  const readFile = (path: string) => {
    if (path !== 'data.json') throw new Error('no such file')
    return data
  }
  const path = data === '' ? 'missing.json' : 'data.json'
  const io = {
    readFile,
    print: (line: string) => out.push(line),
    printError: (line: string) => errors.push(line),
    now: () => 0,
  }
  return { code: await runRender({ engine, data: path }, template, io), out, errors }
}

describe('tocsin render', () => {
  test('prints the text; big integers and whole floats keep their kind', async () => {
    expect(await render('jinja', '{{ big }} {{ f }} {{ rows }}')).toEqual({
      code: 0,
      out: ["12345678901234567890 2.0 [{'v': None}]"],
      errors: [],
    })
    expect(await render('liquid', '-{{ big }} {{ rows | json }}')).toEqual({
      code: 0,
      out: ['-12345678901234567890 [{"v":null}]'],
      errors: [],
    })
  })

  const failing: [engine: string, template: string, data: string | undefined, message: string][] = [
    ['jinja', '{{ 1 + }}', undefined, 'line 1: syntax error'],
    ['liquid', '{{ f | nope }}', undefined, 'there is no filter "nope"'],
    ['mustache', 'x', undefined, '--engine: must be "liquid", "jinja" or "formula", not "mustache"'],
    ['liquid', 'x', '[1]', '--data: data.json: the data must be a JSON object'],
    ['liquid', 'x', '{"a"', '--data: data.json: the data is no JSON'],
    ['liquid', 'x', '', '--data: missing.json: no such file'],
  ]
  for (const [engine, template, data, message] of failing)
    test(`says on the error output: ${message}`, async () => {
      const { code, out, errors } = await render(engine, template, data)
      expect({ code, out }).toEqual({ code: 1, out: [] })
      expect(errors.join('\n')).toContain(message)
    })
})
