import { describe, expect, test } from 'bun:test'
import { testApi } from '../support/api.ts'

const rule = (text: string) => ({
  name: 'linked',
  runs: { name: 'nightly' },
  when: ['end'],
  message: { engine: 'formula', title: text },
  routes: [{ channel: { kind: 'console', settings: {} } }],
})

describe('scenarioRunURL where no address is known', () => {
  test('is empty, and the editor says why when it tries a rule', async () => {
    await using api = await testApi()
    const { json } = await api.call('POST', '/api/v1/rules/preview', rule(`At <\${scenarioRunURL}>`))
    expect(json.messages[0].message.title).toBe('At <>')
    expect(json.warnings).toContain(
      '"scenarioRunURL" is empty for runs that bring no "url" along, since Tocsin does not know where people reach it: the operator sets baseUrl (TOCSIN_BASE_URL), or a variable "scenarioRunURL" gives the address.',
    )
    const saved = await api.call('POST', '/api/v1/rules', rule(`At \${scenarioRunURL} of \${dssURL}`))
    expect(saved.json.warnings.join('\n')).toMatch(/"scenarioRunURL" is empty for runs[\s\S]*"dssURL" is empty, since/)
    const other = await api.call('POST', '/api/v1/rules/preview', rule(`\${scenarioName}`))
    expect(other.json.warnings.join()).not.toContain('is empty')
  })

  test("comes from the run's own address, from a variable, and from the base URL, and nothing is warned of", async () => {
    await using api = await testApi()
    const title = async () => {
      const { json } = await api.call('POST', '/api/v1/rules/preview', rule(`\${scenarioRunURL}`))
      return [json.messages[0].message.title, json.warnings.length]
    }
    const formula = "concat('https://dss.test/', runId)"
    await api.call('PUT', '/api/v1/variables', { variables: [{ name: 'scenarioRunURL', formula }] })
    expect(await title()).toEqual(['https://dss.test/example', 0])
    await api.call('PUT', '/api/v1/runs/r1', { name: 'nightly', state: 'completed', url: 'https://own.test/r1' })
    expect(await title()).toEqual(['https://own.test/r1', 0])
    await using based = await testApi({ baseUrl: 'https://tocsin.test' })
    const { json } = await based.call('POST', '/api/v1/rules/preview', rule(`\${scenarioRunURL}`))
    expect([json.messages[0].message.title, json.warnings]).toEqual([
      'https://tocsin.test/projects/default/runs/example',
      [],
    ])
  })
})
