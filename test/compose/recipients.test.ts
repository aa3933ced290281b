import { describe, expect, test } from 'bun:test'
import { composeMessage } from '../../src/compose/compose.ts'
import { namesFor } from '../../src/compose/variables.ts'
import type { Json, JsonObject } from '../../src/model/json.ts'
import { alert, input, result } from '../support/compose.ts'

const rows: Json[][] = [
  ['churn', 'a@x.example'],
  ['fraud', 'b@x.example'],
  ['churn', ' a@x.example '],
  ['none', null],
]
const people = { ...result(rows), columns: ['model', 'email'].map((name) => ({ name, type: 'text' as const })) }
const settingsFor = async (settings: JsonObject, indexes: number[] = [0, 1, 2, 3], found = people) =>
  composeMessage(input({ result: found, alerts: [alert({ rows: indexes })], route: { settings } }))

describe('a setting from a column', () => {
  test('holds the values of the rows the message is about, each once', async () => {
    expect((await settingsFor({ to: { fromColumn: 'email' } })).settings).toEqual({
      to: ['a@x.example', 'b@x.example'],
    })
    expect((await settingsFor({ to: { fromColumn: 'email' } }, [1])).settings).toEqual({ to: ['b@x.example'] })
  })

  test('holds those of all rows when the alerts have none any more', async () => {
    expect((await settingsFor({ to: { fromColumn: 'email' } }, [])).settings).toEqual({
      to: ['a@x.example', 'b@x.example'],
    })
  })

  test('asks for a mail to each row, which knows its columns', async () => {
    expect((await settingsFor({ to: { fromColumn: 'email', each: true } }, [0, 1, 3])).settings).toEqual({
      to: {
        mails: [
          { to: 'a@x.example', variables: { model: 'churn', email: 'a@x.example' } },
          { to: 'b@x.example', variables: { model: 'fraud', email: 'b@x.example' } },
        ],
      },
    })
  })

  test("leaves the channel's own in force when the column holds nothing", async () => {
    expect((await settingsFor({ to: { fromColumn: 'email' } }, [3])).settings).toEqual({})
    expect((await settingsFor({ to: { fromColumn: 'email' } }, [], { ...people, rows: [] })).settings).toEqual({})
  })

  test('holds nobody for an end whose rows are gone, whatever other rows there are', async () => {
    const route = { settings: { to: { fromColumn: 'email' } } }
    const end = input({ kind: 'resolved', result: people, alerts: [alert({ rows: [] })], route })
    expect((await composeMessage(end)).settings).toEqual({})
  })

  test('names a column that is not there, with the nearest, and the message says so', async () => {
    const { settings, errors, message } = await settingsFor({ to: { fromColumn: 'emial' } })
    expect(settings).toEqual({})
    expect(errors).toEqual(['settings.to: the query returns no column "emial". Did you mean "email"?'])
    expect(message.facts.at(-1)?.name).toBe('Template error')
  })
})

describe('recipients as a template', () => {
  test('can be a list parted by semicolons', async () => {
    const to = '{% for r in rows %}{{ r.email | strip }};{% endfor %}'
    expect((await settingsFor({ to })).settings).toEqual({ to: 'a@x.example;b@x.example;a@x.example;;' })
  })

  test('can be JSON, which no value breaks', async () => {
    const hostile = { ...people, rows: [['"},{"to":"eve@evil.example', 'a@x.example']] }
    const to = '{"mails":[{% for r in rows %}{"to":"{{ r.email }}","variables":{"model":"{{ r.model }}"}}{% endfor %}]}'
    const { settings } = await settingsFor({ to }, [0], hostile)
    expect(JSON.parse(String(settings['to']))).toEqual({
      mails: [{ to: 'a@x.example', variables: { model: '"},{"to":"eve@evil.example' } }],
    })
  })

  test('that begin like JSON and are none stay texts', async () => {
    const { settings } = await settingsFor({ subject: '[{{ severity }}] {{ rule }}', other: '{ {{ value }}' })
    expect(settings).toEqual({ subject: '[critical] Drift', other: '{ 0.25' })
  })
})

