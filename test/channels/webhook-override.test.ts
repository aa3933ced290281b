import { describe, expect, test } from 'bun:test'
import { overriddenBody } from '../../src/channels/webhook/override.ts'
import { webhook } from '../../src/channels/webhook.ts'
import type { Json } from '../../src/model/json.ts'
import type { MessageRun } from '../../src/model/message.ts'
import { settingsOf } from './contract.ts'
import { firing } from './messages.ts'

const run: MessageRun = {
  project: 'test-remote-workflow',
  name: 'func-func',
  state: 'completed',
  results: { return: 1 },
  host: 'func-func-8lvl8',
}
const text =
  "[{'project': 'test-remote-workflow', 'name': 'func-func', 'status': {'state': 'completed', 'results': {'return': 1}}, 'host': 'func-func-8lvl8'}]"

describe('§8.8 runs in an own body', () => {
  test.each(['{{runs}}', '{{ runs }}', '{{ runs}}', '{{runs }}', '{{  runs  }}'])(
    '%s is the list in Python',
    (token) => {
      expect(overriddenBody({ message: `runs: ${token}` }, [run])).toEqual({ message: `runs: ${text}` })
    },
  )
  test.each(['{{ run }}', '{ runs }', '{{ runs.0 }}', '{{\nruns }}'])('%j is text', (token) => {
    expect(overriddenBody(token, [run])).toBe(token)
  })
  test('is replaced at any depth, each time, and nothing else is touched', () => {
    const body = {
      a: { b: ['{{ runs }}', 1, true, null, { c: '{{ runs }}{{ runs }}' }] },
      '{{ runs }}': 1.5,
    }
    expect(overriddenBody(body, [])).toEqual({ a: { b: ['[]', 1, true, null, { c: '[][]' }] }, '{{ runs }}': 1.5 })
    expect(body.a.b[0]).toBe('{{ runs }}')
  })
  test('an error takes the place of the results; without either the state stands alone', () => {
    const { host: _, ...bare } = run
    const states = [
      { ...bare, state: 'error', error: 'some_error' },
      { ...bare, results: {} },
    ]
    expect(overriddenBody('{{ runs }}', states)).toBe(
      "[{'project': 'test-remote-workflow', 'name': 'func-func', 'status': {'state': 'error', 'error': 'some_error'}}, " +
        "{'project': 'test-remote-workflow', 'name': 'func-func', 'status': {'state': 'completed'}}]",
    )
  })
  test.each<[Json, string]>([
    [1, '1'],
    [1e-5, '1e-05'],
    [1e16, '1e+16'],
    [true, 'True'],
    [null, 'None'],
    ["it's", `"it's"`],
    ['say "x"', `'say "x"'`],
    ['it\'s "x"', `'it\\'s "x"'`],
    ['a\nb\tc\\', "'a\\nb\\tc\\\\'"],
    ['é漢😀', "'é漢😀'"],
    ['\u200b\u001b\u00a0\u0000', "'\\u200b\\x1b\\xa0\\x00'"],
    [[1, 'a', null], "[1, 'a', None]"],
    [{ a: { b: [true, 1.5] } }, "{'a': {'b': [True, 1.5]}}"],
    [false, 'False'],
    ['a', "'a'"],
    ['\u00ad\u007f', "'\\xad\\x7f'"],
  ])('§8.9 the result %j is %s', (value, shown) => {
    const runs = [{ ...run, results: { r: value } }]
    expect(overriddenBody('{{ runs }}', runs)).toContain(`'results': {'r': ${shown}}`)
  })
  test('a text with what replacements know stays as it is', () => {
    expect(overriddenBody('<{{ runs }}>', [{ ...run, error: '$& $1 \\g<0> \u001b[31m' }])).toContain(
      "'error': '$& $1 \\\\g<0> \\x1b[31m'",
    )
  })
})

describe('an own body', () => {
  const render = (overrideBody: Json, more = {}, preset = 'form') =>
    webhook.render(
      { ...firing, runs: [run], ...more },
      settingsOf(webhook, { url: 'https://x.example/', overrideBody, preset }),
    )
  test('goes instead of the message', () => {
    expect(render({ a: '{{ runs }}' })).toEqual({ body: JSON.stringify({ a: text }), contentType: 'application/json' })
    expect(render(['x', 1])).toEqual({ body: '["x",1]', contentType: 'application/json' })
  })
  test('that is text goes as text, or as JSON when it is that', () => {
    expect(render('plain {{ runs }}')).toEqual({ body: `plain ${text}`, contentType: 'text/plain; charset=utf-8' })
    expect(render('{"a": 1}')).toEqual({ body: '{"a": 1}', contentType: 'application/json' })
  })
  test('that is text becomes the text of a message where the receiver takes JSON alone', () => {
    const { body, contentType } = render('plain {{ runs }}', {}, 'discord')
    expect([JSON.parse(body ?? ''), contentType]).toEqual([{ content: `plain ${text}` }, 'application/json'])
    expect(render({ a: 1 }, {}, 'discord').body).toBe('{"a":1}')
  })
  test("gives way to a route's", () => {
    const body = { text: 'mine', contentType: 'text/plain' } as const
    expect(render({ a: 1 }, { body }).body).toBe('mine')
  })
  test('has no runs where a query rule made the message', () => {
    expect(render('{{ runs }}', { runs: undefined }).body).toBe('[]')
  })
})
