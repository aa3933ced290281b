import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { renderJinja } from '../../../src/language/jinja.ts'
import { parseVariables, type Variables } from '../../../src/language/template-value.ts'

interface Case {
  template: string
  expected: string
}

const file = parseVariables(readFileSync(new URL('../../vectors/jinja-rendering.json', import.meta.url), 'utf8'))
const context = file['context'] as Variables
const cases = file['cases'] as unknown as Case[]

for (const { template, expected } of cases)
  test(`Jinja2 renders ${template}`, async () => {
    const got = await renderJinja(template, context).catch((error: Error) => `!!${error.message}`)
    if (expected.startsWith('!!')) expect(got).toStartWith('!!')
    else expect(got).toBe(expected)
  })

test('all vectors are there', () => {
  expect(cases.length).toBe(48)
})
