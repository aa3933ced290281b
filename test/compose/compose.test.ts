import { describe, expect, test } from 'bun:test'
import { composeMessage } from '../../src/compose/compose.ts'
import { runTraceUrl } from '../../src/compose/run-variables.ts'
import { templateNames, variablesOf } from '../../src/compose/variables.ts'
import { type AlertKind, AT, alert, input, messageKinds, result } from '../support/compose.ts'

describe('the built-in message', () => {
  test('of one alert names value, condition, connection and since, and shows its row', async () => {
    const { message, errors } = await composeMessage(input())
    expect(errors).toEqual([])
    expect(message.title).toBe('[FIRING] Drift (model=churn)')
    expect(message.summary).toBe('The condition is met: query_result["drift"] > 0.1; the value is 0.25.')
    expect(message.facts).toEqual([
      { name: 'model', value: 'churn' },
      { name: 'Value', value: '0.25' },
      { name: 'Condition', value: 'query_result["drift"] > 0.1' },
      { name: 'Connection', value: 'warehouse' },
      { name: 'Since', value: '2023-11-14 22:00:00 UTC' },
    ])
    expect(message.table).toEqual({ columns: ['model', 'drift'], rows: [['churn', '0.25']], more: 0 })
    expect(message).toMatchObject({
      severity: 'critical',
      why: 'The condition was true.',
      traceUrl: 'https://tocsin.example/evaluations/evl_1',
      rule: 'Drift',
      tags: ['models'],
      time: AT,
    })
    expect(message.alerts).toEqual([
      { fingerprint: 'churn', labels: { model: 'churn' }, since: AT - 800_000, value: '0.25' },
    ])
  })

  const titles: Record<AlertKind, [title: string, summary: string]> = {
    firing: ['[FIRING] Drift (model=churn)', 'The condition is met'],
    reminder: ['[STILL FIRING] Drift (model=churn)', 'Still firing, for 13m20s now.'],
    resolved: [
      '[RESOLVED] Drift (model=churn)',
      'It was firing from 2023-11-14 22:00:00 UTC to 2023-11-14 22:13:20 UTC (13m20s).',
    ],
    'no-data': ['[NO DATA] Drift (model=churn)', 'The query returns no data'],
    error: ['[ERROR] Drift (model=churn)', 'could not be evaluated: connection refused'],
    test: ['[TEST] Drift (model=churn)', 'This is a test.'],
    recovered: ['[RECOVERED] Drift (model=churn)', 'evaluated again'],
  }
  for (const kind of messageKinds)
    test(`of ${kind} says what it is`, async () => {
      const { message } = await composeMessage(input({ kind, error: kind === 'error' ? 'connection refused' : null }))
      expect(message.title).toBe(titles[kind][0])
      expect(message.summary).toContain(titles[kind][1])
      expect(message.table === undefined).toBe(!['firing', 'reminder', 'test'].includes(kind))
    })

  test('of many alerts counts them and cuts the table', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => [
      `m${index}`,
      index,
      ...Array.from({ length: 10 }, () => 'x'.repeat(500)),
    ])
    const names = ['model', 'drift', ...Array.from({ length: 10 }, (_, index) => `c${index}`)]
    const wide = { ...result(), columns: names.map((name) => ({ name, type: 'text' as const })), rows }
    const alerts = rows.map((_, index) => alert({ fingerprint: `m${index}`, rows: [index] }))
    const { message } = await composeMessage(input({ alerts, result: wide }))
    expect(message.title).toBe('[FIRING:30] Drift')
    expect(message.summary).toContain('met for 30 alerts')
    expect(message.table).toMatchObject({ more: 10 })
    expect(message.table?.rows).toHaveLength(20)
    expect(message.table?.rows.every((row) => row.length === 8 && row.every((cell) => cell.length <= 200))).toBe(true)
  })

  test('of a guided condition says it in words', async () => {
    const condition = { trigger: 'threshold', column: 'drift', operator: '>', value: 0.1, rows: 'all' } as const
    const { message } = await composeMessage(input({ definition: { condition } }))
    expect(message.facts).toContainEqual({ name: 'Condition', value: 'drift > 0.1 in all rows' })
  })

  test('has no link to the trace where the address of this instance is not known', async () => {
    const { message } = await composeMessage(input({ baseUrl: null }))
    expect(message).not.toHaveProperty('traceUrl')
  })
})

