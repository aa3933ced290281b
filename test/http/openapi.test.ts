import { expect, test } from 'bun:test'
import { openApi, routes } from '../../src/http/openapi.ts'

const description = openApi()
const text = JSON.stringify(description)

test('every reference leads somewhere', () => {
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!)
  expect(references.length).toBeGreaterThan(10)
  for (const name of references) expect(Object.keys(description.components.schemas)).toContain(name)
})

test('every route is described once, with each part of its path', () => {
  const named = routes.map(([method, path]) => `${method} ${path}`)
  expect(new Set(named).size).toBe(named.length)
  for (const [method, path] of routes) {
    const operation = description.paths[`/api/v1/projects/{project}${path}`]![method] as {
      parameters: { name: string }[]
    }
    const parts = [...`{project}${path}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
    expect(operation.parameters.map(({ name }) => name)).toEqual(parts)
  }
})

test('bodies are described by the schemas that check them', () => {
  expect(description.components.schemas).toMatchObject({
    NewConnection: { type: 'object', required: ['name', 'kind'], additionalProperties: false },
    SendRequest: { properties: { message: { required: ['title'] } } },
    Rule: {
      anyOf: [{ required: ['name', 'connection', 'query', 'schedule', 'condition'] }, { required: ['name', 'runs'] }],
    },
  })
})

test('it is plain JSON', () => {
  expect(JSON.parse(text)).toEqual(description as never)
})
