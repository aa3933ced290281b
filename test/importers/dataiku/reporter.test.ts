import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { dataikuItems } from '../../../src/importers/dataiku/file.ts'
import { fieldOf, readReporter } from '../../../src/importers/dataiku/reporter.ts'
import { partSecrets, withSecrets, writeReporter } from '../../../src/importers/dataiku/write.ts'
import type { JsonObject } from '../../../src/model/json.ts'

const channelOf = (id: string) => (id === 'smtp' ? { name: 'smtp', kind: 'mail' } : undefined)
const base: JsonObject = {
  ...{ id: 'r1', name: 'mail on trouble', active: true, phase: 'END' },
  ...{ runConditionEnabled: true, runCondition: "outcome == 'FAILED' || outcome == 'ABORTED'" },
  messaging: {
    type: 'mail-scenario',
    configuration: {
      ...{ channelId: 'smtp', sender: 'dss@example.test', recipient: 'ops@example.test', ccRecipient: '' },
      ...{ bccRecipient: '', subject: `\${scenarioName}: \${outcome}`, messageSource: 'INLINE' },
      ...{ templateFormat: 'FREEMARKER', message: `<b>\${outcome}</b>`, sendAsHTML: true, attachments: [] },
    },
  },
}
const read = (more: JsonObject = {}) => readReporter({ ...base, ...more }, { name: 'nightly' }, channelOf)
const messaging = (more: JsonObject, type = 'mail-scenario') => {
  const { configuration } = base['messaging'] as { configuration: JsonObject }
  return read({ messaging: { type, configuration: { ...configuration, ...more } } })
}

