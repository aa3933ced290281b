import { expect, test } from 'bun:test'
import { valueFormOf } from '../../src/flow/shares.ts'
import type { JsonObject } from '../../src/model/json.ts'

test.each<[kind: string, settings: JsonObject, form: string | undefined, body?: string]>([
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
  ['webhook', { preset: 'ntfy' }, undefined, '{"message": "{{ rule }}"}'],
  ['webhook', { preset: 'ntfy' }, 'markdown', '{"markdown" : true, "message": "{{ rule }}"}'],
  ['webhook', { preset: 'ntfy' }, undefined, '{"markdown": false, "message": "{{ rule }}"}'],
  ['webhook', { preset: 'gotify' }, undefined, '{"message": "{{ rule }}"}'],
  [
    'webhook',
    { preset: 'gotify' },
    'markdown',
    '{"message": "x", "extras": {"client::display": {"contentType": "text/markdown"}}}',
  ],
  ['webhook', {}, undefined, '{"markdown": true}'],
  ['mail', {}, undefined],
  ['unheard-of', {}, undefined],
])("a body of one's own for %s with %j writes values as %s", (kind, settings, form, body = '') => {
  expect(valueFormOf(kind, settings, body)).toBe(form as never)
})