describe("the rule's own texts", () => {
  const own = {
    title: 'Drift of {{ labels.model }} is {{ value }}',
    summary: '{{ row_count }} rows, first {{ query_result.model }}',
    paragraphs: [
      '**{{ query_result.model }}** [see](https://x.example/{{ row.model }})',
      '{% if error %}no{% endif %}',
    ],
    links: [{ text: 'Model {{ labels.model }}', url: 'https://x.example/{{ labels.model }}' }],
  }

  test('the address of the trace names the project unless it is the default one', async () => {
    const given = input()
    const { message } = await composeMessage({ ...given, rule: { ...given.rule, project: 'blue & red' } })
    expect(message.traceUrl).toBe('https://tocsin.example/evaluations/evl_1?project=blue%20%26%20red')
  })

  test('so does the address of the trace of a run', () => {
    const about = { ...input(), rule: { ...input().rule, project: 'blue' } } as never
    expect(runTraceUrl(about)).toBe('https://tocsin.example/evaluations/evl_1?project=blue')
  })

  test('take the place of the built-in ones', async () => {
    const { message, errors } = await composeMessage(input({ definition: { message: own } }))
    expect(errors).toEqual([])
    expect(message.title).toBe('Drift of churn is 0.25')
    expect(message.summary).toBe('2 rows, first churn')
    expect(message.paragraphs).toEqual(['**churn** [see](https://x.example/churn)'])
    expect(message.links).toEqual([{ text: 'Model churn', url: 'https://x.example/churn' }])
  })

  test('tell of a condition that is met: its end has the built-in summary and a mark in the title', async () => {
    const { message } = await composeMessage(input({ kind: 'resolved', definition: { message: own } }))
    expect(message.title).toBe('[RESOLVED] Drift of churn is 0.25')
    expect(message.summary).toStartWith('It was firing from')
    expect(message.paragraphs).toEqual([])
  })

  test('speak for every kind where they ask for it', async () => {
    const message = { title: '{{ kind }}: {{ rule }}', summary: '{% if kind == "resolved" %}over{% endif %}' }
    const composed = await composeMessage(input({ kind: 'resolved', definition: { message } }))
    expect(composed.message).toMatchObject({ title: 'resolved: Drift', summary: 'over' })
  })

  test('18 undefined variable: the built-in text goes out and names the error, not silence', async () => {
    const message = {
      engine: 'formula' as const,
      title: '${rul} failed',
      summary: '${rule}: ${?missing}${alert.value}',
    }
    const { errors, message: told } = await composeMessage(input({ alerts: [alert()], definition: { message } }))
    expect(errors).toEqual(['title: line 1: there is no variable "rul". Did you mean "rule"?'])
    expect(told.title).not.toBe('')
    expect(told.summary).toStartWith('Drift: ')
    expect(told.facts.at(-1)).toMatchObject({
      name: 'Template error',
      value: expect.stringContaining('there is no variable "rul"'),
    })
  })

  test('a value carries no mark-up into a paragraph and no line break into a title', async () => {
    const hostile = result([['**x** [a](https://evil.example) `c`\r\nBcc: all', 1]])
    const alerts = [alert({ rows: [0] })]
    for (const engine of ['liquid', 'jinja'] as const) {
      const message = {
        engine,
        title: '{{ row.model }}',
        paragraphs: ['{{ row.model }}', '[see](https://x.example/{{ row.model }})'],
      }
      const composed = await composeMessage(input({ alerts, result: hostile, definition: { message } }))
      expect(composed.errors).toEqual([])
      expect(composed.message.title).not.toMatch(/[\r\n]/)
      expect(composed.message.paragraphs[0]).toContain('\\*\\*x\\*\\* \\[a\\](https://evil.example) \\`c\\`')
      expect(composed.message.paragraphs[1]).toMatch(/^\[see\]\([^()\s]+\)$/)
    }
  })

  test('fill every part of the message, and what renders to nothing is left out', async () => {
    const message = {
      facts: [
        { name: 'Value', value: '{{ value }} psi' },
        { name: 'Owner of {{ row.model }}', value: 'ops' },
        { name: 'Empty', value: '{{ error }}' },
      ],
      code: 'Traceback of {{ row.model }}\n  line 1\n',
      actions: [
        { text: 'Retrain {{ row.model }}', url: ' https://x.example/retrain/{{ row.model }} ' },
        { text: 'Nowhere', url: '{{ error }}' },
      ],
      image: 'https://x.example/{{ row.model }}.png',
      table: { columns: ['drift', 'gone', 'model'], rows: 1 },
    }
    const alerts = [alert(), alert({ fingerprint: 'fraud', labels: { model: 'fraud' }, rows: [1] })]
    const composed = await composeMessage(input({ alerts, definition: { message } }))
    expect(composed.errors).toEqual([])
    expect(composed.message).toMatchObject({
      facts: [
        { name: 'Value', value: '0.25 psi' },
        { name: 'Owner of churn', value: 'ops' },
        { name: 'Condition' },
        { name: 'Connection' },
        { name: 'Since' },
      ],
      code: 'Traceback of churn\n  line 1',
      actions: [{ text: 'Retrain churn', url: 'https://x.example/retrain/churn' }],
      image: 'https://x.example/churn.png',
      table: { columns: ['drift', 'model'], rows: [['0.25', 'churn']], more: 1 },
    })
  })

  test('may leave out the built-in facts and the table', async () => {
    const message = { details: false, table: false, facts: [{ name: 'Only', value: 'this' }] }
    const composed = await composeMessage(input({ definition: { message } }))
    expect(composed.message.facts).toEqual([{ name: 'Only', value: 'this' }])
    expect(composed.message).not.toHaveProperty('table')
  })

  test('keep the end of a long log', async () => {
    const rows = result([[`${'x'.repeat(30_000)}the error`, 1]])
    const composed = await composeMessage(input({ result: rows, definition: { message: { code: '{{ row.model }}' } } }))
    expect(composed.message.code).toMatch(/^…x+the error$/)
    expect(composed.message.code).toHaveLength(20_000)
  })

  test('about a condition that is met are not part of its end, but links and actions are', async () => {
    const message = {
      facts: [{ name: 'a', value: 'b' }],
      code: 'c',
      image: 'https://x.example/i.png',
      actions: [{ text: 'Open', url: 'https://x.example/open' }],
    }
    const composed = await composeMessage(input({ kind: 'resolved', definition: { message } }))
    expect(composed.message.facts.map(({ name }) => name)).toEqual([
      'model',
      'Value',
      'Condition',
      'Connection',
      'Firing from',
      'Duration',
    ])
    expect(composed.message.actions).toEqual([{ text: 'Open', url: 'https://x.example/open' }])
    expect(composed.message).not.toHaveProperty('code')
    expect(composed.message).not.toHaveProperty('image')
  })

  test('that fail leave the built-in message, with the error named', async () => {
    const message = { title: '{{ value | nope }}', summary: 'fine', paragraphs: ['{% if %}'] }
    const body = { engine: 'jinja' as const, text: '{"a": {{ row.model }}}' }
    const composed = await composeMessage(input({ definition: { message }, route: { body } }))
    expect(composed.errors).toHaveLength(3)
    expect(composed.message.title).toBe('[FIRING] Drift (model=churn)')
    expect(composed.message.summary).toBe('fine')
    expect(composed.message).not.toHaveProperty('body')
    expect(composed.message.facts.at(-1)?.value).toContain('title: line 1: there is no filter "nope"')
  })
})

