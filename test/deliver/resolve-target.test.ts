import { expect, test } from 'bun:test'
import { mail } from '../../src/channels/mail.ts'
import { createTargetOpener, type OpenTarget } from '../../src/deliver/resolve-target.ts'
import type { Delivery } from '../../src/model/delivery.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { ChannelRow } from '../../src/store/channels.ts'

const row = {
  id: 'chn_1',
  kind: 'mail',
  version: 1,
  settings: { to: 'ops@example.com', tls: 'starttls', verify: true },
  sealed: null,
  disabledReason: null,
} as unknown as ChannelRow
const delivery = { target: { channelId: 'chn_1', kind: 'mail', settings: {} } } as unknown as Delivery

test('what the instance gives is opened with a channel, and its secrets are hidden', async () => {
  let defaults: JsonObject = { host: 'one.example.com', password: 'canary-password' }
  const open = createTargetOpener({
    channels: { get: async () => row, closedBy: () => null },
    projectSecrets: { sealedSecret: async () => undefined },
    channelOf: () => mail,
    secrets: { open: (sealed) => sealed },
    defaultsOf: () => defaults,
  })
  const first = (await open(delivery)) as OpenTarget
  expect(first.defaults).toBe(defaults)
  expect(first.secrets).toContain('canary-password')
  expect(await open(delivery)).toBe(first)
  defaults = { host: 'two.example.com' }
  const second = (await open(delivery)) as OpenTarget
  expect([second.defaults, second.secrets]).toEqual([defaults, []])
  expect(second.cache).toBe(first.cache)
})
