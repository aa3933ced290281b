import { describe, expect, test } from 'bun:test'
import { readNotification } from '../../src/importers/vianops/read.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { QueryRuleDefinition } from '../../src/model/rule.ts'
import { documentObject, exampleObject, plainObject } from '../support/notifications.ts'

const read = (object: JsonObject) => readNotification(object, { mailChannel: null })

function accepted(object: JsonObject): QueryRuleDefinition {
  const { definition, issues } = read(object)
  expect(issues).toEqual([])
  if (definition === null) throw new Error('no definition')
  return definition
}

describe('where the VIANOPS document contradicts itself', () => {
  test('1: the first example selects "count" and tests "cnt": warned, with the fix', () => {
    const { warnings, fixes } = read(documentObject())
    expect(warnings).toContain(
      'condition: tests the column "cnt", which the query does not return; its only column "count" is used instead',
    )
    expect(fixes).toEqual([
      { field: 'condition', value: 'query_result["count"] > 0', message: 'test the returned column "count"' },
    ])
  })

  test('2: the second selects "cnt" and tests "count": the mirror image', () => {
    const { warnings, fixes } = read(exampleObject())
    expect(warnings.join('\n')).toContain('"count", which the query does not return; its only column "cnt"')
    expect(fixes.map((fix) => fix.value)).toEqual(['query_result["cnt"] > 0'])
  })

  test('3: query_results is query_result', () => {
    const { warnings, fixes } = read(
      plainObject({ query: 'select count(*) as cnt from t', condition: "query_results['count'] > 0" }),
    )
    expect(warnings.join()).toContain('its only column "cnt"')
    expect(fixes[0]?.value).toBe("query_results['cnt'] > 0")
    expect(read(plainObject({ query: 'select 1 as a', condition: 'query_results["a"] > 0' })).warnings).toEqual([])
  })

  test.each([
    ['Active', false],
    ['active', false],
    ['False', false],
    [false, false],
    [0, false],
    [null, false],
    ['Inactive', true],
    ['inactive', true],
    ['True', true],
    [true, true],
    [1, true],
  ])('4: status %p stops it: %p', (status, stopped) => {
    expect(accepted(plainObject({ status })).paused).toBe(stopped)
  })

  test.each([
    [false, 'Active', false],
    [true, 'Active', true],
    [false, 'Inactive', true],
    [true, 'Inactive', true],
  ])('5: paused %p and %s: stopped %p', (paused, status, stopped) => {
    expect(accepted(plainObject({ paused, status })).paused).toBe(stopped)
  })

  test('6: schedule stands for runschedule, which wins when both are there', () => {
    const { runschedule: _, ...object } = plainObject()
    expect(accepted({ ...object, schedule: '0 8 * * *' }).schedule).toEqual({ cron: '0 8 * * *', timezone: 'UTC' })
    const both = read(plainObject({ schedule: '0 8 * * *' }))
    expect(both.definition?.schedule).toEqual({ cron: '*/5 * * * *', timezone: 'UTC' })
    expect(both.warnings).toEqual(['schedule: is ignored, since runschedule is given too'])
  })

  test('7: createddate is kept as the definition’s time and is no template variable', () => {
    expect(read(plainObject({ createddate: 1_700_000_000_000 })).origin.createddate).toBe(1_700_000_000_000)
    expect(read(plainObject({ createdtime: 5 })).object['createdtime']).toBe(5)
  })

  test.each([
    ['risk store db', 'Risk Store DB'],
    [' INTERNAL CLICKHOUSE DB ', 'Internal clickhouse DB'],
    ['Internal  DB', 'Internal DB'],
    ['model store db', 'Model Store DB'],
    ['Inference Store Db', 'Inference Store DB'],
    ['Warehouse', 'Warehouse'],
  ])('8: connection %p is %p', (given, name) => {
    expect(accepted(plainObject({ connection: given })).connection).toBe(name)
  })

  test('9: a query is taken on the connection it names, whatever the overview says lies there', () => {
    expect(accepted(documentObject()).connection).toBe('Risk Store DB')
  })

  test('10: a template without placeholders is warned of; one escaped once too often is unescaped', () => {
    expect(read(exampleObject()).warnings.join()).toContain('holds no {{ … }} placeholder')
    const escaped = read(
      plainObject({ restbodytemplate: '{ \\"text\\":\\"score {{ query_result[\\"score\\"] }}\\" }",' }),
    )
    expect(escaped.definition?.routes[0]?.body?.text).toBe('{ "text":"score {{ query_result["score"] }}" }')
    expect(escaped.warnings).toEqual([
      'restbodytemplate: was escaped with backslashes once too often; it is used unescaped',
    ])
    const kept = read(plainObject({ restbodytemplate: '{"text": "a \\"quoted\\" {{ createdby }}"}' }))
    expect(kept.definition?.routes[0]?.body?.text).toBe('{"text": "a \\"quoted\\" {{ createdby }}"}')
    expect(kept.warnings).toEqual([])
  })

  test('10: the mail of the field table is read although its quotes are broken', () => {
    const template =
      '{ \\"addresses\\":\\"mary_smith@examplecompany.com\\", \\"subject\\":\\"alert – critical drift detected\\", ' +
      '\\"body\\":\\"Critical drift detected at \\"for\\" \\" }",'
    const { definition, warnings } = read(
      plainObject({ restendpoint: String(exampleObject()['restendpoint']), restbodytemplate: template }),
    )
    expect(definition?.routes[0]?.settings).toMatchObject({ to: ['mary_smith@examplecompany.com'] })
    expect(definition?.message.title).toBe('alert – critical drift detected')
    expect(definition?.routes[0]?.body?.text).toBe('Critical drift detected at "for" ')
    expect(warnings.join('\n')).toContain('is no valid JSON')
  })

  test('11: backslashes before asterisks go; a stray quote in the SQL is shown', () => {
    expect(accepted(plainObject({ runschedule: '0 8 \\* \\* \\*' })).schedule).toEqual({
      cron: '0 8 * * *',
      timezone: 'UTC',
    })
    const { warnings } = read(plainObject({ query: "select 1 as score from t\nwhere a = 'x'\"" }))
    expect(warnings).toContain('query: the quote " at line 2, column 14 is never closed; the database will refuse it')
  })

  test('12: tags may be a list or one text with commas', () => {
    expect(accepted(plainObject({ tags: 'a, b,,a' })).tags).toEqual(['a', 'b'])
    expect(accepted(plainObject({ tags: ['a', 'b'] })).tags).toEqual(['a', 'b'])
    expect(accepted(plainObject({ tags: null })).tags).toEqual([])
  })

  test('13: lastalert is not a field one writes', () => {
    const { object, origin } = read(plainObject({ lastalert: 5, lastrun: 6 }))
    expect(object).not.toHaveProperty('lastalert')
    expect(object).not.toHaveProperty('lastrun')
    expect(origin).toEqual({ lastalert: 5, lastrun: 6 })
  })

  test('14: index may be absent', () => {
    expect(read(plainObject()).origin).toEqual({})
    expect(read(plainObject({ index: 7 })).origin).toEqual({ index: 7 })
    expect(read(plainObject({ index: 'seven' })).issues).toEqual([])
  })

  test('15: edit_mode is kept', () => {
    expect(read(plainObject({ edit_mode: 'wizard' })).object['edit_mode']).toBe('wizard')
  })

  test('16: without paused and status it is active', () => {
    expect(accepted(exampleObject()).paused).toBe(false)
  })

  test('17: suppression stays in minutes', () => {
    expect(accepted(plainObject({ alertsuppressiontime: 60 })).suppressionMinutes).toBe(60)
  })

  test('18: the defaults are POST, no suppression, Active', () => {
    const { restrequestmethod: _method, alertsuppressiontime: _time, status: _status, ...object } = plainObject()
    const definition = accepted(object)
    expect(definition.routes[0]?.channel).toEqual({
      kind: 'webhook',
      settings: { url: 'https://example.com/hook', method: 'POST' },
    })
    expect(definition).toMatchObject({ suppressionMinutes: 0, paused: false })
  })

  test('19: it polls: told at each true evaluation, never resolved', () => {
    expect(accepted(exampleObject())).toMatchObject({
      notify: 'every',
      resolve: false,
      schedule: { cron: '*/1 * * * *', timezone: 'UTC' },
      onNoRows: 'condition',
    })
  })
})