describe('a route', () => {
  test('has its body rendered', async () => {
    const text =
      '{"addresses": "a@x.example", "body": "{{ query_result["model"] }} at {{ createdtime }} for {{ createdby }}"}'
    const { message } = await composeMessage(input({ route: { body: { engine: 'jinja', text } } }))
    expect(message.body).toEqual({
      contentType: 'application/json',
      text: '{"addresses": "a@x.example", "body": "churn at 1700000000000.0 for admin"}',
    })
  })

  const shapes: [string, string, string, string][] = [
    [
      'blocks of Slack',
      '{"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*{{ row.model }}*"}}], "n": {{ row_count }}}',
      'application/json',
      '{"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*a\\"}]}<!channel>*"}}], "n": 1}',
    ],
    [
      'a list at the top',
      '[{"type": "TextBlock", "text": "{{ row.model }}"}]',
      'application/json',
      '[{"type": "TextBlock", "text": "a\\"}]}<!channel>"}]',
    ],
    ['plain text', 'model {{ row.model }}', 'text/plain', 'model a"}]}<!channel>'],
  ]
  test.each(shapes)('may give %s as its body, which no value breaks', async (_name, text, contentType, expected) => {
    const hostile = result([['a"}]}<!channel>', 1]])
    const { message, errors } = await composeMessage(
      input({ result: hostile, route: { body: { engine: 'liquid', text } } }),
    )
    expect(errors).toEqual([])
    expect(message.body?.contentType).toBe(contentType as 'text/plain')
    if (contentType === 'application/json') expect(JSON.parse(message.body!.text)).toEqual(JSON.parse(expected))
    else expect(message.body?.text).toBe(expected)
  })

  test('has its settings rendered as Liquid, without line breaks that a value brought', async () => {
    const settings = {
      to: ['{{ labels.model }}@x.example'],
      headers: { 'X-Model': '{{ row.model }}' },
      text: 'a\nb {{ value }}',
      port: 25,
      broken: '{{ x | nope }}',
    }
    const hostile = result([['churn\r\nX-Evil: 1', 1]])
    const composed = await composeMessage(input({ result: hostile, route: { settings } }))
    expect(composed.settings).toEqual({
      to: ['churn@x.example'],
      headers: { 'X-Model': 'churn X-Evil: 1' },
      text: 'a\nb 0.25',
      port: 25,
    })
    expect(composed.errors).toEqual(['settings.broken: line 1: there is no filter "nope". Did you mean "pop"?'])
  })
})

