import { expect, test } from 'bun:test'
import { CLEAR, draftOf, KEEP, settingsOf } from '../../public/settings-draft.ts'
import type { Kind, SettingSchema } from '../../public/types.ts'

const kind = (properties: Record<string, SettingSchema>): Kind => ({
  kind: 'any',
  label: 'Any',
  documentation: '',
  fields: {},
  settings: { properties },
})
const text = { type: 'string' }

test.each([
  ['a text', text, 'x', 'x'],
  ['a number', { type: 'integer' }, 587, '587'],
  ['a switch', { type: 'boolean' }, true, true],
  ['names and values', { type: 'object' }, { A: 'b', C: 'd: e' }, 'A: b\nC: d: e'],
  ['lines', { type: 'array', items: text }, ['ls', '-l a'], 'ls\n-l a'],
  ['a list of things', { type: 'array', items: { type: 'object' } }, [{ type: 'log' }], '[{"type":"log"}]'],
  ['a text or a list', { anyOf: [text, { type: 'array' }] }, ['a@b.c'], '["a@b.c"]'],
  ['a text or a number', { anyOf: [text, { type: 'number' }] }, '17', '17'],
  ['anything', {}, { a: [1] }, '{"a":[1]}'],
] as const)('%s is shown as one types it, and goes back as it came', (_, schema, value, shown) => {
  const any = kind({ one: schema as unknown as SettingSchema })
  const draft = draftOf(any, { one: value as never }, [])
  expect(draft['one']).toBe(shown)
  expect(settingsOf(any, draft)).toEqual({ one: value as never })
})

test('what is left out has its default, and an empty field is not sent', () => {
  const any = kind({ a: { ...text, default: 'x' }, b: text, c: { type: 'boolean', default: true } })
  const draft = draftOf(any, {}, [])
  expect(draft).toEqual({ a: 'x', b: '', c: true })
  expect(settingsOf(any, draft)).toEqual({ a: 'x', c: true })
})

test('what is no number goes as it is typed, for the API to say so', () => {
  expect(settingsOf(kind({ port: { type: 'integer' } }), { port: 'many' })).toEqual({ port: 'many' })
})

test('a secret that is set stays unless it is replaced or cleared', () => {
  const any = kind({ a: text, b: text, c: text })
  const draft = draftOf(any, {}, ['a', 'b', 'c'])
  expect(draft).toEqual({ a: KEEP, b: KEEP, c: KEEP })
  expect(settingsOf(any, { ...draft, b: 'new', c: CLEAR })).toEqual({ b: 'new', c: null })
})
