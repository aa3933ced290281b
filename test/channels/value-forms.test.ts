import { expect, test } from 'bun:test'
import { valueFormOf } from '../../src/flow/shares.ts'
import type { JsonObject } from '../../src/model/json.ts'

test.each<[kind: string, settings: JsonObject, form: string | undefined]>([
  ['slack', {}, 'slack'],
  ['teams', {}, 'chat'],
  ['git', {}, 'markdown'],
  ['twilio', { to: '+15551234567' }, undefined],
  ['twilio', { to: 'whatsapp:+15551234567' }, 'chat'],
  ['twilio', { fromNumber: 'whatsapp:+15551234567' }, 'chat'],
  ['twilio', { to: 'no number' }, undefined],
  ['webhook', {}, undefined],
  ['webhook', { preset: 'discord' }, 'markdown'],
  ['webhook', { preset: 'mattermost' }, 'markdown'],
  ['webhook', { preset: 'google-chat' }, 'chat'],
  ['mail', {}, undefined],
  ['unheard-of', {}, undefined],
])("a body of one's own for %s with %j writes values as %s", (kind, settings, form) => {
  expect(valueFormOf(kind, settings)).toBe(form as never)
})