describe('the variables of templates', () => {
  test('are those that templates are checked against', () => {
    expect(Object.keys(variablesOf(input()))).toEqual([...templateNames])
  })

  test('keep the kinds of their columns', async () => {
    const columns = [
      { name: 'big', type: 'integer' },
      { name: 'f', type: 'float' },
      { name: 'd', type: 'decimal' },
      { name: 'exact', type: 'decimal' },
      { name: 'n', type: 'integer' },
    ] as const
    const rows = [['12345678901234567890', 2, '12.50', '0.12345678901234567890', null]]
    const text = '{{ query_result }} {{ query_result.d > 5 }} {{ row_count }} {{ query_results.n }}'
    const { message } = await composeMessage(
      input({
        result: { ...result(), columns: [...columns], rows },
        definition: { message: { engine: 'jinja', summary: text } },
      }),
    )
    expect(message.summary).toBe(
      "{'big': 12345678901234567890, 'f': 2.0, 'd': 12.5, 'exact': '0.12345678901234567890', 'n': None} True 1 None",
    )
  })

  test('are empty where there is no result', async () => {
    const message = { summary: '[{{ query_result.drift }}|{{ rows.size }}|{{ row_count }}|{{ kind }}]' }
    const composed = await composeMessage(input({ kind: 'error', result: null, alerts: [], definition: { message } }))
    expect(composed.message.summary).toBe('[|0|0|error]')
  })
})
