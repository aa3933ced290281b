import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RequestOptions, type TestApi, testApi } from '../support/api.ts'

/** One request that is refused: what must be named, by its path, and a part of what must be said about it. */
interface BadInput {
  title: string
  method: string
  path: string
  body?: unknown
  options?: RequestOptions
  status: number
  code: string
  /** Path of the issue; absent when the fault is no field's. */
  field?: string
  says: string
}

const rule = {
  name: 'orders are stuck',
  connection: 'shop',
  query: 'select count(*) as stuck from orders',
  schedule: { every: '30s' },
  condition: { text: 'query_result["stuck"] > 10' },
  routes: [{ channel: 'Ops' }],
}
const postgres = { host: '127.0.0.1', port: 1, database: 'shop', user: 'reader' }
const nested = `{"name":${'['.repeat(100)}${']'.repeat(100)}}`

const make =
  (path: string) =>
  (title: string, body: unknown, field: string, says: string, status = 400) =>
    ({
      title,
      method: 'POST',
      path,
      body,
      status,
      code: status === 409 ? 'conflict' : 'invalid',
      field,
      says,
    }) satisfies BadInput
const ofRule = make('/api/v1/rules')
const withRule = (title: string, changes: object, field: string, says: string) =>
  ofRule(title, { ...rule, ...changes }, field, says)
const ofConnection = make('/api/v1/connections')
const ofChannel = make('/api/v1/channels')
const send = make('/api/v1/channels/Ops/send')
const bulk = make('/api/v1/deliveries/bulk')
const query = (title: string, path: string, field: string, says: string) =>
  ({ title, method: 'GET', path: `/api/v1${path}`, status: 400, code: 'invalid', field, says }) satisfies BadInput
const missing = (title: string, method: string, path: string, says: string) =>
  ({ title, method, path: `/api/v1${path}`, status: 404, code: 'not-found', says }) satisfies BadInput
const raw = (title: string, options: RequestOptions, status: number, code: string, says: string) =>
  ({ title, method: 'POST', path: '/api/v1/rules', options, status, code, says }) satisfies BadInput

