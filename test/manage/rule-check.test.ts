import { describe, expect, test } from 'bun:test'
import { checkTexts, conditionsOf } from '../../src/manage/rule-check.ts'
import type { RuleInput } from '../../src/model/rule.ts'
import { definitionOf } from '../support/rules.ts'

async function checked(changes: Partial<RuleInput>) {
  const { issues, warnings } = await checkTexts(definitionOf({ routes: [{ channel: 'Ops' }], ...changes }))
  return { issues: issues.map(({ path, message }) => `${path}: ${message}`), warnings }
}

test('a rule in order has no issue and no warning', async () => {
  expect(await checked({})).toEqual({ issues: [], warnings: [] })
})

describe('what is wrong is told by place', () => {
  const cases: [string, Partial<RuleInput>, string][] = [
    [
      'a condition that cannot be read',
      { condition: { text: 'query_result["n"] >' } },
      'condition.text: SyntaxError: The expression ends too early. (line 1, column 20)',
    ],
    [
      'a name that is not there',
      { condition: { text: 'query_reslt["n"] > 0' } },
      'condition.text: There is no name "query_reslt". Did you mean "query_result"?',
    ],
    [
      'what is refused',
      { condition: { text: 'open("/etc/passwd")' } },
      "condition.text: Refused: 'open' is not supported.",
    ],
    [
      "a route's own condition",
      { routes: [{ channel: 'a' }, { channel: 'b', condition: { text: '1 +' } }] },
      'routes.1.condition.text: SyntaxError',
    ],
    ['a title that cannot be read', { message: { title: '{{ value' } }, 'message.title: '],
    ['a summary that cannot be read', { message: { summary: '{% if x %}' } }, 'message.summary: '],
    ['a paragraph', { message: { paragraphs: ['fine', '{{'] } }, 'message.paragraphs.1: '],
    ['the address of a link', { message: { links: [{ text: 'a', url: '{% bad %}' }] } }, 'message.links.0.url: '],
    ['a body', { routes: [{ channel: 'a', body: { text: '{{ x | nofilter }}' } }] }, 'routes.0.body.text: '],
    ['a setting', { routes: [{ channel: 'a', settings: { subject: '{{' } }] }, 'routes.0.settings.subject: '],
    ['Jinja where that is spoken', { message: { engine: 'jinja', title: '{% for %}' } }, 'message.title: '],
    ['a fingerprint column named twice', { fingerprint: ['a', 'b', 'a'] }, 'fingerprint: "a" is named twice'],
    [
      'two routes of one name',
      {
        routes: [
          { channel: 'a', name: 'x' },
          { channel: 'b', name: 'x' },
        ],
      },
      'routes: two routes are named "x"; names tell routes apart',
    ],
    [
      'more of fewer',
      { for: { times: 6, of: 5 } },
      'for.times: must be at most 5, the number of evaluations looked at',
    ],
  ]
  for (const [title, changes, expected] of cases)
    test(title, async () => {
      const { issues } = await checked(changes)
      expect(issues).toHaveLength(1)
      expect(issues[0]).toStartWith(expected)
    })

  test('in every text of the message and in settings however deep, with its place', async () => {
    const bad = '{{ a | nope }}'
    const { issues } = await checked({
      message: {
        facts: [{ name: 'fine', value: bad }],
        code: bad,
        actions: [{ text: bad, url: 'https://x.example' }],
        image: bad,
      },
      routes: [{ channel: 'a', settings: { to: [bad], headers: { 'X-A': bad } } }],
    })
    expect(issues.map((issue) => issue.split(': ')[0])).toEqual([
      'message.facts.0.value',
      'message.code',
      'message.actions.0.text',
      'message.image',
      'routes.0.settings.to.0',
      'routes.0.settings.headers.X-A',
    ])
  })

  test('all at once', async () => {
    const { issues } = await checked({
      condition: { text: '1 +' },
      message: { title: '{{', summary: '{{' },
      fingerprint: ['a', 'a'],
      for: { times: 2, of: 1 },
    })
    expect(issues.map((issue) => issue.split(': ')[0]).sort()).toEqual([
      'condition.text',
      'fingerprint',
      'for.times',
      'message.summary',
      'message.title',
    ])
  })
})

describe('what its author should know is a warning', () => {
  const cases: [string, Partial<RuleInput>, string][] = [
    ['no routes', { routes: [] }, 'It has no routes, so nobody is told.'],
    ['a route without a channel', { routes: [{ channel: null }] }, 'A route waits for a channel to be named.'],
  ]
  for (const [title, changes, expected] of cases)
    test(title, async () => {
      const { issues, warnings } = await checked(changes)
      expect(issues).toEqual([])
      expect(warnings).toEqual([expected])
    })
})

describe('what is in order is let through', () => {
  const cases: [string, Partial<RuleInput>][] = [
    ['row, where columns tell alerts apart', { fingerprint: ['host'], condition: { text: 'row["n"] > 0' } }],
    ['three of three', { for: { times: 3, of: 3 } }],
    ['a guided trigger', { condition: { trigger: 'stale', column: "it's", olderThan: '1h' } }],
    ['settings that are no text', { routes: [{ channel: 'a', settings: { timeoutSeconds: 5 } }] }],
    ['names that are names of other channels', { routes: [{ channel: 'a', name: 'b' }, { channel: 'b' }] }],
    [
      'variables of recipients',
      { message: { title: '{{ mailVariables }} {{ mailVariables_name }}' }, routes: [{ channel: 'a' }] },
    ],
    ['empty texts', { message: { title: '', summary: '', paragraphs: [''] } }],
  ]
  for (const [title, changes] of cases)
    test(title, async () => expect(await checked(changes)).toEqual({ issues: [], warnings: [] }))

  test('row, but only there', async () => {
    const { issues } = await checked({ condition: { text: 'row["n"] > 0' } })
    expect(issues).toHaveLength(1)
    expect(issues[0]).toContain('fingerprint')
  })
})

test('the conditions of a rule are found with their places', () => {
  const own = { text: '1 > 0' }
  const definition = definitionOf({ routes: [{ channel: 'a' }, { channel: 'b', condition: own }] })
  expect(conditionsOf(definition).map(({ path }) => path)).toEqual(['condition', 'routes.1.condition'])
})
