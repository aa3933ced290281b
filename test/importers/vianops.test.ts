import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { columnsNamed } from '../../src/importers/vianops/condition.ts'
import { type Notification, notificationsIn } from '../../src/importers/vianops/notification.ts'
import { outlineQuery } from '../../src/importers/vianops/query.ts'
import { fieldOf, readNotification } from '../../src/importers/vianops/read.ts'
import { readMail, writeMail } from '../../src/importers/vianops/template.ts'
import { conditionText, replaceDefinition, writeNotification } from '../../src/importers/vianops/write.ts'
import { compile } from '../../src/language/expression/program.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Condition, QueryRule, QueryRuleDefinition } from '../../src/model/rule.ts'
import { documentObject, exampleObject, plainObject } from '../support/notifications.ts'

const read = (object: unknown) => readNotification(object, { mailChannel: null })
const noChannels = () => undefined

function ruleOf(object: JsonObject, changes: Partial<QueryRuleDefinition> = {}): QueryRule {
  const reading = read(object)
  if (reading.definition === null) throw new Error(JSON.stringify(reading.issues))
  return {
    id: 'rul_1',
    project: 'default',
    definition: { ...reading.definition, ...changes },
    version: 1,
    inline: {},
    origin: { product: 'vianops', index: 1, object: reading.object },
    warnings: reading.warnings,
    blocked: null,
    createdBy: 'operator',
    createdAt: 1000,
    updatedAt: 1000,
    nextDueAt: null,
    lastRunAt: null,
    lastSuccessAt: null,
    lastAlertAt: null,
  }
}

const generated = { index: 1, lastrun: null, lastalert: null, createdby: 'operator', createddate: 1000 }
const write = (rule: QueryRule) => writeNotification(rule, 1, noChannels)

describe('the document’s examples', () => {
  test('come back as they went in, completed by defaults', () => {
    expect(write(ruleOf(documentObject()))).toEqual({ ...documentObject(), ...generated } as Notification)
    expect(write(ruleOf(exampleObject()))).toEqual({
      ...exampleObject(),
      ...generated,
      paused: false,
      status: 'Active',
    } as Notification)
  })

  test('the mail target becomes a mail route that waits for its channel', () => {
    const { definition, warnings } = read(exampleObject())
    expect(definition?.routes).toMatchObject([
      {
        name: 'mail',
        channel: null,
        settings: { to: ['user1@company.com'] },
        body: { engine: 'jinja', text: 'email body cnt = ' },
      },
    ])
    expect(definition?.message).toMatchObject({ engine: 'jinja', title: 'test message' })
    expect(warnings).toContain('restendpoint: is the mail target; its route waits until it names a mail channel')
    const named = readNotification(exampleObject(), { mailChannel: 'office' })
    expect(named.definition?.routes[0]?.channel).toBe('office')
    expect(named.warnings.join()).not.toContain('waits')
  })

  test('the test target becomes a console route', () => {
    const { definition, warnings } = read(documentObject())
    expect(definition?.routes[0]?.channel).toEqual({ kind: 'console', settings: {} })
    expect(definition?.routes[0]).not.toHaveProperty('body')
    expect(warnings.join()).toContain('standard output')
  })
})