const cases: BadInput[] = [
  // The body as such
  raw('no body', { raw: '', headers: { 'content-type': 'application/json' } }, 400, 'invalid', 'The body is empty'),
  raw(
    'a body of another type',
    { raw: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    415,
    'unsupported',
    'not "application/x-www-form-urlencoded"',
  ),
  raw(
    'a body that is no JSON',
    { raw: '{"name": "x",}' },
    400,
    'invalid',
    'a key in double quotes was expected, at line 1, column 14',
  ),
  raw('a body cut short', { raw: '{"name": "x"' }, 400, 'invalid', 'it ends too early, at line 1, column 13'),
  raw('a body that is no UTF-8', { raw: new Uint8Array([0x22, 0xff, 0x22]) }, 400, 'invalid', 'not UTF-8'),
  raw('a body nested too deep', { raw: nested }, 400, 'invalid', 'nested more than 64 deep'),
  raw('a body too large', { raw: `"${'x'.repeat(1024 * 1024)}"` }, 413, 'too-large', 'larger than 1 MB'),
  raw('a body that is a list', { raw: '[]' }, 400, 'invalid', 'must be an object'),
  raw('a body that is null', { raw: 'null' }, 400, 'invalid', 'must be an object'),

  // Rules
  withRule('no name', { name: undefined }, 'name', 'is missing'),
  withRule('a blank name', { name: '   ' }, 'name', 'must not be blank'),
  withRule('a name that is a number', { name: 5 }, 'name', 'must be text'),
  withRule('a name with a line break', { name: 'a\nb' }, 'name', 'control characters'),
  withRule('a name too long', { name: 'x'.repeat(201) }, 'name', 'at most 200 characters'),
  withRule('a misspelt key', { conditon: {} }, 'conditon', 'Did you mean "condition"?'),
  withRule('a key of the prototype', { constructor: 1 }, 'constructor', 'unknown key'),
  withRule(
    'a connection that does not exist',
    { connection: 'shopp' },
    'connection',
    'there is no connection "shopp". Did you mean "shop"?',
  ),
  withRule('an empty query', { query: '' }, 'query', 'must not be empty'),
  withRule('no schedule', { schedule: undefined }, 'schedule', 'is missing'),
  withRule(
    'a cron of six fields',
    { schedule: { cron: '0 */5 * * * *' } },
    'schedule.cron',
    'has 6 fields; it must have five',
  ),
  withRule(
    'a cron of four fields',
    { schedule: { cron: '* * * *' } },
    'schedule.cron',
    'has 4 fields; it must have five',
  ),
  withRule(
    'a cron with a minute that does not exist',
    { schedule: { cron: '75 * * * *' } },
    'schedule.cron',
    'is not a cron expression',
  ),
  withRule(
    'a cron in words',
    { schedule: { cron: 'every five minutes or so' } },
    'schedule.cron',
    'is not a cron expression',
  ),
  withRule('a day that never comes', { schedule: { cron: '0 0 30 2 *' } }, 'schedule.cron', 'a day that never comes'),
  withRule(
    'an unknown time zone',
    { schedule: { cron: '0 8 * * *', timezone: 'Europe/Berlim' } },
    'schedule.timezone',
    'is not a time zone',
  ),
  withRule('an interval too short', { schedule: { every: '1s' } }, 'schedule.every', 'from 5s to 31d'),
  withRule(
    'an interval without a unit',
    { schedule: { every: '30' } },
    'schedule.every',
    'must be a duration such as "30s"',
  ),
  withRule(
    'a schedule of both kinds',
    { schedule: { every: '30s', cron: '* * * * *' } },
    'schedule.every',
    'unknown key',
  ),
  withRule('a condition that is text', { condition: 'a > 1' }, 'condition', 'must be {"dialect":"python"'),
  withRule(
    'a condition that does not parse',
    { condition: { text: 'query_result["a"] >' } },
    'condition.text',
    'SyntaxError',
  ),
  withRule(
    'a condition that calls something',
    { condition: { text: '__import__("os")' } },
    'condition.text',
    '__import__',
  ),
  withRule(
    'a condition that names what is not there',
    { condition: { text: 'row_cont > 1' } },
    'condition.text',
    'There is no name "row_cont". Did you mean "row_count"?',
  ),
  withRule(
    'a condition in another dialect',
    { condition: { dialect: 'sql', text: 'a > 1' } },
    'condition.dialect',
    'must be "python"',
  ),
  withRule('an unknown trigger', { condition: { trigger: 'sometimes' } }, 'condition.trigger', 'must be one of'),
  withRule(
    'a threshold without a column',
    { condition: { trigger: 'threshold', operator: '>', value: 1 } },
    'condition.column',
    'is missing',
  ),
  withRule(
    'an unknown operator',
    { condition: { trigger: 'threshold', column: 'a', operator: '=>', value: 1 } },
    'condition.operator',
    'must be one of > >=',
  ),
  withRule('a fingerprint that is text', { fingerprint: 'host' }, 'fingerprint', 'must be a list'),
  withRule(
    'a fingerprint column named twice',
    { fingerprint: ['host', 'host'] },
    'fingerprint',
    '"host" is named twice',
  ),
  withRule(
    'an unknown severity',
    { severity: 'fatal' },
    'severity',
    'must be one of debug, info, warning, error, critical',
  ),
  withRule('a hold in words', { for: 'a while' }, 'for', 'must be a duration'),
  withRule('more times than looked at', { for: { times: 5, of: 3 } }, 'for.times', 'must be at most 3'),
  withRule('a negative suppression', { suppressionMinutes: -1 }, 'suppressionMinutes', 'must not be negative'),
  withRule('half a minute of suppression', { suppressionMinutes: 0.5 }, 'suppressionMinutes', 'must be whole minutes'),
  withRule(
    'an unknown policy',
    { onNoRows: 'ignore' },
    'onNoRows',
    'must be one of condition, keep, fire, normal, no-data',
  ),
  withRule('a title template that does not parse', { message: { title: '{{ value' } }, 'message.title', ''),
  withRule(
    'a paragraph with an unclosed block',
    { message: { paragraphs: ['{% if value %}'] } },
    'message.paragraphs.0',
    '',
  ),
  withRule(
    'a Jinja title that does not parse',
    { message: { engine: 'jinja', title: '{{ value' } },
    'message.title',
    '',
  ),
  withRule(
    'an unknown engine',
    { message: { engine: 'mustache' } },
    'message.engine',
    'must be "liquid", "jinja" or "formula"',
  ),
  withRule(
    'a route to a channel that does not exist',
    { routes: [{ channel: 'Opps' }] },
    'routes.0.channel',
    'there is no channel "Opps". Did you mean "Ops"?',
  ),
  withRule('a route without a channel', { routes: [{}] }, 'routes.0.channel', 'is missing'),
  withRule(
    'a phase that does not exist',
    { routes: [{ channel: 'Ops', when: ['fired'] }] },
    'routes.0.when.0',
    'must be one of firing',
  ),
  withRule(
    'a route for no phase',
    { routes: [{ channel: 'Ops', when: [] }] },
    'routes.0.when',
    'must name one at least',
  ),
  withRule(
    'two routes of one name',
    {
      routes: [
        { name: 'a', channel: 'Ops' },
        { name: 'a', channel: 'Ops' },
      ],
    },
    'routes',
    'two routes are named "a"',
  ),
  withRule(
    'a condition of a route that does not parse',
    { routes: [{ channel: 'Ops', condition: { text: 'a b' } }] },
    'routes.0.condition.text',
    'SyntaxError',
  ),
  withRule(
    'a setting of a route that does not exist',
    { routes: [{ channel: 'Ops', settings: { timeout: 1 } }] },
    'routes.0.settings.timeout',
    'unknown key. Did you mean "timeoutSeconds"?',
  ),
  withRule(
    'a secret in the settings of a route',
    { routes: [{ channel: 'Ops', settings: { url: 'https://x.test' } }] },
    'routes.0.settings.url',
    'is a secret',
  ),
  withRule(
    'an inline channel of an unknown kind',
    { routes: [{ channel: { kind: 'pager', settings: {} } }] },
    'routes.0.channel.kind',
    '"pager" is not a kind',
  ),
  withRule(
    'an inline channel without its address',
    { routes: [{ channel: { kind: 'webhook', settings: {} } }] },
    'routes.0.channel.settings.url',
    'is missing',
  ),
  withRule('a query timeout too long', { timeout: '2h' }, 'timeout', 'from 1s to 1h'),
  {
    title: 'a second rule of the same name',
    method: 'POST',
    path: '/api/v1/rules',
    body: { ...rule, name: 'taken' },
    status: 409,
    code: 'conflict',
    field: 'name',
    says: 'There is a rule named "taken" already',
  },
  {
    title: 'an edit without a version',
    method: 'PUT',
    path: '/api/v1/rules/taken',
    body: rule,
    status: 400,
    code: 'invalid',
    field: 'version',
    says: 'is missing',
  },
  {
    title: 'an edit of a version that never was',
    method: 'PUT',
    path: '/api/v1/rules/taken',
    body: { ...rule, version: 7 },
    status: 409,
    code: 'conflict',
    field: 'version',
    says: 'you edited version 7, it is at 1',
  },
  {
    title: 'a preview of a rule that does not parse',
    method: 'POST',
    path: '/api/v1/rules/preview',
    body: { ...rule, condition: { text: '(' } },
    status: 400,
    code: 'invalid',
    field: 'condition.text',
    says: 'SyntaxError',
  },

  // Connections
  ofConnection(
    'an unknown kind of connection',
    { name: 'x', kind: 'postgre', settings: {} },
    'kind',
    'Did you mean "postgres"?',
  ),
  ofConnection(
    'a connection without a host',
    { name: 'x', kind: 'postgres', settings: { database: 'a', user: 'b' } },
    'settings.host',
    'is missing',
  ),
  ofConnection(
    'a port that is none',
    { name: 'x', kind: 'postgres', settings: { ...postgres, port: 70_000 } },
    'settings.port',
    'at most 65535',
  ),
  ofConnection(
    'a port as text',
    { name: 'x', kind: 'postgres', settings: { ...postgres, port: '5432' } },
    'settings.port',
    'must be a number',
  ),
  ofConnection(
    'a misspelt setting',
    { name: 'x', kind: 'postgres', settings: { ...postgres, passwd: 'x' } },
    'settings.passwd',
    'Did you mean "password"?',
  ),
  ofConnection(
    'an unknown TLS mode',
    { name: 'x', kind: 'postgres', settings: { ...postgres, sslmode: 'on' } },
    'settings.sslmode',
    'must be one of disable',
  ),
  ofConnection(
    'a connection string of another database',
    { name: 'x', kind: 'postgres', settings: { url: 'mysql://a/b' } },
    'settings.url',
    'must be a connection string such as postgres://',
  ),
  ofConnection('settings that are a list', { name: 'x', kind: 'postgres', settings: [] }, 'settings', ''),
  ofConnection(
    'a connection name that is taken',
    { name: 'shop', kind: 'postgres', settings: postgres },
    'name',
    'is taken',
    409,
  ),

  // Channels
  ofChannel('an unknown kind of channel', { name: 'x', kind: 'email', settings: {} }, 'kind', '"email" is not a kind'),
  ofChannel('a webhook without an address', { name: 'x', kind: 'webhook', settings: {} }, 'settings.url', 'is missing'),
  ofChannel(
    'an address that is no web address',
    { name: 'x', kind: 'webhook', settings: { url: 'ftp://x.test/' } },
    'settings.url',
    'must be a URL that begins with https://',
  ),
  ofChannel(
    'an unknown method',
    { name: 'x', kind: 'webhook', settings: { url: 'https://x.test', method: 'FETCH' } },
    'settings.method',
    'must be one of POST',
  ),
  ofChannel(
    'a header with a line break',
    { name: 'x', kind: 'webhook', settings: { url: 'https://x.test', headers: { A: 'a\r\nB: b' } } },
    'settings.headers.A',
    'on one line',
  ),
  ofChannel(
    'a signing secret that is none',
    { name: 'x', kind: 'webhook', settings: { url: 'https://x.test', secret: 'abc' } },
    'settings.secret',
    '',
  ),
  ofChannel('a channel name that is taken', { name: 'Ops', kind: 'console', settings: {} }, 'name', 'is taken', 409),
  send('a message without a title', { message: {} }, 'message.title', 'is missing'),
  send('an unknown key of a message', { message: { title: 'a', color: 'red' } }, 'message.color', 'unknown key'),
  send(
    'an unknown key beside the message',
    { message: { title: 'a' }, setings: {} },
    'setings',
    'Did you mean "settings"?',
  ),
  send(
    'a severity that does not exist',
    { message: { title: 'a', severity: 'high' } },
    'message.severity',
    'must be one of',
  ),

  // Deliveries
  bulk('an unknown action', { action: 'resend', ids: [] }, 'action', 'must be "retry" or "discard"'),
  bulk('neither ids nor a filter', { action: 'retry' }, 'ids', 'give either ids or a filter'),
  bulk(
    'a state that does not exist',
    { action: 'retry', filter: { states: ['failed'] } },
    'filter.states.0',
    'must be one of pending',
  ),

  // Queries and paths
  query('a project that cannot be', `/projects/${'x'.repeat(201)}/rules`, 'project', 'at most 200 characters'),
  query('a page too long', '/rules?limit=501', 'limit', 'from 1 to 500'),
  query('a page of nothing', '/rules?limit=0', 'limit', 'from 1 to 500'),
  query('a limit in words', '/rules?limit=all', 'limit', 'from 1 to 500'),
  query('a parameter that does not exist', '/rules?tags=a', 'tags', 'unknown key. Did you mean "tag"?'),
  query('a parameter given twice', '/rules?limit=1&limit=2', 'limit', 'more than once'),
  query('a cursor that is none', '/rules?after=x', 'after', 'must be what "next" was'),
  query('a state of alerts that does not exist', '/alerts?state=broken', 'state.0', 'must be some of normal'),
  query('a time that is none', '/deliveries?from=yesterday', 'from', 'must be a time'),
  {
    title: 'a switch that is neither',
    method: 'DELETE',
    path: '/api/v1/connections/shop?force=yes',
    status: 400,
    code: 'invalid',
    field: 'force',
    says: 'must be true or false',
  },
  missing('a rule that does not exist', 'GET', '/rules/takn', 'There is no rule "takn". Did you mean "taken"?'),
  missing('a connection that does not exist', 'POST', '/connections/shp/check', 'Did you mean "shop"?'),
  missing('a channel that does not exist', 'POST', '/channels/Opps/test', 'Did you mean "Ops"?'),
  missing('an evaluation that does not exist', 'GET', '/evaluations/evl_1', 'There is no evaluation "evl_1"'),
  missing('a delivery that does not exist', 'POST', '/deliveries/msg_1/retry', 'There is no delivery "msg_1"'),
  missing('something to explain that does not exist', 'GET', '/explain/takn', 'Did you mean "taken"?'),
  missing('a route that does not exist', 'GET', '/rulez', 'There is nothing at GET /api/v1/rulez'),
]

describe('bad input is refused with the field, the reason and the remedy', () => {
  let api: TestApi

  beforeAll(async () => {
    api = await testApi()
    expect(
      (await api.call('POST', '/api/v1/connections', { name: 'shop', kind: 'postgres', settings: postgres })).status,
    ).toBe(201)
    const ops = { name: 'Ops', kind: 'webhook', settings: { url: 'https://hooks.example.test/x' } }
    expect((await api.call('POST', '/api/v1/channels', ops)).status).toBe(201)
    const taken = await api.call('POST', '/api/v1/rules', { ...rule, name: 'taken' })
    expect([taken.status, taken.text]).toEqual([201, taken.text])
  })
  afterAll(() => api[Symbol.asyncDispose]())

  for (const { title, method, path, body, options, status, code, field, says } of cases)
    test(title, async () => {
      const answer = await api.call(method, path, body, options)
      expect([answer.status, answer.json?.code, answer.text]).toEqual([status, code, answer.text])
      const { message, issues } = answer.json
      expect(Object.keys(answer.json).filter((key) => key !== 'current')).toEqual(['code', 'message', 'issues'])
      if (field !== undefined) expect(issues.map((issue: { path: string }) => issue.path)).toContain(field)
      const texts = [message, ...issues.map((issue: { message: string }) => issue.message)].join('\n')
      expect(texts).toContain(says)
      expect(texts).not.toMatch(/Invalid (type|key|input)|undefined|\[object|at .*\.ts/)
    })

  test('there are enough of them, and none is a defect', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60)
    expect(api.log.filter((line) => line.includes('"defect"'))).toEqual([])
  })
})
