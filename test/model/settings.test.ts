import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { channels } from '../../src/channels/index.ts'
import { connectionKinds } from '../../src/connections/index.ts'
import { defaultsOf, field, fieldsOf, fromTexts, secretKeys } from '../../src/model/settings.ts'

const schema = v.strictObject({
  host: v.pipe(v.string(), field({ title: 'Host', hint: 'Name of the server.' })),
  port: v.pipe(v.optional(v.pipe(v.number(), v.integer()), 25), field({ title: 'Port' })),
  password: v.optional(v.pipe(v.string(), v.nonEmpty(), field({ title: 'Password', secret: true }))),
  key: v.pipe(v.optional(v.pipe(v.string())), field({ title: 'Key', secret: true, multiline: true })),
  plain: v.optional(v.boolean(), false),
})
const checked = v.pipe(
  schema,
  v.check(({ host }) => host !== '', 'no host'),
)

for (const [title, given] of [
  ['a plain schema', schema],
  ['a schema with checks over the whole', checked],
] as const)
  describe(`of ${title}`, () => {
    test('texts become numbers and switches where these are wanted, and nothing else is changed', () => {
      expect(fromTexts(given, { host: '25', port: ' 25 ', plain: 'True', key: '1', surplus: '2' })).toEqual({
        host: '25',
        port: 25,
        plain: true,
        key: '1',
        surplus: '2',
      })
      const unreadable = { port: 'many', plain: 'yes' }
      expect(fromTexts(given, unreadable)).toEqual(unreadable)
    })

    test('every field tells what a form shows, wherever that was attached', () => {
      expect(fieldsOf(given)).toEqual({
        host: { title: 'Host', hint: 'Name of the server.' },
        port: { title: 'Port' },
        password: { title: 'Password', secret: true },
        key: { title: 'Key', secret: true, multiline: true },
        plain: { title: 'plain' },
      })
    })

    test('the secrets are known', () => expect(secretKeys(given)).toEqual(['password', 'key']))

    test('the defaults are known', () => expect(defaultsOf(given)).toEqual({ port: 25, plain: false }))
  })

test('what has no fields has none', () => {
  expect(fieldsOf(v.string())).toEqual({})
  expect(secretKeys(v.pipe(v.string(), v.nonEmpty()))).toEqual([])
  expect(defaultsOf(v.number())).toEqual({})
})

describe('every registered kind', () => {
  for (const [kind, { settings }] of Object.entries({ ...channels, ...connectionKinds })) {
    test(`${kind} names its fields for people, and no default is a secret`, () => {
      const fields = fieldsOf(settings)
      for (const [key, { title }] of Object.entries(fields)) expect(title, key).not.toBe(key)
      expect(Object.keys(defaultsOf(settings)).filter((key) => secretKeys(settings).includes(key))).toEqual([])
    })

    test(`${kind} hides whatever sounds secret`, () => {
      const suspicious = Object.keys(fieldsOf(settings)).filter((key) => /password|token|secret|headers/i.test(key))
      expect(suspicious.filter((key) => !secretKeys(settings).includes(key))).toEqual([])
    })
  }
})