describe('an endpoint', () => {
  const mail = String(exampleObject()['restendpoint'])

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'post'])('takes %s', (restrequestmethod) => {
    const channel = read(plainObject({ restrequestmethod })).definition?.routes[0]?.channel
    expect(channel).toMatchObject({ kind: 'webhook', settings: { method: restrequestmethod.toUpperCase() } })
  })

  test('without a template has no body of its own', () => {
    expect(read(plainObject({ restbodytemplate: '' })).definition?.routes[0]).not.toHaveProperty('body')
    expect(read(plainObject({ restbodytemplate: null })).definition?.routes[0]).not.toHaveProperty('body')
  })

  test.each([
    ['https://hooks.slack.com/services/T0/B0/canary', '{"text": "{{ query_result[\'cnt\'] }}"}'],
    ['https://hooks.slack.com/services/T0/B0/canary', ''],
    ['https://hooks.slack-gov.com/services/T0/B0/canary', ''],
  ])('at %s becomes a Slack channel, and is shown as it came', (restendpoint, restbodytemplate) => {
    const object = plainObject({ restendpoint, restbodytemplate })
    const { definition, warnings } = read(object)
    expect(definition?.routes).toMatchObject([
      { channel: { kind: 'slack', settings: { mode: 'webhook', webhookUrl: restendpoint } } },
    ])
    expect(definition?.routes[0]?.body?.text ?? '').toBe(restbodytemplate)
    expect(warnings.filter((warning) => warning.includes('Slack'))).toEqual([])
    expect(write(ruleOf(object))).toMatchObject({ restendpoint, restbodytemplate, restrequestmethod: 'POST' })
    // Without what was imported it is shown as the rule has it.
    const { restendpoint: _, restbodytemplate: __, ...rest } = object
    const { definition: own } = ruleOf(object)
    expect(
      write({ ...ruleOf(object), definition: own, origin: { ...ruleOf(object).origin!, object: rest } }),
    ).toMatchObject({
      restendpoint,
      restbodytemplate,
    })
  })

  test.each([
    'https://hooks.slack.com.evil.example/services/T0/B0/x',
    'https://hooks.slack.com/workflows/T0/A0/1/x',
    'http://hooks.slack.com/services/T0/B0/x',
    'https://example.com/hooks.slack.com/services/',
  ])('at %s stays a webhook', (restendpoint) => {
    expect(read(plainObject({ restendpoint })).definition?.routes[0]?.channel).toMatchObject({ kind: 'webhook' })
  })

  test('of Slack is told that only POST is taken', () => {
    const restendpoint = 'https://hooks.slack.com/services/T0/B0/x'
    expect(read(plainObject({ restendpoint, restrequestmethod: 'PUT' })).warnings).toContain(
      'restrequestmethod: is PUT, but Slack takes POST alone; that is used',
    )
  })

  test('of a bot is none to show', () => {
    const rule = ruleOf(plainObject())
    const routes = [
      { ...rule.definition.routes[0]!, channel: { kind: 'slack', settings: { mode: 'bot', token: 'x' } } },
    ]
    expect(write({ ...rule, definition: { ...rule.definition, routes } })).toMatchObject({ restendpoint: '' })
  })

  test('splits addresses at semicolons, not inside placeholders', () => {
    const restbodytemplate = '{"addresses": "a@x.org; b@x.org ;c@x.org;", "subject": "s {{ tags[0] }}", "body": "b"}'
    const definition = read(plainObject({ restendpoint: mail, restbodytemplate })).definition
    expect(definition?.routes[0]?.settings['to']).toEqual(['a@x.org', 'b@x.org', 'c@x.org'])
    expect(definition?.message.title).toBe('s {{ tags[0] }}')
    expect(readMail('{"addresses": "{{ a | default(\';\') }};b@x.org"}')?.addresses).toEqual([
      "{{ a | default(';') }}",
      'b@x.org',
    ])
  })

  test('keeps placeholders with quotes, and escapes of JSON, in a mail', () => {
    const parts = readMail(
      '{"addresses":"a@x.org","subject":"{{ query_result["cnt"] }}","body":"one\\ntwo {{ rows|tojson }}"}',
    )
    expect(parts).toEqual({
      addresses: ['a@x.org'],
      subject: '{{ query_result["cnt"] }}',
      body: 'one\ntwo {{ rows|tojson }}',
      exact: true,
    })
  })

  test('that is a mail target without readable addresses stays a webhook, and says so', () => {
    for (const restbodytemplate of ['', 'hello', '{"subject": "s"}', '[1]', `{"addresses":"${'x'.repeat(30_000)}"}`]) {
      const { definition, warnings } = read(plainObject({ restendpoint: mail, restbodytemplate }))
      expect(definition?.routes[0]?.channel).toMatchObject({ kind: 'webhook' })
      expect(warnings.join()).toContain('stays a plain webhook')
    }
  })

  test('mail parts are written so that they are read back', () => {
    const text = fc.string().filter((value) => !/[\uE000\uE001]|\{[{%#]/.test(value))
    fc.assert(
      fc.property(text, text, (subject, body) => {
        const parts = { addresses: ['a@x.org', 'b@x.org'], subject, body }
        expect(readMail(writeMail(parts))).toEqual({ ...parts, exact: true })
      }),
    )
  })
})

describe('what is wrong is named by its field', () => {
  test.each([
    [{ name: undefined }, 'name', 'is missing'],
    [{ name: '  ' }, 'name', ''],
    [{ name: 5 }, 'name', 'must be text'],
    [{ name: 'a\nb' }, 'name', 'control characters'],
    [{ query: undefined }, 'query', 'is missing'],
    [{ query: '' }, 'query', 'must not be empty'],
    [{ query: 'select 1; select 2' }, 'query', 'one statement'],
    [{ query: '-- tidy up\nDELETE FROM t' }, 'query', 'begins with DELETE'],
    [{ condition: undefined }, 'condition', 'is missing'],
    [{ connection: undefined }, 'connection', 'is missing'],
    [{ runschedule: undefined }, 'runschedule', 'is missing'],
    [{ runschedule: '0 0 8 * * *' }, 'runschedule', '6 fields'],
    [{ runschedule: '@daily' }, 'runschedule', '1 fields'],
    [{ restendpoint: undefined }, 'restendpoint', 'is missing'],
    [{ restendpoint: 'ftp://example.com/' }, 'restendpoint', 'http'],
    [{ restendpoint: 'example.com/hook' }, 'restendpoint', 'http'],
    [{ restendpoint: 'http://' }, 'restendpoint', 'http'],
    [{ restrequestmethod: 'HEAD' }, 'restrequestmethod', 'GET, POST'],
    [{ alertsuppressiontime: -1 }, 'alertsuppressiontime', 'whole number'],
    [{ alertsuppressiontime: 1.5 }, 'alertsuppressiontime', 'whole number'],
    [{ alertsuppressiontime: '5' }, 'alertsuppressiontime', 'whole number'],
    [{ alertsuppressiontime: 1e9 }, 'alertsuppressiontime', 'at most a year'],
    [{ tags: [1] }, 'tags', 'list of texts'],
    [{ tags: {} }, 'tags', 'list of texts'],
    [{ status: 'asleep' }, 'status', '"Active"'],
    [{ paused: 'maybe' }, 'paused', 'true or false'],
    [{ description: 5 }, 'description', 'must be text'],
  ])('%p', (changes, path, message) => {
    const object = JSON.parse(JSON.stringify({ ...plainObject(), ...changes })) as JsonObject
    const { definition, issues } = read(object)
    expect(definition).toBeNull()
    expect(issues.map((issue) => issue.path)).toEqual([path])
    expect(issues[0]?.message).toContain(message)
  })

  test('all of it at once', () => {
    const paths = read({}).issues.map((issue) => issue.path)
    expect(paths.sort()).toEqual(['condition', 'connection', 'name', 'query', 'restendpoint', 'runschedule'])
    for (const value of [null, 5, 'text', [plainObject()]]) expect(read(value).issues[0]?.message).toContain('object')
  })

  test('paths within a rule lead back to the field', () => {
    expect(
      [
        'schedule.cron',
        'condition.text',
        'routes.0.channel.settings.url',
        'routes.0.settings.to.1',
        'query',
        'message.title',
      ].map(fieldOf),
    ).toEqual(['runschedule', 'condition', 'restendpoint', 'restbodytemplate', 'query', 'restbodytemplate'])
  })
})

test('any value at all is read or refused, and never throws', () => {
  const keys = Object.keys(plainObject())
  const object = fc.dictionary(fc.constantFrom(...keys, 'schedule', 'index', '__proto__'), fc.jsonValue())
  fc.assert(
    fc.property(object, fc.boolean(), (changes, isWhole) => {
      const { definition, issues } = read(isWhole ? { ...plainObject(), ...changes } : changes)
      expect(definition === null).toBe(issues.length > 0)
    }),
  )
})

describe('a query’s outline', () => {
  test.each<[string, string[] | null]>([
    ['SELECT COUNT(*) AS "count" FROM t', ['count']],
    ['select count(*) as cnt from t', ['cnt']],
    ['select a, t.b, sum(c) total, "Odd ""name" from t', ['a', 'b', 'total', 'Odd "name']],
    ['select distinct model from t', ['model']],
    ['with x as (select 1 as inner_name) select (select max(y) from x) as top from x', ['top']],
    ['select case when a then b end from t', null],
    ['select count(*) from t', null],
    ['select * from t', null],
    ['select 1', null],
    ["select 'a, b' as text /* , c */ -- , d\nfrom t", ['text']],
    ['select `a` from t;', ['a']],
    ['select $$from$$ as f', ['f']],
    ['', null],
  ])('%s', (sql, columns) => {
    expect(outlineQuery(sql).columns).toEqual(columns)
  })

  test.each<[string, number]>([
    ['select 1', 1],
    ['select 1;', 1],
    ["select ';'", 1],
    ['select 1; select 2', 2],
    [';;select 1;;', 1],
    ['', 0],
  ])('%p is %p statements', (sql, count) => {
    expect(outlineQuery(sql).statements).toBe(count)
  })

  test('reads any text in linear time', () => {
    fc.assert(fc.property(fc.string(), (text) => outlineQuery(text).statements >= 0))
    const started = performance.now()
    outlineQuery('select '.repeat(15_000))
    outlineQuery('$'.repeat(20_000))
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('columns a condition names', () => {
  test('are found in subscripts and get, once each', () => {
    expect(columnsNamed('query_result["a"] > 0 and query_results.get(\'b\', 0) or query_result["a"]')).toEqual([
      'a',
      'b',
    ])
  })

  test('with several returned columns nothing is guessed', () => {
    const { warnings, fixes } = read(
      plainObject({ query: 'select a, b from t', condition: 'query_result["c"] > 0 and query_result["A"] > 0' }),
    )
    expect(warnings).toEqual([
      'condition: tests the column "c", which the query does not return; it returns "a", "b"',
      'condition: tests the column "A", which the query does not return; "a", the same but for letter case, is used instead',
    ])
    expect(fixes.map((fix) => fix.value)).toEqual(['query_result["c"] > 0 and query_result["a"] > 0'])
  })
})

describe('a rule as a notification', () => {
  test('shows what was edited since, and the rest as it came', () => {
    const odd = plainObject({
      connection: 'risk store db',
      extra: { kept: [1] },
      schedule: 'x',
      tags: 'a,b',
      status: false,
    })
    const notification = write(ruleOf(odd, { query: 'SELECT 2 AS score', suppressionMinutes: 5 }))
    expect(notification).toEqual({
      ...plainObject(),
      ...generated,
      extra: { kept: [1] },
      tags: ['a', 'b'],
      query: 'SELECT 2 AS score',
      alertsuppressiontime: 5,
    } as unknown as Notification)
  })

  test('shows an edited endpoint', () => {
    const rule = ruleOf(plainObject())
    const [route] = rule.definition.routes
    const routes = [
      { ...route!, channel: { kind: 'webhook', settings: { url: 'https://new.example/', method: 'PUT' } } },
    ]
    expect(write({ ...rule, definition: { ...rule.definition, routes } })).toMatchObject({
      restendpoint: 'https://new.example/',
      restrequestmethod: 'PUT',
      restbodytemplate: plainObject()['restbodytemplate'],
    } as Partial<Notification>)
  })

  test('naming the mail channel changes nothing; changing recipients does', () => {
    const rule = ruleOf(exampleObject())
    const [route] = rule.definition.routes
    const named = { ...rule.definition, routes: [{ ...route!, channel: 'office' }] }
    expect(write({ ...rule, definition: named }).restbodytemplate).toBe(String(exampleObject()['restbodytemplate']))
    const moved = {
      ...named,
      routes: [{ ...route!, channel: 'office', settings: { ...route!.settings, to: ['z@x.org'] } }],
    }
    expect(JSON.parse(write({ ...rule, definition: moved }).restbodytemplate)).toEqual({
      addresses: 'z@x.org',
      subject: 'test message',
      body: 'email body cnt = ',
    })
  })

  test('both switches are kept until the rule is switched otherwise', () => {
    const rule = ruleOf(plainObject({ paused: false, status: 'Inactive' }))
    expect(write(rule)).toMatchObject({ paused: false, status: 'Inactive' })
    expect(write({ ...rule, definition: { ...rule.definition, paused: false } })).toMatchObject({
      paused: false,
      status: 'Active',
    })
    const running = ruleOf(plainObject())
    expect(write({ ...running, definition: { ...running.definition, paused: true } })).toMatchObject({
      paused: true,
      status: 'Active',
    })
  })

  test('a webhook’s address may be kept apart from what was imported', () => {
    const rule = ruleOf(plainObject())
    const { restendpoint: _, ...object } = rule.origin!.object
    const apart = { ...rule, origin: { ...rule.origin!, object } }
    expect(write(apart)).toEqual({ ...plainObject(), ...generated } as Notification)
    const routeless = { ...apart, definition: { ...rule.definition, routes: [] } }
    expect(write(routeless)).toMatchObject({ restendpoint: '', condition: plainObject()['condition'] as string })
  })

  test('times are the rule’s own, before them the imported ones', () => {
    const rule = ruleOf(plainObject())
    const origin = { ...rule.origin!, object: { ...rule.origin!.object, lastrun: 7, lastalert: 8, createddate: 9 } }
    expect(write({ ...rule, origin })).toMatchObject({ lastrun: 7, lastalert: 8, createddate: 9 })
    expect(write({ ...rule, origin, lastRunAt: 70, lastAlertAt: 80 })).toMatchObject({ lastrun: 70, lastalert: 80 })
  })

  test('a rule made here is shown as far as it fits', () => {
    const rule = { ...ruleOf(plainObject(), { routes: [], schedule: { every: '90s' } }), origin: null }
    expect(write(rule)).toMatchObject({ restendpoint: '', runschedule: '*/2 * * * *', edit_mode: 'code' })
    expect(conditionText({ trigger: 'threshold', column: 'a"b', operator: '>', value: 5, rows: 'any' })).toBe(
      'any(r["a\\"b"] > 5 for r in query_result)',
    )
    expect(conditionText({ trigger: 'rows' })).toBe('len(query_result) > 0')
    const guided: Condition[] = [
      { trigger: 'no-rows' },
      { trigger: 'changed' },
      { trigger: 'stale', column: 'at', olderThan: '1h' },
      { trigger: 'threshold', column: 'ok', operator: '==', value: true, rows: 'all' },
    ]
    for (const condition of guided) expect(() => compile('python', conditionText(condition))).not.toThrow()
  })

  test('any notification comes back equal', () => {
    const text = fc.string({ minLength: 1 }).filter((value) => value.trim() === value && !/\p{Cc}/u.test(value))
    const object = fc.record({
      name: text,
      description: fc.string(),
      condition: text,
      restrequestmethod: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      restbodytemplate: fc.string(),
      tags: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,9}$/)),
      paused: fc.boolean(),
      status: fc.constantFrom('Active', 'Inactive'),
      alertsuppressiontime: fc.nat(500_000),
      edit_mode: fc.string(),
      unknown: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
    })
    fc.assert(
      fc.property(object, (changes) => {
        const given = plainObject(changes as JsonObject)
        expect(write(ruleOf(given))).toEqual({ ...given, ...generated } as Notification)
      }),
    )
  })
})

describe('writing a notification over a rule', () => {
  function put(rule: QueryRule, changes: JsonObject): QueryRuleDefinition {
    const shown = write(rule)
    const { definition, issues } = readNotification({ ...shown, ...changes }, { mailChannel: null, stored: shown })
    expect(issues).toEqual([])
    return replaceDefinition(rule.definition, shown, definition!, noChannels)
  }

  test('what was read can be written back and changes nothing', () => {
    for (const object of [plainObject(), documentObject(), exampleObject()]) {
      const rule = ruleOf(object, { fingerprint: ['model'], for: '5m', severity: 'critical' })
      expect(put(rule, {})).toEqual(rule.definition)
    }
    const native = { ...ruleOf(plainObject(), { routes: [], condition: { trigger: 'rows' } }), origin: null }
    expect(put(native, {})).toEqual(native.definition)
  })

  test('a mail route that waits is given the channel that is there by now', () => {
    const rule = ruleOf(exampleObject())
    const shown = write(rule)
    const { definition } = readNotification(shown, { mailChannel: 'office', stored: shown })
    const next = replaceDefinition(rule.definition, shown, definition!, noChannels)
    expect(next).toEqual({ ...rule.definition, routes: [{ ...rule.definition.routes[0]!, channel: 'office' }] })
  })

  test('what a notification cannot say stays', () => {
    const rule = ruleOf(plainObject(), {
      fingerprint: ['model'],
      schedule: { cron: '*/5 * * * *', timezone: 'Europe/Berlin' },
    })
    const [first] = rule.definition.routes
    const headers = { url: 'https://example.com/hook', method: 'POST', headers: { 'X-Team': 'risk' } }
    const routes = [
      { ...first!, channel: { kind: 'webhook', settings: headers } },
      { ...first!, channel: 'chat' },
    ]
    const next = put(
      { ...rule, definition: { ...rule.definition, routes } },
      {
        condition: 'query_result["score"] > 1',
        runschedule: '0 9 * * *',
        restendpoint: 'https://example.com/other',
      },
    )
    expect(next).toMatchObject({
      fingerprint: ['model'],
      schedule: { cron: '0 9 * * *', timezone: 'Europe/Berlin' },
      condition: { text: 'query_result["score"] > 1' },
    })
    expect(next.routes.map((route) => route.channel)).toEqual([
      { kind: 'webhook', settings: { ...headers, url: 'https://example.com/other' } },
      'chat',
    ])
  })
})

test('an import file holds one object, a list, or a list under "notifications"', () => {
  expect(notificationsIn({ name: 'a' })).toEqual([{ name: 'a' }])
  expect(notificationsIn([{ name: 'a' }, 5])).toEqual([{ name: 'a' }, 5])
  expect(notificationsIn({ notifications: [{ name: 'a' }] })).toEqual([{ name: 'a' }])
  for (const value of [5, null, 'x', { notifications: 5 }]) expect(notificationsIn(value)).toBeUndefined()
})
