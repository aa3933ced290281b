import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { parseMailboxes, type Recipients } from '../../../src/channels/mail/recipients.ts'
import { mail } from '../../../src/channels/mail.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { settingsOf } from '../contract.ts'
import { firing } from '../messages.ts'

const base = { host: 'mail.example.com', sender: 'alerts@example.com' }
const addressesOf = (value: Recipients) => parseMailboxes(value).map(({ address }) => address)
const issuesOf = (given: JsonObject) =>
  (v.safeParse(mail.settings, { ...base, ...given }).issues ?? []).map(
    (issue) => `${v.getDotPath(issue) ?? ''}: ${issue.message}`,
  )

describe('the three ways to name recipients', () => {
  const both = ['a@x.example', 'b@y.example']
  test.each([
    ['a text with commas', 'a@x.example, b@y.example'],
    ['a text with semicolons', 'a@x.example;b@y.example;'],
    ['a text with lines', 'a@x.example\nb@y.example'],
    ['a list as JSON text', '["a@x.example", "B <b@y.example>"]'],
    ['a list', ['a@x.example', 'b@y.example; a@x.example']],
    ['mails of their own as JSON text', '{"mails":[{"to":"a@x.example"},{"to":["b@y.example"],"variables":{}}]}'],
    ['mails of their own', { mails: [{ to: 'a@x.example', variables: { n: 1 } }, { to: 'b@y.example' }] }],
  ] as [string, Recipients][])('%s', (_name, value) => {
    expect(addressesOf(value)).toEqual(both)
    expect(issuesOf({ to: value as JsonObject })).toEqual([])
  })

  test('all that are no addresses are named, and how to write one', () => {
    expect(() => parseMailboxes('a@x.example, b, "c"; d@y.example\nx y@z.example')).toThrow(
      '"b", ""c"", "x y@z.example" are not mail addresses; write a@example.com or Name <a@example.com>',
    )
    expect(() => parseMailboxes(Array.from({ length: 9 }, (_, index) => `bad${index}`))).toThrow('and 4 more')
    expect(() => parseMailboxes('["a@x.example", 1]')).toThrow('1 must be a mail address as text')
  })

  test('a text that only begins like JSON is a text', () => {
    expect(() => parseMailboxes('{"mails": [')).toThrow('is not a mail address')
    expect(() => parseMailboxes('[a@x.example]')).toThrow('"[a@x.example]" is not a mail address')
  })

  test('other shapes are refused where they are wrong', () => {
    expect(issuesOf({ to: 7 })[0]).toContain('to: must be a text of mail addresses')
    expect(issuesOf({ cc: { mails: [] } })[0]).toContain('cc: must be a text of mail addresses')
    expect(issuesOf({ to: { mails: [{ to: 'nobody' }] } })[0]).toContain('"nobody" is not a mail address')
    expect(issuesOf({ to: { fromColumn: '' } })[0]).toContain('to')
  })
})

describe('individual mails', () => {
  const to =
    '{"mails":[{"to":"a@x.example","variables":{"team":"red","n":1}},{"to":"b@y.example"},{"to":"a@x.example"}]}'

  test('become a share each, which tells its recipient from the others', () => {
    expect(mail.split({ to })).toEqual([
      {
        recipient: 'a@x.example',
        settings: { to: 'a@x.example' },
        variables: { mailVariables_team: 'red', mailVariables_n: 1, mailVariables: '{"team":"red","n":1}' },
      },
      { recipient: 'b@y.example', settings: { to: 'b@y.example' }, variables: { mailVariables: '{}' } },
      { recipient: 'a@x.example (2)', settings: { to: 'a@x.example' }, variables: { mailVariables: '{}' } },
    ])
  })

  test('are split off with bad addresses too, so that only these fail', () => {
    const shares = mail.split({ to: { mails: [{ to: 'nobody' }, { to: 'b@y.example' }] } })
    expect(shares.map(({ settings }) => issuesOf(settings).length)).toEqual([1, 0])
  })

  test.each([['a@x.example'], [['a@x.example']], [undefined], [null], ['{"mails": 1}'], [{ fromColumn: 'email' }]])(
    'none are asked for by %j',
    (value) => {
      expect(mail.split({ to: value as never })).toEqual([])
    },
  )

  test('never show their recipients to each other, were they sent as one', () => {
    const payload = mail.render(firing, settingsOf(mail, { ...base, to, bcc: 'audit@example.com' }))
    expect(payload.to).toEqual([])
    expect(payload.bcc.map(({ address }) => address)).toEqual(['a@x.example', 'b@y.example', 'audit@example.com'])
  })
})

describe('allowed domains', () => {
  const refused = (given: JsonObject) => issuesOf({ authorizedDomain: 'example.com, *.example.org', ...given })

  test.each(['a@example.com', 'A <a@EXAMPLE.com>', 'a@deep.er.example.org'])('let %s through', (to) => {
    expect(refused({ to, cc: to, bcc: to })).toEqual([])
  })

  test.each(['a@notexample.com', 'a@sub.example.com', 'a@example.org', 'a@example.com.evil.example'])(
    'stop %s',
    (to) => {
      const text = `${to}: only mail to example.com, *.example.org is allowed here`
      expect(refused({ to })).toEqual([`to: ${text}`])
      expect(refused({ cc: to })).toEqual([`cc: ${text}`])
      expect(refused({ bcc: to })).toEqual([`bcc: ${text}`])
    },
  )

  test('are compared as DNS does', () => {
    expect(issuesOf({ authorizedDomain: 'bücher.example', to: 'a@xn--bcher-kva.example' })).toEqual([])
    expect(issuesOf({ authorizedDomain: 'a@b' })[0]).toContain('must be domains such as example.com')
  })

  test('stop single mails too', () => {
    expect(refused({ to: { mails: [{ to: 'a@example.com' }, { to: 'eve@evil.example' }] } })[0]).toContain('eve@evil')
  })
})