describe('a reporter', () => {
  test('becomes a rule on the runs of its scenario', () => {
    expect(read()).toMatchObject({
      issues: [],
      definition: {
        name: 'nightly: mail on trouble',
        runs: { name: 'nightly' },
        when: ['end'],
        paused: false,
        condition: { dialect: 'formula', text: "outcome == 'FAILED' || outcome == 'ABORTED'" },
        message: { engine: 'formula', title: `\${scenarioName}: \${outcome}` },
        routes: [
          {
            channel: 'smtp',
            settings: { to: 'ops@example.test', sender: 'dss@example.test' },
            body: { engine: 'liquid', text: '<b>{{ outcome }}</b>' },
          },
        ],
      },
    })
  })

  const changes: [what: string, object: JsonObject, definition: JsonObject, warning: string][] = [
    ['without a phase', { phase: '' }, { when: ['end'] }, ''],
    ['END_OF_RUN', { phase: 'END_OF_RUN' }, { when: ['end'] }, 'is taken for END'],
    ['START', { phase: 'START' }, { when: ['start'] }, ''],
    ['an empty condition', { runCondition: ' ' }, {}, 'always sent'],
    [
      'variables pasted in',
      { runCondition: `'\${outcome}' == 'FAILED'` },
      { condition: { text: "outcome == 'FAILED'" } },
      'pasted in',
    ],
    ['active: false', { active: false }, { paused: true }, ''],
  ]
  for (const [what, object, definition, warning] of changes)
    test(`with ${what}`, () => {
      const reading = read(object)
      expect(reading.definition).toMatchObject(definition)
      if (warning !== '') expect(reading.warnings.join()).toContain(warning)
    })

  test('whose condition is off or empty has none', () => {
    expect(read({ runConditionEnabled: false }).definition?.condition).toBeUndefined()
    expect(read({ runCondition: '' }).definition?.condition).toBeUndefined()
  })

  test('keeps the words "or" and "and" in texts and calls when it is mended', () => {
    const runCondition = 'outcome == \'this or that\' or and(true, triggerName == "a and b") and not(false)'
    expect(read({ runCondition }).fixes[0]?.value).toBe(
      'outcome == \'this or that\' || and(true, triggerName == "a and b") && not(false)',
    )
  })

  const refused: [what: string, reading: () => ReturnType<typeof read>, path: string][] = [
    ['a phase that is none', () => read({ phase: 'STEP' }), 'phase'],
    ['a formula that is none', () => read({ runCondition: 'outcome = 1' }), 'runCondition'],
    ['a function that is not taken over', () => read({ runCondition: 'geoBuffer(1)' }), 'runCondition'],
    ['active that is a text', () => read({ active: 'yes' }), 'active'],
    ['a dataset', () => messaging({}, 'dataset-scenario'), 'messaging.type'],
    ['no messaging', () => read({ messaging: null }), 'messaging'],
    ['a channel of another kind', () => messaging({}, 'slack-scenario'), 'messaging.configuration.channelId'],
    ['recipients that are no JSON', () => messaging({ recipient: '["a"' }), 'messaging.configuration.recipient'],
    [
      'a formula among the recipients',
      () => messaging({ recipient: `\${if(true, "a", "b")}@x.test` }),
      'messaging.configuration.recipient',
    ],
    ['a subject that is a list', () => messaging({ subject: [] }), 'messaging.configuration.subject'],
  ]
  for (const [what, reading, path] of refused)
    test(`is refused for ${what}`, () => {
      const { definition, issues } = reading()
      expect(definition).toBeNull()
      expect(issues.map((issue) => issue.path)).toContain(path)
    })

  test('of a template that cannot be converted goes with the built-in message, and says where', () => {
    const { definition, warnings } = messaging({ message: `\n <#include "x">` })
    expect(definition?.routes[0]?.body).toBeUndefined()
    expect(warnings.join()).toContain('line 2, column 2')
  })

  test('tells of keys, files and attachments that do nothing here', () => {
    const { definition, warnings } = messaging({
      ...{ messageSource: 'TEMPLATE_FILE', templateName: 'default.ftl', other: 1 },
      attachments: [{ type: 'DATASET', params: {} }, { type: 'SCENARIO_LOG' }],
    })
    for (const part of ['other: is kept', 'default.ftl is not at hand', 'DATASET is left out'])
      expect(warnings.join()).toContain(part)
    expect(definition?.routes[0]?.settings['attachments']).toEqual([{ type: 'log' }])
  })

  test('takes variables in addresses', () => {
    const { definition } = messaging({ recipient: `\${owner}@example.test` })
    expect(definition?.routes[0]?.settings['to']).toBe('{{ owner }}@example.test')
  })

  test('without a scenario is about the runs of all, which is told', () => {
    const { definition, warnings } = readReporter(base, null, channelOf)
    expect(definition?.runs).toMatchObject({ name: '*', kind: 'scenario' })
    expect(warnings.join()).toContain('names no scenario')
  })

  test('of any form is read without a failure, and given back as it came', () => {
    const object = fc.dictionary(fc.constantFrom(...Object.keys(base), 'other', 'description'), fc.jsonValue())
    const configuration = fc.dictionary(
      fc.constantFrom('channelId', 'message', 'recipient', 'subject', 'webhookUrl', 'other'),
      fc.jsonValue(),
    )
    const type = fc.constantFrom('mail-scenario', 'slack-scenario', 'webhook-scenario', 'x')
    fc.assert(
      fc.property(object, type, configuration, (more, name, keys) => {
        const given = { ...base, ...more, messaging: { type: name, configuration: keys } } as JsonObject
        const { definition, issues } = readReporter(given, { id: 's' }, channelOf)
        expect(definition === null).toBe(issues.length > 0)
        const { open, secrets } = partSecrets(given)
        const whole = withSecrets(open, secrets)
        expect(JSON.stringify(whole)).toBe(JSON.stringify(given))
        if (definition !== null) expect(JSON.stringify(writeReporter(whole, definition))).toBe(JSON.stringify(given))
      }),
    )
  })
})

describe('fields and files', () => {
  test('of a rule are called by their names in a reporter', () => {
    expect(fieldOf('condition.text')).toBe('runCondition')
    expect(fieldOf('routes.0.settings.to')).toBe('messaging.configuration.recipient')
    expect(fieldOf('routes.0.settings.sender')).toBe('messaging.configuration.sender')
    expect(fieldOf('tags')).toBe('tags')
  })

  test('hold channels before reporters, in whatever form', () => {
    const channel = { id: 'c', type: 'slack', configuration: {} }
    const scenario = { id: 's', name: 'n', reporters: [base] }
    const whats = (value: unknown) => dataikuItems(value)?.map(({ what }) => what)
    expect(whats(base)).toEqual(['reporter'])
    expect(whats(channel)).toEqual(['channel'])
    expect(whats([scenario, channel])).toEqual(['channel', 'reporter'])
    expect(whats({ scenarios: [scenario], channels: [channel], reporters: [base] })).toEqual([
      'channel',
      'reporter',
      'reporter',
    ])
    expect(dataikuItems(scenario)).toEqual([{ what: 'reporter', object: base, scenario: { id: 's', name: 'n' } }])
    for (const value of [null, 7, {}, [], { reporters: 1 }]) expect(dataikuItems(value)).toBeUndefined()
  })
})