describe('the variables of one recipient', () => {
  const body = { engine: 'liquid' as const, text: '' }
  const bodyFor = async (text: string, recipient: JsonObject, engine: 'liquid' | 'jinja' = 'liquid') =>
    (await composeMessage(input({ recipient, route: { body: { ...body, engine, text } } }))).message.body?.text

  test.each(['liquid', 'jinja'] as const)('reach %s, and a missing one can be tested for', async (engine) => {
    const text = 'Dear {% if mailVariables_name %}{{ mailVariables_name }}{% else %}colleague{% endif %} of {{ rule }}'
    expect(await bodyFor(text, { mailVariables_name: 'Ann' }, engine)).toBe('Dear Ann of Drift')
    expect(await bodyFor(text, {}, engine)).toBe('Dear colleague of Drift')
  })

  test('come as JSON too, and hide no name of ours', async () => {
    const recipient = { mailVariables: '{"a":1}', rule: 'mine' }
    expect(await bodyFor('{{ mailVariables }}|{{ rule }}', recipient)).toBe('{"a":1}|Drift')
  })

  test('are known to the check of templates', () => {
    expect(namesFor('{{ mailVariables_name }} {{ mailVariables }}').has('mailVariables_name')).toBe(true)
    expect(namesFor('{{ mailVariable_name }}').has('mailVariable_name')).toBe(false)
  })
})

describe('a body that begins with HTML', () => {
  const htmlOf = async (text: string, engine: 'liquid' | 'jinja' | 'formula') =>
    (
      await composeMessage(
        input({ result: result([['<b>&"\'', 1]]), route: { body: { engine, text } }, alerts: [alert()] }),
      )
    ).message.body

  test.each(['liquid', 'jinja'] as const)('shows values of %s as text', async (engine) => {
    expect(await htmlOf('<p title="{{ row.model }}">{{ row.model }}</p>', engine)).toEqual({
      contentType: 'text/html',
      text: '<p title="&#60;b&#62;&#38;&#34;&#39;">&#60;b&#62;&#38;&#34;&#39;</p>',
    })
  })

  test('leaves a value alone whose author says that it is HTML, or has escaped it', async () => {
    expect((await htmlOf('<p>{{ row.model | raw }}|{{ row.model | escape }}</p>', 'liquid'))?.text).toBe(
      '<p><b>&"\'|&lt;b&gt;&amp;&#34;&#39;</p>',
    )
    expect((await htmlOf('<p>{{ row.model | safe }}</p>', 'jinja'))?.text).toBe('<p><b>&"\'</p>')
  })

  test('shows values of formulas as text, but for what a formula writes or escapes itself', async () => {
    expect((await htmlOf('<p title="${row.model}">${row.model}</p>', 'formula'))?.text).toBe(
      '<p title="&#60;b&#62;&#38;&#34;&#39;">&#60;b&#62;&#38;&#34;&#39;</p>',
    )
    expect((await htmlOf("<p>${if(row_count > 0, '<b>rows</b>', 'none')}</p>", 'formula'))?.text).toBe(
      '<p><b>rows</b></p>',
    )
    expect((await htmlOf('<p>${escape(row.model, "html")}</p>', 'formula'))?.text).toBe(
      '<p>&lt;b&gt;&amp;&quot;&#39;</p>',
    )
  })

  test('is told from other texts', async () => {
    expect((await htmlOf('{% assign a = 1 %}\n<table>{{ a }}</table>', 'liquid'))?.contentType).toBe('text/html')
    expect(await htmlOf('a < b, <{{ row.model }}>', 'liquid')).toEqual({
      contentType: 'text/plain',
      text: 'a < b, <<b>&"\'>',
    })
    for (const text of ['<https://example.com>', '<a@example.com> wrote', '<b', '<body-of-water>'])
      expect((await htmlOf(text, 'liquid'))?.contentType).toBe('text/plain')
    for (const text of ['<br/>', '<p>', '<A href="x">y</A>', '<!DOCTYPE html>\n<html>'])
      expect((await htmlOf(text, 'liquid'))?.contentType).toBe('text/html')
  })
})
