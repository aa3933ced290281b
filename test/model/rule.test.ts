import { describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { deliveryStates, finalStates } from '../../src/model/delivery.ts'
import { type ReasonCode, reasons, sentence } from '../../src/model/reason.ts'
import { queryRule } from '../../src/model/rule.ts'
import { validate } from '../../src/model/validate.ts'
import { definitionOf } from '../support/rules.ts'

const least = {
  name: 'r',
  connection: 'c',
  query: 'select 1',
  schedule: { every: '30s' },
  condition: { trigger: 'rows' },
}

function faults(changes: object): string[] {
  try {
    validate(queryRule, { ...least, ...changes })
    return []
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return thrown.issues.map(({ path, message }) => `${path}: ${message}`)
  }
}

test('a rule needs five things; everything else has a default', () => {
  expect(validate(queryRule, least)).toEqual({
    ...least,
    schedule: { every: '30s' },
    condition: { trigger: 'rows' },
    description: '',
    tags: [],
    fingerprint: [],
    severity: 'warning',
    for: '0s',
    keepFiringFor: '0s',
    notify: 'transitions',
    remindEvery: '0s',
    resolve: true,
    suppressionMinutes: 0,
    onNoRows: 'condition',
    onQueryError: 'error',
    onConditionError: 'error',
    message: { engine: 'liquid', title: '', summary: '', paragraphs: [], links: [] },
    routes: [],
    paused: false,
  })
  for (const key of Object.keys(least))
    expect(faults({ [key]: undefined })).toEqual([expect.stringContaining('missing')])
})

test('a route wants every phase and its own settings only when told so', () => {
  expect(definitionOf({ routes: [{ channel: 'Ops' }] }).routes).toEqual([
    { channel: 'Ops', settings: {}, when: ['firing', 'resolved', 'error', 'no-data'], each: false },
  ])
})

describe('what is taken', () => {
  const taken: [string, object][] = [
    ['a cron line with its zone', { schedule: { cron: '*/5 * * * *', timezone: 'Europe/Berlin' } }],
    ['a text as condition', { condition: { text: 'row_count > 0' } }],
    ['a threshold on texts', { condition: { trigger: 'threshold', column: 'a', operator: '==', value: 'x' } }],
    ['a threshold on truth', { condition: { trigger: 'threshold', column: 'a', operator: '!=', value: true } }],
    ['age', { condition: { trigger: 'stale', column: 'at', olderThan: '365d' } }],
    ['N of M', { for: { times: 3, of: 5 } }],
    ['a hold of a month', { for: '31d' }],
    ['a channel that is named later', { routes: [{ channel: null }] }],
    ['fifty routes', { routes: Array.from({ length: 50 }, () => ({ channel: 'a' })) }],
    ['names in any script, with emoji', { name: '注文 🚨 “stuck”' }],
    ['a year of suppression', { suppressionMinutes: 525_600 }],
  ]
  for (const [title, changes] of taken) test(title, () => expect(faults(changes)).toEqual([]))

  test('names lose the blanks around them', () => expect(definitionOf({ name: '  r\t' }).name).toBe('r'))
})

describe('what is refused, by field and with the remedy', () => {
  const refused: [string, object, string][] = [
    ['a blank name', { name: '  ' }, 'name: must not be blank'],
    ['an empty name', { name: '' }, 'name: must not be empty'],
    ['a name of two lines', { name: 'a\nb' }, 'name: must not hold control characters such as line breaks'],
    ['a name too long', { name: 'x'.repeat(201) }, 'name: must be at most 200 characters'],
    ['an interval too short', { schedule: { every: '4s' } }, 'schedule.every: must be a duration such as'],
    ['both ways of a schedule', { schedule: { every: '5s', cron: '* * * * *' } }, 'schedule.'],
    ['a null schedule', { schedule: null }, 'schedule: must be {"cron":"*/5 * * * *","timezone":"UTC"} or'],
    ['an empty condition', { condition: { text: '' } }, 'condition.text: must not be empty'],
    ['another dialect', { condition: { dialect: 'perl', text: '1' } }, 'condition.dialect: must be "python"'],
    ['another severity', { severity: 'fatal' }, 'severity: must be one of debug, info, warning, error, critical'],
    ['half of N of M', { for: { times: 3 } }, 'for.of: is missing'],
    ['none of M', { for: { times: 0, of: 5 } }, 'for.times:'],
    ['a hold too long', { for: '32d' }, 'for: must be a duration such as "30s", "5m" or "1h30m", from 0s to 31d'],
    ['suppression in parts of minutes', { suppressionMinutes: 0.5 }, 'suppressionMinutes: must be whole minutes'],
    ['negative suppression', { suppressionMinutes: -1 }, 'suppressionMinutes: must not be negative'],
    ['endless suppression', { suppressionMinutes: 525_601 }, 'suppressionMinutes: must be at most a year'],
    ['another policy for no rows', { onNoRows: 'error' }, 'onNoRows: must be one of condition, keep, fire, normal'],
    ['17 fingerprint columns', { fingerprint: Array(17).fill('a') }, 'fingerprint: must be at most 16 columns'],
    ['an empty fingerprint column', { fingerprint: [''] }, 'fingerprint.0: must not be empty'],
    ['51 routes', { routes: Array(51).fill({ channel: 'a' }) }, 'routes: must be at most 50 routes'],
    ['a route without phases', { routes: [{ channel: 'a', when: [] }] }, 'routes.0.when: must name one at least'],
    [
      'another phase',
      { routes: [{ channel: 'a' }, { channel: 'a', when: ['started'] }] },
      'routes.1.when.0: must be one of firing, resolved, error, no-data',
    ],
    ['a route without a channel', { routes: [{}] }, 'routes.0.channel: is missing'],
    ['settings that are a list', { routes: [{ channel: 'a', settings: [] }] }, 'routes.0.settings: must be an object'],
    [
      'an inline channel without a kind',
      { routes: [{ channel: { settings: {} } }] },
      'routes.0.channel.kind: is missing',
    ],
    ['another engine', { message: { engine: 'erb' } }, 'message.engine: must be "liquid", "jinja" or "formula"'],
    ['a timeout too short', { timeout: '0s' }, 'timeout: must be a duration such as'],
    ['no rows at all', { maxRows: 0 }, 'maxRows:'],
  ]
  for (const [title, changes, expected] of refused)
    test(title, () => {
      expect(faults(changes).join('\n')).toStartWith(expected)
    })

  test('a list or a text in place of the whole', () => {
    expect(() => validate(queryRule, [])).toThrow('must be an object, not a list')
    expect(() => validate(queryRule, 'select 1')).toThrow('must be an object')
    expect(() => validate(queryRule, null)).toThrow('must be an object')
  })

  test('keys that objects have by nature are unknown as any other', () => {
    for (const key of ['constructor', 'toString', 'hasOwnProperty', '__proto__'])
      expect(faults(JSON.parse(`{"${key}":1}`))).toEqual([expect.stringContaining(`${key}: unknown key`)])
  })
})

describe('reasons', () => {
  const codes = Object.keys(reasons) as ReasonCode[]

  test('are sentences with their detail, if there is one', () => {
    expect(sentence({ code: 'queued' })).toBe('A delivery was queued.')
    expect(sentence({ code: 'queued', detail: '' })).toBe('A delivery was queued.')
    expect(sentence({ code: 'query-error', detail: 'no table "x"' })).toBe('The query failed: no table "x".')
  })

  test('end without a full stop, so that a detail can follow, and begin large', () => {
    for (const code of codes) expect(reasons[code].text, code).toMatch(/^[A-Z].*[^.:]$/)
  })

  test('are told apart by their text within a scope', () => {
    const texts = codes.map((code) => `${reasons[code].scope} ${reasons[code].text}`)
    expect(new Set(texts).size).toBe(texts.length)
  })
})

test('a delivery is under way or final', () => {
  expect(deliveryStates.filter((state) => !finalStates.includes(state))).toEqual(['pending', 'sending'])
})
